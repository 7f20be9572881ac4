#include "pitot/evaluate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "conformal/calibration.hpp"
#include "core/check.hpp"
#include "evaluate/error_tally.hpp"
#include "predict/ensemble.hpp"
#include "predict/fit_steps.hpp"
#include "predict/scale.hpp"
#include "train/train.hpp"

namespace pitot {
namespace {

// One confidence's bounds over all replicates of one objective.
class BoundTally {
public:
    explicit BoundTally(double confidence) : confidence_(confidence) {}

    void add(const Scale& scale, const Calibration& calibration, const GatheredRows& rows, std::span<const double> y) {
        const Result<double> margins[2] = {calibration.margin(RowGroup::kAlone, confidence_),
                                           calibration.margin(RowGroup::kTogether, confidence_)};
        for (std::size_t i = 0; i < y.size(); ++i) {
            const Result<double>& margin = margins[static_cast<std::size_t>(row_group(rows.co_runners(i)))];
            if (!margin) {
                unavailable_ = margin.error().message();
                unbounded_ = true;
                return;
            }
            const double bound = y[i] + *margin;
            covered_ += rows.target[i] <= bound ? 1.0 : 0.0;
            over_ += std::max(0.0, scale.error(bound, rows.target[i]));
        }
    }

    // Ends a replicate. One row without a bound leaves the replicate without its figures.
    void finish(std::int64_t rows) {
        if (!std::exchange(unbounded_, false)) {
            coverage_.push_back(covered_ / static_cast<double>(rows));
            excess_.push_back(over_ / static_cast<double>(rows));
        }
        covered_ = 0.0;
        over_ = 0.0;
    }

    [[nodiscard]] BoundMetrics metrics() const {
        return {confidence_, spread_of(coverage_), spread_of(excess_), unavailable_};
    }

private:
    double confidence_;
    // Of the replicate under way.
    double covered_ = 0.0;
    double over_ = 0.0;
    bool unbounded_ = false;
    std::vector<double> coverage_;
    std::vector<double> excess_;
    std::string unavailable_;
};

class ObjectiveTally {
public:
    ObjectiveTally(const char* name, const ObservationTable& table, const EvaluateOptions& options)
        : name_(name), table_(&table) {
        for (const double confidence : options.confidences) {
            if (options.bounds) {
                bounds_.emplace_back(confidence);
            }
        }
    }

    Result<void> add(const ModelConfig& config, const Ensemble& ensemble, const Ensemble& baseline,
                     const Calibration& calibration, const Split& split) {
        if (split.test.empty()) {
            return {};
        }
        test_rows_ = static_cast<std::int64_t>(split.test.size());
        calibration_rows_ = static_cast<std::int64_t>(split.calibration.size());
        for (std::size_t first = 0; first < split.test.size(); first += GatheredRows::kPiece) {
            const RowNumbers piece = split.test.piece(first, std::min(GatheredRows::kPiece, split.test.size() - first));
            if (auto ok = add_piece(config, ensemble, baseline, calibration, piece); !ok) {
                return ok;
            }
        }
        model_.finish(test_rows_);
        baseline_.finish(test_rows_);
        for (BoundTally& bound : bounds_) {
            bound.finish(test_rows_);
        }
        return {};
    }

    [[nodiscard]] bool empty() const { return test_rows_ == 0; }
    [[nodiscard]] ObjectiveMetrics metrics() const {
        ObjectiveMetrics metrics{name_, test_rows_, calibration_rows_, model_.metrics(), baseline_.metrics(), {}};
        for (const BoundTally& bound : bounds_) {
            metrics.bounds.push_back(bound.metrics());
        }
        return metrics;
    }

    inline static const ModelConfig kLogConfig{.family = Family::kLinearScaling};

private:
    Result<void> add_piece(const ModelConfig& config, const Ensemble& ensemble, const Ensemble& baseline,
                           const Calibration& calibration, RowNumbers piece) {
        const Scale scale(config);
        const GatheredRows rows(table_->view(), piece, config);
        std::vector<double> y(piece.size());
        ensemble.predict(rows.query(), y);
        if (auto ok = model_.add(scale, y, rows.target); !ok) {
            return ok;
        }
        for (BoundTally& bound : bounds_) {
            bound.add(scale, calibration, rows, y);
        }
        // Linear scaling always predicts the logarithm, whatever scale the model has.
        const GatheredRows log_rows(table_->view(), piece, kLogConfig);
        baseline.predict(log_rows.query(), y);
        return baseline_.add(Scale(kLogConfig), y, log_rows.target);
    }

    const char* name_;
    const ObservationTable* table_;
    std::int64_t test_rows_ = 0;
    std::int64_t calibration_rows_ = 0;
    ErrorTally model_;
    ErrorTally baseline_;
    std::vector<BoundTally> bounds_;
};

Result<void> check_options(const EvaluateOptions& options) {
    if (!(options.share > 0.0 && options.share < 1.0)) {
        return fail(ErrorCode::kUsage, fmt::format("share {} is not between 0 and 1: it is the share of rows to train "
                                                   "on, such as 0.9; the others test",
                                                   options.share));
    }
    if (options.replicates < 1) {
        return fail(ErrorCode::kUsage, fmt::format("replicates {} is not at least 1", options.replicates));
    }
    for (const double confidence : options.confidences) {
        if (auto ok = check_confidence(confidence); options.bounds && !ok) {
            return ok;
        }
    }
    return {};
}

// What would only come out after training: nothing to test on, no bound that can be had.
Result<void> check_rows(const ReplicateRows& rows, const Dataset& dataset, const EvaluateOptions& options) {
    if (rows.alone.test.empty() && rows.together.test.empty()) {
        return fail(ErrorCode::kInput, fmt::format("a share of {} leaves no row of the dataset's {} to test on: lower "
                                                   "the share or add observations",
                                                   options.share, dataset.alone.size() + dataset.together.size()));
    }
    if (!options.bounds || options.confidences.empty()) {
        return {};
    }
    const double easiest = std::ranges::min(options.confidences);
    const std::int64_t needed = calibration_rows_needed(easiest);
    std::int64_t most = 0;
    for (const Split* split : {&rows.alone, &rows.together}) {
        if (!split->test.empty()) {
            most = std::max(most, static_cast<std::int64_t>(split->calibration.size()));
        }
    }
    if (most < needed) {
        return fail(ErrorCode::kInput, fmt::format("an upper bound at confidence {} needs at least {} calibration "
                                                   "rows, but this dataset and share give {}: raise the calibration "
                                                   "share or the training share, or add observations",
                                                   easiest, needed, most));
    }
    return {};
}

}  // namespace

Result<Evaluation> evaluate(const Dataset& dataset, const FitConfig& config, const EvaluateOptions& options) {
    if (auto ok = check_options(options).and_then([&] { return config.validate(); }).and_then([&] {
            return check_fit(dataset, config);
        });
        !ok) {
        return Failure(ok.error());
    }
    const auto rows = [&](std::int64_t replicate) {
        return draw_rows(dataset, config, options.share, options.bounds ? config.calibration_share : 0.0, replicate);
    };
    if (auto ok = check_rows(rows(0), dataset, options); !ok) {
        return Failure(ok.error());
    }
    ObjectiveTally alone("mf", dataset.alone, options);
    ObjectiveTally together("if", dataset.together, options);
    Evaluation evaluation;
    evaluation.replicates_asked = options.replicates;
    const auto consume = [&](Replicate&& replicate) -> Result<void> {
        const Ensemble ensemble(config.model, dataset.platforms, dataset.modules, replicate.baseline, replicate.folds);
        const Ensemble baseline(ObjectiveTally::kLogConfig, dataset.platforms, dataset.modules, replicate.baseline, {});
        const auto predict = [&](const PairQuery& query, std::span<double> out) { ensemble.predict(query, out); };
        auto calibration = options.bounds ? calibrate(predict, config.model, dataset, replicate.rows) : Calibration();
        if (!calibration) {
            return Failure(calibration.error());
        }
        for (auto& [tally, split] : {std::pair(&alone, &replicate.rows.alone), {&together, &replicate.rows.together}}) {
            if (auto ok = tally->add(config.model, ensemble, baseline, *calibration, *split); !ok) {
                return ok;
            }
        }
        ++evaluation.replicates;
        return {};
    };
    const auto started = std::chrono::steady_clock::now();
    const auto done =
        train_replicates(dataset, config, options.share, options.replicates, train_options(options.run), rows, consume);
    evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    evaluation.complete = done.has_value();
    if (!done && (done.error().code() != ErrorCode::kCancelled || evaluation.replicates == 0)) {
        return Failure(done.error());
    }
    for (const ObjectiveTally* tally : {&alone, &together}) {
        if (!tally->empty()) {
            evaluation.objectives.push_back(tally->metrics());
        }
    }
    if (config.model.family != Family::kLinearScaling) {
        evaluation.steps = evaluation.replicates * config.train.folds * steps_of(config.train, options.share);
    }
    evaluation.steps_per_second = static_cast<double>(evaluation.steps) / std::max(evaluation.seconds, 1e-9);
    return evaluation;
}

}  // namespace pitot
