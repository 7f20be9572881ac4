#include "train/row_draw.hpp"

#include <utility>

#include "dataset/connections.hpp"
#include "dataset/pools.hpp"

namespace pitot {

RowDraw::RowDraw(const Dataset& dataset, const FitConfig& config) : dataset_(&dataset), config_(&config) {
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        PooledRows& pool = pools_.emplace_back(PooledRows{dataset.pool(p), {}});
        const PoolObjective* objective = config.train.find_objective(dataset.pools[p].name);
        if (objective != nullptr && objective->rows > 0 && objective->rows < pool.rows.size()) {
            pool.rows = rows_of(pool.rows, 0, objective->rows, pool.rows.width);
        }
        if (config.split == SplitUnit::kCombination) {
            pool.groups = group_rows(pool.rows, dataset.platforms.size(), dataset.modules.size());
        }
    }
}

ReplicateRows RowDraw::operator()(double share, double calibration_share, std::int64_t replicate) const {
    const Key key = Key(config_->seed).fold("split").fold(static_cast<std::uint64_t>(replicate));
    Connections trained(dataset_->platforms.size(), dataset_->modules.size());
    ReplicateRows drawn;
    // In the order of pools: rows with co-runners need not train for what rows alone connect.
    for (std::size_t p = 0; p < pools_.size(); ++p) {
        const auto& [rows, groups] = pools_[p];
        SplitPlan plan{rows.size(), &groups, share, calibration_share, config_->train.folds};
        plan.must_train = [&](std::int64_t row) {
            const auto at = static_cast<std::size_t>(row);
            return trained.join(rows.platform[at], rows.module[at]);
        };
        const Key of_pool = key.fold(dataset_->pools[p].name);
        Split split = make_split(plan, of_pool);
        if (calibration_share > 0.0 && static_cast<std::int64_t>(split.calibration.size()) < kLeastCalibration) {
            plan.calibration_share = 0.0;
            split = make_split(plan, of_pool);
        }
        drawn.pools.push_back(std::move(split));
    }
    return drawn;
}

ReplicateRows draw_rows(const Dataset& dataset, const FitConfig& config, double share, double calibration_share,
                        std::int64_t replicate) {
    return RowDraw(dataset, config)(share, calibration_share, replicate);
}

}  // namespace pitot
