#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "models/config_fields.hpp"
#include "models/objectives.hpp"
#include "pitot/config.hpp"

namespace pitot::models {
namespace {

TEST(Config, EveryPresetIsValidAndSurvivesJson) {
    EXPECT_GE(presets().size(), 30U);
    for (const PresetInfo& info : presets()) {
        const auto config = preset(info.name);
        ASSERT_TRUE(config) << info.name;
        EXPECT_TRUE(config->validate()) << info.name;
        EXPECT_FALSE(info.summary.empty());
        FitConfig copy;
        ASSERT_TRUE(apply_json(copy, to_json(*config))) << info.name;
        EXPECT_EQ(to_json(copy), to_json(*config)) << info.name;
    }
}

TEST(Config, PresetsSayWhatWasPublished) {
    EXPECT_EQ(preset("embedding/128")->model.layers, (std::vector<std::int64_t>{128, 128}));
    EXPECT_EQ(preset("embedding/32")->model.layers, (std::vector<std::int64_t>{128, 32}));
    EXPECT_EQ(preset("features/16")->model.learned_features, 16);
    EXPECT_EQ(preset("linear/512")->model.layers, std::vector<std::int64_t>{512});
    EXPECT_FALSE(preset("paragon/64")->model.baseline);
    EXPECT_FALSE(preset("paragon/64")->model.logarithm);
    EXPECT_EQ(preset("paragon/64")->model.loss, Loss::kSquared);  // its errors are relative, its loss is not
    const auto interference = preset("interference/3");
    EXPECT_EQ(interference->model.interference_types, 3);
    EXPECT_EQ(interference->train.find_objective("alone")->batch, 128);
    EXPECT_EQ(interference->train.find_objective("together")->batch, 128);
    EXPECT_EQ(interference->train.find_objective("together")->rows, 2800);
    EXPECT_EQ(preset("interference/discard")->train.find_objective("together")->weight, 0.0);
    EXPECT_EQ(preset("interference/ignore")->model.interference_types, 0);
    EXPECT_EQ(preset("interference3/no-smt")->model.interference_types, 2);
    EXPECT_EQ(preset("baseline/non_baseline")->model.alpha, 1.0);
    EXPECT_EQ(preset("baseline/device_mlp")->train.folds, 5);
    EXPECT_EQ(preset("embedding/128")->train.folds, 10);
    EXPECT_EQ(preset("embedding/128")->train.replicates, 25);
}

TEST(Config, UnknownPresetSuggestsTheNearest) {
    const auto missing = preset("embeding/128");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), ErrorCode::kUsage);
    EXPECT_NE(missing.error().message().find("'embedding/128'"), std::string::npos) << missing.error().message();
}

// As the records of results have them, beside the fields that decide.
TEST(Config, ObjectivesMustSayWhatTheFieldsSay) {
    const FitConfig config = preset("interference/2").value();
    const std::vector<std::string> pools{"alone", "together"};
    const auto with = [&](const std::string& from, const std::string& to) {
        auto json = nlohmann::ordered_json::parse(to_json(config));
        json["objectives"] = objectives_json(config, pools);
        std::string text = json.dump();
        text.replace(text.rfind(from), from.size(), to);
        FitConfig read;
        return apply_json(read, text).map([&] { return to_json(read); });
    };
    EXPECT_EQ(with("", "").value(), to_json(config));
    EXPECT_EQ(objectives_json(config, std::span(pools).first(1)).size(), 1U);
    const auto refused = with("\"weight\":1.0", "\"weight\":0.5");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUsage);
    EXPECT_NE(refused.error().message().find("train.objectives"), std::string::npos);
    EXPECT_FALSE(with("\"if\"", "\"other\""));
    FitConfig read;
    EXPECT_FALSE(apply_json(read, R"({"objectives": 3})"));
    EXPECT_TRUE(apply_json(read, R"({"objectives": []})"));
}

TEST(Config, OverridesSetFieldsOfEveryType) {
    FitConfig config;
    EXPECT_TRUE(apply_override(config, "model.alpha=0.01"));
    EXPECT_TRUE(apply_override(config, "model.layers=64,32"));
    EXPECT_TRUE(apply_override(config, "model.baseline=false"));
    EXPECT_TRUE(apply_override(config, "train.keep=best"));
    EXPECT_TRUE(apply_override(config, "seed=18446744073709551615"));
    EXPECT_EQ(config.model.alpha, 0.01);
    EXPECT_EQ(config.model.layers, (std::vector<std::int64_t>{64, 32}));
    EXPECT_FALSE(config.model.baseline);
    EXPECT_EQ(config.train.keep, Keep::kBest);
    EXPECT_EQ(config.seed, UINT64_MAX);
    EXPECT_TRUE(apply_override(config, "model.layers=16"));
    EXPECT_EQ(config.model.layers, std::vector<std::int64_t>{16});
}

TEST(Config, RefusedOverridesNameFieldAndRemedyAndChangeNothing) {
    const std::string before = to_json(FitConfig());
    const auto message = [&](const char* text) {
        FitConfig config;
        const auto result = apply_override(config, text);
        EXPECT_FALSE(result) << text;
        EXPECT_EQ(to_json(config), before) << text;
        return result ? std::string() : result.error().message();
    };
    EXPECT_NE(message("model.aplha=1").find("'model.alpha'"), std::string::npos);
    EXPECT_NE(message("model.alpha").find("field=value"), std::string::npos);
    EXPECT_NE(message("model.alpha=much").find("a number"), std::string::npos);
    EXPECT_NE(message("train.folds=2.5").find("whole number"), std::string::npos);
    EXPECT_NE(message("model.family=forest").find("'factorization'"), std::string::npos);
    EXPECT_NE(message("model.baseline=1").find("true or false"), std::string::npos);
    EXPECT_NE(message("seed=-1").find("whole number from 0"), std::string::npos);
    FitConfig config;
    EXPECT_FALSE(apply_json(config, R"({"model": {"alpha": 0.5, "layers": "wide"}})"));
    EXPECT_EQ(to_json(config), before);
    EXPECT_FALSE(apply_json(config, "[1]"));
    EXPECT_FALSE(apply_json(config, "{"));
    const auto json_message = [&](const char* text) {
        const auto result = apply_json(config, text);
        EXPECT_FALSE(result) << text;
        EXPECT_EQ(to_json(config), before) << text;
        return result ? std::string() : result.error().message();
    };
    EXPECT_NE(json_message("{\n\"seed\": 1,\n}").find("line 3, column 1"), std::string::npos);
    EXPECT_NE(json_message("{\"train\": null}").find("'train' cannot be null: it takes an object"), std::string::npos);
    EXPECT_NE(json_message("{\"share\": {}}").find("'share' cannot be {}: it takes a number"), std::string::npos);
    EXPECT_NE(json_message("{\"nothing\": {}}").find("no field 'nothing'"), std::string::npos);
    EXPECT_NE(json_message("{\"model\": {\"alpha\": 1e999}}").find("beyond"), std::string::npos);
    EXPECT_LT(json_message(("{\"share\": \"" + std::string(1000, 'x') + "\"}").c_str()).size(), 200U);
    EXPECT_NE(message("share=\xff").find("field 'share'"), std::string::npos);
}

TEST(Config, ValidateNamesFieldValueAndLimit) {
    const auto message = [](const char* text) {
        FitConfig config;
        EXPECT_TRUE(apply_override(config, text)) << text;
        const auto result = config.validate();
        EXPECT_FALSE(result) << text;
        return result ? std::string() : result.error().message();
    };
    EXPECT_EQ(message("train.folds=0"), "field 'train.folds' is 0, but must be from 1 to 10000");
    EXPECT_NE(message("model.layers=[]").find("model.layers"), std::string::npos);
    EXPECT_NE(message("model.layers=0").find("from 1 to 65536"), std::string::npos);
    EXPECT_NE(message("model.alpha=-1").find("model.alpha"), std::string::npos);
    EXPECT_NE(message("share=1").find("between 0 and 1"), std::string::npos);
    EXPECT_NE(message("calibration_share=1").find("calibration_share"), std::string::npos);
    EXPECT_NE(message("model.logarithm=false").find("model.baseline"), std::string::npos);
    EXPECT_NE(message("model.family=network").find("model.layers"), std::string::npos);
    EXPECT_NE(message("train.beta2=1").find("train.beta2"), std::string::npos);
}

// As configurations were written before objectives were a list.
TEST(Config, OlderNamesOfObjectivesAreRead) {
    FitConfig config;
    const char* older = R"({"train": {"batch": 7, "together_batch": 8, "alone_weight": 0.5, "together_weight": 2.0,
                            "together_rows": 9}})";
    ASSERT_TRUE(apply_json(config, older));
    EXPECT_EQ(config.train.find_objective("alone")->batch, 7);
    EXPECT_EQ(config.train.find_objective("alone")->weight, 0.5);
    EXPECT_EQ(config.train.find_objective("together")->batch, 8);
    EXPECT_EQ(config.train.find_objective("together")->weight, 2.0);
    EXPECT_EQ(config.train.find_objective("together")->rows, 9);
    ASSERT_TRUE(apply_override(config, "train.together_rows=3"));
    ASSERT_TRUE(apply_override(config, "train.objectives.alone.rows=4"));
    EXPECT_EQ(config.train.find_objective("together")->rows, 3);
    EXPECT_EQ(config.train.find_objective("alone")->rows, 4);
    const auto refused = apply_override(config, "train.together_weight=much");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("'train.together_weight'"), std::string::npos) << "by the name given";
}

TEST(Config, ObjectivesOfAnyPoolComeBack) {
    FitConfig config;
    PoolObjective& objective = config.train.objective("three");
    objective.weight = 0.25;
    objective.rows = 5;
    ASSERT_TRUE(config.validate());
    FitConfig back;
    EXPECT_FALSE(apply_json(back, to_json(config))) << "a slip adds no pool";
    ASSERT_TRUE(apply_whole_json(back, to_json(config)));
    EXPECT_EQ(to_json(back), to_json(config));
    ASSERT_NE(back.train.find_objective("three"), nullptr);
    EXPECT_EQ(back.train.find_objective("three")->rows, 5);
    EXPECT_FALSE(apply_override(back, "train.objectives.togethr.weight=1")) << "a slip adds no pool";
    EXPECT_FALSE(apply_json(back, R"({"train": {"objectives": {"alone": 3}}})"));
    EXPECT_FALSE(apply_json(back, R"({"train": {"objectives": {"alone": {"size": 3}}}})"));
    EXPECT_FALSE(apply_json(back, R"({"train": {"objectives": [3]}})"));
}

TEST(Config, ValidateRefusesWhatIsNotFinite) {
    const auto message = [](auto set, double value) {
        FitConfig config;
        set(config) = value;
        const auto result = config.validate();
        EXPECT_FALSE(result) << value;
        return result ? std::string() : result.error().message();
    };
    for (const double value : {std::nan(""), HUGE_VAL}) {
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.model.alpha; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.model.beta; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.train.objective("alone").weight; }, value).empty());
        EXPECT_FALSE(
            message([](FitConfig& c) -> double& { return c.train.objective("together").weight; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.train.learning_rate; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.train.beta1; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.train.beta2; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.train.epsilon; }, value).empty());
        EXPECT_FALSE(message([](FitConfig& c) -> double& { return c.share; }, value).empty());
    }
    EXPECT_EQ(message([](FitConfig& c) -> double& { return c.calibration_share; }, NAN),
              "field 'calibration_share' is nan, but must be at least 0 and below 1");
    EXPECT_EQ(message([](FitConfig& c) -> double& { return c.train.learning_rate; }, HUGE_VAL),
              "field 'train.learning_rate' is inf, but must be greater than 0 and finite");
}

TEST(Config, TellsThePresetThatJsonNames) {
    EXPECT_EQ(preset_in_json(R"({"preset": "linear/32", "seed": 1})").value(), "linear/32");
    EXPECT_FALSE(preset_in_json("{}").value().has_value());
    EXPECT_FALSE(preset_in_json(R"({"preset": 3})"));
    EXPECT_FALSE(preset_in_json("{"));
}

}  // namespace
}  // namespace pitot::models
