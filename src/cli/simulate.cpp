// pitot simulate: placement by predictions against placement by the truth.
#include "place/simulate.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/progress.hpp"
#include "cli/result_options.hpp"
#include "cli/simulation_output.hpp"
#include "cli/verbs.hpp"
#include "pitot/predictor.hpp"
#include "place/model_predictor.hpp"

namespace pitot::cli {
namespace simulate_command {
namespace {

struct Options {
    place::SimulateOptions simulate;
    std::vector<std::string> data{"data/data.npz"};
    bool no_optimal = false;
    bool json = false;
};

Result<void> run(const Options& options) {
    Paths inputs(options.data.begin(), options.data.end());
    if (!options.simulate.trace.empty()) {
        inputs.push_back(options.simulate.trace);
    }
    std::ranges::copy_if(options.simulate.methods, std::back_inserter(inputs), place::names_model);
    for (const char* file : {"network.npz", "simulation.json"}) {
        if (auto apart = check_apart(options.simulate.out / file, inputs); !apart) {
            return apart;
        }
    }
    const auto dataset = read_data(options.data);
    if (!dataset) {
        return Failure(dataset.error());
    }
    place::SimulateOptions simulate_options = options.simulate;
    simulate_options.optimal = !options.no_optimal;
    const auto results = [&] {
        const Interrupt interrupt;
        Progress progress("simulating");
        simulate_options.stop = interrupt.token();
        simulate_options.progress = [&](std::int64_t done, std::int64_t total) {
            if (progress.enabled()) {
                progress.show("simulating", static_cast<double>(done) / static_cast<double>(total), {});
            }
        };
        return place::simulate(*dataset, simulate_options);
    }();
    if (!results) {
        return Failure(results.error());
    }
    options.json ? print_simulation_json(*results) : print_simulation(*results);
    for (const std::string& method : simulate_options.methods) {
        if (!place::names_model(method)) {
            continue;
        }
        PITOT_TRY(const auto model, Predictor::load(method));
        if (const auto bound = model.check_bound(0, 0.95); !bound) {
            note(fmt::format("'{}' placed by its predictions, which half of all runtimes exceed: {}", printable(method),
                             bound.error().message()));
        }
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    place::SimulateOptions& simulate = options->simulate;
    app.add_option("-p,--path", simulate.results, "Folder of results; default: results")->type_name("FOLDER");
    app.add_option("-o,--out", simulate.out, "Folder of the simulation's; default: results-simulation")
        ->type_name("FOLDER");
    add_list(app, "-d,--data,--dataset", options->data, "Dataset of the results; default: data/data.npz")
        ->type_name("FILE");
    app.add_option("-l,--latency", simulate.trace, "Trace of latencies (CSV of speed tests); default: a synthetic one")
        ->type_name("FILE");
    add_list(app, "-m,--methods", simulate.methods,
             "Predictors: presets, C_bar (linear scaling), model files (.pitot); default: the published")
        ->type_name("METHOD");
    app.add_option("--share", simulate.share, "Training share of the results that predict; default: 0.1")
        ->type_name("X");
    app.add_option("--slowdowns", simulate.slowdowns,
                   "Preset of interference whose slowdowns at share 0.9 are the truth beside other jobs; default: jobs "
                   "do not slow each other down")
        ->type_name("METHOD");
    add_list(app, "-j,--jobs", simulate.jobs, "Numbers of jobs; default: 50 100 … 500")->type_name("N");
    app.add_option("-n,--job_sets,--replicates", simulate.job_sets, "Job sets of each number; default: 10")
        ->type_name("N");
    app.add_option("-k,--key,--seed", simulate.seed, "Seed of network and jobs; default: 42")->type_name("N");
    app.add_flag("--no-optimal", options->no_optimal, "Leave the linear program's lower bound out");
    app.add_flag("--force", simulate.force, "Replace the results of another simulation in the folder");
    app.add_flag("--json", options->json, "Print the ratios as JSON");
    app.footer(
        "Places jobs on a network of all platforms by predicted runtimes and says how their latency compares with "
        "greedy\n"
        "placement by the true ones (the oracle). Jobs on one device do not slow each other down there, so that a "
        "model "
        "of\n"
        "interference gains nothing by foreseeing it, unless --slowdowns says by how much they do. Writes\n"
        "FOLDER/PREDICTOR/JOBS.npz and simulation.json; another seed, dataset … needs a folder of its own or --force.\n"
        "docs/simulation.md has the details.\n"
        "\n"
        "Examples:\n"
        "  pitot simulate -d data/fleet.npz -p trial\n"
        "  pitot simulate -d data/fleet.npz -p trial -m embedding/128 -j 100 500 -l examples/speedtests.csv -o "
        "by-tests --json\n"
        "  pitot simulate -d examples/fleet.csv -m fleet.pitot -o by-bounds\n"
        "  pitot simulate -d data/fleet.npz -p trial -m interference/2 interference/ignore --slowdowns interference/2 "
        "-o beside");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace simulate_command

Verb simulate_verb() { return {"simulate", "Place jobs by predictions and by the truth", simulate_command::add}; }

}  // namespace pitot::cli
