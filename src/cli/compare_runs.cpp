// pitot compare-runs: whether two sets of measurements differ.
#include "pitot/compare_runs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace compare_runs_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string before;
    std::string after;
    DatasetOptions dataset;
    CompareRunsOptions compare;
    bool all = false;
    std::int64_t limit = 20;
    bool json = false;
};

// 1.0312 -> "+3.1 %".
std::string change_text(double factor) { return fmt::format("{:+.1f} %", 100.0 * (factor - 1.0)); }

std::string interval_text(const RunChange& change) {
    return fmt::format("{} to {}", change_text(change.low), change_text(change.high));
}

std::string rate_text(double rate) { return rate < 0.0001 ? "< 0.0001" : fmt::format("{:.4f}", rate); }

std::string runs_text(const RunChange& change) {
    return fmt::format("{} / {}", format_count(change.old_runs), format_count(change.new_runs));
}

void print_platforms(const RunsCompared& compared) {
    Table table({{"PLATFORM", Align::kName},
                 {"SPEED", Align::kRight},
                 {"95 % INTERVAL", Align::kRight},
                 {"PAIRS", Align::kRight},
                 {"RUNS", Align::kRight}});
    for (const RunChange& platform : compared.platforms) {
        table.add({platform.platform, change_text(platform.factor), interval_text(platform),
                   format_count(platform.pairs), runs_text(platform)});
    }
    fmt::print("{}\n", table.to_string());
}

// Those that differ, or all; the surest first.
void print_changes(const std::vector<RunChange>& changes, bool pairs, const Options& options) {
    const bool all = options.all;
    std::int64_t wanted = 0;
    std::vector<Column> columns;
    if (pairs) {
        columns.push_back({"PLATFORM", Align::kName});
    }
    columns.push_back({"MODULE", Align::kName});
    const bool beside = std::ranges::any_of(changes, [](const RunChange& change) { return !change.with.empty(); });
    if (beside) {
        columns.push_back({"WITH", Align::kName});
    }
    for (const char* title : {"CHANGE", "95 % INTERVAL", "FALSE DISCOVERY", "RUNS"}) {
        columns.push_back({title, Align::kRight});
    }
    if (all) {
        columns.push_back({"DIFFERENT"});
    }
    Table table(columns);
    for (const RunChange& change : changes) {
        if (!change.different && !all) {
            continue;
        }
        if (++wanted > options.limit && options.limit > 0) {
            continue;
        }
        std::vector<std::string> cells;
        if (pairs) {
            cells.push_back(change.platform);
        }
        cells.push_back(change.module);
        if (beside) {
            cells.push_back(fmt::format("{}", fmt::join(change.with, ", ")));
        }
        cells.insert(cells.end(),
                     {change_text(change.factor), interval_text(change), rate_text(change.rate), runs_text(change)});
        if (all) {
            cells.emplace_back(change.different ? "yes" : "no");
        }
        table.add(std::move(cells));
    }
    if (!table.empty()) {
        fmt::print("{}\n", table.to_string());
    }
    if (wanted > options.limit && options.limit > 0) {
        note(fmt::format("the surest {} of {}; --limit 0 shows all", format_count(options.limit),
                         format_count(wanted, pairs ? "pair" : "module")));
    }
}

std::int64_t count_different(const std::vector<RunChange>& changes) {
    return std::ranges::count(changes, true, &RunChange::different);
}

void add_compare_notes(const RunsCompared& compared) {
    if (compared.only_old + compared.only_new > 0) {
        note(fmt::format("{} only among the old runs and {} only among the new ones: not compared",
                         format_count(compared.only_old, "pair"), format_count(compared.only_new)));
    }
    if (compared.identical > 0) {
        note(
            fmt::format("{} {} the same runtime in both to the last digit: copies tell nothing of chance, and make "
                        "what is measured anew look different",
                        format_count(compared.identical, "pair"), compared.identical == 1 ? "has" : "have"));
    }
    if (!compared.left_out.empty()) {
        constexpr std::size_t most = 5;
        note(
            fmt::format("left out, for with fewer than {} pairs in both, a platform's speed cannot be told from a "
                        "change: {} (--same-speed takes speeds as equal)",
                        kLeastComparedPairs, some_of(compared.left_out, most)));
    }
    if (std::isnan(compared.noise)) {
        note(
            "nothing was run twice: what is chance is told from how pairs scatter among each other; several runs of "
            "each find smaller changes");
    }
}

void print_compared(const RunsCompared& compared, const Options& options) {
    fmt::print("{} of {} and {} compared\n\n", format_count(std::ssize(compared.pairs), "pair"),
               format_count(std::ssize(compared.platforms), "platform"),
               format_count(std::ssize(compared.modules), "module"));
    print_platforms(compared);
    print_changes(compared.modules, false, options);
    print_changes(compared.pairs, true, options);
    if (compared.different) {
        fmt::print("different: {} and {}\n", format_count(count_different(compared.modules), "module"),
                   format_count(count_different(compared.pairs), "pair"));
    } else {
        fmt::print("no difference beyond {}; a change of one pair by less than {} may go unseen\n",
                   options.compare.same_speed ? "chance" : "the speeds of the machines",
                   format_percent(std::max(compared.detectable, 0.001), 1));
    }
}

Json change_json(const RunChange& change) {
    Json json = Json::object();
    if (!change.platform.empty()) {
        json["platform"] = change.platform;
    }
    if (!change.module.empty()) {
        json["module"] = change.module;
    }
    if (!change.platform.empty() && !change.module.empty()) {
        json["with"] = change.with;
    }
    json.update({{"factor", change.factor},
                 {"low", change.low},
                 {"high", change.high},
                 {"p", change.p},
                 {"false_discovery_rate", change.rate},
                 {"pairs", change.pairs},
                 {"old_runs", change.old_runs},
                 {"new_runs", change.new_runs}});
    if (!change.module.empty()) {
        json["different"] = change.different;
    }
    return json;
}

void print_compared_json(const RunsCompared& compared, const Options& options) {
    Json json{{"different", compared.different},
              {"false_discovery", options.compare.false_discovery},
              {"least_change", options.compare.least_change},
              {"same_speed", options.compare.same_speed},
              {"detectable_change", compared.detectable},
              {"noise", compared.noise},
              {"scatter_between", compared.between},
              {"only_old", compared.only_old},
              {"only_new", compared.only_new},
              {"identical", compared.identical},
              {"left_out", compared.left_out}};
    const auto list = [&](const char* name, const std::vector<RunChange>& changes) {
        json[name] = Json::array();
        for (const RunChange& change : changes) {
            json[name].push_back(change_json(change));
        }
    };
    list("platforms", compared.platforms);
    list("modules", compared.modules);
    list("pairs", compared.pairs);
    print_json(json);
}

Result<Finding> run(const Options& options) {
    if (options.before == "-" && options.after == "-") {
        return fail(ErrorCode::kUsage, "standard input (-) can be read once; name a file for the other runs");
    }
    PITOT_TRY(const auto before, options.dataset.read_files({options.before}));
    PITOT_TRY(const auto after, options.dataset.read_files({options.after}));
    PITOT_TRY(const auto compared, compare_runs(before, after, options.compare));
    options.json ? print_compared_json(compared, options) : print_compared(compared, options);
    add_compare_notes(compared);
    return compared.different ? Finding::kFound : Finding::kNothing;
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("old", options->before, "Runs before: .npz or whatever 'pitot info' reads")
        ->required()
        ->type_name("OLD");
    app.add_option("new", options->after, "Runs after")->required()->type_name("NEW");
    app.add_option("--false-discovery", options->compare.false_discovery,
                   "Share of false ones among the differences found that is put up with. Default: 0.05")
        ->type_name("X");
    app.add_option("--least-change", options->compare.least_change,
                   "Changes smaller than this share of a runtime count as none, as 0.02. Default: 0")
        ->type_name("X");
    app.add_flag("--same-speed", options->compare.same_speed,
                 "The machines have not changed: what all modules of one have in common counts as a difference");
    app.add_flag("--all", options->all, "Show what does not differ, too");
    whole(app.add_option("--limit", options->limit, "Modules and pairs to show of each; 0 = all. Default: 20"), 0,
          INT64_MAX)
        ->type_name("N");
    options->dataset.add_reading_to(app);
    app.add_flag("--json", options->json, "Print JSON");
    app.footer(
        "Compares pairs (platform, module, co-runners) that both files have, by the medians of their runs. SPEED is\n"
        "the median change of a platform's pairs, which is taken out; what is left is tested by module and by pair.\n"
        "FALSE DISCOVERY is the share of false ones among differences at least as sure (Benjamini and Hochberg); up "
        "to\n"
        "--false-discovery they count. Chance is told from repeated runs and from how pairs scatter from file to "
        "file.\n"
        "Exit status: 0 no difference found, 5 different.\n"
        "\n"
        "Examples:\n"
        "  pitot compare-runs examples/fleet.csv examples/today.csv\n"
        "  pitot compare-runs examples/fleet.csv examples/today.csv --same-speed --least-change 0.02 --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace compare_runs_command

Verb compare_runs_verb() {
    return {"compare-runs", "Say whether two sets of measurements differ", compare_runs_command::add};
}

}  // namespace pitot::cli
