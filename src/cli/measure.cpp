// pitot measure: modules run on engines, into a collection.
#include "measure/measure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/measure_output.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/remedies.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "measure/look_at_modules.hpp"
#include "measure/tasks.hpp"

namespace pitot::cli {
namespace measure_command {
namespace {

struct Options {
    std::filesystem::path modules;
    std::vector<std::string> only;
    std::vector<std::string> engines;
    std::filesystem::path table;
    std::filesystem::path tasks;
    measure::CommonTask task;
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

/// What all modules are given alike.
Result<void> check_task(const Options& options) {
    const measure::CommonTask& task = options.task;
    if (const auto& words = answered_command().arguments;
        !task.args.empty() && std::ranges::find(words, std::string("--")) == words.end()) {
        return fail(
            ErrorCode::kUsage,
            fmt::format("unexpected argument '{}': arguments of the modules go behind --, and options that take "
                        "several names take them with commas or are repeated",
                        printable(task.args.front())));
    }
    if (!task.imports.empty() && task.stub_imports) {
        return fail(ErrorCode::kUsage,
                    "imports are made up or come from a file: leave out --stub-imports or --imports");
    }
    std::error_code ignored;
    if (!task.imports.empty() && !std::filesystem::is_regular_file(task.imports, ignored)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("--imports: there is no file '{}'; check the path", printable(task.imports.string())));
    }
    if (options.tasks.empty()) {
        return {};
    }
    std::vector<std::string> given;
    for (const auto& [name, is_given] :
         {std::pair("those behind --", !task.args.empty()), std::pair("--invoke", !task.invoke.empty()),
          std::pair("--stub-imports", task.stub_imports), std::pair("--imports", !task.imports.empty())}) {
        if (is_given) {
            given.emplace_back(name);
        }
    }
    return given.empty()
               ? Result<void>()
               : fail(ErrorCode::kUsage, fmt::format("--tasks gives modules their arguments; leave out {}, or --tasks",
                                                     fmt::join(given, ", ")));
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
    if (auto good = check_task(options); !good) {
        return Failure(good.error());
    }
    std::error_code ignored;
    const bool file = std::filesystem::is_regular_file(options.modules, ignored);
    if (file && !options.only.empty()) {
        return fail(ErrorCode::kUsage,
                    "--modules names one module; leave out --only, which chooses among those of a folder");
    }
    const bool whole = !file && options.only.empty();  // else tasks may be of modules that are left out
    Result<std::vector<measure::ModuleFile>> tasks = options.tasks.empty()
                                                         ? measure::with_task(std::move(*modules), options.task)
                                                         : measure::with_tasks(*modules, options.tasks, whole);
    if (!tasks) {
        return Failure(tasks.error());
    }
    plan.modules = std::move(*tasks);
    return plan;
}

/// Looks at all modules before anything is run.
Result<void> look_at_modules(measure::Plan& plan) {
    const Interrupt interrupt;
    Progress progress("checking modules");
    std::function<void(double)> show;
    if (progress.enabled()) {
        show = [&](double share) { progress.show("checking modules", share, std::nullopt); };
    }
    return measure::look_at_modules(plan, show, interrupt.token());
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
    Result<measure::Plan> plan = plan_of(options);
    if (!plan) {
        return Failure(plan.error());
    }
    if (Result<void> valid = plan->validate(); !valid) {
        return valid;
    }
    if (auto looked = look_at_modules(*plan); !looked) {
        return looked;
    }
    if (!options.json) {
        print_unfit(*plan, options.dry_run ? stdout : stderr);
    }
    for (const std::string& remark : options.dry_run ? std::vector<std::string>() : plan->remarks) {
        note(remark);
    }
    const Result<measure::Summary> summary = options.dry_run ? look_at(*plan) : run_plan(*plan);
    if (!summary) {
        return Failure(summary.error());
    }
    if (options.json) {
        print_json(summary_json(*summary, *plan));
    } else if (options.dry_run) {
        print_outlook(*summary, *plan);
    } else {
        print_summary(*summary, *plan);
    }
    if (summary->stopped) {
        return fail(ErrorCode::kCancelled, "stopped; what was measured is kept, and the same command goes on");
    }
    const bool any =
        summary->runs > summary->failed_runs || summary->sets > summary->failed_sets || summary->warm_calls > 0;
    const bool none_failed = summary->failed_runs == 0 && summary->failed_sets == 0 && summary->failed_warm == 0;
    if (!options.dry_run && !any && summary->unready && none_failed) {
        return fail(
            ErrorCode::kEnvironment,
            "nothing could be run: what engines need to make modules ready cannot be had on this machine, as the "
            "notes above say; mend that, and repeat the command");
    }
    if (!options.dry_run && !any) {
        return fail(ErrorCode::kInput,
                    "no run of any module on any engine came to a good end; the reasons are above "
                    "and in failures.json of the collection");
    }
    return {};
}

void add_what(CLI::App& app, Options& options) {
    app.add_option("--modules", options.modules,
                   "Folder of WebAssembly modules; those below it count too. Or one module's file")
        ->required()
        ->type_name("DIR");
    app.add_option("args", options.task.args,
                   "Arguments of every module, or parameters of the function of --invoke, behind --; else --tasks")
        ->type_name("ARG");
    app.add_option("--invoke", options.task.invoke,
                   "Call this exported function of every module, after a reactor's _initialize")
        ->type_name("NAME");
    app.add_flag("--stub-imports", options.task.stub_imports,
                 "Make up imports that are not WASI's: functions that return zeros, memories and tables of the least "
                 "size");
    app.add_option("--imports", options.task.imports,
                   "JavaScript module that exports an object of imports (or a function that returns one), for engines "
                   "that run JavaScript")
        ->type_name("FILE.mjs");
    app.add_option(
           "--tasks", options.tasks,
           "File (JSON) that gives modules arguments, standard input, variables, folders, functions to call and "
           "imports, so that one module is measured with several inputs")
        ->type_name("FILE");
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
    whole(app.add_option("--warm", plan.warm,
                         "So many calls more of every module within one process, after a first one, where an engine "
                         "can; without runs of a call each: --repeat 0"),
          0, 1'000'000)
        ->type_name("N")
        ->group("Warm calls");
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
        "  pitot measure --modules examples/modules --engines all --dry-run -o everything\n"
        "  pitot measure --modules examples/modules --engines 'node*,wabt*' --repeat 5 --limit 30 --name laptop -o "
        "laptop\n"
        "  pitot measure --modules examples/modules/fib.wasm --engines node --repeat 5 -o laptop-fib -- 20\n"
        "  pitot measure --modules examples/modules/fib.wasm --engines node --repeat 5 --invoke fibonacci -o "
        "laptop-fib "
        "-- 20\n"
        "  pitot measure --modules examples/modules --engines node --tasks examples/tasks.json --repeat 5 --warm 20 "
        "-o laptop-tasks\n"
        "  pitot measure --modules examples/modules --engines node --together 2 --sets 3 --together-limit 1 --limit 30 "
        "--name laptop -o laptop");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace measure_command

Verb measure_verb() {
    return {"measure", "Run modules on engines and record how long they take", measure_command::add};
}

}  // namespace pitot::cli
