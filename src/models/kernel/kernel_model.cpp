#include "models/kernel/kernel_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "core/parallel.hpp"
#include "models/kernel/explain.hpp"
#include "models/kernel/held_out.hpp"
#include "models/kernel/kernel_file.hpp"
#include "models/kernel/machine.hpp"
#include "models/kernel/observe.hpp"
#include "models/kernel/posterior.hpp"
#include "pitot/fit.hpp"

namespace pitot::models::kernel {
namespace {

constexpr std::int64_t kHeldOutParts = 5;

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
        if (auto ok = check_triples(rows.platforms, rows.modules); !ok) {
            return Failure(ok.error());
        }
        core::Team team(core::default_threads());
        PITOT_TRY(auto answers, answer_all(state_, rows.platforms, rows.modules, team));
        return make_kernel_model(clone_state(state_), std::move(answers));
    }

    [[nodiscard]] bool learns_on() const override { return true; }

    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> observe(const NewRuns& runs, const Side& platforms,
                                                                     const Side& modules) const override {
        if (auto ok = check_triples(platforms, modules); !ok) {
            return Failure(ok.error());
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
        core::Team team(1);
        const auto tables = prepared(platforms, modules, team);
        const Pairs pairs{{platform.begin(), platform.end()}, {module.begin(), module.end()}};
        PITOT_TRY(auto conditioned, condition_near(state_, *tables, pairs, false, team));
        std::vector<double> noise;
        std::ranges::transform(platform, std::back_inserter(noise),
                               [&](std::int32_t p) { return tables->tables.alone.noise_of(p); });
        return JointPosterior{std::move(conditioned.given.covariance), std::move(noise)};
    }

    [[nodiscard]] Result<PairExplanation> explain(std::int32_t platform, std::int32_t module, std::int64_t most,
                                                  const Side& platforms, const Side& modules) const override {
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
            return left_out(state_.cells, state_.alpha,
                            [&](std::size_t n) { return noise + state_.noise_beyond(state_.cells.platform[n]); });
        }
        const Runs& runs = state_.beside.runs;
        WithheldAnswers answers = left_out(runs.cells, state_.beside.alpha, [&](std::size_t n) {
            return answers_.noise[runs.kind(n)] + state_.noise_beyond(runs.cells.platform[n]);
        });
        answers.co_runner = runs.co_runner;
        answers.width = static_cast<std::int32_t>(runs.width);
        return answers;
    }

    [[nodiscard]] Result<std::optional<HeldOutAnswers>> answers_held_out(const Side& platforms, const Side& modules,
                                                                         const Context& context) const override {
        PITOT_TRY(const auto machines, Machines::make(context, 1));
        PITOT_TRY(auto answers, hold_out(state_, platforms, modules, kHeldOutParts, machines.all().front(), context));
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

    [[nodiscard]] Result<void> keep(const Dataset& dataset, const train::ReplicateRows& rows, int /*threads*/,
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
                beside.push_back(
                    static_cast<float>(mean_beside(answers_, i, j, table.co_runner.subspan(at * width, width))));
            }
        }
        const auto tested = std::ssize(beside);
        return put("C_hat", std::move(pairs), {1, answers_.mean.rows(), answers_.mean.cols()}).and_then([&] {
            return tested > 0 ? put("C_ijk_hat", std::move(beside), {1, tested}) : Result<void>();
        });
    }

private:
    // Whether what co-runners do to every pair is not too much for a table.
    [[nodiscard]] Result<void> check_triples(const Side& platforms, const Side& modules) const {
        const std::int64_t triples = platforms.size() * modules.size() * modules.size();
        if (!knows_co_runners(state_) || triples <= kMostKernelTriples) {
            return {};
        }
        return fail(ErrorCode::kInput,
                    fmt::format("{} platforms and {} modules beside one another are {} combinations, and a model of "
                                "co-runners keeps a table of {} at most: add fewer of them",
                                platforms.size(), modules.size(), triples, kMostKernelTriples));
    }

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

    void predict_beside(const PairQuery& query, const Answer& answer) const {
        const auto width = static_cast<std::size_t>(query.width);
        for (std::size_t n = 0; n < query.platform.size(); ++n) {
            const auto others = query.co_runner.subspan(n * width, width);
            answer.mean[n] = mean_beside(answers_, query.platform[n], query.module[n], others);
            if (!answer.deviation.empty()) {
                answer.deviation[n] = deviation_beside(answers_, query.platform[n], query.module[n], others);
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
