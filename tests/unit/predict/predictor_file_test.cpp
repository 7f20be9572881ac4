// The model file: what is written is what is read, and nothing damaged or foreign gets in.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <set>

#include "../../support/synthetic.hpp"
#include "formats/npz.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"
#include "support/random_model.hpp"

namespace pitot::predict {
namespace {

namespace fs = std::filesystem;

class ModelFile : public testing::Test {
protected:
    static const Predictor& model() {
        static const Predictor kModel = [] {
            FitConfig config = test::quick_config("interference/2");
            config.train.objective("together").rows = 0;
            config.model.layers = {8, 8};  // small, so that the file is written many times in little time
            return fit(test::synthetic_dataset({.together = 120}), config).value();
        }();
        return kModel;
    }

    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(testing::TempDir()) / (std::string("pitot_model_file_") + test->name());
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    static std::string bytes(const fs::path& file) {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    // Saves parts after a change and expects loading to be refused with this text.
    void expect_refused(const std::string& text, const std::function<void(PredictorParts&)>& change) {
        PredictorParts parts = clone_parts(model().parts());
        change(parts);
        ASSERT_TRUE(write_parts(parts, folder_ / "changed.pitot"));
        expect_load_fails(folder_ / "changed.pitot", text);
    }

    // The same after a change of the model.
    void expect_model_refused(const std::string& text, const std::function<void(models::FoldedParts&)>& change) {
        expect_refused(text, [&](PredictorParts& parts) { test::change_model(parts, change); });
    }

    static void expect_load_fails(const fs::path& file, const std::string& text) {
        const auto loaded = Predictor::load(file);
        ASSERT_FALSE(loaded) << text;
        EXPECT_EQ(loaded.error().code(), ErrorCode::kInput);
        const std::string message = loaded.error().to_string();
        EXPECT_NE(message.find(text), std::string::npos) << message;
        EXPECT_NE(message.find(file.filename().string()), std::string::npos) << message;
    }

    // The archive again without one array, or with it changed to `values` (int64).
    void rewrite(const fs::path& to, const std::string& name, std::vector<std::int64_t> values = {}) {
        ASSERT_TRUE(model().save(folder_ / "whole.pitot"));
        const formats::NpzReader npz = formats::NpzReader::open(folder_ / "whole.pitot").value();
        formats::NpzWriter out;
        for (const std::string& array : npz.names()) {
            if (array == name) {
                if (!values.empty()) {
                    out.add<std::int64_t>(array, values);
                }
                continue;
            }
            const formats::ArrayInfo info = npz.info(array).value();
            switch (info.kind) {
                case 'U':
                    if (info.shape.empty()) {
                        out.add_text(array, npz.strings(array).value().front());
                    } else {
                        out.add_strings(array, npz.strings(array).value());
                    }
                    break;
                case 'f':
                    out.add<double>(array, npz.values<double>(array).value(), info.shape);
                    break;
                default:
                    out.add<std::int64_t>(array, npz.values<std::int64_t>(array).value(), info.shape);
            }
        }
        ASSERT_TRUE(out.write(to));
    }

    fs::path folder_;
};

TEST_F(ModelFile, LoadsAsItWasSaved) {
    const fs::path file = folder_ / "model.pitot";
    ASSERT_TRUE(model().save(file));
    const Predictor loaded = Predictor::load(file).value();
    EXPECT_EQ(to_json(loaded.config()), to_json(model().config()));
    EXPECT_EQ(loaded.platforms().names, model().platforms().names);
    EXPECT_EQ(loaded.modules().feature_names, model().modules().feature_names);
    EXPECT_EQ(loaded.dataset_digest(), model().dataset_digest());
    EXPECT_EQ(loaded.measured_pairs(), model().measured_pairs());
    EXPECT_EQ(loaded.calibration_rows(1), model().calibration_rows(1));
    EXPECT_EQ(loaded.calibrated_co_runners(), model().calibrated_co_runners());
    const std::vector<std::int32_t> platform{0, 3, 7};
    const std::vector<std::int32_t> module{1, 2, 3};
    const std::vector<std::int32_t> beside{-1, 4, 0};
    const std::vector<double> confidence{0.5};
    const auto a = model().predict({platform, module, beside, 1}, confidence).value();
    const auto b = loaded.predict({platform, module, beside, 1}, confidence).value();
    EXPECT_EQ(a.runtime_us, b.runtime_us);
    EXPECT_TRUE(std::ranges::equal(a.bound_us.flat(), b.bound_us.flat()));
}

TEST_F(ModelFile, IsTheSameToTheByteWhenSavedAgain) {
    ASSERT_TRUE(model().save(folder_ / "a.pitot"));
    ASSERT_TRUE(Predictor::load(folder_ / "a.pitot").value().save(folder_ / "b.pitot"));
    EXPECT_EQ(bytes(folder_ / "a.pitot"), bytes(folder_ / "b.pitot"));
}

TEST_F(ModelFile, DoesNotDependOnTheNumberOfThreads) {
    const Dataset dataset = test::synthetic_dataset({.together = 60});
    for (const char* name : {"embedding/32", "interference/2"}) {
        std::vector<std::string> contents;
        for (const int threads : {1, 2, 2, 3}) {
            Context options;
            options.threads = threads;
            FitConfig config = test::quick_config(name);
            config.model.layers = {16, 8};
            const Predictor predictor = fit(dataset, config, options).value();
            ASSERT_TRUE(predictor.save(folder_ / "model.pitot"));
            contents.push_back(bytes(folder_ / "model.pitot"));
        }
        for (const std::string& content : contents) {
            EXPECT_TRUE(content == contents.front()) << name;
        }
    }
}

TEST_F(ModelFile, KeepsModelsWithoutFoldsOrFeatures) {
    const Dataset bare = test::synthetic_dataset({.features = 0});
    for (const char* name : {"baseline/linear_scaling", "linear/32"}) {
        const Predictor predictor = fit(bare, test::quick_config(name)).value();
        ASSERT_TRUE(predictor.save(folder_ / "bare.pitot"));
        const auto loaded = Predictor::load(folder_ / "bare.pitot");
        ASSERT_TRUE(loaded) << loaded.error().to_string();
        const std::vector<std::int32_t> one{1};
        EXPECT_EQ(loaded->predict({one, one, {}, 0}).value().runtime_us,
                  predictor.predict({one, one, {}, 0}).value().runtime_us);
    }
}

TEST_F(ModelFile, HasTheMembersItPromises) {
    ASSERT_TRUE(model().save(folder_ / "model.pitot"));
    const formats::NpzReader npz = formats::NpzReader::open(folder_ / "model.pitot").value();
    for (const char* name : {"pitot_model_schema",
                             "config",
                             "dataset_digest",
                             "platform",
                             "platform_features",
                             "platform_feature_names",
                             "platform_basis",
                             "module",
                             "module_features",
                             "module_feature_names",
                             "module_basis",
                             "baseline_platform",
                             "baseline_module",
                             "calibration_alone",
                             "calibration_together",
                             "calibration_most_co_runners",
                             "module_co_runner_basis",
                             "measured_offsets",
                             "measured_modules",
                             "together_offsets",
                             "together_modules",
                             "together_co_runners",
                             "measured_use",
                             "together_use",
                             "platform_part",
                             "module_part",
                             "learned_range",
                             "slowdown_range",
                             "platform_disagreement",
                             "module_disagreement",
                             "param/platform.layer0.weight",
                             "param/module.learned",
                             "train_loss",
                             "validation_loss",
                             "kept_checkpoint"}) {
        EXPECT_TRUE(npz.contains(name)) << name;
    }
    EXPECT_EQ(npz.info("param/module.learned").value().shape, (std::vector<std::int64_t>{3, 20, 4}));
    EXPECT_EQ(npz.values<std::int64_t>("pitot_model_schema").value(), std::vector<std::int64_t>{kModelSchema});
}

TEST_F(ModelFile, RefusesANewerSchemaAndWhatIsNone) {
    rewrite(folder_ / "newer.pitot", "pitot_model_schema", {kModelSchema + 1});
    expect_load_fails(folder_ / "newer.pitot", "written by a newer Pitot");
    rewrite(folder_ / "zero.pitot", "pitot_model_schema", {0});
    expect_load_fails(folder_ / "zero.pitot", "pitot_model_schema");
    rewrite(folder_ / "none.pitot", "pitot_model_schema");
    expect_load_fails(folder_ / "none.pitot", "is not a model of Pitot");
}

TEST_F(ModelFile, RefusesADatasetAndSaysWhatToDo) {
    ASSERT_TRUE(write_dataset(test::synthetic_dataset(), folder_ / "data.npz"));
    expect_load_fails(folder_ / "data.npz", "is a dataset, not a model");
}

TEST_F(ModelFile, RefusesFilesThatAreNotArchives) {
    std::ofstream(folder_ / "text.pitot") << "platform,module,runtime_us\n";
    expect_load_fails(folder_ / "text.pitot", "");
    std::ofstream(folder_ / "empty.pitot").close();
    expect_load_fails(folder_ / "empty.pitot", "");
    const auto missing = Predictor::load(folder_ / "missing.pitot");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), ErrorCode::kEnvironment);
    ASSERT_TRUE(model().save(folder_ / "whole.pitot"));
    const std::string content = bytes(folder_ / "whole.pitot");
    std::ofstream(folder_ / "half.pitot", std::ios::binary)
        .write(content.data(), static_cast<std::streamsize>(content.size() / 2));
    expect_load_fails(folder_ / "half.pitot", "");
}

TEST_F(ModelFile, RefusesEveryMissingArray) {
    ASSERT_TRUE(model().save(folder_ / "whole.pitot"));
    const std::vector<std::string> names = formats::NpzReader::open(folder_ / "whole.pitot").value().names();
    const std::set<std::string> optional{"calibration_most_co_runners",
                                         "module_co_runner_basis",
                                         "together_offsets",
                                         "measured_use",
                                         "platform_part",
                                         "learned_range",
                                         "slowdown_range",
                                         "platform_disagreement",
                                         "platform_runs"};
    for (const std::string& name : names) {
        if (optional.contains(name) || name == "together_use") {  // the latter is, with together_offsets
            continue;
        }
        rewrite(folder_ / "missing.pitot", name);
        expect_load_fails(folder_ / "missing.pitot", name == "pitot_model_schema" ? "not a model" : "'" + name + "'");
    }
}

TEST_F(ModelFile, OfAnOlderPitotDoesNotSayHowManyCoRunnersWereCalibratedWith) {
    EXPECT_EQ(model().calibrated_co_runners(), 1);
    rewrite(folder_ / "older.pitot", "calibration_most_co_runners");
    const Predictor older = Predictor::load(folder_ / "older.pitot").value();
    EXPECT_EQ(older.calibrated_co_runners(), std::nullopt);
    // Nor does it when it is saved again.
    ASSERT_TRUE(older.save(folder_ / "again.pitot"));
    EXPECT_EQ(Predictor::load(folder_ / "again.pitot").value().calibrated_co_runners(), std::nullopt);
    expect_refused("'calibration_most_co_runners'", [](PredictorParts& p) { p.calibrated_co_runners = -1; });
}

TEST_F(ModelFile, OfAnOlderPitotDoesNotSayWhichCombinationsWereMeasured) {
    const std::vector<std::int32_t> beside{model().parts().measured[1].combinations.co_runners.front()};
    const std::int32_t module = model().parts().measured[1].combinations.modules.front();
    EXPECT_NE(model().evidence(0, module, beside), Evidence::kNone);
    rewrite(folder_ / "older.pitot", "together_offsets");
    const Predictor older = Predictor::load(folder_ / "older.pitot").value();
    EXPECT_EQ(older.evidence(0, module, beside), std::nullopt);
    EXPECT_EQ(older.evidence_beside_others(0, module), std::nullopt);
    EXPECT_EQ(older.evidence(0, 0), model().evidence(0, 0));
    ASSERT_TRUE(older.save(folder_ / "again.pitot"));
    EXPECT_EQ(Predictor::load(folder_ / "again.pitot").value().evidence(0, module, beside), std::nullopt);
}

TEST_F(ModelFile, OfAnOlderPitotDoesNotSayWhatWasSetAside) {
    rewrite(folder_ / "older.pitot", "measured_use");
    const Predictor older = Predictor::load(folder_ / "older.pitot").value();
    EXPECT_TRUE(older.parts().measured[kAlone].use.empty());
    for (std::int32_t j = 0; j < older.modules().size(); ++j) {
        EXPECT_EQ(older.evidence(0, j), older.measured(0, j) ? Evidence::kLearned : Evidence::kNone);
    }
}

TEST_F(ModelFile, OfAnOlderPitotHasNoPartsAndNoLimits) {
    rewrite(folder_ / "older.pitot", "platform_part");
    const Predictor older = Predictor::load(folder_ / "older.pitot").value();
    EXPECT_EQ(older.parts_apart(), 0);
    EXPECT_EQ(older.platform_part(0), older.module_part(0));
    rewrite(folder_ / "unlimited.pitot", "learned_range");
    const Predictor unlimited = Predictor::load(folder_ / "unlimited.pitot").value();
    EXPECT_EQ(test::folded_parts(unlimited.parts()).limits.most, models::AnswerLimits::kNone);
}

TEST_F(ModelFile, OfAnOlderPitotKnowsCoRunnersAsWellAsModules) {
    rewrite(folder_ / "older.pitot", "module_co_runner_basis");
    const Predictor older = Predictor::load(folder_ / "older.pitot").value();
    EXPECT_EQ(older.parts().co_runner_basis, older.parts().module_basis);
}

TEST_F(ModelFile, RefusesArraysOfTheWrongShape) {
    ASSERT_TRUE(model().save(folder_ / "whole.pitot"));
    const formats::NpzReader npz = formats::NpzReader::open(folder_ / "whole.pitot").value();
    const std::vector<std::string> names = npz.names();
    for (const std::string& name : names) {
        if (npz.info(name).value().kind != 'U' && !name.starts_with("calibration")) {
            rewrite(folder_ / "wrong.pitot", name, {5, 5, 5, 5, 5});
            expect_load_fails(folder_ / "wrong.pitot", name);
        }
    }
    rewrite(folder_ / "wrong.pitot", "calibration_most_co_runners", {1, 2});
    expect_load_fails(folder_ / "wrong.pitot", "'calibration_most_co_runners'");
}

TEST_F(ModelFile, RefusesValuesThatAreNotFinite) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    expect_model_refused("'baseline_module'", [&](models::FoldedParts& p) { p.baseline.module[3] = nan; });
    expect_model_refused("'baseline_platform'", [&](models::FoldedParts& p) { p.baseline.platform[0] = -inf; });
    expect_refused("'module_features'", [&](PredictorParts& p) { p.modules.features(2, 1) = inf; });
    expect_model_refused("param/", [&](models::FoldedParts& p) { p.folds[1].parameters[9] = std::nanf(""); });
    expect_model_refused("'train_loss'", [&](models::FoldedParts& p) { p.folds[0].train_loss[0] = std::nanf(""); });
}

TEST_F(ModelFile, RefusesContentThatDoesNotFitTogether) {
    expect_refused("'platform'", [](PredictorParts& p) { p.platforms.names[1] = p.platforms.names[0]; });
    expect_refused("'module_basis'", [](PredictorParts& p) { p.module_basis[1] = static_cast<Basis>(9); });
    expect_refused("'measured_offsets'", [](PredictorParts& p) { p.measured[0].combinations.offsets[1] = 1000000; });
    expect_refused("'measured_modules'", [](PredictorParts& p) { p.measured[0].combinations.modules[0] = -1; });
    expect_refused("'measured_modules'", [](PredictorParts& p) { p.measured[0].combinations.modules.back() = 20; });
    expect_refused("'module_co_runner_basis'", [](PredictorParts& p) { p.co_runner_basis[1] = static_cast<Basis>(9); });
    expect_refused("'together_offsets'", [](PredictorParts& p) { p.measured[1].combinations.offsets[1] = 1000000; });
    expect_refused("'together_offsets'", [](PredictorParts& p) { p.measured[1].combinations.co_runners[0] = 20; });
    expect_refused("'together_modules'", [](PredictorParts& p) {
        p.measured[1].combinations.modules.pop_back();
        p.measured[1].combinations.co_runners.pop_back();  // the only one of that combination
    });
    expect_refused("a newer Pitot wrote it", [](PredictorParts& p) { p.config.train.learning_rate = -1.0; });
    // Fewer folds, and more, than the parameters were stacked from; another shape of model.
    expect_refused("'kept_checkpoint'", [](PredictorParts& p) { p.config.train.folds = 2; });
    expect_refused("'kept_checkpoint'", [](PredictorParts& p) { p.config.train.folds = 10000; });
    expect_refused("'measured_offsets'", [](PredictorParts& p) { p.measured[0].combinations.offsets.pop_back(); });
    expect_refused("'measured_use'", [](PredictorParts& p) { p.measured[0].use[0] = Evidence::kNone; });
    expect_refused("'measured_use'", [](PredictorParts& p) { p.measured[0].use.pop_back(); });
    expect_refused("'together_use'", [](PredictorParts& p) { p.measured[1].use[0] = static_cast<Evidence>(4); });
    expect_refused("'platform_part'", [](PredictorParts& p) { p.platform_part[0] = -2; });
    expect_refused("'module_part'", [](PredictorParts& p) { p.module_part[0] = 1000; });
    expect_model_refused("'learned_range'", [](models::FoldedParts& p) { p.limits.least = p.limits.most + 1.0; });
}

TEST_F(ModelFile, LeavesTheOldFileWhenTheNewOneCannotBeWritten) {
    const auto refused = model().save(folder_ / "no_such_folder" / "model.pitot");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kEnvironment);
}

}  // namespace
}  // namespace pitot::predict
