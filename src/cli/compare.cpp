// pitot compare: presets against each other, from their summaries.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/draw_options.hpp"
#include "cli/result_options.hpp"
#include "cli/verbs.hpp"
#include "figure/comparisons.hpp"

namespace pitot::cli {
namespace compare_command {
namespace {

struct Options {
    std::vector<std::string> figures{"comparisons", "percentile", "ablations_mf", "ablations_if", "interference"};
    std::filesystem::path results = "results";
    figure::DrawOptions draw;
};

Result<void> run(const Options& options) {
    if (auto ok = figure::check_options(options.draw); !ok) {
        return ok;
    }
    std::vector<std::string> figures;
    for (const std::string& name : options.figures) {
        const auto some = figure::expand_comparison(name);
        if (!some) {
            return Failure(some.error());
        }
        figures.insert(figures.end(), some->begin(), some->end());
    }
    if (auto ok = figure::check_summaries(options.results, figures); !ok) {
        return ok;
    }
    std::vector<figure::Plot> plots;
    for (const std::string& figure : figures) {
        auto plot = figure::comparison_plot(options.results, figure);
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
             "_b _c); default: "
             "all")
        ->type_name("NAME");
    app.add_option("-p,--path", options->results, "Folder of results, with summaries; default: results")
        ->type_name("FOLDER");
    add_draw_options(app, options->draw);
    app.footer(
        "Error bars are twice the standard error over replicates. The numbers are in a .tsv beside each picture.\n"
        "\n"
        "Examples:\n"
        "  pitot compare\n"
        "  pitot compare -f comparisons_a percentile --format pdf");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace compare_command

Verb compare_verb() {
    return {"compare", "Draw presets against each other, from their summaries", compare_command::add};
}

}  // namespace pitot::cli
