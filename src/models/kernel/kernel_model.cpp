#include "models/kernel/kernel_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "core/parallel.hpp"
#include "models/kernel/explain.hpp"
#include "models/kernel/held_out.hpp"
#include "models/kernel/kernel_file.hpp"
#include "models/kernel/observe.hpp"
#include "models/kernel/posterior.hpp"

namespace pitot::models::kernel {
namespace {

constexpr std::int64_t kHeldOutParts = 5;

// The tables that these answers come from are of runs alone.
Failure not_beside(const char* what) {
    return fail(ErrorCode::kInput,
                fmt::format("a model that learned from runs beside others cannot {}; fit one on runs alone "
                            "(train.objectives.together.weight = 0)",
                            what));
}

class KernelModel final : public FittedModel {
public:
    KernelModel(KernelState state, KernelAnswers answers, std::shared_ptr<const PreparedTables> tables)
        : state_(std::move(state)), answers_(std::move(answers)), tables_(std::move(tables)) {}

    void predict(const PairQuery& query, const Answer& answer,
                 std::unique_ptr<ModelScratch>& /*scratch*/) const override {
        if (knows_co_runners(state_) && query.width > 0) {
            predict_beside(query, answer);
            return;
        }
        std::ranges::transform(query.platform, query.module, answer.mean.begin(),
                               [this](std::int32_t i, std::int32_t j) { return answers_.mean(i, j); });
        if (!answer.deviation.empty()) {
            std::ranges::transform(query.platform, query.module, answer.deviation.begin(),
                                   [this](std::int32_t i, std::int32_t j) { return answers_.deviation(i, j); });
        }
    }

    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> with_rows(const AppendedRows& rows) const override {
        core::Team team(core::default_threads());
        PITOT_TRY(auto answers, answer_all(state_, rows.platforms, rows.modules, team));
        return make_kernel_model(clone_state(state_), std::move(answers));
    }

    [[nodiscard]] bool learns_on() const override { return !knows_co_runners(state_); }

    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> observe(const NewRuns& runs, const Side& platforms,
                                                                     const Side& modules) const override {
        if (knows_co_runners(state_)) {
            return not_beside("learn from further runs without a new fit");
        }
        core::Team team(core::default_threads());
        const bool appended = platforms.size() > answers_.mean.rows() || modules.size() > answers_.mean.cols();
        auto tables = appended ? prepare_tables(state_, platforms, modules, team) : prepared(platforms, modules, team);
        PITOT_TRY(auto folded, fold_in(state_, answers_, *tables, runs, team));
        return make_kernel_model(std::move(folded.state), std::move(folded.answers), std::move(tables));
    }

    [[nodiscard]] Result<JointPosterior> posterior(std::span<const std::int32_t> platform,
                                                   std::span<const std::int32_t> module, const Side& platforms,
                                                   const Side& modules) const override {
        if (knows_co_runners(state_)) {
            return not_beside("tell what measurements are worth");
        }
        core::Team team(1);
        const auto tables = prepared(platforms, modules, team);
        const Pairs pairs{{platform.begin(), platform.end()}, {module.begin(), module.end()}};
        const auto near = nearest_cells(*tables, state_.cells, pairs, kPosteriorCells);
        auto conditioned = condition(tables->tables, subset_of(state_.cells, near), pairs, false, team);
        if (!conditioned) {
            return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
        }
        return JointPosterior{std::move(conditioned->covariance), tables->tables.noise};
    }

    [[nodiscard]] Result<PairExplanation> explain(std::int32_t platform, std::int32_t module, std::int64_t most,
                                                  const Side& platforms, const Side& modules) const override {
        if (knows_co_runners(state_)) {
            return not_beside("tell which measurements an answer comes from");
        }
        core::Team team(core::default_threads());
        return explain_pair(state_, answers_, *prepared(platforms, modules, team), platform, module, most, team);
    }

    [[nodiscard]] bool has_deviation() const override { return true; }

    [[nodiscard]] std::optional<WithheldAnswers> answers_left_out() const override {
        if (answers_.precision.empty()) {
            return {};
        }
        if (!knows_co_runners(state_)) {
            const double noise = std::exp(last_hyper(state_).back());
            return left_out(state_.cells, state_.alpha, [=](std::size_t /*n*/) { return noise; });
        }
        const Runs& runs = state_.beside.runs;
        WithheldAnswers answers =
            left_out(runs.cells, state_.beside.alpha, [&](std::size_t n) { return answers_.noise[runs.kind(n)]; });
        answers.co_runner = runs.co_runner;
        answers.width = static_cast<std::int32_t>(runs.width);
        return answers;
    }

    [[nodiscard]] Result<std::optional<HeldOutAnswers>> answers_held_out(const Side& platforms, const Side& modules,
                                                                         const Context& context) const override {
        if (knows_co_runners(state_)) {
            return std::optional<HeldOutAnswers>();
        }
        core::Team team(core::team_size(context.threads, 1));
        PITOT_TRY(auto answers, hold_out(state_, platforms, modules, kHeldOutParts, team, context));
        return std::optional(std::move(answers));
    }

    [[nodiscard]] bool tells_co_runners() const override { return knows_co_runners(state_); }

    [[nodiscard]] ModelFacts describe() const override {
        std::size_t beside = 0;
        for (std::size_t n = 0; n < state_.beside.runs.size(); ++n) {
            beside += state_.beside.runs.kind(n) > 0 ? 1U : 0U;
        }
        return {
            .kind =
                fmt::format("Gaussian process on the platform × module grid ({} observed cells)", state_.cells.size()),
            .parameters = std::ssize(state_.first_hyper) + std::ssize(state_.hyper) + std::ssize(state_.beside.hyper),
            .co_runners = knows_co_runners(state_) ? fmt::format("learned from {} combinations", beside) : "ignored"};
    }

    void save(formats::NpzWriter& npz) const override { write_state(state_, answers_, npz); }

    [[nodiscard]] Result<void> keep(const Dataset& dataset, const train::ReplicateRows& rows,
                                    const KeepArray& put) const override {
        std::vector<float> pairs(answers_.mean.flat().size());
        std::ranges::transform(answers_.mean.flat(), pairs.begin(), [](double v) { return static_cast<float>(v); });
        std::vector<float> beside;
        for (std::size_t p = kAlone + 1; p < rows.pools.size(); ++p) {
            const ObservationView table = dataset.pool(p);
            for (const std::int64_t row : rows.pools[p].test) {
                const auto at = static_cast<std::size_t>(row);
                const std::int32_t i = table.platform[at];
                const std::int32_t j = table.module[at];
                const auto width = static_cast<std::size_t>(table.width);
                beside.push_back(static_cast<float>(mean_beside(i, j, table.co_runner.subspan(at * width, width))));
            }
        }
        const auto tested = std::ssize(beside);
        return put("C_hat", std::move(pairs), {1, answers_.mean.rows(), answers_.mean.cols()}).and_then([&] {
            return tested > 0 ? put("C_ijk_hat", std::move(beside), {1, tested}) : Result<void>();
        });
    }

private:
    // Computed when first asked for, and the same whoever does.
    [[nodiscard]] std::shared_ptr<const PreparedTables> prepared(const Side& platforms, const Side& modules,
                                                                 core::Team& team) const {
        const std::scoped_lock lock(tables_made_);
        if (tables_ == nullptr) {
            tables_ = prepare_tables(state_, platforms, modules, team);
        }
        return tables_;
    }

    // Each cell, or run, without itself: y - α_n / [K⁻¹]_nn (Rasmussen and Williams 2006, 5.12).
    [[nodiscard]] WithheldAnswers left_out(const Cells& cells, const std::vector<double>& alpha,
                                           const std::function<double(std::size_t)>& noise_of) const {
        WithheldAnswers answers;
        answers.platform = cells.platform;
        answers.module = cells.module;
        for (std::size_t n = 0; n < cells.size(); ++n) {
            const double variance = 1.0 / answers_.precision[n];
            const double noise = noise_of(n);
            answers.mean.push_back(cells.mean[n] - alpha[n] * variance);
            // What is left out has the noise of its mean; a new run has that of one run.
            answers.deviation.push_back(std::sqrt(variance + noise - noise / cells.count[n]));
        }
        return answers;
    }

    [[nodiscard]] double mean_beside(std::int32_t i, std::int32_t j, std::span<const std::int32_t> co_runners) const {
        return answers_.mean(i, j) + (knows_co_runners(state_) ? answers_.beside(i, j, co_runners) : 0.0);
    }

    // Beside several, what co-runners add to the variance of a run alone is as many times as large, and ρ².
    [[nodiscard]] double deviation_beside(std::int32_t i, std::int32_t j,
                                          std::span<const std::int32_t> co_runners) const {
        const auto count = static_cast<std::size_t>(std::ranges::count_if(co_runners, [](auto k) { return k >= 0; }));
        if (count == 0) {
            return answers_.deviation(i, j);
        }
        const double one = answers_.beside_deviation(i, j);
        const double more = std::max(one * one - answers_.deviation(i, j) * answers_.deviation(i, j), 0.0);
        const double number = answers_.beside.number[std::min(count, kKinds - 1)];
        const double times = number * number * static_cast<double>(count);
        return std::sqrt(
            std::max(one * one + (times - 1.0) * more, answers_.deviation(i, j) * answers_.deviation(i, j)));
    }

    void predict_beside(const PairQuery& query, const Answer& answer) const {
        const auto width = static_cast<std::size_t>(query.width);
        for (std::size_t n = 0; n < query.platform.size(); ++n) {
            const auto others = query.co_runner.subspan(n * width, width);
            answer.mean[n] = mean_beside(query.platform[n], query.module[n], others);
            if (!answer.deviation.empty()) {
                answer.deviation[n] = deviation_beside(query.platform[n], query.module[n], others);
            }
        }
    }

    KernelState state_;
    KernelAnswers answers_;
    mutable std::mutex tables_made_;
    mutable std::shared_ptr<const PreparedTables> tables_;
};

}  // namespace

std::shared_ptr<const FittedModel> make_kernel_model(KernelState state, KernelAnswers answers,
                                                     std::shared_ptr<const PreparedTables> tables) {
    return std::make_shared<const KernelModel>(std::move(state), std::move(answers), std::move(tables));
}

Result<std::shared_ptr<const FittedModel>> load_kernel_model(const ModelArchive& archive, const FitConfig& config,
                                                             const Side& platforms, const Side& modules) {
    PITOT_TRY(auto known, read_state(archive, config, platforms, modules));
    return make_kernel_model(std::move(known.state), std::move(known.answers));
}

}  // namespace pitot::models::kernel
