// pitot fit: a dataset becomes a model file.
#include "pitot/fit.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "cli/default_config.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace fit_command {
namespace {

struct Options {
    DatasetOptions dataset;
    ConfigOptions config;
    RunFlags run;
    std::string output;
    bool json = false;
};

// Before minutes of training: could the file be written?
Result<void> check_output(const std::filesystem::path& file) {
    const auto refuse = [&](const std::string& reason) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot write '{}': {}", file.string(), reason));
    };
    std::error_code ignored;
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    if (!std::filesystem::is_directory(folder, ignored)) {
        return refuse(fmt::format("there is no folder '{}'; make it first", folder.string()));
    }
    if (std::filesystem::is_directory(file, ignored)) {
        return refuse("it is a folder; name a file in it");
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return refuse(fmt::format("folder '{}' does not let you; choose another place", folder.string()));
    }
    return {};
}

void print_summary(const Options& options, const Dataset& dataset, const Predictor& predictor, double seconds) {
    std::error_code ignored;
    const auto bytes = std::filesystem::file_size(options.output, ignored);
    if (options.json) {
        print_json({{"model", options.output},
                    {"preset", predictor.config().preset},
                    {"bytes", bytes},
                    {"platforms", dataset.platforms.size()},
                    {"modules", dataset.modules.size()},
                    {"rows_alone", dataset.alone.size()},
                    {"rows_together", dataset.together.size()},
                    {"calibration_rows_alone", predictor.calibration_rows(false)},
                    {"calibration_rows_together", predictor.calibration_rows(true)},
                    {"dataset_digest", predictor.dataset_digest()},
                    {"seconds", seconds}});
        return;
    }
    const std::int64_t rows = dataset.alone.size() + dataset.together.size();
    const std::int64_t calibration = predictor.calibration_rows(false) + predictor.calibration_rows(true);
    const bool trained = predictor.config().model.family != Family::kLinearScaling;
    fmt::print("fitted {} on {} platforms, {} modules and {} observations{} in {}\n",
               printable(predictor.config().preset), dataset.platforms.size(), dataset.modules.size(),
               format_count(rows), trained ? fmt::format(" ({} folds)", predictor.config().train.folds) : "",
               format_duration({seconds * 1e6}));
    fmt::print("set {} of them aside to calibrate bounds\n", format_count(calibration));
    fmt::print("wrote {} ({})\n", printable(options.output), format_bytes(bytes));
}

Result<void> run(const Options& options) {
    if (auto ok = check_output(options.output); !ok) {
        return ok;
    }
    const Result<Dataset> dataset = options.dataset.read();
    if (!dataset) {
        return Failure(dataset.error());
    }
    const Result<FitConfig> config = resolve_config(options.config, *dataset);
    if (!config) {
        return Failure(config.error());
    }
    const auto started = std::chrono::steady_clock::now();
    const auto predictor = [&] {
        const Interrupt interrupt;
        Progress progress("fitting " + config->preset);
        RunOptions run_options = options.run.to_run_options();
        run_options.stop = interrupt.token();
        run_options.progress = progress.callback();
        return fit(*dataset, *config, run_options);
    }();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (!predictor) {
        const bool stopped = predictor.error().code() == ErrorCode::kCancelled;
        return stopped ? fail(ErrorCode::kCancelled, "stopped; nothing was written") : Failure(predictor.error());
    }
    if (auto saved = predictor->save(options.output); !saved) {
        return saved;
    }
    print_summary(options, *dataset, *predictor, seconds);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->dataset.add_to(app);
    app.add_option("-o,--output", options->output, "Model file to write, by custom NAME.pitot")
        ->required()
        ->type_name("FILE");
    app.add_flag("--json", options->json, "Print the summary as JSON");
    options->config.add_to(app, false);
    options->run.add_to(app);
    app.footer(
        "Without --preset: embedding/128, or interference/2 on all rows if some have co-runners.\n"
        "Training takes every row but the calibration share, which upper bounds are calibrated on.\n"
        "\n"
        "Examples:\n"
        "  pitot fit data.npz -o fleet.pitot\n"
        "  pitot fit runs.csv --module-features opcodes.csv --platform-features devices.csv -o fleet.pitot\n"
        "  pitot fit data.npz if2.npz --preset interference/2 --set train.together_rows=0 -o busy.pitot\n"
        "  pitot fit data.npz --preset linear/64 --folds 5 --checkpoints 20 -o quick.pitot");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace fit_command

Verb fit_verb() { return {"fit", "Fit a model on a dataset and write it to a file", fit_command::add}; }

}  // namespace pitot::cli
