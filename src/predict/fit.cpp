#include "pitot/fit.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/core.h>

#include "core/check.hpp"
#include "predict/ensemble.hpp"
#include "predict/extend.hpp"
#include "predict/fit_steps.hpp"
#include "predict/pair_answers.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace {

bool finite(const std::vector<float>& values) {
    return std::ranges::all_of(values, [](float v) { return std::isfinite(v); });
}

Result<void> check_converged(const Replicate& replicate) {
    for (std::size_t f = 0; f < replicate.folds.size(); ++f) {
        const FoldFit& fold = replicate.folds[f];
        if (!finite(fold.parameters) || !finite(fold.train_loss) || !finite(fold.validation_loss)) {
            return fail(ErrorCode::kInput, fmt::format("training diverged (fold {} has values that are not finite): "
                                                       "lower train.learning_rate",
                                                       f));
        }
    }
    return {};
}

void mark(std::vector<Basis>& basis, std::int32_t row) {
    if (row >= 0) {
        basis[static_cast<std::size_t>(row)] = Basis::kMeasured;
    }
}

// kMeasured for platforms and modules that a row trained on is of; a co-runner is not what such a row measures.
void mark_measured(const ObservationTable& table, RowNumbers trained, PredictorParts& parts) {
    const ObservationView rows = table.view();
    for (const std::int64_t n : trained) {
        mark(parts.platform_basis, rows.platform[static_cast<std::size_t>(n)]);
        mark(parts.module_basis, rows.module[static_cast<std::size_t>(n)]);
    }
}

// As modules are known themselves, but kMeasured for those that were among the co-runners of a training row.
std::vector<Basis> co_runner_basis(const std::vector<Basis>& module_basis, const ObservationTable& together,
                                   RowNumbers trained) {
    std::vector<Basis> basis = module_basis;
    const ObservationView rows = together.view();
    const auto width = static_cast<std::size_t>(rows.width);
    for (const std::int64_t n : trained) {
        for (const std::int32_t k : rows.co_runner.subspan(static_cast<std::size_t>(n) * width, width)) {
            mark(basis, k);
        }
    }
    return basis;
}

// Bases and baseline terms of both sides.
void describe_rows(const Dataset& dataset, const ReplicateRows& rows, PredictorParts& parts) {
    parts.platform_basis.assign(static_cast<std::size_t>(parts.platforms.size()), Basis::kAverage);
    parts.module_basis.assign(static_cast<std::size_t>(parts.modules.size()), Basis::kAverage);
    mark_measured(dataset.alone, rows.alone.rest, parts);
    if (parts.config.train.together_weight > 0.0) {
        mark_measured(dataset.together, rows.together.rest, parts);
    }
    fill_baseline(parts.platforms, parts.platform_basis, parts.baseline.platform);
    fill_baseline(parts.modules, parts.module_basis, parts.baseline.module);
    parts.co_runner_basis = co_runner_basis(parts.module_basis, dataset.together, rows.together.rest);
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

}  // namespace

TrainOptions train_options(const RunOptions& options) {
    return {options.threads, options.backend, options.stop, options.progress};
}

Result<Calibration> calibrate(const PredictPairs& predict, const ModelConfig& model, const Dataset& dataset,
                              const ReplicateRows& rows) {
    std::vector<double> residuals[2];
    const auto add = [&](const ObservationTable& table, RowNumbers calibration) {
        for (std::size_t first = 0; first < calibration.size(); first += GatheredRows::kPiece) {
            const std::size_t count = std::min(GatheredRows::kPiece, calibration.size() - first);
            const GatheredRows gathered(table.view(), calibration.piece(first, count), model);
            std::vector<double> y(count);
            predict(gathered.query(), y);
            for (std::size_t i = 0; i < count; ++i) {
                auto& group = residuals[static_cast<std::size_t>(row_group(gathered.co_runners(i)))];
                group.push_back(gathered.target[i] - y[i]);
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

FitConfig default_config(const Dataset& dataset) {
    const bool together = dataset.together.size() > 0;
    const bool platforms = dataset.platforms.features.cols() > 0;
    const bool modules = dataset.modules.features.cols() > 0;
    const char* name = together               ? "interference/2"
                       : platforms && modules ? "embedding/128"
                       : platforms            ? "baseline/platform_only"
                       : modules              ? "baseline/module_only"
                                              : "linear/128";
    auto config = preset(name);
    PITOT_CHECK(config.has_value());
    config->model.platform_features = platforms;
    config->model.module_features = modules;
    config->train.together_rows = 0;
    return std::move(*config);
}

Result<Predictor> fit(const Dataset& dataset, const FitConfig& config, const RunOptions& options) {
    if (auto ok = config.validate(); !ok) {
        return Failure(ok.error());
    }
    // Every row but the calibration rows trains: share 1 of what is left after them.
    const auto rows = [&](std::int64_t replicate) {
        return draw_rows(dataset, config, 1.0, config.calibration_share, replicate);
    };
    std::optional<Replicate> trained;
    const auto done = train_replicates(dataset, config, 1.0 - config.calibration_share, 1, train_options(options), rows,
                                       [&](Replicate&& replicate) -> Result<void> {
                                           trained = std::move(replicate);
                                           return {};
                                       });
    if (!done) {
        return Failure(done.error());
    }
    PITOT_CHECK(trained.has_value());
    if (auto ok = check_converged(*trained); !ok) {
        return Failure(ok.error());
    }
    PredictorParts parts;
    parts.config = config;
    parts.platforms = clone_side(dataset.platforms);
    parts.modules = clone_side(dataset.modules);
    parts.baseline = std::move(trained->baseline);
    parts.folds = std::move(trained->folds);
    describe_rows(dataset, trained->rows, parts);
    average_unmeasured_inputs(parts);
    // With the very answers the predictor will give: bounds then rest on residuals exact to the bit.
    const PairAnswers answers(parts);
    Ensemble::Scratch scratch;
    const auto predict = [&](const PairQuery& query, std::span<double> out) { answers.predict(query, out, scratch); };
    auto calibration = calibrate(predict, config.model, dataset, trained->rows);
    if (!calibration) {
        return Failure(calibration.error());
    }
    parts.calibration = std::move(*calibration);
    parts.calibrated_co_runners = most_co_runners(dataset.together.view(), trained->rows.together.calibration);
    trained.reset();  // its split takes as much room as the pairs to come
    parts.dataset_digest = dataset_digest(dataset);
    parts.measured = make_pair_set(dataset.alone.view(), dataset.platforms.size());
    parts.measured_together = make_combination_set(dataset.together.view(), dataset.platforms.size());
    return Predictor(std::move(parts));
}

}  // namespace pitot
