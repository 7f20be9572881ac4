// pitot compare: presets against each other, from their summaries.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/draw_options.hpp"
#include "cli/remedies.hpp"
#include "cli/result_options.hpp"
#include "cli/verbs.hpp"
#include "figure/comparisons.hpp"

namespace pitot::cli {
namespace compare_command {
namespace {

struct Options {
    std::vector<std::string> figures{};  // none: all that can be drawn
    std::filesystem::path results = "results";
    figure::DrawOptions draw;
};

Result<std::vector<std::string>> figures_of(const Options& options) {
    if (options.figures.empty()) {
        return figure::comparison_figures();
    }
    std::vector<std::string> figures;
    for (const std::string& name : options.figures) {
        PITOT_TRY(const auto some, figure::expand_comparison(name));
        figures.insert(figures.end(), some.begin(), some.end());
    }
    return figures;
}

// Those of which something is there; says what is left out. A figure that was asked for and has nothing is an error,
// and so are results without a summary, which a command makes at once.
Result<std::vector<std::string>> drawn_of(const Options& options, const std::vector<std::string>& figures) {
    const figure::MissingSummaries missing = figure::missing_summaries(options.results, figures);
    if (!missing.unsummarised.empty()) {
        return Failure(figure::MissingSummaries{{}, missing.unsummarised}.error(options.results));
    }
    std::vector<std::string> drawn, partly, left_out;
    for (const std::string& figure : figures) {
        if (!figure::can_compare(figure, missing.untrained)) {
            left_out.push_back(figure);
            continue;
        }
        drawn.push_back(figure);
        if (!figure::missing_summaries(options.results, {figure}).none()) {
            partly.push_back(figure);
        }
    }
    const auto error_of = [&](const std::vector<std::string>& some) {
        return figure::missing_summaries(options.results, some).error(options.results);
    };
    if (drawn.empty() || (!options.figures.empty() && !left_out.empty())) {
        return Failure(error_of(left_out));
    }
    if (!partly.empty()) {
        note(fmt::format("curves are left out of {}: {}", fmt::join(partly, ", "), told(error_of(partly))));
    }
    if (!left_out.empty()) {
        note(fmt::format("not drawn: {}: {}", fmt::join(left_out, ", "), told(error_of(left_out))));
    }
    return drawn;
}

Result<void> run(const Options& options) {
    if (auto ok = figure::check_options(options.draw); !ok) {
        return ok;
    }
    PITOT_TRY(const auto figures, figures_of(options));
    PITOT_TRY(const auto drawn, drawn_of(options, figures));
    const std::vector<std::string> without = figure::missing_summaries(options.results, figures).untrained;
    std::vector<figure::Plot> plots;
    for (const std::string& figure : drawn) {
        auto plot = figure::comparison_plot(options.results, figure, without);
        if (!plot) {
            return fail(plot.error(), "drawing " + figure);
        }
        plots.push_back(std::move(*plot));
    }
    for (const figure::Plot& plot : plots) {
        if (auto ok = draw_and_tell(plot, options.draw); !ok) {
            return ok;
        }
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_list(app, "-f,--figures", options->figures,
             "Figures: comparisons, or comparison (_a _b _c), percentile, ablations_mf, ablations_if, interference (_a "
             "_b _c); default: all of which there are results")
        ->type_name("NAME");
    app.add_option("-p,--path", options->results, "Folder of results, with summaries; default: results")
        ->type_name("FOLDER");
    add_draw_options(app, options->draw);
    app.footer(
        "Error bars are twice the standard error over replicates. The numbers are in a .tsv beside each picture.\n"
        "\n"
        "Examples:\n"
        "  pitot compare -p trial\n"
        "  pitot compare -p trial -f comparisons_a percentile --format pdf");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace compare_command

Verb compare_verb() {
    return {"compare", "Draw presets against each other, from their summaries", compare_command::add};
}

}  // namespace pitot::cli
