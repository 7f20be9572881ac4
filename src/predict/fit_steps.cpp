#include "predict/fit_steps.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "core/border.hpp"
#include "dataset/connections.hpp"
#include "models/gathered_rows.hpp"
#include "models/row_basis.hpp"
#include "predict/calibration_rows.hpp"

namespace pitot::predict {
namespace {

// What predictions for each platform, module and co-runner rest on, and which parts of the fleet are connected.
void describe_rows(const Dataset& dataset, const train::ReplicateRows& rows, PredictorParts& parts) {
    models::RowBasis basis = models::basis_of_rows(dataset, parts.config, rows);
    parts.platform_basis = std::move(basis.platform);
    parts.module_basis = std::move(basis.module);
    parts.co_runner_basis = std::move(basis.co_runner);
    dataset::Connections connections(parts.platforms.size(), parts.modules.size());
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        for (std::size_t n = 0; models::learns_from(dataset, parts.config, p) && n < rows.pools[p].rest.size(); ++n) {
            const auto row = static_cast<std::size_t>(rows.pools[p].rest[n]);
            connections.join(table.platform[row], table.module[row]);
        }
    }
    const auto platforms = static_cast<std::ptrdiff_t>(parts.platforms.size());
    const std::vector<std::int32_t> part = connections.parts();
    parts.platform_part.assign(part.begin(), part.begin() + platforms);
    parts.module_part.assign(part.begin() + platforms, part.end());
}

// The most co-runners that one of these rows has.
std::int32_t most_co_runners(const ObservationView& observations, core::RowNumbers rows) {
    const auto width = static_cast<std::size_t>(observations.width);
    std::int64_t most = 0;
    for (const std::int64_t row : rows) {
        const auto beside = observations.co_runner.subspan(static_cast<std::size_t>(row) * width, width);
        most = std::max<std::int64_t>(most, std::ranges::count_if(beside, [](std::int32_t k) { return k >= 0; }));
    }
    return static_cast<std::int32_t>(most);
}

// Residuals of the calibration rows of all pools, with the very answers that a predictor gives: bounds rest on
// residuals exact to the bit. Rows whose like has no bound bound nothing.
Result<calibrate::Calibration> calibrate(const PredictorParts& parts, const Dataset& dataset,
                                         const train::ReplicateRows& rows) {
    std::unique_ptr<models::ModelScratch> scratch;
    std::vector<std::vector<double>> residuals(parts.pools.size());
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const core::RowNumbers calibration = rows.pools[p].calibration;
        for (std::size_t first = 0; first < calibration.size(); first += models::GatheredRows::kPiece) {
            const std::size_t count = std::min(models::GatheredRows::kPiece, calibration.size() - first);
            const models::GatheredRows gathered(dataset.pool(p), calibration.piece(first, count), parts.config.model);
            std::vector<double> y(count);
            parts.model->predict(gathered.query(), {y}, scratch);
            for (std::size_t i = 0; i < count; ++i) {
                const auto beside = gathered.co_runners(i);
                if (pair_basis(parts, gathered.platform[i], gathered.module[i], beside) == Basis::kMeasured) {
                    residuals[calibrate::pool_of(beside, residuals.size())].push_back(gathered.target[i] - y[i]);
                }
            }
        }
    }
    for (const std::vector<double>& pool : residuals) {
        if (!std::ranges::all_of(pool, [](double r) { return std::isfinite(r); })) {
            return fail(ErrorCode::kInput, "training diverged (predictions are not finite): lower train.learning_rate");
        }
    }
    return calibrate::Calibration(std::move(residuals));
}

}  // namespace

Context guarded(Context context) {
    context.progress = core::callers(std::move(context.progress));
    return context;
}

Result<PredictorParts> make_parts(const Dataset& dataset, const FitConfig& config, const models::Fitted& fitted) {
    PredictorParts parts;
    parts.config = config;
    parts.platforms = clone_side(dataset.platforms);
    parts.modules = clone_side(dataset.modules);
    parts.model = fitted.model;
    if (dataset.pools.size() > 1) {
        parts.pools.clear();
        std::ranges::transform(dataset.pools, std::back_inserter(parts.pools), &Pool::name);
    }
    describe_rows(dataset, fitted.rows, parts);
    PITOT_TRY(auto calibration, calibrate(parts, dataset, fitted.rows));
    parts.calibration = std::move(calibration);
    if (parts.model->learns_on()) {
        parts.calibration_rows = calibration_rows_of(parts, dataset, fitted.rows);
    }
    std::int32_t most = 0;
    for (std::size_t p = 0; p < fitted.rows.pools.size(); ++p) {
        most = std::max(most, most_co_runners(dataset.pool(p), fitted.rows.pools[p].calibration));
    }
    parts.calibrated_co_runners = most;
    return parts;
}

}  // namespace pitot::predict
