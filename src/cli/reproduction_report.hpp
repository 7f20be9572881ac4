// What was published beside what came out: as a table, as text by columns, and as a page with all pictures.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "experiment/sweep.hpp"
#include "figure/gnuplot.hpp"

namespace pitot::cli {

struct ReproductionReport {
    std::vector<std::vector<std::string>> rows;  ///< a published number each, a cell a column
    std::string how;                             ///< how ours came about, and whether they compare one to one

    [[nodiscard]] Table table() const;
    /// Tab-separated, a header line first.
    [[nodiscard]] std::string to_tsv() const;
    /// A page that shows pictures of `format` below figures/ beside it.
    [[nodiscard]] std::string to_html(const std::vector<figure::Plot>& plots, const std::string& format) const;
};

/// From the summaries below `results`, which `runs` made.
[[nodiscard]] ReproductionReport compare_with_published(const std::filesystem::path& results,
                                                        const std::vector<experiment::SweepRun>& runs, bool quick);

}  // namespace pitot::cli
