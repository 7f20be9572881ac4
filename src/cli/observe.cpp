// pitot observe: a model learns from further runs.
#include "pitot/observe.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "pitot/predictor.hpp"
#include "predict/told_json.hpp"

namespace pitot::cli {
namespace observe_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string model;
    DatasetOptions dataset;
    std::string output;
    bool in_place = false;
    OutputFlags output_flags;
    bool json = false;
};

void print_as_json(const std::string& file, const Observation& told, std::int64_t calibration_rows, double seconds) {
    Json json{{"model", file}};
    json.update(predict::to_json(told, calibration_rows));
    json["seconds"] = seconds;
    print_json(json);
}

// Names in a note.
constexpr std::size_t kMostNamed = 5;

// What runs are of: pairs, or pairs with what runs beside them.
const char* noun_of(const Observation& told) { return told.beside > 0 ? "combination" : "pair"; }

void print_as_text(const std::string& file, const Observation& told, double seconds) {
    const char* const noun = noun_of(told);
    fmt::print("learned from {}{}: {} new, {} known\n", format_count(told.runs, "run"),
               told.beside > 0 ? fmt::format(", {} beside others", format_count(told.beside)) : "",
               format_count(told.new_pairs, noun), format_count(told.known_pairs));
    for (const auto& [kind, names] : {std::pair("platforms", &told.new_platforms), {"modules", &told.new_modules}}) {
        if (!names->empty()) {
            fmt::print("new {}: {}\n", kind, some_of(*names, kMostNamed));
        }
    }
    if (told.mean_error > 0.0) {
        fmt::print("before: off by {} on average, log likelihood {:.2f} a {} where {:.2f} is expected{}\n",
                   format_percent(told.mean_error, 1), told.log_likelihood, noun, told.expected_log_likelihood,
                   told.bounded == 0
                       ? ""
                       : fmt::format("; {} of {} {}s within their {:g} % bounds", format_count(told.covered),
                                     format_count(told.bounded), noun, 100.0 * told.confidence));
    }
    fmt::print("{}\n", told.reason);
    fmt::print("wrote {} in {}\n", printable(file), format_duration({seconds * 1e6}));
}

// What the user would not expect.
void print_notes(const Observation& told, std::int64_t calibration_rows) {
    if (!told.without_features.empty()) {
        note(
            fmt::format("no features of {}: the averages of the others stand in; give --platform-features or "
                        "--module-features",
                        some_of(told.without_features, kMostNamed)));
    }
    if (!told.categories_left_out.empty()) {
        note(fmt::format("the model knows no {}: rows of such are taken as of none of the kinds it knows",
                         some_of(told.categories_left_out, kMostNamed)));
    }
    if (told.left_out > 0) {
        note(
            fmt::format("{} left out: this model was fitted on runs alone and learns nothing of those beside others; "
                        "'pitot fit' on data that has them makes one that does",
                        format_count(told.left_out, "run")));
    }
    if (told.no_more_calibrating > 0) {
        note(fmt::format(
            "{} that calibrated bounds {} learned from now, and {} no more, for bounds rest on rows that "
            "the model has not seen; {} left",
            format_count(told.no_more_calibrating, noun_of(told)), told.no_more_calibrating == 1 ? "is" : "are",
            told.no_more_calibrating == 1 ? "calibrates" : "calibrate", format_count(calibration_rows, "row")));
    }
    if (!told.recalibrated) {
        note(
            "the model's bounds stay as they were fitted: they rest on runs learned from, or its file does not say on "
            "which rows");
    }
}

Result<void> check_output(const Options& options) {
    if (options.in_place == !options.output.empty()) {
        return fail(ErrorCode::kUsage, options.in_place
                                           ? "-o and --in-place both say where the model goes: leave one out"
                                           : "say where the model goes: -o NEW, or --in-place");
    }
    if (options.in_place) {
        return core::check_writable(options.model);
    }
    Paths inputs = options.dataset.inputs();
    inputs.emplace_back(options.model);
    return options.output_flags.check(options.output, OutputKind::kModel, inputs).and_then([&] {
        return core::check_writable(options.output);
    });
}

Result<void> run(const Options& options) {
    if (auto ok = check_output(options); !ok) {
        return ok;
    }
    const std::string& file = options.in_place ? options.model : options.output;
    PITOT_TRY(const auto predictor, Predictor::load(options.model));
    PITOT_TRY(const auto dataset, options.dataset.read());
    const auto started = std::chrono::steady_clock::now();
    PITOT_TRY(const auto observed, predictor.observe(dataset));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (auto ok = observed.predictor.save(file); !ok) {
        return ok;
    }
    print_notes(observed.observation, observed.predictor.calibration_rows(0));
    options.json ? print_as_json(file, observed.observation, observed.predictor.calibration_rows(0), seconds)
                 : print_as_text(file, observed.observation, seconds);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' or 'pitot observe' wrote")
        ->required()
        ->type_name("MODEL");
    options->dataset.add_to(app);
    app.add_option("-o,--output", options->output, "Model file to write")->type_name("NEW");
    app.add_flag("--in-place", options->in_place, "Write MODEL itself, once all is computed");
    app.add_flag("--json", options->json, "Print JSON");
    options->output_flags.add_to(app);
    app.footer(
        "Runs of known pairs, of new platforms and of new modules are folded in, and those beside others, if the "
        "model\n"
        "was fitted on such: it predicts as if it had been fitted on all of them with the hyper-parameters that it\n"
        "has. Names tell what is known; a new platform or\n"
        "module is described by its features, if the model uses them, and by the average of the others without.\n"
        "Bounds stay valid: runs folded in never calibrate, and the rows set aside that do are answered anew. Bounds "
        "of new\n"
        "platforms and modules and those from runs learned from stay as they were fitted.\n"
        "\n"
        "It says how well the runs were predicted before, and whether it is time for a new fit, which learns\n"
        "hyper-parameters, too: when runs are less likely than expected, bounds hold for too few, or a fifth of what\n"
        "the model was fitted on has been added.\n"
        "\n"
        "Examples:\n"
        "  pitot observe fleet.pitot examples/today.csv -o learned.pitot\n"
        "  pitot observe busy.pitot examples/today.csv --in-place --json\n"
        "  pitot observe features.pitot examples/today.csv --platform-features examples/devices.csv -o "
        "learned-features.pitot");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace observe_command

Verb observe_verb() { return {"observe", "Learn from further runs without a new fit", observe_command::add}; }

}  // namespace pitot::cli
