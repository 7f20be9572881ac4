// Rows of a table as a model is asked for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/row_numbers.hpp"
#include "models/fitted_model.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"

namespace pitot::models {

/// Rows `rows` of `observations`, gathered: what a model is asked and, on the model's scale, the true answers.
struct GatheredRows {
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    std::vector<std::int32_t> co_runner;
    std::int32_t width = 0;
    std::vector<double> target;

    /// Rows that are gathered at a time where there may be any number of them.
    static constexpr std::size_t kPiece = 65536;

    GatheredRows(const ObservationView& observations, core::RowNumbers rows, const ModelConfig& config);
    [[nodiscard]] PairQuery query() const { return {platform, module, co_runner, width}; }
    /// Row i's co-runners.
    [[nodiscard]] std::span<const std::int32_t> co_runners(std::size_t i) const {
        const auto w = static_cast<std::size_t>(width);
        return std::span<const std::int32_t>(co_runner).subspan(i * w, w);
    }
};

}  // namespace pitot::models
