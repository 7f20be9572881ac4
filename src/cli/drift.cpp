// pitot drift: whether new runs still lie within a model's bounds.
#include "pitot/drift.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "pitot/predictor.hpp"

namespace pitot::cli {
namespace drift_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string model;
    DatasetOptions dataset;
    DriftOptions drift;
    bool json = false;
};

double share_within(const DriftGroup& group) {
    return static_cast<double>(group.within) / static_cast<double>(group.combinations);
}

void add_rows(const std::vector<DriftGroup>& groups, Table& table) {
    for (const DriftGroup& group : groups) {
        table.add({group.name, format_count(group.combinations), format_count(group.within),
                   format_percent(share_within(group), 1), fmt::format("× {:#.3g}", group.factor),
                   group.rate < 0.0001 ? "< 0.0001" : fmt::format("{:.4f}", group.rate), group.drifted ? "yes" : "no"});
    }
}

void print_drift(const Drift& told, const Options& options) {
    fmt::print("{} held against bounds of {} confidence\n\n", format_count(told.runs, "run"),
               format_confidence(options.drift.confidence));
    Table table({{"", Align::kName},
                 {"COMBINATIONS", Align::kRight, 1},
                 {"WITHIN", Align::kRight, 2},
                 {"SHARE", Align::kRight},
                 {"RUN / PREDICTION", Align::kRight},
                 {"FALSE DISCOVERY", Align::kRight, 3},
                 {"DRIFTED"}});
    add_rows(told.fleet, table);
    add_rows(told.platforms, table);
    fmt::print("{}\n", table.to_string());
    const auto drifted = std::ranges::count(told.platforms, true, &DriftGroup::drifted);
    const bool fleet = std::ranges::any_of(told.fleet, &DriftGroup::drifted);
    if (!told.drifted) {
        fmt::print("no drift: bounds hold as often as promised, as far as these runs tell\n");
    } else if (drifted == 0) {
        fmt::print("drifted: bounds hold less often than promised over the fleet, on no platform by itself\n");
    } else {
        fmt::print("drifted: {}{}\n", format_count(drifted, "platform"), fleet ? ", and bounds over the fleet" : "");
    }
}

void note_names(const std::vector<std::string>& names, const char* kind) {
    constexpr std::size_t most = 5;
    if (!names.empty()) {
        note(
            fmt::format("the model does not know {}: {}", format_count(std::ssize(names), kind), some_of(names, most)));
    }
}

Json group_json(const DriftGroup& group) {
    return {{"name", group.name},
            {"combinations", group.combinations},
            {"within", group.within},
            {"share", share_within(group)},
            {"run_over_prediction", group.factor},
            {"p", group.p},
            {"false_discovery_rate", group.rate},
            {"drifted", group.drifted}};
}

void print_drift_json(const Drift& told, const Options& options) {
    Json json{{"drifted", told.drifted},
              {"confidence", options.drift.confidence},
              {"false_discovery", options.drift.false_discovery},
              {"tolerance", options.drift.tolerance},
              {"runs", told.runs},
              {"combinations_without_bound", told.unbounded},
              {"unknown_runs", told.unknown_runs},
              {"unknown_platforms", told.unknown_platforms},
              {"unknown_modules", told.unknown_modules}};
    json["fleet"] = Json::array();
    json["platforms"] = Json::array();
    for (const DriftGroup& group : told.fleet) {
        json["fleet"].push_back(group_json(group));
    }
    for (const DriftGroup& group : told.platforms) {
        json["platforms"].push_back(group_json(group));
    }
    print_json(json);
}

// Runs that are about some power of a thousand times as long as predicted may be in another unit.
void note_unit(const std::vector<DriftGroup>& groups) {
    constexpr double near = 0.15;  // of the logarithm to base 1 000
    for (const DriftGroup& group : groups) {
        const double power = std::log(group.factor) / std::log(1000.0);
        if (std::isfinite(power) && std::abs(power) > 0.5 && std::abs(power - std::round(power)) < near) {
            const double times = std::exp(std::abs(std::log(group.factor)));
            note(fmt::format("runs are about {} times as {} as predicted: are they in another unit? (--unit)",
                             format_count(std::llround(times)), power > 0.0 ? "long" : "short"));
            return;
        }
    }
}

Result<Finding> run(const Options& options) {
    PITOT_TRY(const auto predictor, Predictor::load(options.model));
    PITOT_TRY(const auto runs, options.dataset.read());
    PITOT_TRY(const auto told, drift(predictor, runs, options.drift));
    options.json ? print_drift_json(told, options) : print_drift(told, options);
    note_names(told.unknown_platforms, "platform");
    note_names(told.unknown_modules, "module");
    note_unit(told.fleet);
    // A fleet is measured again and again: that its pairs were learned from says nothing, but the very same rows do.
    if (dataset_digest(runs) == predictor.dataset_digest()) {
        note("these are the runs that the model was fitted on: they say nothing of new ones");
    }
    if (told.unbounded > 0) {
        note(fmt::format("{} without a bound of the model: not counted", format_count(told.unbounded, "combination")));
    }
    return told.drifted ? Finding::kFound : Finding::kNothing;
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' or 'pitot observe' wrote")
        ->required()
        ->type_name("MODEL");
    options->dataset.add_to(app);
    app.add_option("--confidence", options->drift.confidence, "Confidence of the bounds. Default: 0.9")->type_name("X");
    app.add_option("--false-discovery", options->drift.false_discovery,
                   "Share of false ones among the drifts found that is put up with. Default: 0.01")
        ->type_name("X");
    app.add_option("--tolerance", options->drift.tolerance,
                   "How far below the confidence a single platform may lie, whose share no bound promises. Default: "
                   "0.1")
        ->type_name("X");
    app.add_flag("--json", options->json, "Print JSON");
    app.footer(
        "Counts the combinations of platform, module and co-runners whose runs (their median) lie within the bound, "
        "in\n"
        "all and by platform. Fewer than the confidence and the number of scores that bounds rest on allow are a "
        "drift;\n"
        "FALSE DISCOVERY is the share of false ones among drifts at least as sure (Benjamini and Hochberg). RUN /\n"
        "PREDICTION is the median over combinations: much below 1, the platform has become faster, and bounds hold "
        "but\n"
        "are too high. 'pitot observe' has the model learn from the runs.\n"
        "Exit status: 0 no drift found, 5 drifted; for cron: pitot drift fleet.pitot today.csv || mail …\n"
        "\n"
        "Examples:\n"
        "  pitot drift fleet.pitot examples/today.csv\n"
        "  pitot drift fleet.pitot examples/today.csv --confidence 0.8 --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace drift_command

Verb drift_verb() { return {"drift", "Say whether new runs still lie within a model's bounds", drift_command::add}; }

}  // namespace pitot::cli
