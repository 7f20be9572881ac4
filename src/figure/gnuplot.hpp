// Pictures by gnuplot, each with its numbers beside it as a .tsv.
#pragma once

#include <filesystem>
#include <limits>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::figure {

/// Where a table has no number.
inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// Numbers by column.
struct TextTable {
    std::vector<std::string> columns;
    std::vector<std::vector<double>> rows;
    std::vector<std::string> labels;  ///< a first column of words, one a row; its title is columns.front(); or none

    /// Tab-separated, a header line first; values with 9 significant digits. Control characters of names become spaces.
    [[nodiscard]] std::string to_tsv() const;
};

/// A picture still to be drawn. `script` is what follows terminal and output; it reads the tables by their file names.
struct Plot {
    std::string name;  ///< of its files, without extension
    double width = 4.5;
    double height = 3.0;                                      ///< inches
    std::vector<std::pair<std::string, std::string>> tables;  ///< file name and text; the first is NAME.tsv
    std::string script;
};

/// The same picture under another name: of its files, and of its tables in the script.
[[nodiscard]] Plot renamed(Plot plot, const std::string& name);

struct DrawOptions {
    std::filesystem::path folder = "figures";
    std::string format = "png";  ///< "png", "pdf" or "svg"
    int dpi = 400;               ///< of png
    bool keep_script = false;    ///< leave NAME.gp, which draws the picture again when run in the folder
    std::stop_token stop{};      ///< ends gnuplot
};

/// Error: kUsage naming a format or resolution that cannot be.
[[nodiscard]] Result<void> check_options(const DrawOptions& options);

/// Error: kEnvironment naming the package, where gnuplot is not installed.
[[nodiscard]] Result<void> check_gnuplot();

/// Draws in a temporary folder, then writes picture and tables, each whole or not at all and none of them unless the
/// picture was finished. Errors: kUsage (options), kCancelled, kEnvironment (no gnuplot, which is seen before anything
/// is written; the folder cannot be written to; what gnuplot complained of; a picture cut short, as by a full disk).
[[nodiscard]] Result<std::filesystem::path> draw(const Plot& plot, const DrawOptions& options);

/// What pictures with axes begin with: a light grid, no frame.
inline constexpr const char* kAxes =
    "set grid lc rgb '#cccccc' lw 0.5\nset border 3\nset tics nomirror out scale 0.5\n";

/// Colour, dashes and marker of the n-th series of a picture: told apart in grey and by the colour-blind. A gnuplot
/// style to follow `with linespoints`.
[[nodiscard]] std::string line_style(std::size_t n);
/// Its error bars, to follow `with yerrorbars`.
[[nodiscard]] std::string bar_style(std::size_t n);
/// The same for points alone, to follow `with points`. The first 15 have markers of their own.
[[nodiscard]] std::string point_style(std::size_t n);

/// A text as gnuplot takes it, in single quotes. Where it may hold a name, `noenhanced` has to follow, or _ and ^ are
/// markup.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace pitot::figure
