#include "cli/hold_out.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/draw_options.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verb_words.hpp"
#include "figure/lines.hpp"
#include "pitot/hold_out.hpp"

namespace pitot::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCells = "0,1,3,5,10";
constexpr const char* kCellsOfFleet = "0,10,30,100";
constexpr double kShareOfFleet = 0.1;
constexpr const char* kRandom = "random";
constexpr const char* kAdvised = "advised";
constexpr const char* kBoth = "both";

// What was evaluated.
struct Shown {
    HoldOutEvaluation evaluation;
    std::vector<std::string> how;  // cells were chosen, by way
    HoldOut side = HoldOut::kPlatforms;
    bool refit = false;

    [[nodiscard]] bool several() const { return evaluation.replicates > 1; }
};

Result<HoldOut> side_of(const std::string& name) {
    for (const HoldOut side : {HoldOut::kPlatforms, HoldOut::kModules, HoldOut::kDevices, HoldOut::kPairs}) {
        if (name == to_string(side)) {
            return side;
        }
    }
    return fail(ErrorCode::kUsage,
                fmt::format("--hold-out {} is not one of platforms, modules, devices and pairs", printable(name)));
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

void print_as_json(const Shown& shown, const FitConfig& config) {
    const HoldOutEvaluation& evaluation = shown.evaluation;
    Json json{{"preset", config.preset},
              {"hold_out", to_string(shown.side)},
              {"rows", evaluation.rows},
              {"held_out", evaluation.held_out},
              {"share", config.share},
              {"refit", shown.refit},
              {"replicates", evaluation.replicates},
              {"replicates_asked", evaluation.replicates_asked},
              {"complete", evaluation.complete},
              {"seconds", evaluation.seconds}};
    json["metrics"] = Json::array();
    for (const HoldOutMetrics& metrics : evaluation.metrics) {
        json["metrics"].push_back({{"objective", metrics.objective},
                                   {"cells", metrics.cells},
                                   {"chosen", shown.how[metrics.way]},
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

// A table, with a column for the way cells were chosen if there are several.
class WayTable {
public:
    WayTable(std::vector<Column> columns, const Shown& shown)
        : shown_(shown), table_(with(std::move(columns), Column{"CHOSEN"})) {}

    void add(const HoldOutMetrics& metrics, std::vector<std::string> cells) {
        cells.insert(cells.begin(), {objective_text(metrics.objective), format_count(metrics.cells)});
        table_.add(with(std::move(cells), shown_.how[metrics.way]));
    }
    [[nodiscard]] std::string to_string() const { return table_.empty() ? "" : table_.to_string() + "\n"; }

private:
    template <typename T>
    [[nodiscard]] std::vector<T> with(std::vector<T> row, T way) const {
        if (shown_.how.size() > 1) {
            row.insert(row.begin() + 1, std::move(way));
        }
        return row;
    }

    const Shown& shown_;
    Table table_;
};

// How bounds fared by the rows that they rest on; empty without bounds.
std::string bounds_text(const Shown& shown) {
    WayTable table({{"RUNS"},
                    {"CELLS", Align::kRight},
                    {"CONFIDENCE", Align::kRight},
                    {"COVERAGE", Align::kRight},
                    {"OVER-PROVISIONING", Align::kRight},
                    {"RESTS ON"}},
                   shown);
    for (const HoldOutMetrics& metrics : shown.evaluation.metrics) {
        for (const BoundMetrics& bound : metrics.bounds) {
            std::string pools;
            for (const PoolCoverage& pool : bound.pools) {
                pools += fmt::format("{}{}, {}", pools.empty() ? "" : "; ", printable(pool.pool), to_string(pool.from));
            }
            const bool bounded = !bound.pools.empty();
            table.add(metrics,
                      {fmt::format("{:g} %", 100.0 * bound.confidence),
                       percent_or_dash(bound.coverage, bounded, shown.several()),
                       percent_or_dash(bound.over_provisioning, bounded, shown.several()), bounded ? pools : "none"});
        }
    }
    return table.to_string();
}

void print_as_text(const Shown& shown, const FitConfig& config) {
    const HoldOutEvaluation& evaluation = shown.evaluation;
    fmt::print("{} on held-out {}: {} of {} a replicate; {:g} of the {}combinations train{}{}\n",
               printable(config.preset), to_string(shown.side), format_count(evaluation.held_out),
               format_count(evaluation.rows), config.share, shown.side == HoldOut::kPairs ? "" : "others' ",
               shown.how.size() == 1 && shown.how.front() == kAdvised ? "; cells as advised" : "",
               shown.refit ? "; fitted again with cells" : "");
    fmt::print("{}{}, seed {}\n\n",
               evaluation.complete ? "" : fmt::format("{} of ", format_count(evaluation.replicates)),
               format_count(evaluation.replicates_asked, "replicate"), config.seed);
    WayTable table({{"RUNS"},
                    {"CELLS", Align::kRight},
                    {"TEST ROWS", Align::kRight},
                    {"MEAN ERROR (MAPE)", Align::kRight},
                    {"MEDIAN", Align::kRight},
                    {"LINEAR SCALING", Align::kRight},
                    {"ITS MEDIAN", Align::kRight}},
                   shown);
    for (const HoldOutMetrics& metrics : evaluation.metrics) {
        table.add(metrics,
                  {format_count(static_cast<std::int64_t>(std::llround(metrics.test_rows))),
                   with_spread(metrics.model.mape, shown.several()), with_spread(metrics.model.median, shown.several()),
                   with_spread(metrics.baseline.mape, shown.several()),
                   with_spread(metrics.baseline.median, shown.several())});
    }
    fmt::print("{}{}time: {}\n", table.to_string(), bounds_text(shown), format_duration({evaluation.seconds * 1e6}));
}

// Mean errors of rows alone by numbers of cells, with two standard errors.
figure::Plot plot_of(const Shown& shown) {
    figure::LinePanel panel;
    panel.y_label = fmt::format("mean error, held-out {}", to_string(shown.side));
    for (std::size_t way = 0; way < shown.how.size(); ++way) {
        figure::LineSeries series;
        series.label = shown.how[way] == kAdvised ? "cells as advised" : "cells at random";
        for (const HoldOutMetrics& metrics : shown.evaluation.metrics) {
            if (metrics.way == way && metrics.objective == shown.evaluation.metrics.front().objective) {
                series.x.push_back(static_cast<double>(metrics.cells));
                series.y.push_back(metrics.model.mape.mean);
                series.error.push_back(2.0 * metrics.model.mape.std /
                                       std::sqrt(static_cast<double>(metrics.model.mape_replicates.size())));
            }
        }
        panel.series.push_back(std::move(series));
    }
    return figure::line_plot(
        "hold-out",
        shown.side == HoldOut::kPairs ? "pairs of the fleet that were measured" : "cells of each that were measured",
        {panel}, false);
}

figure::DrawOptions draw_options(const std::filesystem::path& file) {
    figure::DrawOptions options;
    options.folder = file.has_parent_path() ? file.parent_path() : ".";
    options.format = file.has_extension() ? file.extension().string().substr(1) : "png";
    return options;
}

Result<void> draw(const figure::Plot& plot, const std::filesystem::path& file, bool tell) {
    const figure::Plot named = figure::renamed(plot, file.stem().string());
    return tell ? draw_and_tell(named, draw_options(file))
                : figure::draw(named, draw_options(file)).map([](const auto& /*picture*/) {});
}

}  // namespace

void HoldOutFlags::add_to(CLI::App& app) {
    offer(app.add_option("--hold-out", side,
                         "Hold a fifth of the platforms, modules or devices out and test on them, or all pairs that do "
                         "not train: platforms, modules, devices or pairs"),
          {"platforms", "modules", "devices", "pairs"})
        ->type_name("WHAT");
    app.add_option("--cells", cells,
                   fmt::format("With --hold-out: numbers of cells to learn from, of each held-out row (default {}) or, "
                               "with pairs, of the fleet (default {})",
                               kCells, kCellsOfFleet))
        ->type_name("N,…");
    offer(app.add_option("--choose", choose,
                         "With --hold-out: which cells, drawn at random or as 'pitot advise' says: random, advised or "
                         "both. Default: random"),
          {"random", "advised", "both"})
        ->type_name("HOW");
    app.add_flag("--refit", refit,
                 "With --hold-out: fit again with the cells, rather than fold them in as 'pitot observe' does");
    app.add_option("--plot", plot,
                   "With --hold-out: draw errors by numbers of cells as FILE (.png, .svg or .pdf), with the numbers "
                   "beside as .tsv")
        ->type_name("FILE");
}

Result<void> HoldOutFlags::check() const {
    if (!given()) {
        return cells.empty() && choose.empty() && plot.empty() && !refit
                   ? Result<void>()
                   : fail(ErrorCode::kUsage,
                          fmt::format("{} of what is held out: say what with --hold-out platforms, modules, devices or "
                                      "pairs",
                                      !cells.empty()    ? "--cells are"
                                      : !choose.empty() ? "--choose chooses cells"
                                      : !plot.empty()   ? "--plot draws errors"
                                                        : "--refit learns from cells"));
    }
    if (!plot.empty()) {
        if (auto ok = figure::check_options(draw_options(plot)).and_then(figure::check_gnuplot); !ok) {
            return ok;
        }
    }
    if (!choose.empty() && choose != kRandom && choose != kAdvised && choose != kBoth) {
        return fail(ErrorCode::kUsage,
                    fmt::format("--choose {} is not one of random, advised and both", printable(choose)));
    }
    return side_of(side).and_then([&](HoldOut) { return cells_of(cells.empty() ? kCells : cells); }).map([](auto&&) {});
}

double HoldOutFlags::default_share(double of_rows) const {
    return side == to_string(HoldOut::kPairs) ? kShareOfFleet : of_rows;
}

Result<void> HoldOutFlags::evaluate(const Dataset& dataset, const FitConfig& config, Context context, bool bounds,
                                    bool json) const {
    Shown shown;
    PITOT_TRY(shown.side, side_of(side));
    shown.refit = refit;
    shown.how = choose == kBoth ? std::vector<std::string>{kAdvised, kRandom}
                                : std::vector<std::string>{choose.empty() ? kRandom : choose};
    HoldOutOptions options;
    options.side = shown.side;
    options.share = config.share;
    options.replicates = config.train.replicates;
    options.refit = refit;
    if (bounds) {
        options.confidences = EvaluateOptions().confidences;
    }
    const char* usual = shown.side == HoldOut::kPairs ? kCellsOfFleet : kCells;
    PITOT_TRY(options.cells, cells_of(cells.empty() ? usual : cells));
    options.choose.clear();
    for (const std::string& how : shown.how) {
        options.choose.push_back(how == kAdvised ? advised_cells() : ChooseCells());
    }
    auto evaluation = [&] {
        const Interrupt interrupt;
        Progress progress(fmt::format("evaluating {} on held-out {}", config.preset, to_string(shown.side)));
        options.context = context;
        options.context.stop = interrupt.token();
        options.context.progress = progress.callback();
        return evaluate_held_out(dataset, config, options);
    }();
    if (!evaluation) {
        const bool stopped = evaluation.error().code() == ErrorCode::kCancelled;
        return stopped ? fail(ErrorCode::kCancelled, "stopped before a replicate was finished")
                       : Failure(evaluation.error());
    }
    shown.evaluation = std::move(*evaluation);
    json ? print_as_json(shown, config) : print_as_text(shown, config);
    if (!shown.evaluation.complete) {
        return fail(ErrorCode::kCancelled,
                    fmt::format("stopped; the figures are of {}",
                                format_count(shown.evaluation.replicates, "finished replicate")));
    }
    return plot.empty() ? Result<void>() : draw(plot_of(shown), plot, !json);
}

}  // namespace pitot::cli
