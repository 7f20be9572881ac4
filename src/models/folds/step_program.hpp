// Model configuration -> step program: the only place that knows what each family computes.
#pragma once

#include <cstdint>
#include <span>

#include "backend/program.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"

namespace pitot::models {

/// A model's program with the buffers that differ between replicates.
struct Model {
    backend::Program program;
    backend::BufferId platform_baseline = -1;  ///< a_i, platforms × 1; -1 without a baseline
    backend::BufferId module_baseline = -1;    ///< b_j, modules × 1
};

/// Builds the program of a model over these sides. The configuration must be valid; Family::kLinearScaling has no
/// program of its own beyond the baseline.
[[nodiscard]] Model build_model(const ModelConfig& config, const Side& platforms, const Side& modules);

}  // namespace pitot::models
