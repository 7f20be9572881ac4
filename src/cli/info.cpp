// pitot info: what a dataset or a model file holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "dataset/describe.hpp"
#include "dataset/index_layout.hpp"
#include "formats/input.hpp"
#include "formats/npz.hpp"
#include "predict/describe_model.hpp"

namespace pitot::cli {
namespace info_command {
namespace {

using Json = nlohmann::ordered_json;

/// Names shown of a list; --names and --json list all.
constexpr std::size_t kMostShown = 12;

struct Options {
    DatasetOptions dataset;
    bool names = false;
    bool json = false;

    [[nodiscard]] std::size_t most_names() const { return names ? SIZE_MAX - 1 : kMostShown; }
};

std::string text_of(const dataset::RuntimeRange& range) {
    return fmt::format("{} to {}, median {}", format_duration(range.min), format_duration(range.max),
                       format_duration(range.median));
}

void print_side(const char* name, const dataset::SideDescription& side, std::size_t most_names) {
    const std::string features = side.feature_names.empty()
                                     ? "no features"
                                     : fmt::format("{} ({})", format_count(std::ssize(side.feature_names), "feature"),
                                                   some_of(side.feature_names, most_names));
    fmt::print("{}: {}, {}\n", name, format_count(side.count), features);
    fmt::print("  {}\n", some_of(side.names, most_names));
    if (!side.unobserved.empty()) {
        fmt::print("{} without observations: {} ({})\n", name, format_count(std::ssize(side.unobserved)),
                   some_of(side.unobserved, most_names));
    }
}

void print_together(const dataset::TogetherDescription& together) {
    if (together.rows == 0) {
        fmt::print("with co-runners: none\n");
        return;
    }
    std::string counts;
    for (std::size_t k = 0; k < together.rows_by_co_runners.size(); ++k) {
        if (together.rows_by_co_runners[k] > 0) {
            counts += fmt::format("{}with {}: {}", counts.empty() ? "" : ", ", k,
                                  format_count(together.rows_by_co_runners[k]));
        }
    }
    fmt::print("with co-runners: {} ({})\n", format_count(together.rows, "row"), counts);
    fmt::print("rows that repeat platform, module and co-runners of another: {}\n",
               format_count(together.repeated_rows));
    if (together.runtime) {
        fmt::print("runtimes with co-runners: {}\n", text_of(*together.runtime));
    }
    if (together.slowdown) {
        fmt::print("slowdown by co-runners: {:.2f} to {:.2f}, median {:.2f} ({} whose pair was measured alone)\n",
                   together.slowdown->min, together.slowdown->max, together.slowdown->median,
                   format_count(together.slowdown_rows, "row"));
    }
}

// Archives do not say their unit; tables do. What came through a pipe cannot be looked at again.
bool unit_is_unsaid(const std::vector<std::string>& files) {
    return std::ranges::any_of(files, [](const std::string& file) {
        std::error_code ignored;
        return std::filesystem::is_regular_file(file, ignored) && formats::is_zip(formats::first_bytes(file));
    });
}

void print_text(const dataset::DatasetDescription& dataset, bool unsaid, std::size_t most_names) {
    fmt::print("dataset: {}\n", printable(fmt::format("{}", fmt::join(dataset.sources, ", "))));
    print_side("platforms", dataset.platforms, most_names);
    print_side("modules", dataset.modules, most_names);
    fmt::print("measured pairs: {} of {} ({})\n", format_count(dataset.alone.cells),
               format_count(dataset.platforms.count * dataset.modules.count), format_percent(dataset.alone.density, 1));
    fmt::print("observations alone: {}, pairs measured more than once: {}\n", format_count(dataset.alone.rows),
               format_count(dataset.alone.repeated_cells));
    if (dataset.alone.runtime) {
        fmt::print("runtimes alone: {}{}\n", text_of(*dataset.alone.runtime), unsaid ? " (read as microseconds)" : "");
    }
    print_together(dataset.together);
    fmt::print("digest: {}\n", dataset.digest);
    if (dataset.problems.empty()) {
        fmt::print("problems: none\n");
    }
    for (const std::string& problem : dataset.problems) {
        fmt::print("problem: {}\n", printable(problem));
    }
}

Json to_json(const dataset::SideDescription& side) {
    return {{"count", side.count},
            {"names", side.names},
            {"feature_names", side.feature_names},
            {"without_observations", side.unobserved}};
}

Json to_json(const std::optional<dataset::RuntimeRange>& range) {
    return range ? Json{{"min", range->min.value}, {"median", range->median.value}, {"max", range->max.value}} : Json();
}

Json to_json(const dataset::DatasetDescription& dataset) {
    Json json{{"kind", "dataset"}, {"sources", dataset.sources}, {"digest", dataset.digest}};
    json["platforms"] = to_json(dataset.platforms);
    json["modules"] = to_json(dataset.modules);
    json["alone"] = {{"rows", dataset.alone.rows},
                     {"pairs", dataset.alone.cells},
                     {"density", dataset.alone.density},
                     {"repeated_pairs", dataset.alone.repeated_cells},
                     {"runtime_us", to_json(dataset.alone.runtime)}};
    const dataset::TogetherDescription& together = dataset.together;
    json["together"] = {{"rows", together.rows},
                        {"rows_by_co_runners", together.rows_by_co_runners},
                        {"repeated_rows", together.repeated_rows},
                        {"runtime_us", to_json(together.runtime)},
                        {"slowdown_rows", together.slowdown_rows},
                        {"slowdown", nullptr}};
    if (together.slowdown) {
        json["together"]["slowdown"] = {
            {"min", together.slowdown->min}, {"median", together.slowdown->median}, {"max", together.slowdown->max}};
    }
    json["dropped_rows"] = dataset.dropped_rows;
    json["problems"] = dataset.problems;
    return json;
}

// Whether a file is a model; a file that cannot be read is for read_dataset() to complain of.
bool is_model(const std::filesystem::path& file) {
    const auto npz = formats::NpzReader::open(file);
    return npz && npz->contains(dataset::kModelSchemaArray);
}

Result<void> show_model(const std::filesystem::path& file, bool json, std::size_t most_names) {
    PITOT_TRY(const auto predictor, Predictor::load(file));
    fmt::print("{}", json ? predict::describe_model_json(predictor) : predict::describe_model(predictor, most_names));
    return {};
}

Result<void> show(const Options& options) {
    if (options.dataset.files.size() == 1 && is_model(options.dataset.files.front())) {
        if (options.dataset.for_datasets()) {
            return fail(
                ErrorCode::kUsage,
                fmt::format("'{}' is a model, and --skip-invalid, --platform-features, --module-features, --unit, "
                            "--map, --device and --decimal are for datasets; leave them out",
                            printable(options.dataset.files.front())));
        }
        return show_model(options.dataset.files.front(), options.json, options.most_names());
    }
    PITOT_TRY(const auto dataset, options.dataset.read(false));
    const dataset::DatasetDescription description = dataset::describe(dataset);
    if (options.json) {
        print_json(to_json(description));
    } else {
        print_text(description, unit_is_unsaid(options.dataset.files), options.most_names());
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->dataset.add_to(app);
    options->dataset.read_options.allow_unknown_unit = true;
    app.add_flag("--names", options->names, "Every name, and not just the first twelve of each kind");
    app.add_flag("--json", options->json, "Print JSON, with every name");
    app.footer(
        "Examples:\n"
        "  pitot info examples/fleet.csv\n"
        "  pitot info examples/fleet.csv examples/beside.csv --json\n"
        "  pitot info fleet.pitot");
    return [options] { return show(*options); };
}

}  // namespace
}  // namespace info_command

Verb info_verb() { return {"info", "Describe a dataset or a model", info_command::add}; }

}  // namespace pitot::cli
