#include "train/row_draw.hpp"

#include <utility>

#include "dataset/connections.hpp"

namespace pitot {

RowDraw::RowDraw(const Dataset& dataset, const FitConfig& config)
    : dataset_(&dataset), config_(&config), together_(dataset.together.view()) {
    if (const std::int64_t limit = config.train.together_rows; limit > 0 && limit < together_.size()) {
        const auto rows = static_cast<std::size_t>(limit);
        together_ = {together_.platform.first(rows), together_.module.first(rows),
                     together_.co_runner.first(rows * static_cast<std::size_t>(together_.width)), together_.width,
                     together_.runtime_us.first(rows)};
    }
    if (config.split == SplitUnit::kCombination) {
        alone_groups_ = group_rows(dataset.alone.view(), dataset.platforms.size(), dataset.modules.size());
        together_groups_ = group_rows(together_, dataset.platforms.size(), dataset.modules.size());
    }
}

ReplicateRows RowDraw::operator()(double share, double calibration_share, std::int64_t replicate) const {
    const Key key = Key(config_->seed).fold("split").fold(static_cast<std::uint64_t>(replicate));
    Connections trained(dataset_->platforms.size(), dataset_->modules.size());
    const auto draw = [&](const ObservationView& rows, const RowGroups& groups, const char* name) {
        SplitPlan plan{rows.size(), &groups, share, calibration_share, config_->train.folds};
        plan.must_train = [&](std::int64_t row) {
            const auto at = static_cast<std::size_t>(row);
            return trained.join(rows.platform[at], rows.module[at]);
        };
        Split split = make_split(plan, key.fold(name));
        if (calibration_share > 0.0 && static_cast<std::int64_t>(split.calibration.size()) < kLeastCalibration) {
            plan.calibration_share = 0.0;
            split = make_split(plan, key.fold(name));
        }
        return split;
    };
    // In this order: rows with co-runners need not train for what rows alone connect.
    Split alone = draw(dataset_->alone.view(), alone_groups_, "alone");
    return {std::move(alone), draw(together_, together_groups_, "together")};
}

ReplicateRows draw_rows(const Dataset& dataset, const FitConfig& config, double share, double calibration_share,
                        std::int64_t replicate) {
    return RowDraw(dataset, config)(share, calibration_share, replicate);
}

}  // namespace pitot
