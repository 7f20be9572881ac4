#include "cli/hold_out.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "pitot/hold_out.hpp"

namespace pitot::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCells = "0,1,3,5,10";

Result<HoldOut> side_of(const std::string& name) {
    for (const HoldOut side : {HoldOut::kPlatforms, HoldOut::kModules, HoldOut::kDevices}) {
        if (name == to_string(side)) {
            return side;
        }
    }
    return fail(ErrorCode::kUsage,
                fmt::format("--hold-out {} is not one of platforms, modules and devices", printable(name)));
}

// "0,1,3": ascending whole numbers.
Result<std::vector<std::int64_t>> cells_of(const std::string& list) {
    std::vector<std::int64_t> cells;
    std::string_view rest = list;
    while (true) {
        const std::string_view item = rest.substr(0, rest.find(','));
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
        if (item.empty() || error != std::errc() || end != item.data() + item.size() || value < 0) {
            return fail(ErrorCode::kUsage,
                        fmt::format("--cells takes whole numbers with commas between them, such as {}, not '{}'",
                                    kCells, printable(list)));
        }
        cells.push_back(value);
        if (item.size() == rest.size()) {
            break;
        }
        rest.remove_prefix(item.size() + 1);
    }
    std::ranges::sort(cells);
    cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
    return cells;
}

Json to_json(const Spread& spread) { return {{"mean", spread.mean}, {"std", spread.std}}; }

Json to_json(const AbsoluteErrors& errors) {
    return {{"mape", to_json(errors.mape)},
            {"median", to_json(errors.median)},
            {"mape_replicates", errors.mape_replicates},
            {"median_replicates", errors.median_replicates}};
}

Json to_json(const BoundMetrics& bound) {
    Json json{{"confidence", bound.confidence},
              {"coverage", to_json(bound.coverage)},
              {"over_provisioning", to_json(bound.over_provisioning)},
              {"rows_without_bound", bound.unbounded_rows}};
    json["pools"] = Json::array();
    for (const PoolCoverage& pool : bound.pools) {
        json["pools"].push_back({{"pool", pool.pool}, {"from", to_string(pool.from)}, {"rows", pool.rows}});
    }
    return json;
}

void print_as_json(const HoldOutEvaluation& evaluation, const FitConfig& config, HoldOut side) {
    Json json{{"preset", config.preset},
              {"hold_out", to_string(side)},
              {"rows", evaluation.rows},
              {"held_out", evaluation.held_out},
              {"share", config.share},
              {"replicates", evaluation.replicates},
              {"replicates_asked", evaluation.replicates_asked},
              {"complete", evaluation.complete},
              {"seconds", evaluation.seconds}};
    json["metrics"] = Json::array();
    for (const HoldOutMetrics& metrics : evaluation.metrics) {
        json["metrics"].push_back({{"objective", metrics.objective},
                                   {"cells", metrics.cells},
                                   {"chosen", "random"},
                                   {"test_rows", metrics.test_rows},
                                   {"model", to_json(metrics.model)},
                                   {"baseline", to_json(metrics.baseline)}});
        for (const BoundMetrics& bound : metrics.bounds) {
            json["metrics"].back()["bounds"].push_back(to_json(bound));
        }
    }
    json["config"] = Json::parse(to_json(config));
    print_json(json);
}

std::string with_spread(const Spread& spread, bool several) {
    return several ? fmt::format("{} ± {:.2f}", format_percent(spread.mean), 100.0 * spread.std)
                   : format_percent(spread.mean);
}

std::string percent_or_dash(const Spread& spread, bool any, bool several) {
    return any ? with_spread(spread, several) : "-";
}

// How bounds fared by the rows that they rest on; empty without bounds.
std::string bounds_text(const HoldOutEvaluation& evaluation, bool several) {
    Table table({{"OBJECTIVE"},
                 {"CELLS", Align::kRight},
                 {"CONFIDENCE", Align::kRight},
                 {"COVERAGE", Align::kRight},
                 {"OVER-PROVISIONING", Align::kRight},
                 {"RESTS ON"}});
    bool any = false;
    for (const HoldOutMetrics& metrics : evaluation.metrics) {
        for (const BoundMetrics& bound : metrics.bounds) {
            any = true;
            std::string pools;
            for (const PoolCoverage& pool : bound.pools) {
                pools += fmt::format("{}{}, {}", pools.empty() ? "" : "; ", printable(pool.pool), to_string(pool.from));
            }
            const bool bounded = !bound.pools.empty();
            table.add({metrics.objective, format_count(metrics.cells), fmt::format("{:g} %", 100.0 * bound.confidence),
                       percent_or_dash(bound.coverage, bounded, several),
                       percent_or_dash(bound.over_provisioning, bounded, several), bounded ? pools : "none"});
        }
    }
    return any ? table.to_string() + "\n" : "";
}

void print_as_text(const HoldOutEvaluation& evaluation, const FitConfig& config, HoldOut side) {
    fmt::print("{} on held-out {}: {} of {} a replicate; {:g} of the others' combinations train\n",
               printable(config.preset), to_string(side), format_count(evaluation.held_out),
               format_count(evaluation.rows), config.share);
    fmt::print("{}{}, seed {}\n\n",
               evaluation.complete ? "" : fmt::format("{} of ", format_count(evaluation.replicates)),
               format_count(evaluation.replicates_asked, "replicate"), config.seed);
    const bool several = evaluation.replicates > 1;
    Table table({{"OBJECTIVE"},
                 {"CELLS", Align::kRight},
                 {"TEST ROWS", Align::kRight},
                 {"MAPE", Align::kRight},
                 {"MEDIAN", Align::kRight},
                 {"LINEAR SCALING", Align::kRight},
                 {"ITS MEDIAN", Align::kRight}});
    for (const HoldOutMetrics& metrics : evaluation.metrics) {
        table.add({metrics.objective, format_count(metrics.cells),
                   format_count(static_cast<std::int64_t>(std::llround(metrics.test_rows))),
                   with_spread(metrics.model.mape, several), with_spread(metrics.model.median, several),
                   with_spread(metrics.baseline.mape, several), with_spread(metrics.baseline.median, several)});
    }
    fmt::print("{}\n{}time: {}\n", table.to_string(), bounds_text(evaluation, several),
               format_duration({evaluation.seconds * 1e6}));
}

}  // namespace

void HoldOutFlags::add_to(CLI::App& app) {
    app.add_option(
           "--hold-out", side,
           "Hold a fifth of the platforms, modules or devices out and test on them: platforms, modules or devices")
        ->type_name("SIDE");
    app.add_option(
           "--cells", cells,
           fmt::format("With --hold-out: numbers of cells of each held-out row to learn from. Default: {}", kCells))
        ->type_name("N,…");
}

Result<void> HoldOutFlags::check() const {
    if (!given()) {
        return cells.empty() ? Result<void>()
                             : fail(ErrorCode::kUsage,
                                    "--cells are of held-out rows: say which with --hold-out platforms, "
                                    "modules or devices");
    }
    return side_of(side).and_then([&](HoldOut) { return cells_of(cells.empty() ? kCells : cells); }).map([](auto&&) {});
}

Result<void> HoldOutFlags::evaluate(const Dataset& dataset, const FitConfig& config, Context context, bool bounds,
                                    bool json) const {
    PITOT_TRY(const HoldOut of, side_of(side));
    HoldOutOptions options;
    options.side = of;
    options.share = config.share;
    options.replicates = config.train.replicates;
    if (bounds) {
        options.confidences = EvaluateOptions().confidences;
    }
    PITOT_TRY(options.cells, cells_of(cells.empty() ? kCells : cells));
    const auto evaluation = [&] {
        const Interrupt interrupt;
        Progress progress(fmt::format("evaluating {} on held-out {}", config.preset, to_string(of)));
        options.context = std::move(context);
        options.context.stop = interrupt.token();
        options.context.progress = progress.callback();
        return evaluate_held_out(dataset, config, options);
    }();
    if (!evaluation) {
        const bool stopped = evaluation.error().code() == ErrorCode::kCancelled;
        return stopped ? fail(ErrorCode::kCancelled, "stopped before a replicate was finished")
                       : Failure(evaluation.error());
    }
    json ? print_as_json(*evaluation, config, of) : print_as_text(*evaluation, config, of);
    if (!evaluation->complete) {
        return fail(ErrorCode::kCancelled, fmt::format("stopped; the figures are of {}",
                                                       format_count(evaluation->replicates, "finished replicate")));
    }
    return {};
}

}  // namespace pitot::cli
