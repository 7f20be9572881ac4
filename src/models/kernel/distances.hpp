// Distances between the rows of one side: from side information, and from what a first pass made of runtimes.
//
// Every distance is squared, symmetric, 0 between a row and itself and about 1 between unlike rows. Constants (means,
// deviations, norms) come from the first `reference` rows alone, so that rows appended later change nothing of the
// distances between those that were there.
#pragma once

#include <cstdint>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Sums of squares up to this are nothing: of what they are made, other numbers cannot be divided by them.
inline constexpr double kLeastSquares = 1e-200;

/// Of one side: groups of distances, rows × rows each.
struct SideDistances {
    std::vector<Matrix<double>> groups;  ///< those of features first
    std::int64_t rows = 0;
    std::int64_t features = 0;       ///< groups that come from features
    bool first_is_runtime = false;   ///< the first group tells runtimes (engines) apart, the other features hardware
    Matrix<double> size_products{};  ///< rows × rows: products of the modules' standardised ln total count; or empty
    Matrix<double> gram{};           ///< rows × rows: products of rows' factors (see add_factors()); or empty
    std::vector<double>
        more_noise{};  ///< of platforms: what their runs scatter beyond σ²; 0 of those behind, or of all
};

/// Of platforms: one-hot columns of the runtime (names as "runtime=…", "rt=…"), of the microarchitecture ("uarch=…"),
/// and all others standardised; a group without columns, or whose rows are all alike, is left out. Features are not
/// used at all if `use` is false.
[[nodiscard]] SideDistances platform_distances(const Side& platforms, std::int64_t reference, bool use);

/// Of modules, from counts n_o of each opcode o: ln(1 + n_o), the same less ln(1 + Σn), both standardised and limited
/// to ±4; ln(1 + Σn) standardised; and Hellinger's distance of the shares n_o / Σn.
[[nodiscard]] SideDistances module_distances(const Side& modules, std::int64_t reference, bool use);

/// Adds two groups from a matrix with a row for every row of the side: 2 - 2 correlation of its rows less the column
/// means, and the squared Euclidean distance of its rows over its mean.
void add_product_distances(MatrixView<const double> product, std::int64_t reference, SideDistances& side);

}  // namespace pitot::models::kernel
