// Distances between rows of a side from what a first pass made of rows beside others.
#pragma once

#include <cstdint>

#include "core/team.hpp"
#include "models/kernel/beside_solve.hpp"
#include "models/kernel/distances.hpp"

namespace pitot::models::kernel {

/// Adds, as add_product_distances() does, two groups for each part that rows play in h(i, j, k): platforms i, modules
/// j, and modules k as co-runners. Rows and columns of h beyond the reference ones change nothing of the distances
/// between those.
void add_beside_distances(const BesideGrid& grid, std::int64_t reference_platforms, std::int64_t reference_modules,
                          SideDistances& platforms, SideDistances& modules, core::Team& team);

}  // namespace pitot::models::kernel
