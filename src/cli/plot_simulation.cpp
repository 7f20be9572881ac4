// pitot plot_simulation: the latencies of `pitot simulate` as a picture.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/draw_options.hpp"
#include "cli/simulation_output.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace plot_simulation_command {
namespace {

struct Options {
    std::filesystem::path results = "results-simulation";
    figure::DrawOptions draw;
};

Result<void> run(const Options& options) {
    if (auto ok = figure::check_options(options.draw); !ok) {
        return ok;
    }
    const auto results = place::read_simulation(options.results);
    if (!results) {
        return Failure(results.error());
    }
    const auto plot = simulation_plot(*results);
    return plot ? draw_and_tell(*plot, options.draw) : Result<void>(Failure(plot.error()));
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-p,--path", options->results, "Folder of the simulation's results; default: results-simulation")
        ->type_name("FOLDER");
    add_draw_options(app, options->draw);
    app.footer(
        "Draws simulation: mean latency relative to the oracle's over numbers of jobs; bars are twice the standard "
        "error.\n"
        "\n"
        "Examples:\n"
        "  pitot plot_simulation\n"
        "  pitot plot_simulation -p beside -o pictures --format pdf");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace plot_simulation_command

Verb plot_simulation_verb() { return {"plot_simulation", "Draw what a simulation gave", plot_simulation_command::add}; }

}  // namespace pitot::cli
