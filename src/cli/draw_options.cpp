#include "cli/draw_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "cli/interrupt.hpp"
#include "cli/verb_words.hpp"

namespace pitot::cli {

void add_draw_options(CLI::App& app, figure::DrawOptions& options) {
    app.add_option("-o,--out", options.folder, "Folder of pictures; default: figures")->type_name("FOLDER");
    app.add_option("-i,--dpi", options.dpi, "Dots an inch of PNG pictures; default: 400")->type_name("N");
    offer(app.add_option("--format", options.format, "png, pdf or svg; default: png"), {"png", "pdf", "svg"})
        ->type_name("NAME");
    app.add_flag("--keep-script", options.keep_script, "Leave NAME.gp, the gnuplot script of each picture, beside it");
}

void add_plot_flag(CLI::App& app, bool& plot, const std::string& what) {
    app.add_flag("-d,--plot", plot, fmt::format("Draw {} as OUT.png, with OUT.tsv beside it", what));
}

Result<void> draw_beside(const Result<figure::Plot>& plot, std::filesystem::path file, bool tell) {
    if (!plot) {
        return fail(plot.error(), "drawing " + file.string());
    }
    file.replace_extension();
    const figure::Plot named = figure::renamed(*plot, file.filename().string());
    const figure::DrawOptions options{.folder = file.has_parent_path() ? file.parent_path() : "."};
    return tell ? draw_and_tell(named, options) : figure::draw(named, options).map([](const auto& /*picture*/) {});
}

Result<void> draw_and_tell(const figure::Plot& plot, const figure::DrawOptions& options) {
    figure::DrawOptions watched = options;
    std::optional<Interrupt> interrupt;
    if (!options.stop.stop_possible()) {
        watched.stop = interrupt.emplace().token();
    }
    const auto picture = figure::draw(plot, watched);
    if (!picture) {
        return Failure(picture.error());
    }
    fmt::print("{}\n", picture->string());
    return {};
}

}  // namespace pitot::cli
