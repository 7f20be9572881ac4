// pitot experiments: presets trained at many shares, their predictions kept.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/result_options.hpp"
#include "cli/sweep_progress.hpp"
#include "cli/verb_words.hpp"
#include "cli/verbs.hpp"
#include "experiment/results.hpp"
#include "experiment/sweep.hpp"
#include "pitot/remedy.hpp"

namespace pitot::cli {
namespace experiments_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    experiment::SweepOptions sweep;
    std::vector<std::string> data{"data/data.npz"};
    RunFlags run;
    bool list = false;
    bool dry_run = false;
    bool json = false;
    bool verbose = false;
};

const char* text_of(experiment::RunState state) {
    switch (state) {
        case experiment::RunState::kDone:
            return "done";
        case experiment::RunState::kReplaced:
            return "replaces";
        case experiment::RunState::kDamaged:
            return "damaged";
        case experiment::RunState::kCopied:
            return "copy";
        case experiment::RunState::kInTheWay:
            return "in the way";
        case experiment::RunState::kToDo:
            break;
    }
    return "to do";
}

Result<void> list(bool json) {
    const FitConfig standard;
    if (json) {
        Json array = Json::array();
        for (const PresetInfo& info : presets()) {
            Json changes = Json::object();
            for (const experiment::Difference& field :
                 experiment::differences(standard, preset(info.name).value_or(standard))) {
                changes[field.field] = Json::parse(field.here);
            }
            array.push_back({{"name", info.name}, {"summary", info.summary}, {"changes", changes}});
        }
        print_json(array);
        return {};
    }
    Table table({{"PRESET", Align::kName}, {"WHAT IT IS", Align::kLeft, 1}, {"FIELDS IT CHANGES"}});
    for (const PresetInfo& info : presets()) {
        FitConfig config = preset(info.name).value_or(standard);
        std::string changes;
        config.preset = standard.preset;
        for (const experiment::Difference& field : experiment::differences(standard, config)) {
            changes += fmt::format("{}{}={}", changes.empty() ? "" : " ", field.field, field.here);
        }
        table.add({info.name, info.summary, changes.empty() ? "-" : changes});
    }
    fmt::print("{}", table.to_string());
    return {};
}

std::string text_of_duration(const experiment::SweepRun& run) {
    if (!experiment::trains(run.state)) {
        return "-";
    }
    if (!run.seconds) {
        return "unknown";
    }
    return *run.seconds > 0.0 ? format_duration({*run.seconds * 1e6}) : "at once";
}

std::string text_of_duration(const experiment::Sweep& sweep) {
    const std::string known = format_duration({sweep.seconds() * 1e6});
    if (sweep.estimated()) {
        return "about " + known;
    }
    return sweep.seconds() > 0.0 ? known + " and more" : "for an unknown time";
}

void print_plan(const experiment::Sweep& sweep, bool json) {
    if (json) {
        Json out{{"results", sweep.results.string()},
                 {"models", sweep.models()},
                 {"seconds", sweep.estimated() ? Json(sweep.seconds()) : Json()},
                 {"runs", Json::array()}};
        for (const experiment::SweepRun& run : sweep.runs) {
            out["runs"].push_back({{"method", run.method},
                                   {"share", run.config.share},
                                   {"state", text_of(run.state)},
                                   {"replicates", run.config.train.replicates},
                                   {"folds", run.folds()},
                                   {"seconds", run.seconds ? Json(*run.seconds) : Json()}});
        }
        print_json(out);
        return;
    }
    Table table({{"PRESET", Align::kName},
                 {"SHARE", Align::kRight},
                 {"REPLICATES x FOLDS", Align::kRight},
                 {"STATE"},
                 {"ABOUT", Align::kRight}});
    for (const experiment::SweepRun& run : sweep.runs) {
        table.add({run.method, experiment::share_name(run.config.share),
                   fmt::format("{} x {}", run.config.train.replicates, run.folds()), text_of(run.state),
                   text_of_duration(run)});
    }
    fmt::print("{}", table.to_string());
    fmt::print("\n{} of {} runs to do, {} models, {}, into '{}'\n", sweep.to_do(), sweep.runs.size(),
               format_count(sweep.models()), text_of_duration(sweep), sweep.results.string());
}

// An experiment takes its dataset as it is: a table of features becomes part of it before.
Error joined_before(const Error& error) {
    const bool of_platforms = error.remedy() == Remedy::kPlatformFeatures;
    if (!of_platforms && error.remedy() != Remedy::kModuleFeatures) {
        return error;
    }
    return {error.code(), fmt::format("{}: pitot convert FILE joined.npz --{}-features TABLE", error.message(),
                                      of_platforms ? "platform" : "module")};
}

Result<void> run(const Options& options) {
    if (options.list) {
        return list(options.json);
    }
    if (options.sweep.methods.empty()) {
        return fail(ErrorCode::kUsage,
                    "no preset is named; name some, such as 'embedding/*' linear/128 (--list shows them)");
    }
    if (options.sweep.results.empty()) {
        return fail(ErrorCode::kUsage, "the folder of results has an empty name; name another one");
    }
    // Before a dataset is read: a misspelt name is no reason to wait.
    if (auto known = experiment::expand_methods(options.sweep.methods); !known) {
        return Failure(known.error());
    }
    PITOT_TRY(auto context, options.run.to_context());
    const Result<Dataset> dataset = read_data(options.data);
    if (!dataset) {
        return Failure(dataset.error());
    }
    experiment::SweepOptions sweep_options = options.sweep;
    sweep_options.backend = context.backend;
    sweep_options.precision = experiment::recorded_precision(context);
    auto sweep = experiment::plan_sweep(*dataset, sweep_options);
    if (!sweep) {
        return Failure(joined_before(sweep.error()));
    }
    if (auto ok = tell_conflicts(*sweep, options.verbose); !ok) {
        return ok;
    }
    const Interrupt interrupt;
    context.stop = interrupt.token();
    if (auto ok = experiment::estimate_sweep(*sweep, *dataset, context); !ok) {
        return ok;
    }
    if (options.dry_run) {
        print_plan(*sweep, options.json);
        return {};
    }
    SweepBar bar(sweep->to_do());
    std::int64_t finished = 0;
    const auto done = [&](const experiment::SweepRun& next, double seconds) {
        ++finished;
        bar.clear();
        if (options.json) {
            fmt::print("{}\n",
                       Json{{"method", next.method}, {"share", next.config.share}, {"seconds", seconds}}.dump());
        } else {
            fmt::print("{} {}  {}\n", next.method, experiment::share_name(next.config.share),
                       format_duration({seconds * 1e6}));
        }
        std::fflush(stdout);
    };
    auto ran = experiment::run_sweep(*sweep, *dataset, context, bar.callback(), done);
    bar.clear();
    const auto there = static_cast<std::int64_t>(sweep->runs.size()) - sweep->to_do();
    if (!ran && ran.error().code() == ErrorCode::kCancelled) {
        return fail(ErrorCode::kCancelled,
                    fmt::format("stopped; {} of {} runs are kept in '{}', the same command goes on", finished + there,
                                sweep->runs.size(), sweep->results.string()));
    }
    if (ran && !options.json) {
        fmt::print("{} run{} into '{}'{}; next: pitot summary -p {}\n", finished, finished == 1 ? "" : "s",
                   sweep->results.string(),
                   there > 0 ? fmt::format(", {} {} there", there, there == 1 ? "was" : "were") : "",
                   sweep->results.string());
    }
    return ran;
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    experiment::SweepOptions& sweep = options->sweep;
    offer(app.add_option("methods", sweep.methods, "Presets; a trailing * stands for all that begin so"),
          preset_names())
        ->type_name("METHOD");
    add_list(app, "-d,--data,--dataset", options->data, "Dataset; several are joined. Default: data/data.npz")
        ->type_name("FILE");
    app.add_option("-o,--out", sweep.results, "Folder of results; default: results")->type_name("FOLDER");
    add_list(app, "-s,--splits,--sparsity", sweep.shares, "Training shares; default: 0.9 0.8 … 0.1")->type_name("X");
    app.add_option("-k,--epochs,--checkpoints", sweep.checkpoints, "Checkpoints of a fit; default: 100")
        ->type_name("N");
    app.add_option("-n,--epoch_size,--steps", sweep.epoch_samples,
                   "A hundred times the steps between checkpoints at share 1; default: 25000")
        ->type_name("N");
    app.add_option("--key,--seed", sweep.seed, "Seed of splits, initial values and batches; default: 42")
        ->type_name("N");
    app.add_option("--replicates", sweep.replicates, "Random splits; default: the preset's, mostly 25")->type_name("N");
    app.add_option("--folds", sweep.folds, "Models a replicate; default: the preset's, mostly 10")->type_name("N");
    app.add_flag("--force", sweep.force,
                 "Replace results of another configuration, dataset or backend, and those whose archive is damaged");
    app.add_flag(
        "-v,--verbose", options->verbose,
        "Also what is done and how long it takes, and whole configurations of all results that are in the way");
    app.add_flag("--list", options->list, "Show all presets and what each changes; train nothing");
    app.add_flag("--dry-run", options->dry_run, "Show what would be trained and how long it takes; train nothing");
    app.add_flag("--json", options->json, "Print JSON: the list, the plan, or a line for each run");
    options->run.add_to(app);
    app.footer(
        "Writes FOLDER/METHOD/SHARE.npz and .json for every preset and share when it is trained, whole or not at all.\n"
        "What is there is not trained again: the same command goes on after Ctrl-C. docs/experiments.md has the "
        "arrays.\n"
        "The published runs are of the public datasets, which scripts/get-reference-data.sh fetches: 'embedding/*', "
        "'features/*', linear/128 and 'baseline/*' of data/data.npz, 'interference/*' of data/data.if.npz. 'pitot "
        "reproduce' does them all.\n"
        "\n"
        "Examples:\n"
        "  pitot experiments 'embedding/*' 'features/*' linear/128 'baseline/*' -d data/fleet.npz --dry-run\n"
        "  pitot experiments embedding/128 linear/128 baseline/mlp -d data/fleet.npz -s 0.9 0.1 --replicates 2 --folds "
        "2 -k 10 -n 5000 -o trial\n"
        "  pitot experiments 'embedding/*' -d data/fleet.npz --backend auto --dry-run\n"
        "  pitot experiments 'interference/*' -d data/fleet.npz -s 0.9 0.1 --replicates 2 --folds 2 -k 10 -n 5000 -o "
        "trial");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace experiments_command

Verb experiments_verb() {
    return {"experiments", "Train presets at many training shares and keep what they predict",
            experiments_command::add};
}

}  // namespace pitot::cli
