// What placement asks of whatever predicts.
#pragma once

#include <cstdint>

#include "pitot/matrix_view.hpp"
#include "place/placement.hpp"

namespace pitot::place {

/// Predictions to place by.
struct PlacementPrediction {
    Matrix<double> runtime_ms;  ///< platforms × modules of a dataset: what is counted on, a bound
    Slowdown slowdown;          ///< of models of interference; empty = none
};

/// Several independent predictions of one kind: job set i is placed by replicate i, from the first again after the
/// last.
class PlacementPredictor {
public:
    PlacementPredictor() = default;
    PlacementPredictor(const PlacementPredictor&) = delete;
    PlacementPredictor& operator=(const PlacementPredictor&) = delete;
    virtual ~PlacementPredictor() = default;

    [[nodiscard]] virtual std::int64_t replicates() const = 0;
    [[nodiscard]] virtual PlacementPrediction replicate(std::int64_t r) const = 0;
};

}  // namespace pitot::place
