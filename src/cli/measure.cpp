// pitot measure: runs of modules on engines, into a collection of traces.
#include <fmt/format.h>
#include <fnmatch.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verbs.hpp"
#include "core/suggest.hpp"
#include "fleet/measure.hpp"

namespace pitot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string modules, table, collection, cache;
    std::vector<std::string> engines, only;
    std::vector<int> cores;
    fleet::MeasurePlan plan;
    double together_limit_s = 0.0;
    bool no_profile = false;
    bool together_only = false;
    bool dry_run = false;
    bool json = false;
};

std::vector<std::string> split(const std::vector<std::string>& lists) {
    std::vector<std::string> parts;
    for (const std::string& list : lists) {
        for (std::size_t from = 0; from <= list.size();) {
            const std::size_t to = std::min(list.find(',', from), list.size());
            if (to > from) {
                parts.push_back(list.substr(from, to - from));
            }
            from = to + 1;
        }
    }
    return parts;
}

bool fits(const std::string& pattern, const std::string& name) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

// Those of this machine that the patterns name; a name that fits nothing is an error.
Result<std::vector<fleet::Engine>> choose(std::vector<fleet::Engine> all, const std::vector<std::string>& patterns) {
    std::vector<fleet::Engine> chosen;
    std::vector<std::string> names;
    std::ranges::transform(all, std::back_inserter(names), &fleet::Engine::key);
    for (const std::string& pattern : patterns) {
        bool found = false;
        for (const fleet::Engine& engine : all) {
            if (pattern != "all" && !fits(pattern, engine.key()) && !fits(pattern, engine.name)) {
                continue;
            }
            found = true;
            const bool known = std::ranges::any_of(chosen, [&](const auto& e) { return e.key() == engine.key(); });
            if (engine.missing.empty() && !known) {
                chosen.push_back(engine);
            } else if (!engine.missing.empty() && pattern == engine.key()) {
                return fail(ErrorCode::kEnvironment, fmt::format("engine '{}' is missing here ({}); install {}",
                                                                 pattern, engine.missing, engine.package));
            }
        }
        if (!found) {
            return fail(ErrorCode::kUsage, fmt::format("--engines: no engine '{}'{}; `pitot engines` lists them",
                                                       pattern, suggestion(pattern, names)));
        }
    }
    if (chosen.empty()) {
        return fail(ErrorCode::kEnvironment,
                    "--engines: none of these is installed here; `pitot engines` says what brings them");
    }
    return chosen;
}

Result<std::vector<int>> check_cores(std::vector<int> cores) {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof(set), &set);
    if (cores.empty()) {
        for (int core = 0; core < CPU_SETSIZE; ++core) {
            if (CPU_ISSET(static_cast<std::size_t>(core), &set)) {
                cores.push_back(core);
            }
        }
    }
    for (const int core : cores) {
        if (core < 0 || core >= CPU_SETSIZE || !CPU_ISSET(static_cast<std::size_t>(core), &set)) {
            return fail(ErrorCode::kUsage,
                        fmt::format("--cores: there is no core {} for us here; `nproc` tells how many "
                                    "there are, counted from 0",
                                    core));
        }
    }
    return cores;
}

std::filesystem::path default_cache() {
    const char* xdg = std::getenv("XDG_CACHE_HOME");  // NOLINT(concurrency-mt-unsafe): never set
    const char* home = std::getenv("HOME");           // NOLINT(concurrency-mt-unsafe): never set
    const std::filesystem::path base =
        xdg != nullptr && *xdg != '\0' ? xdg : std::filesystem::path(home == nullptr ? "." : home) / ".cache";
    return base / "pitot" / "compiled";
}

void note_load() {
    double load = 0.0;
    if (::getloadavg(&load, 1) == 1 && load > 0.5) {
        note(fmt::format("this machine is busy (load {:.1f}): runtimes will be longer and vary more", load));
    }
}

Result<fleet::MeasurePlan> make_plan(const Options& options) {
    fleet::MeasurePlan plan = options.plan;
    if (plan.together == 1 || (plan.together > 0 && plan.sets <= 0)) {
        return fail(ErrorCode::kUsage,
                    "--together needs two modules or more, and --sets how many such sets an engine runs");
    }
    if (options.together_only && plan.together == 0) {
        return fail(ErrorCode::kUsage, "--together-only needs --together N");
    }
    auto modules = fleet::find_modules(options.modules);
    if (!modules) {
        return Failure(modules.error());
    }
    for (fleet::Module& module : *modules) {
        const std::vector<std::string> only = split(options.only);
        if (only.empty() || std::ranges::any_of(only, [&](const std::string& p) {
                return fits(p, module.file) || fits("wasm/" + p, module.file);
            })) {
            plan.modules.push_back(std::move(module));
        }
    }
    if (plan.modules.empty()) {
        return fail(ErrorCode::kUsage,
                    fmt::format("--only: no module below {} fits; try '*/NAME-*.wasm'", options.modules));
    }
    auto engines = fleet::find_engines(options.table);
    if (!engines) {
        return Failure(engines.error());
    }
    auto chosen = choose(std::move(*engines), split(options.engines));
    if (!chosen) {
        return Failure(chosen.error());
    }
    plan.engines = std::move(*chosen);
    auto cores = check_cores(options.cores);
    if (!cores) {
        return Failure(cores.error());
    }
    plan.cores = std::move(*cores);
    if (plan.jobs > std::ssize(plan.cores)) {
        return fail(ErrorCode::kUsage, fmt::format("--jobs: {} runs at once need as many cores, and there are {}",
                                                   plan.jobs, plan.cores.size()));
    }
    plan.collection = options.collection;
    plan.cache = options.cache.empty() ? default_cache() : std::filesystem::path(options.cache);
    plan.together_s = options.together_limit_s > 0 ? options.together_limit_s : plan.limit_s;
    plan.alone = !options.together_only;
    plan.profile = !options.no_profile;
    return plan;
}

void print_summary(const Options& options, const fleet::MeasureSummary& summary) {
    if (options.json) {
        print_json({{"collection", options.collection},
                    {"runs", summary.runs},
                    {"runs_before", summary.reused},
                    {"failed_runs", summary.failed_runs},
                    {"failures", summary.failures},
                    {"stopped", summary.stopped}});
        return;
    }
    constexpr std::size_t shown = 10;
    for (std::size_t n = 0; n < std::min(shown, summary.failures.size()); ++n) {
        note("failed: " + summary.failures[n]);
    }
    if (summary.failures.size() > shown) {
        note(fmt::format("and {} more; --json lists all", summary.failures.size() - shown));
    }
    fmt::print("{} runs, {} of them failed, {} from before; traces are in {}\n", format_count(summary.runs),
               format_count(summary.failed_runs), format_count(summary.reused), printable(options.collection));
}

Result<void> measure(const Options& options) {
    const Result<fleet::MeasurePlan> plan = make_plan(options);
    if (!plan) {
        return Failure(plan.error());
    }
    if (options.dry_run) {
        const std::int64_t cells = std::ssize(plan->modules) * std::ssize(plan->engines);
        fmt::print(
            "{} modules on {} engines: {} runs alone, {} sets of {}, at most {} of machine time\n",
            plan->modules.size(), plan->engines.size(), format_count(plan->alone ? cells * plan->repeat : 0),
            format_count(plan->together > 0 ? plan->sets * std::ssize(plan->engines) : 0), plan->together,
            format_duration(Microseconds{1e6 * ((plan->alone ? static_cast<double>(cells * plan->repeat) * plan->limit_s : 0.0) +
                                  static_cast<double>(plan->together > 0 ? plan->sets : 0) *
                                      static_cast<double>(plan->engines.size()) * plan->together_s)}));
        return {};
    }
    note_load();
    const Interrupt interrupt;
    std::string label;
    std::unique_ptr<Progress> bar;
    const auto show = [&](const fleet::MeasureProgress& p) {
        if (p.label != label) {
            label = p.label;
            bar.reset();
            bar = std::make_unique<Progress>(label);
        }
        if (const auto update = bar->callback()) {
            update(p.done, p.total);
        }
    };
    const auto summary = fleet::measure(*plan, show, interrupt.token());
    bar.reset();
    if (!summary) {
        return Failure(summary.error());
    }
    print_summary(options, *summary);
    if (summary->stopped) {
        return fail(ErrorCode::kCancelled, "stopped; the same command goes on where it was");
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->engines = {"all"};
    app.add_option("--modules", options->modules, "Folder of modules (*.wasm, subfolders included)")
        ->required()
        ->type_name("DIR");
    app.add_option("-o,--output", options->collection, "Folder of the collection; made, or gone on with")
        ->required()
        ->type_name("COLLECTION");
    add_repeated(app, "--engines", options->engines, "Names or patterns ('node*,wasm2c-*@qemu-arm'); all that are here")
        ->type_name("NAMES");
    add_repeated(app, "--only", options->only, "Modules by pattern ('sorting/*,*-small.wasm')")->type_name("PATTERNS");
    app.add_option("--table", options->table, "JSON file of further engines (docs/engines.md)")->type_name("FILE");
    app.add_option("--repeat", options->plan.repeat, "Runs of each module on each engine")
        ->check(CLI::Range(1, 1000000))
        ->type_name("N");
    app.add_option("--limit", options->plan.limit_s, "Seconds after which a run is killed")
        ->check(CLI::PositiveNumber)
        ->type_name("S");
    app.add_option("--cell-seconds", options->plan.cell_s,
                   "No further run of a module on an engine that took so long in all, once it has three")
        ->check(CLI::NonNegativeNumber)
        ->type_name("S");
    app.add_option("--abandon", options->plan.abandon, "Failed runs in a row after which a pair is given up")
        ->check(CLI::Range(1, 1000000))
        ->type_name("N");
    app.add_option("--together", options->plan.together, "Modules that run side by side")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    app.add_option("--sets", options->plan.sets, "Random sets of so many modules, on each engine")
        ->check(CLI::NonNegativeNumber)
        ->type_name("S");
    app.add_option("--together-limit", options->together_limit_s, "Seconds a set loops; --limit by default")
        ->check(CLI::PositiveNumber)
        ->type_name("S");
    app.add_flag("--together-only", options->together_only, "No runs alone");
    app.add_option("--seed", options->plan.seed, "Of the random sets")->type_name("N");
    app.add_option("--cores", options->cores, "Cores to run on, the n-th module of a set on the n-th; all by default")
        ->delimiter(',')
        ->type_name("LIST");
    app.add_option("--jobs", options->plan.jobs, "Runs alone at once, each on its own core: faster, and noisier")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    app.add_option("--cache", options->cache, "Folder of compiled modules")->type_name("DIR");
    app.add_flag("--no-profile", options->no_profile, "Do not count the modules' opcodes");
    app.add_flag("--dry-run", options->dry_run, "Say what would be run");
    app.add_flag("--json", options->json, "Print the summary as JSON, with every failure");
    app.footer(
        "Stopped or cut off, the same command goes on where it was; more --repeat, --sets, engines or modules add to "
        "a\n"
        "collection.\n\n"
        "Examples:\n"
        "  pitot measure --modules build/wasm --repeat 5 -o measured\n"
        "  pitot measure --modules build/wasm --engines 'node*' --together 2 --sets 40 --together-limit 2 -o measured\n"
        "  pitot dataset measured -o data.npz");
    return [options] { return measure(*options); };
}

}  // namespace

Verb measure_verb() { return {"measure", "Run modules on the engines found here, alone and together", add}; }

}  // namespace pitot::cli
