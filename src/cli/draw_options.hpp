// Options of the verbs that draw.
#pragma once

#include "figure/gnuplot.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

/// [-o FOLDER] [-i DPI] [--format png|pdf|svg] [--keep-script]
void add_draw_options(CLI::App& app, DrawOptions& options);

/// Draws and says what was made, a line each. Ctrl-C ends the drawing, unless options.stop says that the caller watches
/// for it.
[[nodiscard]] Result<void> draw_and_tell(const Plot& plot, const DrawOptions& options);

}  // namespace pitot::cli
