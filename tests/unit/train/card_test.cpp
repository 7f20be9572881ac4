// Training on cards against training on the processor. Skipped where no card answers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "backend/devices.hpp"
#include "models/folds/step_program.hpp"
#include "support/synthetic.hpp"
#include "train/initial_parameters.hpp"
#include "train/train.hpp"
#include "train/train_group.hpp"

namespace pitot::train {
namespace {

struct Trained {
    std::vector<std::vector<float>> parameters;  // of every fold
    std::vector<std::vector<float>> train_loss, validation_loss;
    models::Model model;
    backend::PairColumns rows;
};

const backend::Backend* card(std::vector<int> devices = {}, const char* precision = "fp32") {
    const auto found = backend::cuda_backend(devices, precision);
#ifdef PITOT_EMULATED_CARD
    EXPECT_TRUE(found) << found.error().to_string();
#endif
    return found ? *found : nullptr;
}
std::string why_no_card() { return backend::cuda_devices().error().to_string(); }

// `odd_share`: what every other replicate trains on.
Result<Trained> try_training(const backend::Backend& backend, const Dataset& dataset, const FitConfig& config,
                             std::int64_t replicates, double odd_share) {
    Trained out;
    out.model = models::build_model(config.model, dataset.platforms, dataset.modules);
    const auto start = [&](std::int64_t replicate) {
        models::Model model = models::build_model(config.model, dataset.platforms, dataset.modules);
        ReplicateTask task{draw_rows(dataset, config, replicate % 2 == 0 ? 0.8 : odd_share, 0.0, replicate),
                           std::move(model.program)};
        if (config.model.baseline) {
            const auto terms = [&](const Side& side) {
                return std::vector<double>(static_cast<std::size_t>(side.size()), 0.3);
            };
            task.constants = {{model.platform_baseline, terms(dataset.platforms)},
                              {model.module_baseline, terms(dataset.modules)}};
        }
        return std::make_shared<const ReplicateTask>(std::move(task));
    };
    const auto result = train_replicates(backend, dataset, config, 0.8, replicates, {}, start,
                                         [&](std::int64_t, const ReplicateTask&, std::vector<FoldFit> folds) {
                                             for (FoldFit& fold : folds) {
                                                 out.parameters.push_back(std::move(fold.parameters));
                                                 out.train_loss.push_back(std::move(fold.train_loss));
                                                 out.validation_loss.push_back(std::move(fold.validation_loss));
                                             }
                                             return Result<void>();
                                         });
    if (!result) {
        return Failure(result.error());
    }
    return out;
}
Trained trained_by(const backend::Backend& backend, const Dataset& dataset, const FitConfig& config,
                   std::int64_t replicates = 2, double odd_share = 0.8) {
    auto trained = try_training(backend, dataset, config, replicates, odd_share);
    if (!trained) {
        ADD_FAILURE() << trained.error().to_string();
        return {};
    }
    return *std::move(trained);
}

// What a model trained to some parameters predicts for all rows alone.
std::vector<double> predictions(const Trained& trained, std::size_t fold, const Dataset& dataset) {
    auto executor = backend::cpu_backend().prepare(trained.model.program, 1).value();
    executor->set_parameters(0, std::vector<double>(trained.parameters[fold].begin(), trained.parameters[fold].end()));
    executor->forward_towers();
    const ObservationView rows = dataset.pool(kAlone);
    std::vector<double> out(rows.runtime_us.size());
    executor->predict(0, {rows.platform, rows.module, {}, 0, {}}, out);
    return out;
}

// An emulated card (tests/emulation) takes tenths of a second for a step.
#ifdef PITOT_EMULATED_CARD
constexpr std::int64_t kSteps = 6;
constexpr std::int64_t kFewSteps = 2;
constexpr std::size_t kSomePresets = 4;
constexpr std::int64_t kLargeBatch = 9'000;
#else
constexpr std::int64_t kSteps = 200;
constexpr std::int64_t kFewSteps = 40;
constexpr std::size_t kSomePresets = 10;
constexpr std::int64_t kLargeBatch = 30'000;
#endif

FitConfig config_of(const std::string& preset) {
    FitConfig config = test::quick_config(preset);
    config.train.folds = 3;
    config.train.steps = kSteps;
    config.train.checkpoints = 4;
    config.train.keep = Keep::kLast;
    return config;
}

const std::vector<std::string>& presets_tried() {
    static const std::vector<std::string> names{
        "embedding/32", "linear/32",  "interference/2",      "baseline/mlp",           "baseline/device_mlp",
        "paragon/32",   "features/4", "interference/ignore", "baseline/platform_only", "baseline/non_baseline"};
    return names;
}
std::span<const std::string> some_presets() { return std::span(presets_tried()).first(kSomePresets); }

TEST(Card, PredictsAsTheProcessor) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    for (const std::string& name : presets_tried()) {
        SCOPED_TRACE(name);
        const FitConfig config = config_of(name);
        const Trained want = trained_by(backend::cpu_backend(), dataset, config);
        const Trained got = trained_by(*card(), dataset, config);
        ASSERT_EQ(got.parameters.size(), want.parameters.size());
        for (std::size_t f = 0; f < want.parameters.size(); ++f) {
            const std::vector<double> a = predictions(got, f, dataset);
            const std::vector<double> b = predictions(want, f, dataset);
            double scale = 0.0;
            double worst = 0.0;
            for (std::size_t n = 0; n < a.size(); ++n) {
                scale = std::max(scale, std::abs(b[n]));
                worst = std::max(worst, std::abs(a[n] - b[n]));
            }
            EXPECT_LT(worst, 1e-3 * scale) << "fold " << f;
            for (std::size_t c = 0; c < want.validation_loss[f].size(); ++c) {
                EXPECT_NEAR(got.validation_loss[f][c], want.validation_loss[f][c], 1e-2 * want.validation_loss[f][c]);
                EXPECT_NEAR(got.train_loss[f][c], want.train_loss[f][c], 1e-2 * want.train_loss[f][c]);
            }
        }
    }
}

TEST(Card, TrainsTheSameBitsTwiceInWavesAndOnSeveralCards) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    for (const std::string& name : some_presets()) {
        SCOPED_TRACE(name);
        const FitConfig config = config_of(name);
        const Trained first = trained_by(*card({0}), dataset, config, 3);
        EXPECT_EQ(trained_by(*card({0}), dataset, config, 3).parameters, first.parameters);
        EXPECT_EQ(trained_by(*card({0}), dataset, config, 1).parameters,
                  std::vector(first.parameters.begin(), first.parameters.begin() + 3));
        if (backend::cuda_devices()->size() > 1) {
            EXPECT_EQ(trained_by(*card({0, 1}), dataset, config, 3).parameters, first.parameters);
        }
    }
}

// In bf16, where one kernel does layers and dot products.
TEST(Card, RoundsTheSameBitsOnSeveralCards) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41});
    FitConfig config = config_of("embedding/32");
    config.train.steps = kFewSteps;
    const Trained first = trained_by(*card({0}, "bf16"), dataset, config, 3);
    EXPECT_EQ(trained_by(*card({0}, "bf16"), dataset, config, 1).parameters,
              std::vector(first.parameters.begin(), first.parameters.begin() + config.train.folds));
    if (backend::cuda_devices()->size() > 1) {
        EXPECT_EQ(trained_by(*card({0, 1}, "bf16"), dataset, config, 3).parameters, first.parameters);
    }
}

// Pieces of one model each, one after the other in the same memory, some with rows where others have none.
TEST(Card, TrainsTheSameBitsInPieces) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    for (const std::string& name : some_presets()) {
        SCOPED_TRACE(name);
        FitConfig config = config_of(name);
        config.train.folds = 4;
        config.train.steps = kFewSteps;
        // All rows in every step, and replicates of different sizes.
        config.train.objective("alone").batch = 0;
        for (const char* precision : {"fp32", "bf16"}) {
            SCOPED_TRACE(precision);
            const Trained want = trained_by(*card({0}, precision), dataset, config, 2, 0.6);
            ASSERT_EQ(::setenv("PITOT_CUDA_PIECE", "1", 1), 0);
            const Trained got = trained_by(*card({0}, precision), dataset, config, 2, 0.6);
            ::unsetenv("PITOT_CUDA_PIECE");
            EXPECT_EQ(got.parameters, want.parameters);
            EXPECT_EQ(got.validation_loss, want.validation_loss);
        }
    }
}

// Batches too large for a block's shared memory are ordered by another way. Of an odd number of rows every other batch
// begins with the second of the two rows that a counter draws.
TEST(Card, TrainsOnLargeBatchesAndOddOnes) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    for (const std::int64_t batch : {std::int64_t{kLargeBatch}, std::int64_t{37}}) {
        for (const char* name : {"embedding/32", "interference/2"}) {
            SCOPED_TRACE(fmt::format("{} {}", name, batch));
            FitConfig config = config_of(name);
            config.train.steps = kFewSteps;
            config.train.objective("alone").batch = batch;
            const Trained want = trained_by(backend::cpu_backend(), dataset, config, 1);
            const Trained got = trained_by(*card(), dataset, config, 1);
            for (std::size_t f = 0; f < want.train_loss.size(); ++f) {
                EXPECT_NEAR(got.train_loss[f].back(), want.train_loss[f].back(), 1e-3 * want.train_loss[f].back());
                EXPECT_NEAR(got.validation_loss[f].back(), want.validation_loss[f].back(),
                            1e-3 * want.validation_loss[f].back());
            }
        }
    }
}

#ifdef PITOT_EMULATED_CARD
// Models for which a card has no room beside others wait for them, and what is foreseen of memory is enough: no array
// is asked for that there is no room for. Where not one model fits, the error says so before anything is trained.
TEST(Card, TrainsInWavesWhereMemoryIsShort) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    for (const auto& [name, precision] :
         {std::pair("interference/2", "fp32"), {"interference/2", "bf16"}, {"baseline/mlp", "fp32"}}) {
        SCOPED_TRACE(fmt::format("{} {}", name, precision));
        FitConfig config = config_of(name);
        config.train.steps = kFewSteps;
        const Trained want = trained_by(*card({0}, precision), dataset, config, 3);
        int refused = 0;
        int trained = 0;  // in the least memory that is enough, and a little more
        for (int mebibytes = 256; mebibytes < 512 && trained < 2; mebibytes += 2) {
            ASSERT_EQ(::setenv("PITOT_EMULATED_MIB", std::to_string(mebibytes).c_str(), 1), 0);
            const auto got = try_training(*card({0}, precision), dataset, config, 3, 0.8);
            ::unsetenv("PITOT_EMULATED_MIB");
            if (got) {
                ++trained;
                EXPECT_EQ(got->parameters, want.parameters) << mebibytes;
            } else {
                ++refused;
                EXPECT_NE(got.error().message().find("do not fit"), std::string::npos) << got.error().to_string();
            }
        }
        EXPECT_GT(refused, 0);
        EXPECT_EQ(trained, 2);
    }
}

// Which kernels multiply rows does not depend on how many rows the models that a card happens to have learn from: here
// some more than fit into a block's memory beside rows, and some fewer.
TEST(Card, TrainsTheSameBitsWhereBlocksHaveLittleMemory) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 105, .modules = 105});
    FitConfig config = config_of("embedding/128");
    config.model.layers.back() = 128;
    config.train.folds = 4;
    config.train.steps = kFewSteps;
    config.train.objective("alone").batch = 0;
    ASSERT_EQ(::setenv("PITOT_EMULATED_SHARED_KIB", "99", 1), 0);
    const Trained one = trained_by(*card({0}), dataset, config, 2, 0.6);
    const Trained two = trained_by(*card({0, 1}), dataset, config, 2, 0.6);
    ::unsetenv("PITOT_EMULATED_SHARED_KIB");
    EXPECT_EQ(one.parameters, two.parameters);
}

// Dot products that one kernel does where a block has room for the rows, and several elsewhere.
TEST(Card, MultipliesRowsWithLittleSharedMemory) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 60, .modules = 41});
    for (const std::int64_t width : {44, 128}) {
        SCOPED_TRACE(width);
        FitConfig config = config_of("embedding/128");
        config.model.layers.back() = width;
        config.train.steps = kFewSteps;
        config.train.objective("alone").batch = 13'000;  // of eight bytes each
        const auto trained_with = [&](const char* kibibytes) {
            EXPECT_EQ(::setenv("PITOT_EMULATED_SHARED_KIB", kibibytes, 1), 0);
            Trained trained = trained_by(*card({0}), dataset, config, 1);
            ::unsetenv("PITOT_EMULATED_SHARED_KIB");
            return trained;
        };
        const Trained want = trained_with("227");
        EXPECT_EQ(trained_with("163").parameters, want.parameters);
        const Trained got = trained_with("99");
        if (width == 128) {  // fewer columns are added in the same order by either
            EXPECT_NE(got.parameters, want.parameters);
        }
        for (std::size_t f = 0; f < want.train_loss.size(); ++f) {
            EXPECT_NEAR(got.train_loss[f].back(), want.train_loss[f].back(), 1e-4 * want.train_loss[f].back());
        }
    }
}

// A network that one kernel trains where a block has room for it, and its layers one by one elsewhere.
TEST(Card, TrainsNetworksWithLittleSharedMemory) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    FitConfig config = config_of("baseline/mlp");
    config.train.steps = kFewSteps;
    const Trained want = trained_by(*card({0}), dataset, config, 1);
    ASSERT_EQ(::setenv("PITOT_EMULATED_SHARED_KIB", "163", 1), 0);
    const Trained got = trained_by(*card({0}), dataset, config, 1);
    ::unsetenv("PITOT_EMULATED_SHARED_KIB");
    EXPECT_NE(got.parameters, want.parameters);
    for (std::size_t f = 0; f < want.train_loss.size(); ++f) {
        EXPECT_NEAR(got.train_loss[f].back(), want.train_loss[f].back(), 1e-4 * want.train_loss[f].back());
        EXPECT_NEAR(got.validation_loss[f].back(), want.validation_loss[f].back(),
                    1e-4 * want.validation_loss[f].back());
    }
}

// Whichever call of CUDA's fails, training ends with an error that tells what was being done, and the next one is
// right.
TEST(Card, FailuresAreErrors) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 9, .modules = 11, .together = 40});
    FitConfig config = config_of("interference/2");
    config.train.folds = 1;
    config.train.steps = kFewSteps;
    const Trained want = trained_by(*card({0}), dataset, config, 1);
    int failed = 0;
    for (std::int64_t call = 1;; call += 1 + call / 16) {
        ASSERT_LT(call, 100'000) << "calls never end";
        ASSERT_EQ(::setenv("PITOT_EMULATED_FAILURE", std::to_string(call).c_str(), 1), 0);
        const auto got = try_training(*card({0}), dataset, config, 1, 0.8);
        ::unsetenv("PITOT_EMULATED_FAILURE");
        if (got) {
            EXPECT_EQ(got->parameters, want.parameters);
            break;  // it took fewer calls
        }
        ++failed;
        EXPECT_EQ(got.error().code(), ErrorCode::kEnvironment);
        EXPECT_NE(got.error().message().find("card 0 failed while "), std::string::npos) << got.error().to_string();
    }
    EXPECT_GT(failed, 30);
    EXPECT_EQ(trained_by(*card({0}), dataset, config, 1).parameters, want.parameters);
}
#endif

// Batches are drawn ahead: for steps that may not come, with keys and rows that may be others by then.
TEST(Card, DrawsAnewForOtherKeysRowsAndSteps) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41});
    const FitConfig config = config_of("linear/32");
    const models::Model model = models::build_model(config.model, dataset.platforms, dataset.modules);
    const std::vector<TrainingPool> pools = training_pools(dataset, config);
    const std::vector<backend::PairColumns> tables{pools[0].columns()};
    std::vector<std::int64_t> rows(pools[0].rows.platform.size());
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    std::vector<std::int64_t> fewer(rows.begin(), rows.begin() + std::ssize(rows) / 2);
    const auto prepare = [&] {
        backend::ExecutionPlan plan = plan_of(pools, 1);
        plan.data = card({0})->make_resident(tables).value();
        return card({0})->prepare(model.program, 1, plan).value();
    };
    const auto train = [&](backend::Executor& executor, const std::vector<std::int64_t>* objective, core::Key key,
                           std::int64_t first, std::int64_t steps) {
        executor.set_parameters(0, initial_parameters(model.program, core::Key(4)));
        if (objective != nullptr) {
            executor.set_objectives({{0, {*objective}, 64, 1.0}});
        }
        double loss = 0.0;
        executor.train({1e-2, 0.9, 0.999, 1e-8}, std::span(&key, 1), first, steps, std::span(&loss, 1));
        EXPECT_TRUE(executor.status());
        return std::pair(loss, executor.parameters(0));
    };
    const auto used = prepare();
    const auto expect = [&](const std::vector<std::int64_t>* objective, const std::vector<std::int64_t>& of,
                            std::uint64_t key, std::int64_t first, std::int64_t steps) {
        const auto fresh = prepare();
        EXPECT_EQ(train(*used, objective, core::Key(key), first, steps),
                  train(*fresh, &of, core::Key(key), first, steps))
            << "key " << key << ", steps from " << first << ", " << steps;
    };
    expect(&rows, rows, 1, 0, 2);
    expect(nullptr, rows, 1, 2, 2);  // drawn ahead
    expect(nullptr, rows, 1, 4, 1);  // and fewer than that
    expect(nullptr, rows, 1, 5, 3);  // more
    expect(nullptr, rows, 2, 8, 3);  // with another key
    expect(nullptr, rows, 2, 0, 2);  // from the start
    expect(&fewer, fewer, 2, 2, 2);  // of other rows
    expect(&rows, rows, 2, 4, 2);
}

TEST(Card, LowerPrecisionsTrain) {
    if (card() == nullptr) {
        GTEST_SKIP() << why_no_card();
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 41, .together = 200});
    // What rounding changes adds up over steps.
    for (const auto& [preset, steps, tolerance] : {std::tuple("embedding/32", kSteps, 0.1),
                                                   {"embedding/32", kFewSteps, 0.05},
                                                   {"linear/32", kFewSteps, 0.05},
                                                   {"interference/2", kFewSteps, 0.05},
                                                   {"baseline/mlp", kFewSteps, 0.05}}) {
        FitConfig config = config_of(preset);
        config.train.steps = steps;
        const Trained want = trained_by(*card(), dataset, config);
        for (const char* precision : {"tf32", "bf16"}) {
            SCOPED_TRACE(fmt::format("{} {}", preset, precision));
            const Trained got = trained_by(*card({}, precision), dataset, config);
            for (std::size_t f = 0; f < want.train_loss.size(); ++f) {
                EXPECT_NEAR(got.train_loss[f].back(), want.train_loss[f].back(), tolerance * want.train_loss[f].back());
                EXPECT_NEAR(got.validation_loss[f].back(), want.validation_loss[f].back(),
                            tolerance * want.validation_loss[f].back());
            }
            const bool rounds = std::string_view(preset) != "linear/32";  // has no product of matrices
            EXPECT_EQ(got.parameters != want.parameters, rounds);
        }
    }
}

}  // namespace
}  // namespace pitot::train
