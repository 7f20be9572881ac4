// pitot reproduce: all experiments, figures and the simulation in order, and what was published beside ours.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "cli/draw_options.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/reproduction_report.hpp"
#include "cli/result_options.hpp"
#include "cli/simulation_output.hpp"
#include "cli/sweep_progress.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "experiment/summary.hpp"
#include "experiment/sweep.hpp"
#include "figure/comparisons.hpp"
#include "figure/embedding_map.hpp"
#include "figure/pictures.hpp"
#include "place/latency_trace.hpp"
#include "place/simulate.hpp"

namespace pitot::cli {
namespace reproduce_command {
namespace {

namespace fs = std::filesystem;

// About a third of the published steps: what fits into twenty minutes.
constexpr std::int64_t kQuickEpoch = 8000;

struct Options {
    fs::path given_out;
    fs::path trace;
    bool quick = false;
    bool dry_run = false;
    bool force = false;
    bool verbose = false;
    std::optional<std::int64_t> replicates;
    std::optional<std::int64_t> folds;
    std::optional<std::int64_t> checkpoints;
    std::optional<std::int64_t> epoch_samples;
    std::vector<double> shares;
    RunFlags run;
    figure::DrawOptions draw{.dpi = 150};

    // A quick look has other results than a whole run, and a place of its own.
    [[nodiscard]] fs::path out() const {
        return !given_out.empty() ? given_out : quick ? "reproduction-quick" : "reproduction";
    }
};

// One of the reference's command lines.
struct Stage {
    std::vector<std::string> methods;
    std::string data;
    Dataset dataset;
    experiment::Sweep sweep;
};

experiment::SweepOptions sweep_of(const Options& options, const std::vector<std::string>& methods,
                                  const Context& context) {
    experiment::SweepOptions sweep;
    sweep.methods = methods;
    sweep.results = options.out() / "results";
    sweep.force = options.force;
    sweep.backend = context.backend;
    sweep.precision = experiment::recorded_precision(context);
    sweep.checkpoints = options.checkpoints;
    sweep.epoch_samples = options.epoch_samples;
    sweep.replicates = options.replicates;
    sweep.folds = options.folds;
    if (options.quick) {
        sweep.shares = {0.9, 0.5, 0.1};
        sweep.epoch_samples = options.epoch_samples.value_or(kQuickEpoch);
        sweep.replicates = options.replicates.value_or(3);
        sweep.folds = options.folds.value_or(3);
    }
    if (!options.shares.empty()) {
        sweep.shares = options.shares;
    }
    return sweep;
}

Result<std::vector<Stage>> plan(const Options& options, const Context& context) {
    std::vector<Stage> stages;
    stages.push_back({{"embedding/*", "features/*", "linear/128", "baseline/*"}, "data/data.npz", {}, {}});
    stages.push_back({{"interference/*"}, "data/data.if.npz", {}, {}});
    stages.push_back(
        {{"interference3/discard", "interference3/ignore", "interference3/2"}, "data/data.if3.npz", {}, {}});
    stages.push_back({{"interference3/no-smt"}, "data/data.if3.mc.npz", {}, {}});
    for (Stage& stage : stages) {
        auto dataset = read_data({stage.data});
        if (!dataset) {
            return Failure(dataset.error());
        }
        stage.dataset = std::move(*dataset);
        auto planned = experiment::plan_sweep(stage.dataset, sweep_of(options, stage.methods, context));
        if (!planned) {
            return Failure(planned.error());
        }
        stage.sweep = std::move(*planned);
    }
    std::optional<Error> conflict;
    for (const Stage& stage : stages) {  // every conflict is told, not those of one stage
        if (auto told = tell_conflicts(stage.sweep, options.verbose); !told && !conflict) {
            conflict = told.error();
        }
    }
    if (conflict) {
        return Failure(*conflict);
    }
    for (Stage& stage : stages) {
        if (auto ok = experiment::estimate_sweep(stage.sweep, stage.dataset, context); !ok) {
            return Failure(ok.error());
        }
    }
    return stages;
}

Result<void> train(const std::vector<Stage>& stages, const Context& context) {
    double left = 0.0;
    for (const Stage& stage : stages) {
        left += stage.sweep.seconds();
    }
    fmt::print("experiments: about {}\n", format_duration({left * 1e6}));
    std::fflush(stdout);
    for (const Stage& stage : stages) {
        SweepBar bar(stage.sweep.to_do());
        const auto done = [&](const experiment::SweepRun& next, double seconds) {
            bar.clear();
            fmt::print("{} {}  {}\n", next.method, experiment::share_name(next.config.share),
                       format_duration({seconds * 1e6}));
            std::fflush(stdout);
        };
        if (auto ok = experiment::run_sweep(stage.sweep, stage.dataset, context, bar.callback(), done); !ok) {
            return ok;
        }
    }
    return {};
}

Result<void> summarise_all(const std::vector<Stage>& stages, const fs::path& results) {
    for (const Stage& stage : stages) {
        const auto methods = experiment::expand_methods(stage.methods);
        for (const std::string& method : methods.value_or(std::vector<std::string>())) {
            const auto summary = experiment::summarise(results, method, stage.dataset);
            if (!summary) {
                return Failure(summary.error());
            }
            if (auto ok = core::write_text(results / method / "summary.json", experiment::to_json(*summary)); !ok) {
                return ok;
            }
        }
    }
    return {};
}

// Every picture, in the order of the reference's commands.
Result<std::vector<figure::Plot>> all_plots(const Options& options, const std::vector<Stage>& stages,
                                            const Context& context) {
    const fs::path results = options.out() / "results";
    const Dataset& alone = stages[0].dataset;
    const Dataset& together = stages[1].dataset;
    std::vector<figure::Plot> plots;
    const auto keep = [&](Result<figure::Plot> plot) -> Result<void> {
        if (!plot) {
            return Failure(plot.error());
        }
        plots.push_back(std::move(*plot));
        return {};
    };
    for (const std::string& figure : figure::comparison_figures()) {
        if (auto ok = keep(figure::comparison_plot(results, figure)); !ok) {
            return Failure(ok.error());
        }
    }
    auto ok = keep(figure::svd_plot(alone))
                  .and_then([&] { return keep(figure::matrix_plot(alone)); })
                  .and_then([&] { return keep(figure::spectral_norm_plot(together, results)); })
                  .and_then([&] { return keep(figure::interference_hist_plot(together)); });
    if (!ok) {
        return Failure(ok.error());
    }
    auto maps = figure::embedding_plots(alone, results, 42);
    if (!maps) {
        return Failure(maps.error());
    }
    for (figure::Plot& map : *maps) {
        plots.push_back(std::move(map));
    }
    place::SimulateOptions simulate_options;
    simulate_options.results = results;
    simulate_options.out = options.out() / "results-simulation";
    simulate_options.trace = options.trace;
    simulate_options.stop = context.stop;
    simulate_options.force = true;  // the folder is the reproduction's own
    const auto simulated = place::simulate(alone, simulate_options);
    if (!simulated) {
        return Failure(simulated.error());
    }
    ok = keep(simulation_plot(*simulated)).and_then([&] { return keep(figure::dataset_plot(alone)); });
    return ok ? Result<std::vector<figure::Plot>>(std::move(plots)) : Failure(ok.error());
}

Result<void> finish(const Options& options, const std::vector<Stage>& stages, const Context& context) {
    const fs::path results = options.out() / "results";
    if (auto ok = summarise_all(stages, results); !ok) {
        return ok;
    }
    const auto plots = all_plots(options, stages, context);
    if (!plots) {
        return Failure(plots.error());
    }
    figure::DrawOptions draw = options.draw;
    draw.folder = options.out() / "figures";
    draw.stop = context.stop;
    for (const figure::Plot& plot : *plots) {
        if (auto ok = draw_and_tell(plot, draw); !ok) {
            return ok;
        }
    }
    std::vector<experiment::SweepRun> runs;
    for (const Stage& stage : stages) {
        runs.insert(runs.end(), stage.sweep.runs.begin(), stage.sweep.runs.end());
    }
    const ReproductionReport report = compare_with_published(results, runs, options.quick);
    fmt::print("\n{}\n{}\n", report.table().to_string(), report.how);
    return core::write_text(options.out() / "published.tsv", report.to_tsv()).and_then([&] {
        return core::write_text(options.out() / "index.html", report.to_html(*plots, draw.format));
    });
}

// What would else fail after hours of training.
Result<void> check_before(const Options& options) {
    for (const double needed : {0.1, 0.9}) {
        if (!options.shares.empty() && std::ranges::find(options.shares, needed) == options.shares.end()) {
            return fail(ErrorCode::kUsage,
                        fmt::format("share {} is not among those given, and pictures and the simulation "
                                    "need it; add it to -s",
                                    needed));
        }
    }
    if (!options.trace.empty()) {
        if (auto trace = place::read_latency_trace(options.trace); !trace) {
            return Failure(trace.error());
        }
    }
    return figure::check_options(options.draw).and_then(figure::check_gnuplot);
}

Result<void> run(const Options& options) {
    if (auto ok = check_before(options); !ok) {
        return ok;
    }
    PITOT_TRY(auto context, options.run.to_context());
    const auto started = std::chrono::steady_clock::now();
    const Interrupt interrupt;
    context.stop = interrupt.token();
    const auto stages = plan(options, context);
    if (!stages) {
        return Failure(stages.error());
    }
    if (options.dry_run) {
        double seconds = 0.0;
        for (const Stage& stage : *stages) {
            seconds += stage.sweep.seconds();
            fmt::print("pitot experiments {} -d {}: {} of {} runs to do, about {}\n", fmt::join(stage.methods, " "),
                       stage.data, stage.sweep.to_do(), stage.sweep.runs.size(),
                       format_duration({stage.sweep.seconds() * 1e6}));
        }
        fmt::print("about {}, then figures and simulation\n", format_duration({seconds * 1e6}));
        return {};
    }
    auto done = train(*stages, context).and_then([&] { return finish(options, *stages, context); });
    if (!done && done.error().code() == ErrorCode::kCancelled) {
        return fail(
            ErrorCode::kCancelled,
            fmt::format("stopped; finished runs are kept in '{}', the same command goes on", options.out().string()));
    }
    if (done) {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        fmt::print("{} in all; see '{}'\n", format_duration({seconds * 1e6}), (options.out() / "index.html").string());
    }
    return done;
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-o,--out", options->given_out,
                   "Folder of everything made; default: reproduction, with --quick reproduction-quick")
        ->type_name("FOLDER");
    app.add_flag("--quick", options->quick,
                 "3 replicates, 3 folds, 3 shares, a third of the steps: a look in 20 minutes");
    app.add_option("--replicates", options->replicates, "Random splits; default: the presets', mostly 25")
        ->type_name("N");
    app.add_option("--folds", options->folds, "Models a replicate; default: the presets', mostly 10")->type_name("N");
    app.add_option("-k,--epochs", options->checkpoints, "Checkpoints of a fit; default: 100")->type_name("N");
    app.add_option("-n,--epoch_size", options->epoch_samples,
                   "A hundred times the steps between checkpoints at share 1; default: 25000, with --quick 8000")
        ->type_name("N");
    add_list(app, "-s,--splits", options->shares, "Training shares; default: 0.9 0.8 … 0.1")->type_name("X");
    app.add_option("-l,--latency", options->trace, "Trace of latencies for the simulation; default: a synthetic one")
        ->type_name("FILE");
    app.add_option("-i,--dpi", options->draw.dpi, "Dots an inch of the pictures; default: 150")->type_name("N");
    app.add_flag("--force", options->force, "Replace results of other options, and those whose archive is damaged");
    app.add_flag(
        "-v,--verbose", options->verbose,
        "Also what is done and how long it takes, and whole configurations of all results that are in the way");
    app.add_flag("--dry-run", options->dry_run, "Say how long it takes and train nothing");
    options->run.add_to(app);
    app.footer(
        "Runs all experiments of the reference on its public 2023 datasets (data/ here, $PITOT_REFERENCE_DATA or the\n"
        "cache; scripts/get-reference-data.sh gets them), all figures and the simulation, and prints what was "
        "published\n"
        "beside ours. FOLDER/index.html shows it all. The same command goes on after Ctrl-C.\n"
        "'pitot reproduce -s 0.9 0.1 --replicates 2 --folds 2 -k 1 -n 2000 -o trial' shows in minutes whether it all "
        "runs\n"
        "here.\n"
        "\n"
        "Examples:\n"
        "  pitot reproduce --quick --dry-run\n"
        "  pitot reproduce --replicates 5 -o five --dry-run");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace reproduce_command

Verb reproduce_verb() { return {"reproduce", "Repeat all published experiments and compare", reproduce_command::add}; }

}  // namespace pitot::cli
