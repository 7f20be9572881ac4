// Pictures that compare presets by their summaries.
#pragma once

#include <filesystem>
#include <span>
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

/// Presets without a summary that is up to date: those that have no results at all, and those that have.
struct MissingSummaries {
    std::vector<std::string> untrained{};
    std::vector<std::string> unsummarised{};

    [[nodiscard]] bool none() const { return untrained.empty() && unsummarised.empty(); }
    /// kInput naming them and the commands that make them; not if there are none.
    [[nodiscard]] Error error(const std::filesystem::path& results) const;
};

/// What some figures need and is not below `results`.
[[nodiscard]] MissingSummaries missing_summaries(const std::filesystem::path& results,
                                                 const std::vector<std::string>& figures);

/// Whether anything of a figure can be drawn without some presets: a curve, and what its panel is relative to.
[[nodiscard]] bool can_compare(const std::string& figure, std::span<const std::string> without);

/// Builds a figure from summaries below `results`, without the curves of some presets and without panels that have
/// none left; can_compare() must hold. Error: kInput naming the command that makes what else is missing.
[[nodiscard]] Result<Plot> comparison_plot(const std::filesystem::path& results, const std::string& figure,
                                           std::span<const std::string> without = {});

}  // namespace pitot::figure
