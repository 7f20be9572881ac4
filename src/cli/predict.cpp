// pitot predict: runtimes and upper bounds from a model file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/device_features.hpp"
#include "cli/duration.hpp"
#include "cli/names.hpp"
#include "cli/opcode_features.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/prediction_output.hpp"
#include "cli/profile_run.hpp"
#include "cli/verbs.hpp"
#include "dataset/side_table.hpp"
#include "formats/input.hpp"
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
    std::vector<std::string> wasm;  // modules to count and predict
    ModuleRunFlags run;
    std::string format = "table";
    bool json = false;
    std::string below;
    std::string sort;
    std::optional<std::int64_t> limit;
};

using Rows = std::vector<std::int32_t>;

// A table of features: what it asks about.
struct FeatureTable {
    std::vector<std::string> names;
    Side unknown;  // the rows that the model does not know yet
};

void say_lacking(const MatchedOpcodes& matched, const std::string& file) {
    if (!matched.lacking.empty()) {
        note(fmt::format("the model has no feature of {} that {} has: {}; what {} is not predicted",
                         format_count(std::ssize(matched.lacking), "opcode"), file, fmt::join(matched.lacking, ", "),
                         matched.lacking.size() == 1 ? "it costs" : "they cost"));
    }
}

// A table of all opcodes in the columns of a model that knows some.
void keep_known_opcodes(const Side& known, Side& table, const std::string& file) {
    MatchedOpcodes matched = match_opcodes(known, table);
    if (matched.matched) {
        say_lacking(matched, file);
        if (matched.absent > 0) {
            note(fmt::format("{} has no column for {} that the model knows; they are taken as executed 0 times", file,
                             format_count(static_cast<std::int64_t>(matched.absent), "opcode")));
        }
        table = std::move(matched.side);
    }
}

// What a table asks about, without the rows that the model knows.
FeatureTable unknown_rows(const Side& side, dataset::Axis axis, const Side& known, const std::string& file,
                          bool of_devices = false) {
    Rows unknown;
    for (std::size_t i = 0; i < side.names.size(); ++i) {
        if (std::ranges::find(known.names, side.names[i]) == known.names.end()) {
            unknown.push_back(static_cast<std::int32_t>(i));
        }
    }
    if (of_devices && unknown.size() < side.names.size()) {
        note(
            fmt::format("{} describes devices, which with the runtimes of the model make {}; it was fitted with {} of "
                        "them: that counts, not the file",
                        file, format_count(std::ssize(side.names), dataset::word(axis)),
                        format_count(std::ssize(side.names) - std::ssize(unknown))));
    } else if (unknown.size() < side.names.size()) {
        note(fmt::format("of {} in {} the model knows {}: what it was fitted with counts, not the file",
                         format_count(std::ssize(side.names), dataset::word(axis)), file,
                         format_count(std::ssize(side.names) - std::ssize(unknown))));
    }
    FeatureTable table{
        side.names,
        {{}, side.feature_names, Matrix<double>(static_cast<std::int64_t>(unknown.size()), side.features.cols())}};
    for (const std::int32_t row : unknown) {
        std::ranges::copy(side.features.view().row(row),
                          table.unknown.features.view().row(table.unknown.size()).begin());
        table.unknown.names.push_back(side.names[static_cast<std::size_t>(row)]);
    }
    return table;
}

Result<FeatureTable> read_table(const std::string& file, const std::string& text, dataset::Axis axis,
                                const Side& known) {
    PITOT_TRY(auto read, dataset::read_side_table({file, text}, axis, &known));
    Side* const side = &read.side;
    dataset::match_categories(known, *side, read.notes);
    const bool is_static = counts_code(side->feature_names);
    const bool of_static = counts_code(known.feature_names);
    const bool comparable = are_opcodes(is_static ? known : *side);
    if (axis == dataset::Axis::kModule && is_static != of_static && comparable) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} counts what {}, and the model was fitted with counts of what {}; count the same "
                                "('pitot profile' {} --static)",
                                file, is_static ? "stands in the code" : "is executed",
                                is_static ? "is executed" : "stands in the code", is_static ? "without" : "with"));
    }
    if (axis == dataset::Axis::kModule) {
        keep_known_opcodes(known, *side, file);
    }
    std::ranges::for_each(read.notes, [](const std::string& said) { note(said); });
    if (auto ok = predict::check_feature_names(known, *side, dataset::word(axis)); !ok) {
        return Failure(ok.error());
    }
    return unknown_rows(*side, axis, known, file);
}

// Devices as `pitot device --json` prints them, with every runtime that the model knows.
Result<FeatureTable> read_devices(const std::string& file, const std::string& text, const Side& known) {
    PITOT_TRY(const auto side, device_side(file, text, known));
    return unknown_rows(side, dataset::Axis::kPlatform, known, file, true);
}

// Runs the modules and counts.
Result<FeatureTable> count_modules(const Options& options, const Side& known) {
    if (auto good = options.run.check(); !good) {
        return Failure(good.error());
    }
    std::vector<wasm::Module> read;  // all before any runs: one may come through the standard input that it has then
    for (const std::string& file : options.wasm) {
        PITOT_TRY(const auto bytes, read_module_bytes(file));
        PITOT_TRY(auto module, wasm::Module::read(bytes, file));
        read.push_back(std::move(module));
    }
    std::vector<OpcodeRow> rows;
    for (std::size_t i = 0; i < read.size(); ++i) {
        const std::string& file = options.wasm[i];
        const std::string name = std::filesystem::path(file).stem().string();
        PITOT_TRY(const auto counts, count_module(file, name, std::move(read[i]), options.run));
        rows.push_back({name, wasm::counts_by_byte(counts.opcodes)});
    }
    MatchedOpcodes matched = match_opcodes(known, rows);
    if (!matched.matched) {
        return fail(
            ErrorCode::kInput,
            known.feature_names.empty()
                ? "the model knows no features of modules, so that it cannot tell anything of a new one; fit it "
                  "on a dataset with opcode counts"
                : fmt::format("the model's features of modules ('{}', …) are not all opcode counts; give a table "
                              "of them with --module-features",
                              known.feature_names.front()));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        say_lacking(match_opcodes(known, std::span(rows).subspan(i, 1)), options.wasm[i]);
    }
    return unknown_rows(matched.side, dataset::Axis::kModule, known, "--wasm");
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
        PITOT_TRY(const auto text, formats::read_input(file));  // once: it may be a pipe
        auto rows_asked = axis == dataset::Axis::kPlatform && describes_devices(text)
                              ? read_devices(file, text, known)
                              : read_table(file, text, axis, known);
        return std::move(rows_asked).map([&](FeatureTable&& rows) { table = std::move(rows); });
    };
    const auto done =
        read(options.platform_features, dataset::Axis::kPlatform, predictor.platforms(), platforms).and_then([&] {
            return read(options.module_features, dataset::Axis::kModule, predictor.modules(), modules);
        });
    if (!done) {
        return Failure(done.error());
    }
    if (!options.wasm.empty()) {
        PITOT_TRY(modules, count_modules(options, predictor.modules()));
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
    return find(names.empty() ? listed : names);
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

// Rows of a table unless --limit says otherwise.
constexpr std::int64_t kTableRows = 50;

PredictionOrder order_of(const std::string& word) {
    return word == "runtime"    ? PredictionOrder::kRuntime
           : word == "bound"    ? PredictionOrder::kBound
           : word == "platform" ? PredictionOrder::kPlatform
           : word == "module"   ? PredictionOrder::kModule
                                : PredictionOrder::kAsked;
}

Result<Selection> select(const Options& options, const Loaded& loaded) {
    const Predictor& predictor = loaded.predictor;
    const auto find_platforms = [&](const std::vector<std::string>& names) {
        return named_platforms(predictor, names);
    };
    const auto find_modules = [&](const std::vector<std::string>& names) { return named_modules(predictor, names); };
    PITOT_TRY(auto platforms, choose(options.platforms, loaded.platforms, predictor.platforms(), find_platforms));
    PITOT_TRY(auto modules, choose(options.modules, loaded.modules, predictor.modules(), find_modules));
    PITOT_TRY(auto with, listed_modules(predictor, options.with));
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
    if (!options.below.empty()) {
        PITOT_TRY(const auto below, parse_duration(options.below, "--below"));
        selection.below_us = below.value;
    }
    selection.order = order_of(options.sort);
    const bool table = !options.json && options.format == "table";
    selection.limit = options.limit.value_or(table ? kTableRows : 0);
    return check_unmeasured(predictor, selection).map([&] { return std::move(selection); });
}

Result<void> check(const Options& options) {
    std::vector<std::string> idle = options.wasm.empty() ? options.run.given() : std::vector<std::string>();
    if (options.wasm.empty() && !options.run.args.empty()) {
        idle.insert(idle.begin(), "--args");
    }
    if (!idle.empty()) {
        return fail(ErrorCode::kUsage,
                    fmt::format("no module is run: name one with --wasm, or leave out {}", fmt::join(idle, ", ")));
    }
    const auto from_input =
        std::ranges::count(options.wasm, formats::kStandardInput) +
        std::ranges::count(
            std::vector<std::string>{options.platform_features, options.module_features, options.run.standard_input},
            formats::kStandardInput);
    if (from_input > 1) {
        return fail(ErrorCode::kUsage, "standard input (-) can be read once; name it once");
    }
    return {};
}

Result<void> run(const Options& options) {
    if (auto good = check(options); !good) {
        return good;
    }
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
    return print_predictions_table(predictor, selection);
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' wrote")->required()->type_name("MODEL");
    add_repeated(app, "--platform", options->platforms,
                 "Platform, or a pattern ('jit.*'); may be repeated. Default: all")
        ->type_name("NAME");
    add_repeated(app, "--module", options->modules, "Module, or a pattern; may be repeated. Default: all")
        ->type_name("NAME");
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
                   "Platforms to predict with their features (as 'pitot fit' takes them), or devices as 'pitot "
                   "device --json' prints them; the model may not have seen them")
        ->type_name("FILE");
    auto* module_features =
        app.add_option("--module-features", options->module_features,
                       "Modules to predict with their features (as 'pitot fit' takes them); the model may "
                       "not have seen them")
            ->type_name("FILE");
    auto* counted = app.add_option_group("Modules that are counted as they run");
    add_repeated(*counted, "--wasm", options->wasm, "WebAssembly module to run, count and predict; may be repeated")
        ->type_name("FILE.wasm")
        ->excludes(module_features);
    add_repeated(*counted, "--args", options->run.args, "An argument of it; may be repeated")->type_name("ARG");
    options->run.add_to(*counted);
    app.add_option("--format", options->format, "table, json or csv")
        ->check(CLI::IsMember({"table", "json", "csv"}))
        ->type_name("FORMAT");
    app.add_flag("--json", options->json, "The same as --format json");
    app.add_option("--below", options->below,
                   "Only what takes less than this, by its bound (of the highest confidence; with --no-bound, by its "
                   "prediction): --below 50ms")
        ->type_name("TIME");
    app.add_option("--sort", options->sort, "By runtime, bound, platform or module. Default: as asked for")
        ->check(CLI::IsMember({"runtime", "bound", "platform", "module"}))
        ->type_name("WHAT");
    whole(app.add_option("--limit", options->limit, "Predictions at most; 0 = all. Default: 50 of a table, else all"),
          0, INT64_MAX)
        ->type_name("N");
    app.footer(
        "The bound is the runtime that is not exceeded with the confidence given, over pairs like the measured ones.\n"
        "It holds on average over the fleet; single platforms and modules may have more or less.\n"
        "BOUND RESTS ON names the combinations whose errors the bound is made of: 'set aside' from the model (the\n"
        "confidence is proven), 'leave-one-out' or, of new platforms and modules, 'held out' (close, not proven).\n"
        "'(too few …)' are more like the one asked for, but not enough for the confidence.\n"
        "DEVIATION is how far off a new run is expected to be, RUNS what was learned from of the platform and of the\n"
        "module; '(thin)' marks fewer than five.\n"
        "BASIS is the nearest measurement that the model learned from: of this combination of modules, this pair\n"
        "alone, this pair beside others, or other pairs of the platform and the module. '(set aside)': this very\n"
        "combination was measured, but kept from the model to calibrate its bounds; '(not used)': neither.\n"
        "In CSV and JSON, basis is measured, features, average or apart; measured tells whether this very combination\n"
        "was, evidence whether the model learned from it (learned, set aside, unused or none), and nearest what the\n"
        "table calls BASIS.\n"
        "\n"
        "With a feature file and without names, the file's rows are what is predicted. Those that the model never saw\n"
        "are predicted from features alone, marked so, and have no bound unless the model can tell how far off it "
        "would\n"
        "have been for platforms and modules that it knows.\n"
        "\n"
        "Examples:\n"
        "  pitot predict fleet.pitot --unmeasured\n"
        "  pitot predict fleet.pitot --module 'f*' --below 50ms --sort bound --limit 10\n"
        "  pitot predict fleet.pitot --platform jit.phone --module nbody --confidence 0.5,0.9\n"
        "  pitot predict fleet.pitot --platform jit.phone --module nbody --interval 0.8\n"
        "  pitot predict busy.pitot --module fft --with lu,sort\n"
        "  pitot predict busy.pitot --with fft --unmeasured\n"
        "  pitot predict features.pitot --module-features examples/new-modules.csv --platform jit.desk\n"
        "  pitot predict features.pitot --wasm examples/modules/primes.wasm --args 10000 --platform jit.desk\n"
        "  pitot predict fleet.pitot --format csv > all.csv");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace predict_command

Verb predict_verb() { return {"predict", "Predict runtimes and upper bounds with a model", predict_command::add}; }

}  // namespace pitot::cli
