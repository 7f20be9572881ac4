// Every field at and beyond its limits: refused in words by validate(), or trained with and predicted from.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "../../support/synthetic.hpp"
#include "core/key.hpp"
#include "pitot/fit.hpp"

namespace pitot::predict {
namespace {

// Two steps of a small model.
FitConfig tiny_config(const std::string& name) {
    FitConfig config = test::quick_config(name);
    config.train.folds = 2;
    config.train.checkpoints = 1;
    config.train.epoch_samples = 230;
    config.train.objective("alone").batch = config.train.objective("together").batch = 8;
    for (std::int64_t& width : config.model.layers) {
        width = std::min<std::int64_t>(width, 8);
    }
    return config;
}

const std::vector<std::string> kBases{"embedding/32",           "linear/32",    "paragon/32",
                                      "interference/2",         "baseline/mlp", "baseline/device_mlp",
                                      "baseline/linear_scaling"};

// Fields and the values to try; whole numbers from limit to limit, others over the range of doubles.
const std::vector<std::pair<std::string, std::vector<std::string>>> kFields{
    {"model.family", {"linear_scaling", "factorization", "network", "platform_network"}},
    {"model.layers", {"[]", "0", "1", "-1", "1,1", "7,1", "300", "65537", "3,5,1", "65536,65536,1"}},
    {"model.learned_features", {"-1", "0", "1", "300", "4097"}},
    {"model.alpha", {"-1", "0", "1e-300", "1e-30", "1", "1e30", "1e300"}},
    {"model.beta", {"-1", "0", "1e-300", "1e-30", "1", "1e30", "1e300"}},
    {"model.interference_types", {"-1", "0", "1", "64", "65"}},
    {"model.platform_features", {"true", "false"}},
    {"model.module_features", {"true", "false"}},
    {"model.baseline", {"true", "false"}},
    {"model.logarithm", {"true", "false"}},
    {"model.loss", {"squared", "relative"}},
    {"train.folds", {"0", "1", "7", "10001"}},
    {"train.replicates", {"0", "1", "1000000", "1000001"}},
    {"train.checkpoints", {"0", "1", "2"}},
    {"train.epoch_samples", {"0", "1", "115", "999"}},
    {"train.batch", {"0", "1", "1000", "16777217"}},
    {"train.together_batch", {"0", "1", "1000", "16777217"}},
    {"train.alone_weight", {"0", "1e-300", "1e6", "1e300"}},
    {"train.together_weight", {"-1", "0", "1e-300", "1e6", "1e300"}},
    {"train.together_rows", {"-1", "0", "1", "2", "9223372036854775807"}},
    {"train.learning_rate", {"0", "1e-300", "1", "1e30", "1e300"}},
    {"train.beta1", {"-0.1", "0", "1e-300", "0.5", "0.995", "0.9999999999999999", "1"}},
    {"train.beta2", {"-0.1", "0", "1e-300", "0.5", "0.95", "0.99999", "0.9999999999999999", "1"}},
    {"train.epsilon", {"0", "1e-300", "1e-20", "1", "1e20", "1e300"}},
    {"train.keep", {"last", "best"}},
    {"share", {"0", "1e-300", "0.5", "0.9999999999999999", "1"}},
    {"calibration_share", {"-1", "0", "1e-300", "0.5", "0.99", "0.9999999999999999", "1"}},
    {"seed", {"-1", "0", "18446744073709551615", "18446744073709551616"}},
};

// Rows named few at a time on both sides, as in a large fleet.
Dataset dataset_of(std::int64_t features) {
    return test::synthetic_dataset(
        {.platforms = 30, .modules = 40, .features = features, .density = 0.1, .together = 40, .width = 2});
}

// An end other than a success or an error that names what is wrong would end the program.
void expect_an_answer(const Dataset& dataset, const FitConfig& config, const std::string& what,
                      const Context& options = {}) {
    const auto fitted = fit(dataset, config, options);
    if (!fitted) {
        const ErrorCode code = fitted.error().code();
        EXPECT_TRUE(code == ErrorCode::kUsage || code == ErrorCode::kInput || code == ErrorCode::kCancelled) << what;
        EXPECT_FALSE(fitted.error().message().empty()) << what;
        return;
    }
    const std::vector<std::int32_t> rows{0, 29};
    const auto answer = fitted->predict({rows, rows, {}, 0});
    ASSERT_TRUE(answer) << what;
    for (const double runtime : answer->runtime_us) {
        EXPECT_TRUE(std::isfinite(runtime) && runtime > 0.0) << what;
    }
}

// Whether the field takes the value; if not, that the error names the field.
bool take(FitConfig& config, const std::string& field, const std::string& value) {
    if (const auto set = apply_override(config, field + "=" + value); !set) {
        EXPECT_EQ(set.error().code(), ErrorCode::kUsage);
        EXPECT_NE(set.error().message().find(field), std::string::npos) << set.error().message();
        return false;
    }
    const auto valid = config.validate();
    EXPECT_TRUE(valid || valid.error().code() == ErrorCode::kUsage);
    return valid.has_value();
}

TEST(ConfigLimits, EveryFieldAtItsLimitsIsRefusedOrWorks) {
    const Dataset with = dataset_of(5);
    const Dataset without = dataset_of(0);
    for (const std::string& base : kBases) {
        for (const auto& [field, values] : kFields) {
            for (const std::string& value : values) {
                FitConfig config = tiny_config(base);
                if (take(config, field, value)) {
                    expect_an_answer(with, config, base + ' ' + field + '=' + value);
                    if (field.starts_with("model.")) {
                        expect_an_answer(without, config, base + " without features, " + field + '=' + value);
                    }
                }
            }
        }
    }
}

TEST(ConfigLimits, AnyFieldsTogetherAreRefusedOrWork) {
    const Dataset dataset = dataset_of(5);
    core::Stream stream{core::Key(8)};
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(stream.below(n)); };
    int valid = 0;
    for (int n = 0; n < 150; ++n) {
        std::string what = kBases[below(kBases.size())];
        FitConfig config = tiny_config(what);
        bool takes = true;
        for (int fields = 0; fields < 3; ++fields) {
            const auto& [field, values] = kFields[below(kFields.size())];
            const std::string& value = values[below(values.size())];
            what += ' ' + field + '=' + value;
            takes = apply_override(config, field + "=" + value).has_value() && takes;
        }
        if (takes && config.validate()) {
            expect_an_answer(dataset, config, what);
            ++valid;
        }
    }
    EXPECT_GT(valid, 20);
}

// What takes long is stopped before its first step.
TEST(ConfigLimits, TheLargestNumbersCanBeCounted) {
    const Dataset dataset = dataset_of(5);
    std::stop_source stop;
    stop.request_stop();
    Context options;
    options.stop = stop.get_token();
    for (const std::string& base : kBases) {
        FitConfig config = tiny_config(base);
        for (const char* field :
             {"train.batch=16777216", "train.together_batch=16777216", "train.folds=10000",
              "model.learned_features=4096", "train.checkpoints=1000000000", "train.epoch_samples=1000000000"}) {
            ASSERT_TRUE(apply_override(config, field)) << field;
            EXPECT_TRUE(config.validate()) << field;
        }
        if (base != "baseline/linear_scaling") {
            expect_an_answer(dataset, config, base, options);
        }
    }
}

TEST(ConfigLimits, ModelsTooLargeAreRefused) {
    FitConfig config = tiny_config("interference/2");
    EXPECT_FALSE(take(config, "model.layers", "65536,65536"));
    EXPECT_NE(config.validate().error().message().find("268435456"), std::string::npos);
    EXPECT_TRUE(take(config, "model.layers", "65536"));
    EXPECT_FALSE(take(config, "model.interference_types", "8"));
    EXPECT_TRUE(take(config, "model.interference_types", "7"));
}

}  // namespace
}  // namespace pitot::predict
