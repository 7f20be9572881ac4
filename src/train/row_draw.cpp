#include "train/row_draw.hpp"

#include <utility>

#include "dataset/connections.hpp"
#include "dataset/pools.hpp"

namespace pitot::train {

RowDraw::RowDraw(const Dataset& dataset, const FitConfig& config) : dataset_(&dataset), config_(&config) {
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        PooledRows& pool = pools_.emplace_back(PooledRows{dataset.pool(p), {}});
        const PoolObjective* objective = config.train.find_objective(dataset.pools[p].name);
        if (objective != nullptr && objective->rows > 0 && objective->rows < pool.rows.size()) {
            pool.rows = dataset::rows_of(pool.rows, 0, objective->rows, pool.rows.width);
        }
        if (config.split == SplitUnit::kCombination) {
            pool.groups = dataset::group_rows(pool.rows, dataset.platforms.size(), dataset.modules.size());
        }
    }
}

ReplicateRows RowDraw::operator()(double share, double calibration_share, std::int64_t replicate) const {
    const core::Key key = core::Key(config_->seed).fold("split").fold(static_cast<std::uint64_t>(replicate));
    dataset::Connections trained(dataset_->platforms.size(), dataset_->modules.size());
    ReplicateRows drawn;
    // In the order of pools: rows with co-runners need not train for what rows alone connect.
    for (std::size_t p = 0; p < pools_.size(); ++p) {
        const ObservationView rows = pools_[p].rows;
        dataset::SplitPlan plan{rows.size(),       &pools_[p].groups,    share,
                                calibration_share, config_->train.folds, config_->train.validation};
        plan.must_train = [&](std::int64_t row) {
            const auto at = static_cast<std::size_t>(row);
            return trained.join(rows.platform[at], rows.module[at]);
        };
        const core::Key of_pool = key.fold(dataset_->pools[p].name);
        dataset::Split split = dataset::make_split(plan, of_pool);
        if (calibration_share > 0.0 &&
            static_cast<std::int64_t>(split.calibration.size()) < dataset::kLeastCalibration) {
            plan.calibration_share = 0.0;
            split = dataset::make_split(plan, of_pool);
        }
        drawn.pools.push_back(std::move(split));
    }
    return drawn;
}

ReplicateRows draw_rows(const Dataset& dataset, const FitConfig& config, double share, double calibration_share,
                        std::int64_t replicate) {
    return RowDraw(dataset, config)(share, calibration_share, replicate);
}

}  // namespace pitot::train
