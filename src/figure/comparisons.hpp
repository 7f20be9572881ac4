// Pictures that compare presets by their summaries.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "figure/gnuplot.hpp"

namespace pitot::figure {

/// Names of the figures: comparisons_a, comparisons_b, comparisons_c, percentile, ablations_mf, ablations_if,
/// interference_a, interference_b, interference_c.
[[nodiscard]] std::vector<std::string> comparison_figures();

/// Figures that one of the reference's names stands for: itself, or "comparisons" and "interference" for their a, b and
/// c. Error: kUsage with the nearest names.
[[nodiscard]] Result<std::vector<std::string>> expand_comparison(const std::string& name);

/// Presets whose summaries a figure needs.
[[nodiscard]] std::vector<std::string> methods_of_comparison(const std::string& figure);

/// Whether all presets of some figures have summaries below `results`. Error: kInput naming those without results,
/// those without a summary, and the commands that make them.
[[nodiscard]] Result<void> check_summaries(const std::filesystem::path& results,
                                           const std::vector<std::string>& figures);

/// Builds a figure from summaries below `results`. Error: kInput naming the command that makes what is missing.
[[nodiscard]] Result<Plot> comparison_plot(const std::filesystem::path& results, const std::string& figure);

}  // namespace pitot::figure
