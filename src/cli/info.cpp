// pitot info: what a dataset or a model file holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "dataset/describe.hpp"
#include "dataset/index_layout.hpp"
#include "formats/npz.hpp"
#include "predict/describe_model.hpp"

namespace pitot::cli {
namespace info_command {
namespace {

using Json = nlohmann::ordered_json;

/// Names shown of a list; --json lists all.
constexpr std::size_t kMostShown = 12;

struct Options {
    DatasetOptions dataset;
    bool json = false;
};

// "a, b and 3 more".
std::string some_of(std::span<const std::string> names) {
    const auto shown = names.first(names.size() > kMostShown + 1 ? kMostShown : names.size());
    std::vector<std::string> texts;
    for (const std::string& name : shown) {
        texts.push_back(printable(name));
    }
    const std::string rest =
        shown.size() < names.size() ? fmt::format(" and {} more", names.size() - shown.size()) : std::string();
    return fmt::format("{}{}", fmt::join(texts, ", "), rest);
}

std::string text_of(const dataset::RuntimeRange& range) {
    return fmt::format("{} to {}, median {}", format_duration(range.min), format_duration(range.max),
                       format_duration(range.median));
}

void print_side(const char* name, const dataset::SideDescription& side) {
    const std::string features = side.feature_names.empty()
                                     ? "no features"
                                     : fmt::format("{} ({})", format_count(std::ssize(side.feature_names), "feature"),
                                                   some_of(side.feature_names));
    fmt::print("{}: {}, {}\n", name, format_count(side.count), features);
    if (!side.unobserved.empty()) {
        fmt::print("{} without observations: {} ({})\n", name, format_count(std::ssize(side.unobserved)),
                   some_of(side.unobserved));
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

void print_text(const dataset::DatasetDescription& dataset) {
    fmt::print("dataset: {}\n", printable(fmt::format("{}", fmt::join(dataset.sources, ", "))));
    print_side("platforms", dataset.platforms);
    print_side("modules", dataset.modules);
    fmt::print("measured pairs: {} of {} ({})\n", format_count(dataset.alone.cells),
               format_count(dataset.platforms.count * dataset.modules.count), format_percent(dataset.alone.density, 1));
    fmt::print("observations alone: {}, pairs measured more than once: {}\n", format_count(dataset.alone.rows),
               format_count(dataset.alone.repeated_cells));
    if (dataset.alone.runtime) {
        fmt::print("runtimes alone: {} (read as microseconds)\n", text_of(*dataset.alone.runtime));
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
    return {{"count", side.count}, {"feature_names", side.feature_names}, {"without_observations", side.unobserved}};
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

Result<void> show_model(const std::filesystem::path& file, bool json) {
    PITOT_TRY(const auto predictor, Predictor::load(file));
    fmt::print("{}", json ? predict::describe_model_json(predictor) : predict::describe_model(predictor));
    return {};
}

Result<void> show(const Options& options) {
    if (options.dataset.files.size() == 1 && is_model(options.dataset.files.front())) {
        const ReadOptions& read = options.dataset.read_options;
        if (read.skip_invalid || !read.platform_features.empty() || !read.module_features.empty()) {
            return fail(
                ErrorCode::kUsage,
                fmt::format("'{}' is a model, and --skip-invalid, --platform-features and --module-features are "
                            "for datasets; leave them out",
                            printable(options.dataset.files.front())));
        }
        return show_model(options.dataset.files.front(), options.json);
    }
    PITOT_TRY(const auto dataset, options.dataset.read());
    const dataset::DatasetDescription description = dataset::describe(dataset);
    if (options.json) {
        print_json(to_json(description));
    } else {
        print_text(description);
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->dataset.add_to(app);
    app.add_flag("--json", options->json, "Print JSON, with every name");
    app.footer(
        "Examples:\n"
        "  pitot info data.npz\n"
        "  pitot info data.npz if2.npz --json\n"
        "  pitot info model.pitot");
    return [options] { return show(*options); };
}

}  // namespace
}  // namespace info_command

Verb info_verb() { return {"info", "Describe a dataset or a model", info_command::add}; }

}  // namespace pitot::cli
