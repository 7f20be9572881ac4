// pitot measure: modules run on engines, into a collection.
#include "measure/measure.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace measure_command {
namespace {

constexpr std::size_t kShownProblems = 12;

struct Options {
    std::filesystem::path modules;
    std::vector<std::string> only;
    std::vector<std::string> engines;
    std::filesystem::path table;
    std::string cores;
    std::optional<double> together_limit_s;
    std::optional<double> profile_limit_s;
    measure::Plan plan;
    bool together_only = false;
    bool no_profile = false;
    bool dry_run = false;
    bool json = false;
};

std::filesystem::path default_cache() {
    const auto folder = [](const char* name) {
        const char* value = std::getenv(name);
        return std::filesystem::path(value != nullptr ? value : "");
    };
    if (const auto cache = folder("XDG_CACHE_HOME"); cache.is_absolute()) {
        return cache / "pitot";
    }
    const auto home = folder("HOME");
    return home.is_absolute() ? home / ".cache" / "pitot" : std::filesystem::temp_directory_path() / "pitot-cache";
}

/// "a,b" given once is as "a" and "b" given one after another.
std::vector<std::string> split(const std::vector<std::string>& values) {
    std::vector<std::string> all;
    for (const std::string& value : values) {
        for (std::size_t at = 0; at <= value.size();) {
            const std::size_t end = std::min(value.find(',', at), value.size());
            all.push_back(value.substr(at, end - at));
            at = end + 1;
        }
    }
    return all;
}

Result<std::vector<engines::Engine>> find_engines(const std::filesystem::path& table) {
    const Interrupt interrupt;
    return engines::find_engines(table, interrupt.token());
}

Result<measure::Plan> plan_of(const Options& options) {
    measure::Plan plan = options.plan;
    Result<std::vector<int>> cores = measure::choose_cores(options.cores);
    if (!cores) {
        return Failure(cores.error());
    }
    plan.settings.cores = std::move(*cores);
    plan.together_limit_s = options.together_limit_s.value_or(plan.settings.limit_s);
    plan.profile_limit_s = options.profile_limit_s.value_or(plan.settings.limit_s);
    plan.alone = !options.together_only;
    plan.profile = !options.no_profile;
    plan.cache = std::filesystem::absolute(plan.cache.empty() ? default_cache() : plan.cache);
    const Result<std::vector<engines::Engine>> found = find_engines(options.table);
    if (!found) {
        return found.error().code() == ErrorCode::kCancelled ? Failure(found.error()) : fail(found.error(), "--table");
    }
    Result<std::vector<engines::Engine>> engines = measure::choose_engines(*found, split(options.engines));
    if (!engines) {
        return Failure(engines.error());
    }
    plan.engines = std::move(*engines);
    Result<std::vector<measure::ModuleFile>> modules = measure::find_modules(options.modules, split(options.only));
    if (!modules) {
        return Failure(modules.error());
    }
    plan.modules = std::move(*modules);
    return plan;
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return format_count(static_cast<std::int64_t>(count)) + " " + (count == 1 ? one : many);
}

void print_problems(const measure::Summary& summary, const std::filesystem::path& collection) {
    if (summary.problems.empty()) {
        return;
    }
    Table table(
        {{"ENGINE", Align::kLeft}, {"MODULE", Align::kLeft}, {"FAILED", Align::kRight}, {"REASON", Align::kLeft}});
    const std::size_t shown = std::min(kShownProblems, summary.problems.size());
    for (const measure::Problem& problem : std::span(summary.problems).first(shown)) {
        table.add({problem.engine.empty() ? "(profile)" : problem.engine, problem.module,
                   problem.runs == 0 ? "refused" : fmt::format("{} of {}", problem.failed, problem.runs),
                   problem.reason});
    }
    fmt::print("\n{}", table.to_string());
    if (shown < summary.problems.size()) {
        fmt::print("{} more in {}\n", summary.problems.size() - shown,
                   printable((collection / "failures.json").string()));
    }
}

nlohmann::ordered_json json_of(const measure::Summary& summary, const measure::Plan& plan) {
    auto problems = nlohmann::ordered_json::array();
    for (const measure::Problem& problem : summary.problems) {
        const auto engine = problem.engine.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(problem.engine);
        problems.push_back({{"engine", engine},
                            {"module", problem.module},
                            {"reason", problem.reason},
                            {"failed", problem.failed},
                            {"runs", problem.runs}});
    }
    return {{"collection", plan.collection.string()},
            {"engines", summary.engines},
            {"modules", summary.modules},
            {"cells", summary.cells},
            {"complete_cells", summary.complete_cells},
            {"abandoned_cells", summary.abandoned_cells},
            {"refused_cells", summary.refused_cells},
            {"runs", summary.runs},
            {"failed_runs", summary.failed_runs},
            {"new_runs", summary.new_runs},
            {"runs_left", summary.runs_left},
            {"sets", summary.sets},
            {"failed_sets", summary.failed_sets},
            {"new_sets", summary.new_sets},
            {"sets_left", summary.sets_left},
            {"profiles", summary.profiles},
            {"seconds_left", summary.left_s ? nlohmann::ordered_json(*summary.left_s) : nlohmann::ordered_json()},
            {"most_seconds_left", summary.most_s},
            {"stopped", summary.stopped},
            {"problems", std::move(problems)}};
}

void print_outlook(const measure::Summary& summary, const measure::Plan& plan) {
    Table table({{"ENGINE", Align::kLeft}, {"DEVICE", Align::kLeft}, {"VERSION", Align::kLeft}});
    for (const engines::Engine& engine : plan.engines) {
        table.add({engine.name, engine.device.empty() ? "this machine" : engine.device, engine.version});
    }
    fmt::print("{}\n", table.to_string());
    fmt::print("{} on {}\n", counted(summary.modules, "module", "modules"),
               counted(summary.engines, "engine", "engines"));
    fmt::print("done: {}, {}\n", counted(summary.runs, "run", "runs"), counted(summary.sets, "set", "sets"));
    fmt::print("left: {}, {}\n", counted(summary.runs_left, "run", "runs"), counted(summary.sets_left, "set", "sets"));
    const std::string most = format_duration({summary.most_s * 1e6});
    if (summary.left_s) {
        fmt::print("time: {}, at most {}\n", format_duration({*summary.left_s * 1e6}), most);
    } else {
        fmt::print("time: at most {}, if every run takes to the limit; better known after a first round\n", most);
    }
}

void print_summary(const measure::Summary& summary, const measure::Plan& plan) {
    fmt::print("{} of {} on {}", counted(summary.new_runs, "run", "runs"),
               counted(summary.modules, "module", "modules"), counted(summary.engines, "engine", "engines"));
    fmt::print("{}\n", summary.new_sets > 0 ? ", " + counted(summary.new_sets, "set", "sets") + " side by side" : "");
    fmt::print("{} has {}", printable(plan.collection.string()), counted(summary.runs, "run", "runs"));
    fmt::print(", {} failed; {}\n", summary.failed_runs, counted(summary.sets, "set", "sets"));
    if (plan.alone) {
        fmt::print("{} of {} complete, {} abandoned, {} refused\n", summary.complete_cells,
                   counted(summary.cells, "cell", "cells"), summary.abandoned_cells, summary.refused_cells);
    }
    print_problems(summary, plan.collection);
}

Result<measure::Summary> run_plan(const measure::Plan& plan) {
    const Interrupt interrupt;
    Progress progress("measuring");
    measure::MeasureOptions options;
    options.stop = interrupt.token();
    options.note = [&](const std::string& text) {
        progress.clear();
        note(text);
    };
    if (progress.enabled()) {
        options.progress = [&](const measure::MeasureProgress& state) {
            progress.show(state.stage, state.share, state.left_s);
        };
    }
    return measure::measure(plan, options);
}

Result<measure::Summary> look_at(const measure::Plan& plan) {
    const Interrupt interrupt;
    return measure::outlook(plan, interrupt.token());
}

Result<void> run(const Options& options) {
    const Result<measure::Plan> plan = plan_of(options);
    if (!plan) {
        return Failure(plan.error());
    }
    const Result<measure::Summary> summary = options.dry_run ? look_at(*plan) : run_plan(*plan);
    if (!summary) {
        return Failure(summary.error());
    }
    if (options.json) {
        print_json(json_of(*summary, *plan));
    } else if (options.dry_run) {
        print_outlook(*summary, *plan);
    } else {
        print_summary(*summary, *plan);
    }
    if (summary->stopped) {
        return fail(ErrorCode::kCancelled, "stopped; what was measured is kept, and the same command goes on");
    }
    return {};
}

void add_what(CLI::App& app, Options& options) {
    app.add_option("--modules", options.modules, "Folder of WebAssembly modules; those below it count too")
        ->required()
        ->type_name("DIR");
    add_repeated(app, "--only", options.only,
                 "Modules whose path below DIR matches, as in 'sorting/*'; may be repeated")
        ->type_name("GLOB");
    add_repeated(app, "--engines", options.engines,
                 "Engines: names or globs, NAME@DEVICE for those of an emulated device, 'all' for all that are "
                 "here; with commas or repeated")
        ->required()
        ->type_name("NAMES");
    app.add_option("--table", options.table, "Further engines (JSON)")->type_name("FILE");
    app.add_option("-o,--output", options.plan.collection, "Collection to begin or to go on with")
        ->required()
        ->type_name("FOLDER");
    app.add_option("--name", options.plan.device_name,
                   "Call this machine so; else by its host name. Machines whose collections go together need names of "
                   "their own")
        ->type_name("NAME");
}

void add_how(CLI::App& app, Options& options) {
    constexpr const char* alone = "Runs alone";
    measure::Plan& plan = options.plan;
    whole(app.add_option("--repeat", plan.repeat, "Runs of every module on every engine; default 50"), 0, 1'000'000)
        ->type_name("N")
        ->group(alone);
    app.add_option("--limit", plan.settings.limit_s, "Kill a run after so many seconds; default 30")
        ->type_name("S")
        ->group(alone);
    app.add_option("--abandon", plan.abandon,
                   "Give a module up on an engine after so many failed runs in a row; default 2")
        ->type_name("N")
        ->group(alone);
    app.add_option("--cell-seconds", plan.cell_seconds,
                   "Seconds that are enough for a module on an engine once it has 3 runs; default 0 = no bound")
        ->type_name("S")
        ->group(alone);
    app.add_option("--jobs", plan.settings.jobs, "Runs at a time, on cores of their own: faster and noisier; default 1")
        ->type_name("N")
        ->group(alone);
    constexpr const char* together = "Runs side by side";
    app.add_option("--together", plan.together, "So many modules loop side by side")->type_name("N")->group(together);
    app.add_option("--sets", plan.sets, "Random sets of them, for each engine")->type_name("S")->group(together);
    app.add_option("--together-limit", options.together_limit_s, "Seconds of each set; else --limit")
        ->type_name("S")
        ->group(together);
    app.add_flag("--together-only", options.together_only, "No runs alone")->group(together);
}

void add_rest(CLI::App& app, Options& options) {
    measure::Plan& plan = options.plan;
    app.add_option("--cores", options.cores,
                   "Cores to run on, as 0,1 or 0-3; else all: the first for runs alone, all "
                   "in turn for runs side by side")
        ->type_name("LIST");
    app.add_option("--seed", plan.settings.seed, "Seed of the order of runs and of the sets; default 42")
        ->type_name("N");
    app.add_option("--cache", plan.cache, "Where engines keep what they compile; else a folder of the user's cache")
        ->type_name("DIR");
    app.add_flag("--no-profile", options.no_profile, "Do not count opcodes");
    app.add_option("--profile-limit", options.profile_limit_s, "Seconds to count a module's opcodes in; else --limit")
        ->type_name("S");
    app.add_option("--compile-limit", plan.compile_limit_s,
                   "Kill a compiler that works ahead of time after so many seconds; default 600")
        ->type_name("S");
    app.add_flag("--dry-run", options.dry_run, "Say what would be run and how long it takes; run nothing");
    app.add_flag("--json", options.json, "Print the summary as JSON");
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_what(app, *options);
    add_how(app, *options);
    add_rest(app, *options);
    app.footer(
        "A run is a process from its start to its end, pinned to a core, its output discarded. The same command goes\n"
        "on after Ctrl-C or a power failure; more engines, modules, --repeat or --sets extend a collection.\n"
        "\n"
        "Examples:\n"
        "  pitot measure --modules build/wasm --engines all --dry-run -o laptop\n"
        "  pitot measure --modules build/wasm --engines 'node*,wasm2c-*' --repeat 50 --limit 30 -o laptop\n"
        "  pitot measure --modules build/wasm --engines node-liftoff --together 2 --sets 100 -o laptop");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace measure_command

Verb measure_verb() {
    return {"measure", "Run modules on engines and record how long they take", measure_command::add};
}

}  // namespace pitot::cli
