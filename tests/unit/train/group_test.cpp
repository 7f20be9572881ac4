// Folds trained in groups, as a backend may want them: the same bits as one by one.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "models/folds/step_program.hpp"
#include "support/synthetic.hpp"
#include "train/train.hpp"

namespace pitot::train {
namespace {

// A backend that wants groups and otherwise does what another does.
class Grouping final : public backend::Backend {
public:
    Grouping(const backend::Backend& inner, std::int64_t size) : inner_(inner), size_(size) {}

    [[nodiscard]] std::string_view name() const override { return "grouping"; }
    [[nodiscard]] std::string description() const override { return inner_.description(); }
    [[nodiscard]] backend::Peak measure_peak(std::int64_t /*block_bytes*/) const override { return {}; }
    [[nodiscard]] Result<std::shared_ptr<const backend::ResidentTables>> make_resident(
        std::span<const backend::PairColumns> tables) const override {
        ++made_resident;
        return inner_.make_resident(tables);
    }
    [[nodiscard]] std::int64_t group_size(const backend::Program& /*program*/, const backend::ExecutionPlan& /*plan*/,
                                          std::int64_t models) const override {
        EXPECT_EQ(models, 6);
        return size_;
    }

    mutable std::vector<std::int64_t> groups;  // sizes of those prepared
    mutable int made_resident = 0;

private:
    [[nodiscard]] Result<std::unique_ptr<backend::Executor>> make_executor(
        const backend::Program& program, std::int64_t group, const backend::ExecutionPlan& plan) const override {
        groups.push_back(group);
        return inner_.prepare(program, group, plan);
    }

    const backend::Backend& inner_;
    std::int64_t size_;
};

struct Outcome {
    Result<void> result;
    std::vector<std::vector<FoldFit>> replicates;
};

// Two replicates of three folds, on one thread.
Outcome train(const backend::Backend& backend, const Dataset& dataset, const FitConfig& config) {
    Outcome out;
    const auto start = [&](std::int64_t replicate) {
        models::Model model = models::build_model(config.model, dataset.platforms, dataset.modules);
        ReplicateTask task{draw_rows(dataset, config, 0.8, 0.0, replicate), std::move(model.program)};
        if (config.model.baseline) {
            const double term = 0.25 * static_cast<double>(1 + replicate);
            const auto terms = [&](const Side& side) {
                return std::vector<double>(static_cast<std::size_t>(side.size()), term);
            };
            task.constants = {{model.platform_baseline, terms(dataset.platforms)},
                              {model.module_baseline, terms(dataset.modules)}};
        }
        return std::make_shared<const ReplicateTask>(std::move(task));
    };
    out.result = train_replicates(backend, dataset, config, 0.8, 2, {.threads = 1}, start,
                                  [&](std::int64_t replicate, const ReplicateTask&, std::vector<FoldFit> folds) {
                                      EXPECT_EQ(replicate, std::ssize(out.replicates));
                                      out.replicates.push_back(std::move(folds));
                                      return Result<void>();
                                  });
    return out;
}

void expect_same(const Outcome& got, const Outcome& want) {
    ASSERT_TRUE(got.result && want.result);
    ASSERT_EQ(got.replicates.size(), want.replicates.size());
    for (std::size_t r = 0; r < want.replicates.size(); ++r) {
        ASSERT_EQ(got.replicates[r].size(), want.replicates[r].size());
        for (std::size_t f = 0; f < want.replicates[r].size(); ++f) {
            const FoldFit& a = got.replicates[r][f];
            const FoldFit& b = want.replicates[r][f];
            EXPECT_EQ(a.parameters, b.parameters) << r << ' ' << f;
            EXPECT_EQ(a.train_loss, b.train_loss);
            EXPECT_EQ(a.validation_loss, b.validation_loss);
            EXPECT_EQ(a.kept_checkpoint, b.kept_checkpoint);
        }
    }
    EXPECT_NE(want.replicates[0][0].parameters, want.replicates[0][1].parameters);
    EXPECT_NE(want.replicates[0][0].parameters, want.replicates[1][0].parameters);
    EXPECT_FALSE(want.replicates[0][0].validation_loss.empty());
}

TEST(Groups, TrainTheSameBitsAsSingleFolds) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 40, .together = 200});
    for (const char* name : {"embedding/32", "linear/32", "interference/2", "baseline/device_mlp", "baseline/mlp"}) {
        SCOPED_TRACE(name);
        FitConfig config = test::quick_config(name);
        config.train.folds = 3;
        config.train.checkpoints = 6;
        config.train.keep = Keep::kBest;
        config.train.objective("alone").batch =
            std::string(name) == "linear/32" ? 4 : config.train.objective("alone").batch;  // named rows
        const Grouping single(backend::cpu_backend(), 1);
        const Outcome want = train(single, dataset, config);
        EXPECT_EQ(single.groups, std::vector<std::int64_t>(6, 1));
        EXPECT_EQ(single.made_resident, 1);
        for (const auto& [size, groups] :
             {std::pair<std::int64_t, std::vector<std::int64_t>>(2, {2, 2, 2}), {4, {4, 2}}, {100, {6}}}) {
            const Grouping grouped(backend::cpu_backend(), size);
            expect_same(train(grouped, dataset, config), want);
            EXPECT_EQ(grouped.groups, groups);
            EXPECT_EQ(grouped.made_resident, 1);
        }
    }
}

TEST(Groups, OfTheReferenceBackendToo) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config("embedding/32");
    config.train.folds = 3;
    config.train.checkpoints = 2;
    expect_same(train(Grouping(backend::reference_backend(), 4), dataset, config),
                train(Grouping(backend::reference_backend(), 1), dataset, config));
}

TEST(Groups, OneFoldThatDivergesIsAnErrorOfAll) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config("embedding/32");
    config.train.folds = 3;
    config.train.learning_rate = 1e30;
    const Outcome diverged = train(Grouping(backend::cpu_backend(), 6), dataset, config);
    ASSERT_FALSE(diverged.result);
    EXPECT_NE(diverged.result.error().message().find("learning_rate"), std::string::npos);
    EXPECT_TRUE(diverged.replicates.empty());
}

}  // namespace
}  // namespace pitot::train
