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
    Json json{{"model", file},
              {"runs", told.runs},
              {"new_pairs", told.new_pairs},
              {"known_pairs", told.known_pairs},
              {"new_platforms", told.new_platforms},
              {"new_modules", told.new_modules},
              {"without_features", told.without_features},
              {"left_out", told.left_out},
              {"no_more_calibrating", told.no_more_calibrating},
              {"calibration_rows", calibration_rows},
              {"recalibrated", told.recalibrated}};
    json["before"] = {{"mape", told.mean_error},
                      {"log_likelihood", told.log_likelihood},
                      {"expected_log_likelihood", told.expected_log_likelihood},
                      {"surprise", told.surprise},
                      {"confidence", told.confidence},
                      {"bounded_pairs", told.bounded},
                      {"covered_pairs", told.covered}};
    json["folded_in"] = told.folded_in;
    json["fitted_pairs"] = told.fitted;
    json["refit_due"] = told.refit_due;
    json["reason"] = told.reason;
    json["seconds"] = seconds;
    print_json(json);
}

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t most = 5;
    std::string text;
    for (std::size_t n = 0; n < names.size() && n < most; ++n) {
        text += (n == 0 ? "" : ", ") + printable(names[n]);
    }
    return names.size() <= most ? text : text + fmt::format(" and {} more", names.size() - most);
}

void print_as_text(const std::string& file, const Observation& told, double seconds) {
    fmt::print("learned from {}: {} new, {} known\n", format_count(told.runs, "run"),
               format_count(told.new_pairs, "pair"), format_count(told.known_pairs));
    for (const auto& [kind, names] : {std::pair("platforms", &told.new_platforms), {"modules", &told.new_modules}}) {
        if (!names->empty()) {
            fmt::print("new {}: {}\n", kind, listed(*names));
        }
    }
    if (told.mean_error > 0.0) {
        fmt::print("before: off by {} on average, log likelihood {:.2f} a pair where {:.2f} is expected{}\n",
                   format_percent(told.mean_error, 1), told.log_likelihood, told.expected_log_likelihood,
                   told.bounded == 0
                       ? ""
                       : fmt::format("; {} of {} pairs within their {:g} % bounds", format_count(told.covered),
                                     format_count(told.bounded), 100.0 * told.confidence));
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
                        listed(told.without_features)));
    }
    if (told.left_out > 0) {
        note(fmt::format("{} left out: this model does not learn from runs beside others",
                         format_count(told.left_out, "run")));
    }
    if (told.no_more_calibrating > 0) {
        note(fmt::format(
            "{} that calibrated bounds {} learned from now, and {} no more, for bounds rest on rows that "
            "the model has not seen; {} left",
            format_count(told.no_more_calibrating, "pair"), told.no_more_calibrating == 1 ? "is" : "are",
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
        "Runs of known pairs, of new platforms and of new modules are folded in: the model predicts as if it had been\n"
        "fitted on all of them with the hyper-parameters that it has. Names tell what is known; a new platform or\n"
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
        "  pitot observe fleet.pitot today.csv -o fleet-2.pitot\n"
        "  pitot observe fleet.pitot today.csv --in-place --json\n"
        "  pitot observe fleet.pitot new.csv --platform-features new.platforms.csv -o fleet-2.pitot");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace observe_command

Verb observe_verb() { return {"observe", "Learn from further runs without a new fit", observe_command::add}; }

}  // namespace pitot::cli
