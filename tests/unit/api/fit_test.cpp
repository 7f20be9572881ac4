// Options of fitting and evaluating that make no sense: an error each, before any work.
#include "pitot/fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "pitot/evaluate.hpp"
#include "support/expect_error.hpp"
#include "unit/api/small.hpp"

namespace pitot {
namespace {

using test::fails_with;
using test::small_config;
using test::small_dataset;

Result<Evaluation> evaluate_with(const EvaluateOptions& options, const FitConfig& config = small_config()) {
    return evaluate(small_dataset(), config, options);
}

EvaluateOptions small_options() {
    EvaluateOptions options;
    options.share = 0.8;
    options.replicates = 2;
    options.confidences = {0.5};
    return options;
}

TEST(HostileOptions, SharesThatAreNoneAreRefused) {
    for (const double wrong : {0.0, 1.0, -0.5, 1.5, test::kNan, test::kInfinity, -test::kInfinity}) {
        EvaluateOptions options = small_options();
        options.share = wrong;
        EXPECT_TRUE(fails_with(evaluate_with(options), ErrorCode::kUsage, {"share"})) << wrong;
        FitConfig config = small_config();
        config.share = wrong;
        EXPECT_TRUE(fails_with(evaluate_with(small_options(), config), ErrorCode::kUsage, {"share"})) << wrong;
        config = small_config();
        config.calibration_share = wrong;
        EXPECT_EQ(fit(small_dataset(), config).has_value(), wrong == 0.0) << wrong;
    }
    // In range, but hardly anything is left to train on, or to test on.
    for (const double extreme : {std::numeric_limits<double>::denorm_min(), 1e-9, std::nextafter(1.0, 0.0)}) {
        EvaluateOptions options = small_options();
        options.share = extreme;
        EXPECT_FALSE(evaluate_with(options)) << extreme;
        FitConfig config = small_config();
        config.calibration_share = extreme;
        const auto model = fit(small_dataset(), config);
        EXPECT_TRUE(model || model.error().code() != ErrorCode::kBug) << extreme;
    }
}

TEST(HostileOptions, NumbersOfReplicatesThatNobodyMeansAreRefused) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t wrong : {std::int64_t{0}, std::int64_t{-1}, -most - 1, std::int64_t{1'000'001}, most}) {
        EvaluateOptions options = small_options();
        options.replicates = wrong;
        EXPECT_TRUE(fails_with(evaluate_with(options), ErrorCode::kUsage, {"replicates"})) << wrong;
    }
}

TEST(HostileOptions, ConfidencesThatAreNoneAreRefused) {
    for (const double wrong : {0.0, 1.0, -0.5, 1.5, test::kNan, test::kInfinity, -test::kInfinity}) {
        EvaluateOptions options = small_options();
        options.bounds = true;
        options.confidences = {0.5, wrong};
        EXPECT_TRUE(fails_with(evaluate_with(options), ErrorCode::kUsage, {"confidence"})) << wrong;
    }
    EvaluateOptions options = small_options();
    options.bounds = true;
    options.confidences = {std::nextafter(1.0, 0.0)};
    const auto beyond_reach = evaluate_with(options);
    ASSERT_TRUE(beyond_reach) << "errors are there without bounds";
    EXPECT_NE(beyond_reach->objectives.at(0).bounds.at(0).unavailable, "");
    options.confidences.clear();
    EXPECT_TRUE(evaluate_with(options)) << "none at all are none to measure";
}

TEST(HostileOptions, BackendsThatAreNoneAreRefused) {
    for (const std::string& wrong :
         {std::string(), std::string("CPU"), std::string("cpu\0", 4), test::kNotUtf8, std::string(100'000, 'x')}) {
        Context run;
        run.backend = wrong;
        for (const char* name : {"interference/2", "baseline/linear_scaling"}) {
            EXPECT_TRUE(fails_with(fit(small_dataset(), small_config(name), run), ErrorCode::kUsage, {"backend"}));
        }
        EvaluateOptions options = small_options();
        options.context = run;
        EXPECT_TRUE(fails_with(evaluate_with(options), ErrorCode::kUsage, {"backend"}));
    }
}

TEST(HostileOptions, DevicesAndRanksThatAreNoneAreRefused) {
    const auto refused = [](Context context, const char* field) {
        EvaluateOptions options = small_options();
        options.context = context;
        EXPECT_TRUE(fails_with(fit(small_dataset(), small_config(), context), ErrorCode::kUsage, {field}));
        EXPECT_TRUE(fails_with(evaluate_with(options), ErrorCode::kUsage, {field}));
    };
    refused({.devices = {-1}}, "devices");
    refused({.devices = {0, 0}}, "devices");
    refused({.devices = {0, 1}}, "device 1");
    refused({.precision = "half"}, "precision");
    refused({.precision = "tf32"}, "precision");
    refused({.rank = {.number = 1, .count = 1}}, "rank 1 of 1");
    refused({.rank = {.number = -1, .count = 2}}, "rank -1 of 2");
    refused({.rank = {.number = 0, .count = 0}}, "rank 0 of 0");
    refused({.rank = {.number = 0, .count = 2}}, "rank.count");
    EXPECT_TRUE(fit(small_dataset(), small_config(), {.devices = {0}}));
}

TEST(HostileOptions, AnyNumberOfThreadsGivesTheSame) {
    const double wanted = test::small_model().predict_pair(1, 2).value().runtime_us;
    for (const int threads : {-1, std::numeric_limits<int>::min(), 1, 1000, std::numeric_limits<int>::max()}) {
        Context run;
        run.threads = threads;
        const auto model = fit(small_dataset(), small_config(), run);
        ASSERT_TRUE(model) << threads;
        EXPECT_EQ(model->predict_pair(1, 2).value().runtime_us, wanted) << threads;
    }
}

TEST(HostileOptions, WhatAProgressThrowsReachesTheCaller) {
    for (const int threads : {1, 2}) {
        Context run;
        run.threads = threads;
        run.progress = [](std::int64_t, std::int64_t) { throw std::runtime_error("enough"); };
        EXPECT_THROW((void)fit(small_dataset(), small_config(), run), std::runtime_error);
    }
}

TEST(HostileOptions, AStopBeforeTheBeginningEndsAll) {
    std::stop_source source;
    source.request_stop();
    EvaluateOptions options = small_options();
    options.context.stop = source.get_token();
    EXPECT_TRUE(fails_with(evaluate_with(options), ErrorCode::kCancelled, {}));
    EXPECT_TRUE(fails_with(fit(small_dataset(), small_config(), options.context), ErrorCode::kCancelled, {}));
}

}  // namespace
}  // namespace pitot
