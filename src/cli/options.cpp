#include "cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include "cli/cli.hpp"
#include "cli/output.hpp"

namespace pitot::cli {
namespace {

constexpr const char* kDataGroup = "Dataset";
constexpr const char* kConfigGroup = "Configuration (later ones win)";
constexpr const char* kRunGroup = "Running";

template <typename T>
void assign(T& field, const std::optional<T>& given) {
    if (given) {
        field = *given;
    }
}

}  // namespace

CLI::Option* add_repeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                          const std::string& description) {
    return app.add_option(name, values, description)->allow_extra_args(false);
}

Result<std::string> read_text(const std::filesystem::path& file) {
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad() || std::filesystem::is_directory(file)) {
        const std::string reason = errno != 0 ? std::strerror(errno) : "it is not a regular file";
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot read '{}': {}; check the path and its permissions", file.string(), reason));
    }
    return text;
}

void DatasetOptions::add_to(CLI::App& app) {
    app.add_option("dataset", files, "Datasets (.npz or .csv); several are joined into one")
        ->required()
        ->type_name("FILE");
    app.add_flag("--skip-invalid", read_options.skip_invalid, "Drop rows that cannot be used instead of refusing them")
        ->group(kDataGroup);
    app.add_option("--platform-features", read_options.platform_features,
                   "Platform features (CSV: name, then one column a feature)")
        ->type_name("FILE")
        ->group(kDataGroup);
    app.add_option("--module-features", read_options.module_features,
                   "Module features (CSV: name, then one opcode count a column)")
        ->type_name("FILE")
        ->group(kDataGroup);
}

Result<Dataset> DatasetOptions::read() const {
    const std::vector<std::filesystem::path> paths(files.begin(), files.end());
    Result<Dataset> dataset = read_dataset(paths, read_options);
    if (dataset && dataset->dropped_rows > 0) {
        note(fmt::format("dropped {} invalid row{}", format_count(dataset->dropped_rows),
                         dataset->dropped_rows == 1 ? "" : "s"));
    }
    return dataset;
}

void ConfigOptions::add_to(CLI::App& app, bool with_replicates) {
    app.add_option("--preset", preset, "Configuration to start from; see 'pitot presets'")
        ->type_name("NAME")
        ->group(kConfigGroup);
    app.add_option("--config", config_file, "JSON file with fields that differ (as 'pitot presets NAME --json' prints)")
        ->type_name("FILE")
        ->group(kConfigGroup);
    const auto field = [&](const std::string& name, auto& value, const std::string& text, const std::string& type) {
        app.add_option(name, value, text)->type_name(type)->group(kConfigGroup);
    };
    field("--seed", seed, "Seed of every random choice", "N");
    field("--folds", folds, "Models whose mean predicts", "N");
    if (with_replicates) {
        field("--replicates", replicates, "Random splits to average over", "N");
    }
    field("--checkpoints", checkpoints, "Validations during a fit; its length is proportional to them", "N");
    field("--epoch-samples", epoch_samples, "Steps between checkpoints at share 1", "N");
    field("--batch", batch, "Rows a step", "N");
    field("--learning-rate", learning_rate, "Step size of the optimiser", "X");
    field("--calibration-share", calibration_share, "Share of the rows set aside to calibrate bounds", "X");
    add_repeated(app, "--set", assignments, "Any field, as in --set model.layers=128,64; may be repeated")
        ->type_name("FIELD=VALUE")
        ->group(kConfigGroup);
}

Result<FitConfig> ConfigOptions::resolve(const FitConfig& fallback) const {
    FitConfig config = fallback;
    if (!preset.empty()) {
        Result<FitConfig> named = pitot::preset(preset);
        if (!named) {
            return named;
        }
        config = std::move(*named);
    }
    if (!config_file.empty()) {
        const Result<std::string> text = read_text(config_file);
        if (!text) {
            return fail(text.error(), "--config");
        }
        if (const Result<void> applied = apply_json(config, *text); !applied) {
            return fail(applied.error(), fmt::format("--config {}", config_file.string()));
        }
    }
    assign(config.seed, seed);
    assign(config.train.folds, folds);
    assign(config.train.replicates, replicates);
    assign(config.train.checkpoints, checkpoints);
    assign(config.train.epoch_samples, epoch_samples);
    assign(config.train.batch, batch);
    assign(config.train.learning_rate, learning_rate);
    assign(config.calibration_share, calibration_share);
    for (const std::string& assignment : assignments) {
        if (const Result<void> applied = apply_override(config, assignment); !applied) {
            return fail(applied.error(), "--set");
        }
    }
    if (const Result<void> valid = config.validate(); !valid) {
        return Failure(valid.error());
    }
    return config;
}

void RunFlags::add_to(CLI::App& app) {
    app.add_option("--threads", threads, "Threads; 0 = all this process may use. The result does not depend on it")
        ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))
        ->type_name("N")
        ->group(kRunGroup);
    app.add_option("--backend", backend, "What computes: cpu or reference (slow and plain)")
        ->type_name("NAME")
        ->group(kRunGroup);
}

RunOptions RunFlags::to_run_options() const {
    RunOptions options;
    options.threads = threads;
    options.backend = backend;
    return options;
}

}  // namespace pitot::cli
