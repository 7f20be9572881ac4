#include "predict/fit_steps.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "data/connections.hpp"
#include "predict/answer_limits.hpp"
#include "predict/ensemble.hpp"
#include "predict/extend.hpp"
#include "predict/pair_answers.hpp"

namespace pitot {
namespace {

bool finite(const std::vector<float>& values) {
    return std::ranges::all_of(values, [](float v) { return std::isfinite(v); });
}

Result<void> check_converged(const std::vector<FoldFit>& folds) {
    for (std::size_t f = 0; f < folds.size(); ++f) {
        const FoldFit& fold = folds[f];
        if (!finite(fold.parameters) || !finite(fold.train_loss) || !finite(fold.validation_loss)) {
            return fail(ErrorCode::kInput, fmt::format("training diverged (fold {} has values that are not finite): "
                                                       "lower train.learning_rate",
                                                       f));
        }
    }
    return {};
}

// Calls visit(platform, module) for the rows of a table.
void for_each_pair(const ObservationView& table, RowNumbers rows, auto visit) {
    for (const std::int64_t n : rows) {
        visit(table.platform[static_cast<std::size_t>(n)], table.module[static_cast<std::size_t>(n)]);
    }
}

bool learns_together(const FitConfig& config) { return config.train.together_weight > 0.0; }

// Calls visit(platform, module) for every row learned from; a co-runner is not what such a row measures.
void for_each_learned(const Dataset& dataset, const FitConfig& config, const ReplicateRows& rows, auto visit) {
    for_each_pair(dataset.alone.view(), rows.alone.rest, visit);
    if (learns_together(config)) {
        for_each_pair(dataset.together.view(), rows.together.rest, visit);
    }
}

Basis basis_of_unmeasured(const Side& side) { return side.features.cols() > 0 ? Basis::kFeatures : Basis::kAverage; }

// As modules are known themselves, but kMeasured for those that were among the co-runners of a training row.
std::vector<Basis> co_runner_basis(const std::vector<Basis>& module_basis, const ObservationView& together,
                                   RowNumbers trained) {
    std::vector<Basis> basis = module_basis;
    const auto width = static_cast<std::size_t>(together.width);
    for (const std::int64_t n : trained) {
        for (const std::int32_t k : together.co_runner.subspan(static_cast<std::size_t>(n) * width, width)) {
            if (k >= 0) {
                basis[static_cast<std::size_t>(k)] = Basis::kMeasured;
            }
        }
    }
    return basis;
}

// What predictions for each platform, module and co-runner rest on, and which parts of the fleet are connected.
void describe_rows(const Dataset& dataset, const ReplicateRows& rows, PredictorParts& parts) {
    const auto platforms = static_cast<std::size_t>(parts.platforms.size());
    const auto modules = static_cast<std::size_t>(parts.modules.size());
    parts.platform_basis.assign(platforms, basis_of_unmeasured(parts.platforms));
    parts.module_basis.assign(modules, basis_of_unmeasured(parts.modules));
    Connections connections(parts.platforms.size(), parts.modules.size());
    for_each_learned(dataset, parts.config, rows, [&](std::int32_t platform, std::int32_t module) {
        parts.platform_basis[static_cast<std::size_t>(platform)] = Basis::kMeasured;
        parts.module_basis[static_cast<std::size_t>(module)] = Basis::kMeasured;
        connections.join(platform, module);
    });
    parts.co_runner_basis = co_runner_basis(parts.module_basis, dataset.together.view(), rows.together.rest);
    parts.platform_part = connections.parts();
    parts.module_part.assign(parts.platform_part.end() - static_cast<std::ptrdiff_t>(modules),
                             parts.platform_part.end());
    parts.platform_part.resize(platforms);
}

// The most co-runners that one of these rows has.
std::int32_t most_co_runners(const ObservationView& observations, RowNumbers rows) {
    const auto width = static_cast<std::size_t>(observations.width);
    std::int64_t most = 0;
    for (const std::int64_t row : rows) {
        const auto beside = observations.co_runner.subspan(static_cast<std::size_t>(row) * width, width);
        most = std::max<std::int64_t>(most, std::ranges::count_if(beside, [](std::int32_t k) { return k >= 0; }));
    }
    return static_cast<std::int32_t>(most);
}

// Residuals of the calibration rows of both objectives, with the very answers that a predictor gives: bounds rest on
// residuals exact to the bit. Rows whose like has no bound bound nothing.
Result<Calibration> calibrate(const PredictorParts& parts, const Dataset& dataset, const ReplicateRows& rows) {
    const PairAnswers answers(parts);
    Ensemble::Scratch scratch;
    std::vector<double> residuals[2];
    const auto add = [&](const ObservationTable& table, RowNumbers calibration) {
        for (std::size_t first = 0; first < calibration.size(); first += GatheredRows::kPiece) {
            const std::size_t count = std::min(GatheredRows::kPiece, calibration.size() - first);
            const GatheredRows gathered(table.view(), calibration.piece(first, count), parts.config.model);
            std::vector<double> y(count);
            answers.predict(gathered.query(), y, scratch);
            for (std::size_t i = 0; i < count; ++i) {
                const auto beside = gathered.co_runners(i);
                if (pair_basis(parts, gathered.platform[i], gathered.module[i], beside) == Basis::kMeasured) {
                    residuals[static_cast<std::size_t>(row_group(beside))].push_back(gathered.target[i] - y[i]);
                }
            }
        }
    };
    add(dataset.alone, rows.alone.calibration);
    add(dataset.together, rows.together.calibration);
    for (const std::vector<double>& group : residuals) {
        if (!std::ranges::all_of(group, [](double r) { return std::isfinite(r); })) {
            return fail(ErrorCode::kInput, "training diverged (predictions are not finite): lower train.learning_rate");
        }
    }
    return Calibration(std::move(residuals[0]), std::move(residuals[1]));
}

}  // namespace

TrainOptions train_options(const RunOptions& options) {
    return {options.threads, options.backend, options.stop, options.progress};
}

TrainOptions predictor_options(const Dataset& dataset, const RunOptions& options) {
    TrainOptions all = train_options(options);
    all.complete_baseline = [&dataset](const ReplicateRows& rows, LinearScaling& baseline) {
        std::vector<bool> platform_known(baseline.platform.size(), false);
        std::vector<bool> module_known(baseline.module.size(), false);
        for_each_pair(dataset.alone.view(), rows.alone.rest, [&](std::int32_t platform, std::int32_t module) {
            platform_known[static_cast<std::size_t>(platform)] = true;
            module_known[static_cast<std::size_t>(module)] = true;
        });
        fill_baseline(dataset.platforms, platform_known, baseline.platform);
        fill_baseline(dataset.modules, module_known, baseline.module);
    };
    return all;
}

Result<PredictorParts> make_parts(const Dataset& dataset, const FitConfig& config, Replicate& replicate) {
    if (auto ok = check_converged(replicate.folds); !ok) {
        return Failure(ok.error());
    }
    PredictorParts parts;
    parts.config = config;
    parts.platforms = clone_side(dataset.platforms);
    parts.modules = clone_side(dataset.modules);
    parts.baseline = std::move(replicate.baseline);
    parts.folds = std::move(replicate.folds);
    describe_rows(dataset, replicate.rows, parts);
    average_unmeasured_inputs(parts);
    parts.limits = learn_limits(dataset, config, replicate.rows, parts.baseline);
    auto calibration = calibrate(parts, dataset, replicate.rows);
    if (!calibration) {
        return Failure(calibration.error());
    }
    parts.calibration = std::move(*calibration);
    parts.calibrated_co_runners = most_co_runners(dataset.together.view(), replicate.rows.together.calibration);
    return parts;
}

}  // namespace pitot
