// Learned embeddings on a plane: tsne_a (modules by suite), tsne_b (platforms by architecture), tsne_c (platforms by
// runtime).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "figure/gnuplot.hpp"
#include "pitot/dataset.hpp"

namespace pitot {

/// What a module belongs to: its name up to the first '/', without its measuring's common folder; else "modules".
[[nodiscard]] std::vector<std::string> suites_of(const Side& modules);
/// The value of a platform's indicator features "PREFIX=…", or "unknown".
[[nodiscard]] std::vector<std::string> groups_of(const Side& platforms, const std::string& prefix);

/// All three, from embedding/128 at share 0.9: the embeddings of all models side by side, standardised, 64 principal
/// components, t-SNE. Errors: kInput naming the command that makes the results.
[[nodiscard]] Result<std::vector<Plot>> embedding_plots(const Dataset& dataset, const std::filesystem::path& results,
                                                        std::uint64_t seed);

}  // namespace pitot
