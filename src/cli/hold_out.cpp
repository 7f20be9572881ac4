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
#include "figure/lines.hpp"
#include "pitot/hold_out.hpp"

namespace pitot::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kCells = "0,1,3,5,10";
constexpr const char* kRandom = "random";
constexpr const char* kAdvised = "advised";
constexpr const char* kBoth = "both";

// Evaluations that differ in how cells are chosen.
struct Chosen {
    std::string how;
    HoldOutEvaluation evaluation;
};

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

double seconds_of(const std::vector<Chosen>& all) {
    double seconds = 0.0;
    for (const Chosen& chosen : all) {
        seconds += chosen.evaluation.seconds;
    }
    return seconds;
}

void print_as_json(const std::vector<Chosen>& all, const FitConfig& config, HoldOut side) {
    const HoldOutEvaluation& evaluation = all.back().evaluation;
    Json json{{"preset", config.preset},
              {"hold_out", to_string(side)},
              {"rows", evaluation.rows},
              {"held_out", evaluation.held_out},
              {"share", config.share},
              {"replicates", evaluation.replicates},
              {"replicates_asked", evaluation.replicates_asked},
              {"complete", evaluation.complete},
              {"seconds", seconds_of(all)}};
    json["metrics"] = Json::array();
    for (const Chosen& chosen : all) {
        for (const HoldOutMetrics& metrics : chosen.evaluation.metrics) {
            json["metrics"].push_back({{"objective", metrics.objective},
                                       {"cells", metrics.cells},
                                       {"chosen", chosen.how},
                                       {"test_rows", metrics.test_rows},
                                       {"model", to_json(metrics.model)},
                                       {"baseline", to_json(metrics.baseline)}});
            for (const BoundMetrics& bound : metrics.bounds) {
                json["metrics"].back()["bounds"].push_back(to_json(bound));
            }
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
std::string bounds_text(const std::vector<Chosen>& all, bool several) {
    std::vector<Column> columns{{"OBJECTIVE"},
                                {"CELLS", Align::kRight},
                                {"CONFIDENCE", Align::kRight},
                                {"COVERAGE", Align::kRight},
                                {"OVER-PROVISIONING", Align::kRight},
                                {"RESTS ON"}};
    if (all.size() > 1) {
        columns.insert(columns.begin() + 1, {"CHOSEN"});
    }
    Table table(columns);
    bool any = false;
    for (const Chosen& chosen : all) {
        for (const HoldOutMetrics& metrics : chosen.evaluation.metrics) {
            for (const BoundMetrics& bound : metrics.bounds) {
                any = true;
                std::string pools;
                for (const PoolCoverage& pool : bound.pools) {
                    pools +=
                        fmt::format("{}{}, {}", pools.empty() ? "" : "; ", printable(pool.pool), to_string(pool.from));
                }
                const bool bounded = !bound.pools.empty();
                std::vector<std::string> cells{metrics.objective,
                                               format_count(metrics.cells),
                                               fmt::format("{:g} %", 100.0 * bound.confidence),
                                               percent_or_dash(bound.coverage, bounded, several),
                                               percent_or_dash(bound.over_provisioning, bounded, several),
                                               bounded ? pools : "none"};
                if (all.size() > 1) {
                    cells.insert(cells.begin() + 1, chosen.how);
                }
                table.add(std::move(cells));
            }
        }
    }
    return any ? table.to_string() + "\n" : "";
}

void print_as_text(const std::vector<Chosen>& all, const FitConfig& config, HoldOut side) {
    const HoldOutEvaluation& evaluation = all.back().evaluation;
    fmt::print("{} on held-out {}: {} of {} a replicate; {:g} of the others' combinations train{}\n",
               printable(config.preset), to_string(side), format_count(evaluation.held_out),
               format_count(evaluation.rows), config.share,
               all.size() == 1 && all.front().how == kAdvised ? "; cells as advised" : "");
    fmt::print("{}{}, seed {}\n\n",
               evaluation.complete ? "" : fmt::format("{} of ", format_count(evaluation.replicates)),
               format_count(evaluation.replicates_asked, "replicate"), config.seed);
    const bool several = evaluation.replicates > 1;
    std::vector<Column> columns{{"OBJECTIVE"},
                                {"CELLS", Align::kRight},
                                {"TEST ROWS", Align::kRight},
                                {"MAPE", Align::kRight},
                                {"MEDIAN", Align::kRight},
                                {"LINEAR SCALING", Align::kRight},
                                {"ITS MEDIAN", Align::kRight}};
    if (all.size() > 1) {
        columns.insert(columns.begin() + 1, {"CHOSEN"});
    }
    Table table(columns);
    for (const Chosen& chosen : all) {
        for (const HoldOutMetrics& metrics : chosen.evaluation.metrics) {
            std::vector<std::string> cells{metrics.objective,
                                           format_count(metrics.cells),
                                           format_count(static_cast<std::int64_t>(std::llround(metrics.test_rows))),
                                           with_spread(metrics.model.mape, several),
                                           with_spread(metrics.model.median, several),
                                           with_spread(metrics.baseline.mape, several),
                                           with_spread(metrics.baseline.median, several)};
            if (all.size() > 1) {
                cells.insert(cells.begin() + 1, chosen.how);
            }
            table.add(std::move(cells));
        }
    }
    fmt::print("{}\n{}time: {}\n", table.to_string(), bounds_text(all, several),
               format_duration({seconds_of(all) * 1e6}));
}

// Mean errors of rows alone by numbers of cells, with two standard errors.
figure::Plot plot_of(const std::vector<Chosen>& all, HoldOut side) {
    figure::LinePanel panel;
    panel.y_label = fmt::format("mean absolute relative error, held-out {}", to_string(side));
    for (const Chosen& chosen : all) {
        figure::LineSeries series;
        series.label = chosen.how == kAdvised ? "cells as advised" : "cells at random";
        for (const HoldOutMetrics& metrics : chosen.evaluation.metrics) {
            if (metrics.objective == chosen.evaluation.metrics.front().objective) {
                series.x.push_back(static_cast<double>(metrics.cells));
                series.y.push_back(metrics.model.mape.mean);
                series.error.push_back(2.0 * metrics.model.mape.std /
                                       std::sqrt(static_cast<double>(metrics.model.mape_replicates.size())));
            }
        }
        panel.series.push_back(std::move(series));
    }
    return figure::line_plot("hold-out", "cells of each that were measured", {panel}, false);
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
    app.add_option(
           "--hold-out", side,
           "Hold a fifth of the platforms, modules or devices out and test on them: platforms, modules or devices")
        ->type_name("SIDE");
    app.add_option(
           "--cells", cells,
           fmt::format("With --hold-out: numbers of cells of each held-out row to learn from. Default: {}", kCells))
        ->type_name("N,…");
    app.add_option("--choose", choose,
                   "With --hold-out: which cells, drawn at random or as 'pitot advise' says: random, advised or both. "
                   "Default: random")
        ->type_name("HOW");
    app.add_option("--plot", plot,
                   "With --hold-out: draw errors by numbers of cells as FILE (.png, .svg or .pdf), with the numbers "
                   "beside as .tsv")
        ->type_name("FILE");
}

Result<void> HoldOutFlags::check() const {
    if (!given()) {
        return cells.empty() && choose.empty() && plot.empty()
                   ? Result<void>()
                   : fail(ErrorCode::kUsage,
                          fmt::format("{} of held-out rows: say which with --hold-out platforms, modules or devices",
                                      !cells.empty()    ? "--cells are"
                                      : !choose.empty() ? "--choose chooses cells"
                                                        : "--plot draws errors"));
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
    std::vector<Chosen> all;
    const bool both = choose == kBoth;
    for (const std::string& how : both ? std::vector<std::string>{kAdvised, kRandom}
                                       : std::vector<std::string>{choose.empty() ? kRandom : choose}) {
        options.choose = how == kAdvised ? advised_cells() : ChooseCells();
        auto evaluation = [&] {
            const Interrupt interrupt;
            Progress progress(fmt::format("evaluating {} on held-out {}", config.preset, to_string(of)));
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
        all.push_back({how, std::move(*evaluation)});
        if (!all.back().evaluation.complete) {
            break;
        }
    }
    json ? print_as_json(all, config, of) : print_as_text(all, config, of);
    if (!all.back().evaluation.complete) {
        return fail(ErrorCode::kCancelled,
                    fmt::format("stopped; the figures are of {}",
                                format_count(all.back().evaluation.replicates, "finished replicate")));
    }
    return plot.empty() ? Result<void>() : draw(plot_of(all, of), plot, !json);
}

}  // namespace pitot::cli
