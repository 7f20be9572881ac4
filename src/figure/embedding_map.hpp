// Learned embeddings on a plane: tsne_a (modules by suite), tsne_b (platforms by architecture), tsne_c (platforms by
// runtime).
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "figure/gnuplot.hpp"
#include "pitot/dataset.hpp"

namespace pitot::figure {

/// What a module belongs to: its name up to the last '/' before its arguments ("polybench/mini"), without a folder that
/// all modules lie in; else "modules".
[[nodiscard]] std::vector<std::string> suites_of(const Side& modules);
/// The value of a platform's indicator features "FEATURE=…", which may have several names, or "unknown".
[[nodiscard]] std::vector<std::string> groups_of(const Side& platforms,
                                                 std::initializer_list<std::string_view> features);
/// "AMD", "Intel", "ARM A", "ARM M" or "RISC-V", by the name of a microarchitecture ("znver3"); a name that tells
/// nothing stands for itself.
[[nodiscard]] std::string architecture_of(const std::string& microarchitecture);

/// All three, from embedding/128 at share 0.9: the embeddings of all models side by side, standardised, 64 principal
/// components, t-SNE. Errors: kInput naming the command that makes the results.
[[nodiscard]] Result<std::vector<Plot>> embedding_plots(const Dataset& dataset, const std::filesystem::path& results,
                                                        std::uint64_t seed);

}  // namespace pitot::figure
