// pitot predict: runtimes and upper bounds from a model file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/prediction_output.hpp"
#include "cli/verbs.hpp"
#include "dataset/side_table.hpp"
#include "pitot/predictor.hpp"
#include "predict/extend.hpp"
#include "predict/parts.hpp"

namespace pitot::cli {
namespace predict_command {
namespace {

struct Options {
    std::string model;
    std::vector<std::string> platforms;
    std::vector<std::string> modules;
    std::vector<std::string> with;
    std::vector<double> confidences{0.9};
    std::optional<double> interval;
    bool no_bound = false;
    bool unmeasured = false;
    std::string platform_features;
    std::string module_features;
    std::string format = "table";
    bool json = false;
    std::int64_t limit = 50;
};

using Rows = std::vector<std::int32_t>;

Rows without_repeats(const Rows& rows) {
    Rows once;
    std::ranges::copy_if(rows, std::back_inserter(once),
                         [&](std::int32_t row) { return std::ranges::find(once, row) == once.end(); });
    return once;
}

// "a,b" is two modules, unless a module has that very name.
std::vector<std::string> split_names(const std::vector<std::string>& lists, const Predictor& predictor) {
    std::vector<std::string> names;
    for (const std::string& list : lists) {
        if (predictor.find_module(list)) {
            names.push_back(list);
            continue;
        }
        std::size_t from = 0;
        while (from <= list.size()) {
            const std::size_t comma = std::min(list.find(',', from), list.size());
            names.push_back(list.substr(from, comma - from));
            from = comma + 1;
        }
    }
    return names;
}

// A table of features: what it asks about.
struct FeatureTable {
    std::vector<std::string> names;
    Side unknown;  // the rows that the model does not know yet
};

Result<FeatureTable> read_table(const std::string& file, dataset::Axis axis, const Side& known) {
    Result<Side> side = dataset::read_side_table({file, std::nullopt}, axis);
    if (!side) {
        return Failure(side.error());
    }
    if (auto ok = predict::check_feature_names(known, *side, dataset::word(axis)); !ok) {
        return Failure(ok.error());
    }
    Rows unknown;
    for (std::size_t i = 0; i < side->names.size(); ++i) {
        if (std::ranges::find(known.names, side->names[i]) == known.names.end()) {
            unknown.push_back(static_cast<std::int32_t>(i));
        }
    }
    if (unknown.size() < side->names.size()) {
        note(fmt::format("the model knows {} of the {} {}s in {}: what it was fitted with counts, not the file",
                         side->names.size() - unknown.size(), side->names.size(), dataset::word(axis), file));
    }
    FeatureTable table{
        side->names,
        {{}, side->feature_names, Matrix<double>(static_cast<std::int64_t>(unknown.size()), side->features.cols())}};
    for (const std::int32_t row : unknown) {
        std::ranges::copy(side->features.view().row(row),
                          table.unknown.features.view().row(table.unknown.size()).begin());
        table.unknown.names.push_back(side->names[static_cast<std::size_t>(row)]);
    }
    return table;
}

struct Loaded {
    Predictor predictor;
    std::vector<std::string> platforms;  // that a feature file lists
    std::vector<std::string> modules;
};

// The model with the platforms and modules that feature files add.
Result<Loaded> load(const Options& options) {
    PITOT_TRY(auto predictor, Predictor::load(options.model));
    FeatureTable platforms;
    FeatureTable modules;
    const auto read = [](const std::string& file, dataset::Axis axis, const Side& known,
                         FeatureTable& table) -> Result<void> {
        if (file.empty()) {
            return {};
        }
        return read_table(file, axis, known).map([&](FeatureTable&& rows) { table = std::move(rows); });
    };
    const auto done =
        read(options.platform_features, dataset::Axis::kPlatform, predictor.platforms(), platforms).and_then([&] {
            return read(options.module_features, dataset::Axis::kModule, predictor.modules(), modules);
        });
    if (!done) {
        return Failure(done.error());
    }
    if (platforms.unknown.names.empty() && modules.unknown.names.empty()) {
        return Loaded{predictor, std::move(platforms.names), std::move(modules.names)};
    }
    return predictor.with_rows(platforms.unknown, modules.unknown).map([&](Predictor&& more) {
        return Loaded{std::move(more), std::move(platforms.names), std::move(modules.names)};
    });
}

// Named rows; else those that a feature file lists; else all.
Result<Rows> choose(const std::vector<std::string>& names, const std::vector<std::string>& listed, const Side& side,
                    auto find) {
    if (names.empty() && listed.empty()) {
        return all_rows(side);
    }
    return find(names.empty() ? listed : names).map(without_repeats);
}

// Whether the model can tell what was never measured.
Result<void> check_unmeasured(const Predictor& predictor, const Selection& selection) {
    if (selection.unmeasured_only && !selection.with.empty() && !predictor.evidence_beside_others(0, 0)) {
        return fail(ErrorCode::kInput,
                    "the model's file does not say which combinations with co-runners were measured, for an older "
                    "Pitot wrote it: fit it again, or leave out --unmeasured or --with");
    }
    return {};
}

Result<Selection> select(const Options& options, const Loaded& loaded) {
    const Predictor& predictor = loaded.predictor;
    const auto find_platforms = [&](const std::vector<std::string>& names) { return predictor.find_platforms(names); };
    const auto find_modules = [&](const std::vector<std::string>& names) { return predictor.find_modules(names); };
    PITOT_TRY(auto platforms, choose(options.platforms, loaded.platforms, predictor.platforms(), find_platforms));
    PITOT_TRY(auto modules, choose(options.modules, loaded.modules, predictor.modules(), find_modules));
    PITOT_TRY(auto with, predictor.find_modules(split_names(options.with, predictor)));
    Selection selection;
    selection.platforms = std::move(platforms);
    selection.modules = std::move(modules);
    selection.with = std::move(with);
    selection.unmeasured_only = options.unmeasured;
    selection.confidences = options.no_bound ? std::vector<double>{} : options.confidences;
    selection.interval = options.interval;
    if (options.interval && !(*options.interval > 0.0 && *options.interval < 1.0)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("--interval {} is not between 0 and 1: give the share of runs that the interval is to "
                                "hold, such as 0.9",
                                *options.interval));
    }
    return check_unmeasured(predictor, selection).map([&] { return std::move(selection); });
}

Result<void> run(const Options& options) {
    PITOT_TRY(const auto loaded, load(options));
    PITOT_TRY(const auto selection, select(options, loaded));
    const Predictor& predictor = loaded.predictor;
    if (!selection.with.empty() && !predictor.parts().model->tells_co_runners()) {
        note("this model ignores co-runners: points are those of modules alone; fit interference/2 to tell them apart");
    }
    if (options.json || options.format == "json") {
        return print_predictions_json(predictor, selection);
    }
    if (options.format == "csv") {
        return print_predictions_csv(predictor, selection);
    }
    return print_predictions_table(predictor, selection, options.limit);
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' wrote")->required()->type_name("MODEL");
    add_repeated(app, "--platform", options->platforms, "Platform; may be repeated. Default: all")->type_name("NAME");
    add_repeated(app, "--module", options->modules, "Module; may be repeated. Default: all")->type_name("NAME");
    add_repeated(app, "--with", options->with, "Modules that run beside, all at once: --with M2,M3")
        ->type_name("NAMES");
    app.add_option("--confidence", options->confidences,
                   "Confidence of the upper bound; several as in 0.9,0.99. Default: 0.9")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("X");
    app.add_option("--interval", options->interval,
                   "Also an interval that holds this share of new runs, as much on either side: --interval 0.9")
        ->type_name("X");
    app.add_flag("--no-bound", options->no_bound, "Points alone");
    app.add_flag("--unmeasured", options->unmeasured,
                 "Only what was never measured: pairs alone or, with --with, pairs beside exactly these modules");
    app.add_option("--platform-features", options->platform_features,
                   "Platforms to predict with their features (CSV: name, then one column a feature); the model may not "
                   "have seen them")
        ->type_name("FILE");
    app.add_option("--module-features", options->module_features,
                   "Modules to predict with their features (CSV: name, then one opcode count a column); the model may "
                   "not have seen them")
        ->type_name("FILE");
    app.add_option("--format", options->format, "table, json or csv")
        ->check(CLI::IsMember({"table", "json", "csv"}))
        ->type_name("FORMAT");
    app.add_flag("--json", options->json, "The same as --format json");
    whole(app.add_option("--limit", options->limit, "Rows of a table at most; 0 = all. Default: 50"), 0, INT64_MAX)
        ->type_name("N");
    app.footer(
        "The bound is the runtime that is not exceeded with the confidence given, over pairs like the measured ones.\n"
        "It holds on average over the fleet; single platforms and modules may have more or less.\n"
        "BOUND RESTS ON names the combinations whose errors the bound is made of: 'set aside' from the model (the\n"
        "confidence is proven), 'left out in turn' or, of new platforms and modules, 'held out' (close, not proven).\n"
        "'(too few …)' are more like the one asked for, but not enough for the confidence.\n"
        "DEVIATION is how far off a new run is expected to be, RUNS what was learned from of the platform and of the\n"
        "module; '(thin)' marks fewer than five.\n"
        "BASIS is the nearest measurement that the model learned from: of this combination of modules, this pair\n"
        "alone, this pair beside others, or other pairs of the platform and the module. '(set aside)': this very\n"
        "combination was measured, but kept from the model to calibrate its bounds; '(not used)': neither.\n"
        "In CSV and JSON, basis is measured, features, average or apart; measured tells whether this very combination\n"
        "was, and evidence whether the model learned from it: learned, set aside, unused or none.\n"
        "\n"
        "With a feature file and without names, the file's rows are what is predicted. Those that the model never saw\n"
        "are predicted from features alone, marked so, and have no bound unless the model can tell how far off it "
        "would\n"
        "have been for platforms and modules that it knows.\n"
        "\n"
        "Examples:\n"
        "  pitot predict fleet.pitot --unmeasured\n"
        "  pitot predict fleet.pitot --platform wasmtime.nuc --module gemm --confidence 0.9,0.99\n"
        "  pitot predict fleet.pitot --platform wasmtime.nuc --module gemm --interval 0.9\n"
        "  pitot predict busy.pitot --module gemm --with fft,sort\n"
        "  pitot predict busy.pitot --with fft --unmeasured\n"
        "  pitot predict fleet.pitot --module-features new.csv --platform wasmtime.nuc\n"
        "  pitot predict fleet.pitot --format csv > all.csv");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace predict_command

Verb predict_verb() { return {"predict", "Predict runtimes and upper bounds with a model", predict_command::add}; }

}  // namespace pitot::cli
