// Pictures of datasets and of what models learned.
#pragma once

#include <filesystem>
#include <vector>

#include "figure/gnuplot.hpp"
#include "pitot/dataset.hpp"

namespace pitot::figure {

/// The 25 largest singular values of what linear scaling leaves of the logarithms of `dataset` (0 where not measured),
/// and of a random matrix (normal, seed 42) of the same mean and variance.
[[nodiscard]] Result<Plot> svd_plot(const Dataset& dataset);

/// The logarithms of the runtimes, platforms × modules.
[[nodiscard]] Result<Plot> matrix_plot(const Dataset& dataset);

/// The matrix with the side information of both sides beside it: opcode counts on a logarithmic scale of their own, and
/// the platforms' features, each from its least to its greatest value. Tables have counts and features as they are.
[[nodiscard]] Result<Plot> dataset_plot(const Dataset& dataset);

/// One side's information alone: opcode counts (opcodes × modules, on a logarithmic scale), or the features of
/// platforms, each from its least to its greatest value. Tables have counts and features as they are.
[[nodiscard]] Result<Plot> opcodes_plot(const Side& modules);
[[nodiscard]] Result<Plot> platforms_plot(const Side& platforms);

/// How much longer modules take beside others: a histogram of runtime / runtime alone - 1 over all rows with co-runners
/// whose module was measured alone, from -50 to 250 %; what lies beyond counts in the bins at the ends.
[[nodiscard]] Result<Plot> interference_hist_plot(const Dataset& dataset);

/// Per platform, the mean measured slowdown against the mean spectral norm of F = V_s V_g^T over the models of
/// interference/1 at share 0.9.
[[nodiscard]] Result<Plot> spectral_norm_plot(const Dataset& dataset, const std::filesystem::path& results);

}  // namespace pitot::figure
