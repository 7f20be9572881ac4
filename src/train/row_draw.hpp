// Which rows of a dataset a replicate tests, calibrates and trains on.
#pragma once

#include <cstdint>

#include "dataset/row_groups.hpp"
#include "dataset/split.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"

namespace pitot {

/// The rows of one replicate, per objective; numbers are rows of dataset.alone and dataset.together.
struct ReplicateRows {
    Split alone;
    Split together;
};

/// Draws the rows of replicates. What they have in common is found out once.
class RowDraw {
public:
    /// `config.train.together_rows` limits the second objective to its first rows. The dataset must outlive it.
    RowDraw(const Dataset& dataset, const FitConfig& config);

    /// Replicate `replicate`'s rows. calibration_share 0 gives the published splits. What is set aside leaves whatever
    /// part of the fleet is connected by measurements connected by those that train, so that no platform and no module
    /// loses its only one. Nothing is set aside where that leaves fewer than kLeastCalibration combinations.
    [[nodiscard]] ReplicateRows operator()(double share, double calibration_share, std::int64_t replicate) const;

    /// Runs of combinations, where a split keeps them together; of rows beyond `together_rows` nothing is said.
    [[nodiscard]] const RowGroups& alone_groups() const { return alone_groups_; }
    [[nodiscard]] const RowGroups& together_groups() const { return together_groups_; }

private:
    const Dataset* dataset_;
    const FitConfig* config_;
    ObservationView together_;
    RowGroups alone_groups_;
    RowGroups together_groups_;
};

/// The same for one replicate.
[[nodiscard]] ReplicateRows draw_rows(const Dataset& dataset, const FitConfig& config, double share,
                                      double calibration_share, std::int64_t replicate);

}  // namespace pitot
