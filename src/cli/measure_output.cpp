#include "cli/measure_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace pitot::cli {
namespace {

constexpr std::size_t kShownProblems = 12;

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return format_count(static_cast<std::int64_t>(count)) + " " + (count == 1 ? one : many);
}

void print_problems(const measure::Summary& summary, const std::filesystem::path& collection) {
    if (summary.problems.empty()) {
        return;
    }
    Table table(
        {{"ENGINE", Align::kName}, {"MODULE", Align::kName}, {"FAILED", Align::kRight}, {"REASON", Align::kLeft}});
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

/// What is called and made up, and which engines make no warm calls.
void print_limits(const measure::Plan& plan) {
    for (const std::string& remark : plan.remarks) {
        fmt::print("{}\n", printable(remark));
    }
    std::vector<std::string> cold;
    for (const engines::Engine& engine : plan.engines) {
        if (!engine.warms) {
            cold.push_back(engines::full_name(engine));
        }
    }
    if (plan.warm > 0 && !cold.empty()) {
        fmt::print("no warm calls: {}\n", fmt::join(cold, ", "));
    }
}

}  // namespace

void print_unfit(const measure::Plan& plan, std::FILE* out) {
    if (plan.unfit.empty() || (out == stderr && verbosity() == Verbosity::kQuiet)) {
        return;
    }
    Table table({{"MODULE", Align::kName}, {"CANNOT BE", Align::kLeft}, {"REASON", Align::kLeft}});
    for (const measure::UnfitModule& unfit : plan.unfit) {
        const bool all = unfit.engines.size() > 1 && unfit.engines.size() == plan.engines.size();
        table.add({unfit.file,
                   unfit.nowhere           ? "run anywhere"
                   : unfit.engines.empty() ? "counted"
                   : all                   ? "run by any of the engines"
                                           : fmt::format("run by {}", fmt::join(unfit.engines, ", ")),
                   unfit.reason});
    }
    fmt::print(out, "{}\n", table.to_string(out));
}

void print_outlook(const measure::Summary& summary, const measure::Plan& plan) {
    Table table({{"ENGINE", Align::kName}, {"DEVICE", Align::kName}, {"VERSION", Align::kLeft}});
    for (const engines::Engine& engine : plan.engines) {
        table.add({engine.name, engine.device.empty() ? "this machine" : engine.device, engine.version});
    }
    fmt::print("{}\n", table.to_string());
    fmt::print("{} on {}\n", counted(summary.modules, "module", "modules"),
               counted(summary.engines, "engine", "engines"));
    const auto line = [&](const char* what, std::size_t runs, std::size_t warm, std::size_t sets) {
        fmt::print("{}: {}, {}{}\n", what, counted(runs, "run", "runs"),
                   plan.warm > 0 ? counted(warm, "warm call", "warm calls") + ", " : "", counted(sets, "set", "sets"));
    };
    line("done", summary.runs, summary.warm_calls, summary.sets);
    line("left", summary.runs_left, summary.warm_left, summary.sets_left);
    print_limits(plan);
    if (summary.profiles_left > 0) {
        fmt::print("opcodes to count: {}, at most {}\n", counted(summary.profiles_left, "module", "modules"),
                   format_duration({summary.profiles_most_s * 1e6}));
    }
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
    fmt::print("{}", plan.warm > 0 ? ", " + counted(summary.new_warm, "warm call", "warm calls") : "");
    fmt::print("{}\n", summary.new_sets > 0 ? ", " + counted(summary.new_sets, "set", "sets") + " side by side" : "");
    fmt::print("{} has {}", printable(plan.collection.string()), counted(summary.runs, "run", "runs"));
    fmt::print(", {} failed; ", summary.failed_runs);
    if (plan.warm > 0) {
        fmt::print("{}, {} failed; ", counted(summary.warm_calls, "warm call", "warm calls"),
                   counted(summary.failed_warm, "process", "processes"));
    }
    fmt::print("{}\n", counted(summary.sets, "set", "sets"));
    if (plan.alone) {
        fmt::print("{} of {} complete, {} abandoned, {} refused\n", summary.complete_cells,
                   counted(summary.cells, "cell", "cells"), summary.abandoned_cells, summary.refused_cells);
    }
    print_problems(summary, plan.collection);
}

nlohmann::ordered_json summary_json(const measure::Summary& summary, const measure::Plan& plan) {
    auto problems = nlohmann::ordered_json::array();
    for (const measure::Problem& problem : summary.problems) {
        const auto engine = problem.engine.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(problem.engine);
        problems.push_back({{"engine", engine},
                            {"module", problem.module},
                            {"reason", problem.reason},
                            {"failed", problem.failed},
                            {"runs", problem.runs}});
    }
    auto unfit = nlohmann::ordered_json::array();
    for (const measure::UnfitModule& module : plan.unfit) {
        unfit.push_back({{"module", module.file}, {"reason", module.reason}, {"runs_nowhere", module.nowhere}});
        if (!module.engines.empty()) {
            unfit.back()["engines"] = module.engines;
        }
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
            {"warm_cells", summary.warm_cells},
            {"warm_calls", summary.warm_calls},
            {"failed_warm_processes", summary.failed_warm},
            {"new_warm_calls", summary.new_warm},
            {"warm_calls_left", summary.warm_left},
            {"sets", summary.sets},
            {"failed_sets", summary.failed_sets},
            {"new_sets", summary.new_sets},
            {"sets_left", summary.sets_left},
            {"profiles", summary.profiles},
            {"profiles_left", summary.profiles_left},
            {"most_seconds_of_profiles", summary.profiles_most_s},
            {"seconds_left", summary.left_s ? nlohmann::ordered_json(*summary.left_s) : nlohmann::ordered_json()},
            {"most_seconds_left", summary.most_s},
            {"stopped", summary.stopped},
            {"unfit", std::move(unfit)},
            {"remarks", plan.remarks},
            {"problems", std::move(problems)}};
}

}  // namespace pitot::cli
