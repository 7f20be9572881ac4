// Options of the verbs that draw.
#pragma once

#include <filesystem>
#include <string>

#include "figure/gnuplot.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

/// [-o FOLDER] [-i DPI] [--format png|pdf|svg] [--keep-script]
void add_draw_options(CLI::App& app, figure::DrawOptions& options);

/// Draws and says what was made, a line each. Ctrl-C ends the drawing, unless options.stop says that the caller watches
/// for it.
[[nodiscard]] Result<void> draw_and_tell(const figure::Plot& plot, const figure::DrawOptions& options);

/// [-d,--plot] of the verbs that write one file of numbers.
void add_plot_flag(CLI::App& app, bool& plot, const std::string& what);

/// Draws what a file of numbers has as a PNG of its name, with tables beside it; `tell`: says so.
[[nodiscard]] Result<void> draw_beside(const Result<figure::Plot>& plot, std::filesystem::path file, bool tell);

}  // namespace pitot::cli
