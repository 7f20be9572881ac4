// Which rows of a dataset a replicate tests, calibrates and trains on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataset/row_groups.hpp"
#include "dataset/split.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"

namespace pitot::train {

/// The rows of one replicate.
struct ReplicateRows {
    std::vector<dataset::Split> pools;  ///< one a pool p of the dataset; its numbers are rows of Dataset::pool(p)

    [[nodiscard]] const dataset::Split& alone() const { return pools[kAlone]; }
};

/// Draws the rows of replicates. What they have in common is found out once.
class RowDraw {
public:
    /// PoolObjective::rows limits a pool to its first rows. Dataset and configuration must outlive it.
    RowDraw(const Dataset& dataset, const FitConfig& config);

    /// Replicate `replicate`'s rows. calibration_share 0 gives the published splits. What is set aside leaves whatever
    /// part of the fleet is connected by measurements connected by those that train, so that no platform and no module
    /// loses its only one. Nothing is set aside where that leaves fewer than kLeastCalibration combinations.
    [[nodiscard]] ReplicateRows operator()(double share, double calibration_share, std::int64_t replicate) const;

    /// Runs of a pool's combinations, where a split keeps them together; of rows beyond a limit nothing is said.
    [[nodiscard]] const dataset::RowGroups& groups(std::size_t pool) const { return pools_[pool].groups; }

private:
    struct PooledRows {
        ObservationView rows;
        dataset::RowGroups groups;
    };

    const Dataset* dataset_;
    const FitConfig* config_;
    std::vector<PooledRows> pools_;
};

/// The same for one replicate.
[[nodiscard]] ReplicateRows draw_rows(const Dataset& dataset, const FitConfig& config, double share,
                                      double calibration_share, std::int64_t replicate);

}  // namespace pitot::train
