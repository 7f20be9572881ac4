#include "predict/fit_steps.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/border.hpp"
#include "dataset/connections.hpp"
#include "models/row_basis.hpp"
#include "predict/bounds.hpp"
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

// How many runs of each platform and of each module were learned from; as a co-runner a module counts nothing.
void count_runs(const Dataset& dataset, const train::ReplicateRows& rows, PredictorParts& parts) {
    parts.platform_runs.assign(static_cast<std::size_t>(parts.platforms.size()), 0);
    parts.module_runs.assign(static_cast<std::size_t>(parts.modules.size()), 0);
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        if (!models::learns_from(dataset, parts.config, p)) {
            continue;
        }
        const ObservationView table = dataset.pool(p);
        for (const std::int64_t row : rows.pools[p].rest) {
            ++parts.platform_runs[static_cast<std::size_t>(table.platform[static_cast<std::size_t>(row)])];
            ++parts.module_runs[static_cast<std::size_t>(table.module[static_cast<std::size_t>(row)])];
        }
    }
}

}  // namespace

Context guarded(Context context) {
    context.progress = core::callers(std::move(context.progress));
    return context;
}

Result<PredictorParts> make_parts(const Dataset& dataset, const FitConfig& config, const models::Fitted& fitted,
                                  const Context& context, Bounds bounds) {
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
    count_runs(dataset, fitted.rows, parts);
    if (bounds == Bounds::kWanted) {
        PITOT_TRY(auto calibration, make_calibration(parts, dataset, fitted.rows, context));
        parts.calibration = std::move(calibration);
        if (parts.model->learns_on()) {
            parts.calibration_rows = calibration_rows_of(parts, dataset, fitted.rows);
        }
    }
    std::int32_t most = 0;
    for (std::size_t p = 0; p < fitted.rows.pools.size(); ++p) {
        const auto& rows = fitted.rows.pools[p];
        const bool left_out =
            bounds == Bounds::kWanted && p < parts.calibration.pools() &&
            parts.calibration.pool(static_cast<std::int32_t>(p)).source == calibrate::ScoreSource::kLeaveOneOut;
        most = std::max(most, most_co_runners(dataset.pool(p), left_out ? rows.rest : rows.calibration));
    }
    parts.calibrated_co_runners = most;
    return parts;
}

}  // namespace pitot::predict
