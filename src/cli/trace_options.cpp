#include "cli/trace_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/remedies.hpp"
#include "cli/terminal.hpp"

namespace pitot::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Problems told in full on stderr; --json lists all.
constexpr std::size_t kMostTold = 20;

constexpr const char* kTraceGroup = "Traces";

}  // namespace

void TraceFlags::add_reading(CLI::App& app) {
    app.add_option("--release", release,
                   "Conventions of the method's release of that year: 2023 (user + system time without a trace's first "
                   "run, names without arguments, indicators in front of sizes, opcodes that occur more than 10 times) "
                   "or 2025 (wall time, names with arguments, indicators behind sizes, opcodes whose counts differ)")
        ->check(CLI::IsMember({"2023", "2025"}))
        ->capture_default_str()
        ->group(kTraceGroup);
    add_repeated(app, "--rename", renames,
                 "FROM=TO: replace a text in the names of modules; may be given several times")
        ->type_name("FROM=TO")
        ->group(kTraceGroup);
    app.add_flag("--strict", strict, "Fail on the first thing that cannot be used instead of leaving it out")
        ->group(kTraceGroup);
    app.add_flag("--json", json, "Print JSON, with every problem and failed cell");
    app.add_option("--threads", threads, "Threads to read with; 0 takes those this process may run on")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str();
}

void TraceFlags::add_runs(CLI::App& app) {
    app.add_option("--runs", runs,
                   "What becomes of several runs: their mean, their median, or each an observation of its own")
        ->check(CLI::IsMember({"mean", "median", "each"}))
        ->capture_default_str()
        ->group(kTraceGroup);
}

void TraceFlags::add_target(CLI::App& app) {
    app.add_option("--target", target, "wall time, or cpu (user + system) time; default: the release's")
        ->check(CLI::IsMember({"wall", "cpu"}))
        ->group(kTraceGroup);
    app.add_option("--kind", kind,
                   "cold: runs that are a process each; warm: calls within one process (`pitot measure --warm`), of "
                   "runtimes called RUNTIME+warm; or both")
        ->check(CLI::IsMember({"cold", "warm", "both"}))
        ->capture_default_str()
        ->group(kTraceGroup);
    auto* skip = app.add_flag("--skip-first", skip_first, "Leave out a trace's first run that did not fail");
    skip->group(kTraceGroup);
    app.add_flag("--keep-first", keep_first, "Keep it; default: the release's way")->excludes(skip)->group(kTraceGroup);
}

void TraceFlags::add_platforms(CLI::App& app) {
    app.add_option("--separator", separator, "What stands between runtime and device in the name of a platform")
        ->capture_default_str()
        ->group(kTraceGroup);
    app.add_option("--exclude", exclude, "Platforms to leave out, by name")->type_name("PLATFORM")->group(kTraceGroup);
    add_devices(app);
}

void TraceFlags::add_devices(CLI::App& app) {
    app.add_flag("--join-devices", join_devices,
                 "Take devices of one name for one machine, whatever their ids; else two of one name are an error")
        ->group(kTraceGroup);
}

Paths TraceFlags::inputs(const Paths& others) const {
    Paths all(paths.begin(), paths.end());
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

Result<traces::TraceOptions> TraceFlags::options() const {
    traces::TraceOptions options;
    options.release = release_of();
    if (!target.empty()) {
        options.target = target == "cpu" ? traces::Target::kCpu : traces::Target::kWall;
    }
    if (skip_first || keep_first) {
        options.skip_first = skip_first;
    }
    options.runs = runs == "each"     ? traces::RunUse::kEach
                   : runs == "median" ? traces::RunUse::kMedian
                                      : traces::RunUse::kMean;
    options.kind = kind == "warm"   ? traces::RunKind::kWarm
                   : kind == "both" ? traces::RunKind::kBoth
                                    : traces::RunKind::kCold;
    options.separator = separator;
    options.exclude = {exclude.begin(), exclude.end()};
    for (const std::string& rename : renames) {
        const std::size_t equals = rename.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return fail(ErrorCode::kUsage, fmt::format("--rename '{}' is not FROM=TO; name a text and its replacement",
                                                       printable(rename)));
        }
        options.renames.emplace_back(rename.substr(0, equals), rename.substr(equals + 1));
    }
    return options;
}

Result<traces::Collection> TraceFlags::collection() const {
    Progress progress("reading traces");
    traces::CollectionOptions options;
    options.threads = threads;
    options.progress = progress.callback();
    return traces::read_collections(std::vector<std::filesystem::path>(paths.begin(), paths.end()), options);
}

Result<traces::Collection> TraceFlags::collection_for(traces::DeviceUse use) const {
    auto read = collection();
    if (read && !join_devices) {
        if (auto apart = traces::check_device_names(*read, use); !apart) {
            return Failure(std::move(apart).error());
        }
    }
    return read;
}

Result<void> TraceFlags::report(const std::vector<traces::TraceProblem>& problems) const {
    if (problems.empty()) {
        return {};
    }
    if (strict) {
        return fail(ErrorCode::kInput, problems.front().to_string(), problems.front().remedy);
    }
    if (verbosity() == Verbosity::kQuiet) {
        return {};
    }
    for (std::size_t i = 0; i < problems.size() && i < kMostTold; ++i) {
        fmt::print(stderr, "pitot: warning: {}\n", printable(told(problems[i])));
    }
    note(problems.size() <= kMostTold
             ? fmt::format("{}; the rest was kept", format_count(std::ssize(problems), "problem"))
             : fmt::format("{}, of which {} are shown (--json lists all); the rest was kept",
                           format_count(std::ssize(problems), "problem"), kMostTold));
    return {};
}

void LayoutFlag::add_to(CLI::App& app) {
    app.add_option("--layout", layout,
                   "index (a row an observation) or dense (a matrix); default: index, with --release 2023 dense")
        ->check(CLI::IsMember({"index", "dense"}));
}

Layout LayoutFlag::of(traces::Release release) const {
    if (layout.empty()) {
        return release == traces::Release::k2023 ? Layout::kDense : Layout::kIndex;
    }
    return layout == "dense" ? Layout::kDense : Layout::kIndex;
}

std::filesystem::path with_npz(const std::string& out) { return out.ends_with(".npz") ? out : out + ".npz"; }

nlohmann::ordered_json problems_json(const std::vector<traces::TraceProblem>& problems) {
    Json list = Json::array();
    for (const traces::TraceProblem& problem : problems) {
        list.push_back({{"file", problem.file}, {"what", problem.what + remedy_words(problem.remedy)}});
    }
    return list;
}

void print_result(const TraceFlags& flags, const std::filesystem::path& out, const traces::TraceDataset& made) {
    const Dataset& dataset = made.dataset;
    if (flags.json) {
        Json failed = Json::array();
        for (const traces::FailedCell& cell : made.failed) {
            failed.push_back({{"file", cell.file},
                              {"platform", cell.platform},
                              {"module", cell.module},
                              {"co_runners", cell.co_runners}});
        }
        print_json({{"out", out.string()},
                    {"platforms", dataset.platforms.size()},
                    {"modules", dataset.modules.size()},
                    {"platform_features", dataset.platforms.feature_names.size()},
                    {"module_features", dataset.modules.feature_names.size()},
                    {"alone", dataset.pools[kAlone].rows},
                    {"together", dataset.rows_beside_others()},
                    {"pooled_cells", made.pooled_cells},
                    {"failed", std::move(failed)},
                    {"problems", problems_json(made.problems)}});
        return;
    }
    fmt::print("{}: {}\n", printable(out.string()), format_size(dataset));
    if (!made.failed.empty()) {
        fmt::print("{} whose runs all failed or were left out, unobserved (--json lists them)\n",
                   format_count(std::ssize(made.failed), "cell"));
    }
    if (made.pooled_cells > 0) {
        fmt::print("{} measured in more than one trace, their runs taken together\n",
                   format_count(made.pooled_cells, "cell"));
    }
}

}  // namespace pitot::cli
