#include "pitot/evaluate.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "calibrate/calibration.hpp"
#include "core/border.hpp"
#include "evaluate/bound_tally.hpp"
#include "evaluate/error_tally.hpp"
#include "models/gathered_rows.hpp"
#include "models/model_family.hpp"
#include "models/objectives.hpp"
#include "models/row_basis.hpp"
#include "pitot/predictor.hpp"
#include "pitot/units.hpp"
#include "predict/bounds.hpp"
#include "predict/fit_steps.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace {

// Whether a model learned from a pair, alone or beside others: a bit a cell.
class LearnedPairs {
public:
    LearnedPairs(const Dataset& dataset, const FitConfig& config, const train::ReplicateRows& rows)
        : modules_(static_cast<std::size_t>(dataset.modules.size())),
          cells_(static_cast<std::size_t>(dataset.platforms.size()) * modules_, false) {
        for (std::size_t p = 0; p < rows.pools.size(); ++p) {
            const ObservationView table = dataset.pool(p);
            for (std::size_t n = 0; models::learns_from(dataset, config, p) && n < rows.pools[p].rest.size(); ++n) {
                const auto row = static_cast<std::size_t>(rows.pools[p].rest[n]);
                cells_[cell(table.platform[row], table.module[row])] = true;
            }
        }
    }
    [[nodiscard]] bool has(std::int32_t platform, std::int32_t module) const { return cells_[cell(platform, module)]; }

private:
    [[nodiscard]] std::size_t cell(std::int32_t platform, std::int32_t module) const {
        return static_cast<std::size_t>(platform) * modules_ + static_cast<std::size_t>(module);
    }
    std::size_t modules_;
    std::vector<bool> cells_;
};

// One over the number of runs of a row's combination.
std::vector<double> weights_of(const dataset::RowGroups& groups, std::int64_t rows) {
    std::vector<double> weights(static_cast<std::size_t>(rows), 1.0);
    for (std::size_t c = 0; c + 1 < groups.offsets.size(); ++c) {
        const auto first = static_cast<std::size_t>(groups.offsets[c]);
        const auto runs = static_cast<std::size_t>(groups.offsets[c + 1]) - first;
        for (const std::int64_t row : groups.rows.view().piece(first, runs)) {
            weights[static_cast<std::size_t>(row)] = 1.0 / static_cast<double>(runs);
        }
    }
    return weights;
}

class PoolTally {
public:
    PoolTally(const Dataset& dataset, std::size_t pool, const dataset::RowGroups& groups,
              const EvaluateOptions& options)
        : pool_(static_cast<int>(pool)),
          name_(models::published_name(dataset.pools[pool].name)),
          dataset_(&dataset),
          table_(dataset.pool(pool)),
          weights_(weights_of(groups, table_.size())) {
        for (const double confidence : options.confidences) {
            if (options.bounds) {
                bounds_.emplace_back(confidence, dataset.platforms.size(), dataset.modules.size());
            }
        }
    }

    Result<void> add(const Predictor& predictor, const models::LinearScaling& scaling, const LearnedPairs& learned,
                     const dataset::Split& split) {
        if (split.test.empty()) {
            return {};
        }
        test_rows_ = static_cast<std::int64_t>(split.test.size());
        calibration_rows_ = static_cast<std::int64_t>(split.calibration.size());
        ++replicates_;
        std::vector<double> confidences;
        for (evaluation::BoundTally& bound : bounds_) {
            confidences.push_back(bound.confidence());
            if (const auto ok = predictor.check_bound(pool_, bound.confidence()); !ok) {
                bound.set_unavailable(ok.error().message());
            }
        }
        for (std::size_t first = 0; first < split.test.size(); first += models::GatheredRows::kPiece) {
            const std::size_t count = std::min(models::GatheredRows::kPiece, split.test.size() - first);
            if (auto ok = add_piece(predictor, scaling, learned, split.test.piece(first, count), confidences); !ok) {
                return ok;
            }
        }
        model_.finish();
        baseline_.finish();
        for (evaluation::BoundTally& bound : bounds_) {
            bound.finish();
        }
        return {};
    }

    [[nodiscard]] bool empty() const { return test_rows_ == 0; }
    [[nodiscard]] ObjectiveMetrics metrics() const {
        ObjectiveMetrics metrics;
        metrics.objective = name_;
        metrics.test_rows = test_rows_;
        metrics.calibration_rows = calibration_rows_;
        const auto replicates = static_cast<double>(std::max<std::int64_t>(replicates_, 1));
        metrics.unlearned_rows = static_cast<double>(unlearned_rows_) / replicates;
        metrics.apart_rows = static_cast<double>(apart_rows_) / replicates;
        metrics.model = model_.metrics();
        metrics.baseline = baseline_.metrics();
        for (const evaluation::BoundTally& bound : bounds_) {
            metrics.bounds.push_back(bound.metrics(dataset_->platforms.names, dataset_->modules.names));
        }
        return metrics;
    }

private:
    Result<void> add_piece(const Predictor& predictor, const models::LinearScaling& scaling,
                           const LearnedPairs& learned, core::RowNumbers piece, std::span<const double> confidences) {
        const models::GatheredRows rows(table_, piece, predictor.config().model);
        const auto answers = predictor.predict({rows.platform, rows.module, rows.co_runner, rows.width}, confidences);
        if (!answers) {
            return Failure(answers.error());
        }
        std::vector<double> truth, weight, baseline;
        std::vector<bool> seen;
        for (std::size_t n = 0; n < piece.size(); ++n) {
            const auto row = static_cast<std::size_t>(piece[n]);
            truth.push_back(table_.runtime_us[row]);
            weight.push_back(weights_[row]);
            baseline.push_back(to_time(LogRuntime{scaling(rows.platform[n], rows.module[n])}).value);
            seen.push_back(learned.has(rows.platform[n], rows.module[n]));
            const Basis basis = answers->basis[n];
            apart_rows_ += basis == Basis::kApart ? 1 : 0;
            unlearned_rows_ += basis == Basis::kFeatures || basis == Basis::kAverage ? 1 : 0;
        }
        const evaluation::TestedRows tested{rows.platform,       rows.module, truth,
                                            answers->runtime_us, weight,      std::move(seen)};
        for (std::size_t c = 0; c < bounds_.size(); ++c) {
            std::vector<double> bound(piece.size());
            for (std::size_t n = 0; n < bound.size(); ++n) {
                bound[n] = answers->bound_us(static_cast<std::int64_t>(n), static_cast<std::int64_t>(c));
            }
            PITOT_TRY(const auto sources, sources_of(predictor, rows, confidences[c]));
            bounds_[c].add(tested, bound, sources);
        }
        const auto errors_of = [&](const std::vector<double>& predicted) {
            std::vector<double> errors(predicted.size());
            std::ranges::transform(predicted, truth, errors.begin(), [](double p, double t) { return p / t - 1.0; });
            return errors;
        };
        return model_.add(errors_of(answers->runtime_us), weight).and_then([&] {
            return baseline_.add(errors_of(baseline), weight);
        });
    }

    // What the bounds of rows rest on: one of all, where they rest on the dataset's pools alone.
    Result<std::vector<BoundSource>> sources_of(const Predictor& predictor, const models::GatheredRows& rows,
                                                double confidence) const {
        const calibrate::Calibration& calibration = predictor.parts().calibration;
        std::vector<BoundSource> sources;
        if (calibration.plain()) {
            const std::size_t pool = calibrate::pool_beside(pool_, calibration.pools());
            BoundSource source;
            source.pool = pool < calibration.pools() ? calibration.pool(static_cast<std::int32_t>(pool)).name : "";
            sources.push_back(std::move(source));
            return sources;
        }
        for (std::size_t n = 0; n < rows.platform.size(); ++n) {
            PITOT_TRY(auto source,
                      predictor.bound_source(rows.platform[n], rows.module[n], confidence, rows.co_runners(n)));
            sources.push_back(std::move(source));
        }
        return sources;
    }

    int pool_;  // and co-runners that its rows have, or the most that are told apart
    std::string name_;
    const Dataset* dataset_;
    ObservationView table_;
    std::vector<double> weights_;
    std::int64_t test_rows_ = 0;
    std::int64_t calibration_rows_ = 0;
    std::int64_t replicates_ = 0;
    std::int64_t unlearned_rows_ = 0;  // of all replicates
    std::int64_t apart_rows_ = 0;
    evaluation::ErrorTally model_;
    evaluation::ErrorTally baseline_;
    std::vector<evaluation::BoundTally> bounds_;
};

Result<void> check_options(const EvaluateOptions& options) {
    if (!(options.share > 0.0 && options.share < 1.0)) {
        return fail(ErrorCode::kUsage, fmt::format("share {} is not between 0 and 1: it is the share of rows to train "
                                                   "on, such as 0.9; the others test",
                                                   options.share));
    }
    constexpr std::int64_t most_replicates = 1'000'000;
    if (options.replicates < 1 || options.replicates > most_replicates) {
        return fail(ErrorCode::kUsage,
                    fmt::format("replicates {} is not from 1 to {}", options.replicates, most_replicates));
    }
    for (const double confidence : options.confidences) {
        if (auto ok = calibrate::check_confidence(confidence); options.bounds && !ok) {
            return ok;
        }
    }
    return {};
}

// What would only come out after training: nothing to test on.
Result<void> check_rows(const train::ReplicateRows& rows, const Dataset& dataset, const EvaluateOptions& options) {
    if (std::ranges::all_of(rows.pools, [](const dataset::Split& split) { return split.test.empty(); })) {
        return fail(ErrorCode::kInput, fmt::format("a share of {} leaves no row of the dataset's {} to test on: lower "
                                                   "the share or add observations",
                                                   options.share, dataset.observations.size()));
    }
    return {};
}

}  // namespace

Result<Evaluation> evaluate(const Dataset& dataset, const FitConfig& config, const EvaluateOptions& options) {
    return core::at_border("evaluating", [&]() -> Result<Evaluation> {
        if (auto ok = check_options(options)
                          .and_then([&] { return config.validate(); })
                          .and_then([&] { return dataset.validate(); })
                          .and_then([&] { return models::family_of(config.model).check(dataset, config); });
            !ok) {
            return Failure(ok.error());
        }
        if (auto ok = predict::check_bounds(dataset, config); options.bounds && !ok) {
            return Failure(ok.error());
        }
        const double aside = options.bounds ? predict::share_set_aside(config) : 0.0;
        const train::RowDraw draw(dataset, config);
        const auto rows = [&](std::int64_t replicate) { return draw(options.share, aside, replicate); };
        if (auto ok = check_rows(rows(0), dataset, options); !ok) {
            return Failure(ok.error());
        }
        std::vector<PoolTally> tallies;
        for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
            tallies.emplace_back(dataset, p, draw.groups(p), options);
        }
        Evaluation evaluation;
        evaluation.replicates_asked = options.replicates;
        const auto consume = [&](models::Fitted&& fitted) -> Result<void> {
            PITOT_TRY(auto parts,
                      predict::make_parts(dataset, config, fitted, options.context,
                                          options.bounds ? predict::Bounds::kWanted : predict::Bounds::kUnwanted));
            const Predictor predictor(std::move(parts));
            const LearnedPairs learned(dataset, config, fitted.rows);
            for (std::size_t p = 0; p < tallies.size(); ++p) {
                if (auto ok = tallies[p].add(predictor, fitted.scaling, learned, fitted.rows.pools[p]); !ok) {
                    return ok;
                }
            }
            ++evaluation.replicates;
            return {};
        };
        const auto started = std::chrono::steady_clock::now();
        const models::ModelFamily& family = models::family_of(config.model);
        const auto done = family.fit({.dataset = dataset,
                                      .config = config,
                                      .share = options.share,
                                      .replicates = options.replicates,
                                      .context = predict::guarded(options.context),
                                      .rows = rows},
                                     consume);
        evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        evaluation.complete = done.has_value();
        if (!done && (done.error().code() != ErrorCode::kCancelled || evaluation.replicates == 0)) {
            return Failure(done.error());
        }
        for (const PoolTally& tally : tallies) {
            if (!tally.empty()) {
                evaluation.objectives.push_back(tally.metrics());
            }
        }
        evaluation.steps =
            evaluation.replicates * family.folds(config) * family.steps(config, options.share).value_or(0);
        evaluation.steps_per_second = static_cast<double>(evaluation.steps) / std::max(evaluation.seconds, 1e-9);
        return evaluation;
    });
}

}  // namespace pitot
