#include "cli/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "backend/backend.hpp"
#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "cli/verb_words.hpp"
#include "core/read_file.hpp"
#include "dataset/describe.hpp"

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

// Of "0,1": different numbers from 0.
std::optional<std::vector<int>> numbers_of(std::string_view text) {
    std::vector<int> numbers;
    const char* at = text.data();
    const char* const last = at + text.size();
    while (true) {
        int number = -1;
        const auto [end, error] = std::from_chars(at, last, number);
        if (error != std::errc() || number < 0 || std::ranges::find(numbers, number) != numbers.end() ||
            (end != last && *end != ',')) {
            return std::nullopt;
        }
        numbers.push_back(number);
        if (end == last) {
            return numbers;
        }
        at = end + 1;
    }
}

}  // namespace

CLI::Option* whole(CLI::Option* option, std::int64_t least, std::uint64_t most) {
    return option->transform(
        CLI::Validator([=](std::string& text) { return normalise_whole(text, least, most); }, std::string()));
}

std::vector<std::string> preset_names() {
    std::vector<std::string> names;
    for (const PresetInfo& info : presets()) {
        names.push_back(info.name);
    }
    return names;
}

CLI::Option* add_repeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                          const std::string& description) {
    return app.add_option(name, values, description)->allow_extra_args(false);
}

void DatasetOptions::add_to(CLI::App& app) {
    app.add_option(
           "dataset", files,
           "Datasets: .npz, tables (.csv, .tsv, also .gz), JSON of benchmark tools, - for standard input; several "
           "are joined into one")
        ->required()
        ->type_name("FILE");
    add_reading_to(app);
}

void DatasetOptions::add_reading_to(CLI::App& app) {
    app.add_flag("--skip-invalid", read_options.skip_invalid, "Drop rows that cannot be used instead of refusing them")
        ->group(kDataGroup);
    app.add_option("--platform-features", read_options.platform_features,
                   "Platform features (CSV: name, then one column a feature; or .npz of 'pitot platforms')")
        ->type_name("FILE")
        ->group(kDataGroup);
    app.add_option("--module-features", read_options.module_features,
                   "Module features (CSV: name, then one opcode count a column; or .npz of 'pitot opcodes')")
        ->type_name("FILE")
        ->group(kDataGroup);
    offer(app.add_option("--unit", read_options.unit,
                         "Unit of runtimes in tables that do not say it: ns, us, ms, s, min or h"),
          {"ns", "us", "ms", "s", "min", "h"})
        ->type_name("UNIT")
        ->group(kDataGroup);
    add_repeated(app, "--map", columns,
                 "Which columns of tables are what: platform=Device,module=Benchmark,runtime=Mean; also with, device, "
                 "engine and unit; #2 is the second column")
        ->type_name("COLUMNS")
        ->group(kDataGroup);
    app.add_option("--device", read_options.device, "The device that rows ran on whose file tells none")
        ->type_name("NAME")
        ->group(kDataGroup);
    app.add_option("--decimal", decimal,
                   "What marks fractions in runtimes of tables: point or comma. Default: told by the numbers")
        ->check(CLI::IsMember({"point", "comma"}))
        ->type_name("MARK")
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

bool DatasetOptions::for_datasets() const {
    return read_options.skip_invalid || !read_options.platform_features.empty() ||
           !read_options.module_features.empty() || !read_options.unit.empty() || !columns.empty() ||
           !read_options.device.empty() || !decimal.empty();
}

namespace {

constexpr std::array<std::string_view, 7> kColumnRoles{"platform", "module", "runtime", "with",
                                                       "device",   "engine", "unit"};

// "platform=Device,module=Benchmark": a comma ends a name where a role follows.
Result<void> parse_columns(std::string_view text, std::vector<std::pair<std::string, std::string>>& columns) {
    const auto role_at = [&](std::size_t at) -> std::string_view {
        const auto role = std::ranges::find_if(kColumnRoles, [&](std::string_view r) {
            return text.substr(at).starts_with(r) && text.substr(at + r.size()).starts_with('=');
        });
        return role == kColumnRoles.end() ? std::string_view() : *role;
    };
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view role = role_at(at);
        const std::size_t name = at + role.size() + 1;
        std::size_t end = text.find(',', name);
        while (end != std::string_view::npos && role_at(end + 1).empty()) {
            end = text.find(',', end + 1);
        }
        end = std::min(end, text.size());
        if (role.empty() || end <= name) {
            return fail(
                ErrorCode::kUsage,
                fmt::format("--map {}: name columns as in platform=Device,module=Benchmark,runtime=Mean; what can "
                            "be named is {}",
                            text, fmt::join(kColumnRoles, ", ")));
        }
        columns.emplace_back(role, text.substr(name, end - name));
        at = end + 1;
    }
    return {};
}

}  // namespace

Result<Dataset> DatasetOptions::read_files(std::vector<std::string> names) const {
    DatasetOptions others = *this;
    others.files = std::move(names);
    return others.read();
}

Result<Dataset> DatasetOptions::read(bool tell_problems) const {
    const std::vector<std::filesystem::path> paths(files.begin(), files.end());
    if (std::ranges::count(inputs(), std::filesystem::path("-")) > 1) {
        return fail(ErrorCode::kUsage, "standard input (-) can be read once; name it once");
    }
    ReadOptions how = read_options;
    how.decimal_mark = decimal.empty() ? '\0' : decimal == "comma" ? ',' : '.';
    for (const std::string& text : columns) {
        if (auto parsed = parse_columns(text, how.columns); !parsed) {
            return Failure(parsed.error());
        }
    }
    Result<Dataset> dataset = read_dataset(paths, how);
    if (dataset) {
        detail(fmt::format("read {}: {}", fmt::join(files, ", "), format_size(*dataset)));
    }
    if (dataset && tell_problems) {
        for (const std::string& problem : dataset->problems) {
            note(printable(problem));
        }
        if (const std::string remark = dataset::empty_runs_remark(*dataset); !remark.empty()) {
            note(remark);
        }
    }
    return dataset;
}

void ConfigOptions::add_to(CLI::App& app, bool with_replicates) {
    offer(app.add_option("--preset", preset, "Configuration to start from; see 'pitot presets'"), preset_names())
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

const char* ConfigOptions::option_of(const std::string& fault) const {
    const std::array<std::tuple<const char*, const char*, bool>, 7> all{
        {{"train.folds", "--folds", folds.has_value()},
         {"train.replicates", "--replicates", replicates.has_value()},
         {"train.checkpoints", "--checkpoints", checkpoints.has_value()},
         {"train.epoch_samples", "--epoch-samples", epoch_samples.has_value()},
         {"train.objectives.alone.batch", "--batch", batch.has_value()},
         {"train.learning_rate", "--learning-rate", learning_rate.has_value()},
         {"calibration_share", "--calibration-share", calibration_share.has_value()}}};
    for (const auto& [field, option, given] : all) {
        if (given && fault.starts_with(fmt::format("field '{}'", field))) {
            return option;
        }
    }
    return nullptr;
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
        if (by_file) {
            return fail(Error(ErrorCode::kInput, valid.error().message()),
                        fmt::format("--config {}", config_file.string()));
        }
        const char* option = option_of(valid.error().message());
        return option != nullptr ? fail(valid.error(), option) : Failure(valid.error());
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
    offer(
        app.add_option("--backend", backend,
                       "What computes: cpu; cuda (NVIDIA cards, in a pitot that was built for them); auto (cuda where "
                       "a card answers, else cpu); or reference (slow and plain). Default: cpu"),
        {"cpu", "cuda", "auto", "reference"})
        ->type_name("NAME")
        ->group(kRunGroup);
    app.add_option_function<std::string>(
           "--devices", [this](const std::string& text) { devices = numbers_of(text).value_or(std::vector<int>()); },
           "Numbers of the cards that --backend cuda computes on, such as 0,1 (see 'pitot device'). Default: all")
        ->check(CLI::Validator(
            [](const std::string& text) {
                return numbers_of(text) ? std::string()
                                        : fmt::format(
                                              "must be numbers of cards from 0, each once, with commas "
                                              "between them (0,1), not '{}'",
                                              text);
            },
            std::string()))
        ->type_name("N,…")
        ->group(kRunGroup);
    app.add_option(
           "--precision", precision,
           "What a card multiplies matrices in: fp32, or faster and rounded tf32 or bf16. Default: auto, on cards "
           "tf32")
        ->check(CLI::IsMember({"auto", "fp32", "tf32", "bf16"}))
        ->type_name("NAME")
        ->group(kRunGroup);
}

Result<Context> RunFlags::to_context() const {
    Context context;
    context.threads = threads;
    context.backend = backend;
    context.devices = devices;
    context.precision = precision;
    PITOT_TRY(const auto found, backend::find_backend(context));
    context.backend = found->name();
    return context;
}

}  // namespace pitot::cli
