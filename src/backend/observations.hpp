// Observations that models are trained on: resident in a backend, and what is to be learned from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/row_numbers.hpp"

namespace pitot::backend {

/// Rows a program predicts or trains on; borrowed.
struct PairColumns {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const std::int32_t> co_runner;  ///< rows × width, -1 = none
    std::int32_t width = 0;
    std::span<const float> target;  ///< y; may be empty for prediction

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
};

/// Tables of observations where a backend computes: taken once, shared by all executors of a fit, never changed. Made
/// by Backend::make_resident().
class ResidentTables {
public:
    ResidentTables() = default;
    ResidentTables(const ResidentTables&) = delete;
    ResidentTables& operator=(const ResidentTables&) = delete;
    virtual ~ResidentTables() = default;
};

/// One term of the loss: weight * mean over a batch drawn uniformly with replacement from `rows`, or over all of them.
/// Row numbers are borrowed, one list a replica; a replica whose list is empty goes without the term.
struct Objective {
    std::size_t table = 0;               ///< which of the resident tables
    std::vector<core::RowNumbers> rows;  ///< to train on
    std::int64_t batch = 0;              ///< 0: all rows in every step
    double weight = 1.0;
    std::vector<core::RowNumbers> validation{};  ///< never trained on; no list at all stands for empty ones
};

}  // namespace pitot::backend
