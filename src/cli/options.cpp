#include "cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "core/read_file.hpp"

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

constexpr auto kAnyWhole = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t kMostSigned = std::numeric_limits<std::int64_t>::max();

// Why `text` is no whole number of that range; "" if it is one, and `text` is then its plain form.
std::string normalise_whole(std::string& text, std::int64_t least, std::uint64_t most) {
    const bool negative = text.starts_with('-');
    const std::string_view digits = std::string_view(text).substr(negative || text.starts_with('+') ? 1 : 0);
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    const bool number = !digits.empty() && end == digits.data() + digits.size();
    const std::uint64_t lowest = least < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(least) : 0;
    const bool fits =
        negative ? size <= lowest : size <= most && (least < 0 || size >= static_cast<std::uint64_t>(least));
    if (number && error == std::errc() && fits) {
        text = (negative && size > 0 ? "-" : "") + std::to_string(size);
        return {};
    }
    if (least == kAnyWhole) {
        return fmt::format("must be a whole number of at most 18 digits, not '{}'", text);
    }
    const bool open = most == kMostSigned || most == std::numeric_limits<int>::max();
    if (open && error != std::errc::result_out_of_range && (!number || negative || size <= most)) {
        return fmt::format("must be a whole number, {} or more, not '{}'", least, text);
    }
    return fmt::format("must be a whole number from {} to {}, not '{}'", least, most, text);
}

}  // namespace

CLI::Option* whole(CLI::Option* option, std::int64_t least, std::uint64_t most) {
    return option->transform(
        CLI::Validator([=](std::string& text) { return normalise_whole(text, least, most); }, std::string()));
}

CLI::Option* add_repeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                          const std::string& description) {
    return app.add_option(name, values, description)->allow_extra_args(false);
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

std::vector<std::filesystem::path> DatasetOptions::inputs() const {
    std::vector<std::filesystem::path> all(files.begin(), files.end());
    for (const auto& table : {read_options.platform_features, read_options.module_features}) {
        if (!table.empty()) {
            all.push_back(table);
        }
    }
    return all;
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
    app.add_option(
           "--config", config_file,
           "JSON file with fields that differ (as 'pitot presets NAME --json' prints); its preset, if it names one, "
           "is what they differ from")
        ->type_name("FILE")
        ->group(kConfigGroup);
    const auto field = [&](const std::string& name, auto& value, const std::string& text, const std::string& type) {
        return app.add_option(name, value, text)->type_name(type)->group(kConfigGroup);
    };
    const auto count = [&](const std::string& name, std::optional<std::int64_t>& value, const std::string& text) {
        whole(field(name, value, text, "N"), kAnyWhole, kMostSigned);
    };
    whole(field("--seed", seed, "Seed of every random choice", "N"), 0, std::numeric_limits<std::uint64_t>::max());
    count("--folds", folds, "Models whose mean predicts");
    if (with_replicates) {
        count("--replicates", replicates, "Random splits to average over");
    }
    count("--checkpoints", checkpoints, "Validations during a fit; its length is proportional to them");
    count("--epoch-samples", epoch_samples, "A hundred times the steps between checkpoints at share 1");
    count("--batch", batch, "Rows a step");
    field("--learning-rate", learning_rate, "Step size of the optimiser", "X");
    field("--calibration-share", calibration_share, "Share of the rows set aside to calibrate bounds", "X");
    field("--bounds-from", bounds_from,
          "Rows that bounds rest on: split (set aside), leave-one-out (learned from, each predicted without itself) or "
          "auto (split, or leave-one-out where rows are few and the model can)",
          "WHICH")
        ->check(CLI::IsMember({"auto", "split", "leave-one-out"}));
    field(
        "--bounds-by", bounds_by,
        "Bounds hold within each platform, microarchitecture or tenth of predicted runtimes (runtime) that has enough "
        "rows, not only in the whole fleet",
        "PART")
        ->check(CLI::IsMember({"fleet", "platform", "microarchitecture", "runtime"}));
    add_repeated(app, "--set", assignments, "Any field, as in --set model.layers=128,64; may be repeated")
        ->type_name("FIELD=VALUE")
        ->group(kConfigGroup);
}

Result<void> ConfigOptions::apply_file(FitConfig& config) const {
    const Result<std::string> text = core::read_file(config_file);
    if (!text) {
        return fail(text.error(), "--config");
    }
    const std::string where = fmt::format("--config {}", config_file.string());
    const auto wrong_file = [&](const Error& error) {
        return fail(Error(ErrorCode::kInput, error.message(), error.remedy(), error.remedy_about()), where);
    };
    const auto named = preset_in_json(*text);
    if (!named) {
        return wrong_file(named.error());
    }
    if (*named && !preset.empty() && **named != preset) {
        return fail(ErrorCode::kUsage,
                    fmt::format("--preset {} and the preset '{}' of {} are not the same; leave one of "
                                "them out",
                                preset, **named, where));
    }
    if (*named) {
        Result<FitConfig> base = pitot::preset(**named);
        if (!base) {
            return wrong_file(base.error());
        }
        config = std::move(*base);
    }
    const Result<void> applied = apply_json(config, *text);
    return applied ? applied : wrong_file(applied.error());
}

Result<void> ConfigOptions::apply_options(FitConfig& config) const {
    assign(config.seed, seed);
    assign(config.train.folds, folds);
    assign(config.train.replicates, replicates);
    assign(config.train.checkpoints, checkpoints);
    assign(config.train.epoch_samples, epoch_samples);
    assign(config.train.objective("alone").batch, batch);
    assign(config.train.learning_rate, learning_rate);
    assign(config.calibration_share, calibration_share);
    for (const auto& [name, value] : {std::pair("bounds.from", &bounds_from), std::pair("bounds.by", &bounds_by)}) {
        if (!value->empty()) {
            if (auto ok = apply_override(config, fmt::format("{}=\"{}\"", name, *value)); !ok) {
                return ok;
            }
        }
    }
    for (const std::string& assignment : assignments) {
        if (assignment.starts_with("preset=")) {
            return fail(ErrorCode::kUsage, "--set changes single fields; choose a preset with --preset NAME");
        }
        if (const Result<void> applied = apply_override(config, assignment); !applied) {
            return fail(applied.error(), "--set");
        }
    }
    return {};
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
    Result<void> file_valid;
    if (!config_file.empty()) {
        if (const Result<void> applied = apply_file(config); !applied) {
            return Failure(applied.error());
        }
        file_valid = config.validate();
    }
    if (const Result<void> applied = apply_options(config); !applied) {
        return Failure(applied.error());
    }
    if (const Result<void> valid = config.validate(); !valid) {
        const bool by_file = !file_valid && file_valid.error().message() == valid.error().message();
        return by_file ? fail(Error(ErrorCode::kInput, valid.error().message()),
                              fmt::format("--config {}", config_file.string()))
                       : Failure(valid.error());
    }
    return config;
}

void RunFlags::add_to(CLI::App& app) {
    whole(
        app.add_option("--threads", threads,
                       "Threads, as far as there are models and processors for them; 0 = all this process may use. The "
                       "result does not depend on it"),
        0, std::numeric_limits<int>::max())
        ->type_name("N")
        ->group(kRunGroup);
    app.add_option("--backend", backend, "What computes: cpu or reference (slow and plain)")
        ->type_name("NAME")
        ->group(kRunGroup);
}

Context RunFlags::to_context() const {
    Context context;
    context.threads = threads;
    context.backend = backend;
    return context;
}

}  // namespace pitot::cli
