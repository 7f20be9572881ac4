// pitot summary: errors of all results, one summary.json a preset.
#include "experiment/summary.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/result_options.hpp"
#include "cli/verb_words.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "core/path.hpp"
#include "experiment/results.hpp"

namespace pitot::cli {
namespace summary_command {
namespace {

struct Options {
    std::filesystem::path results = "results";
    std::filesystem::path out;  // empty = beside the results
    std::vector<std::string> methods;
    std::vector<std::string> data;
    bool json = false;
};

void add_rows(Table& table, const experiment::Summary& summary) {
    for (const char* const objective : {"mf", "if"}) {
        const auto found = summary.objectives.find(objective);
        if (found == summary.objectives.end()) {
            continue;
        }
        const experiment::ObjectiveSummary& values = found->second;
        for (std::size_t i = 0; i < values.shares.size(); ++i) {
            const auto percent = [](const Spread& spread) {
                return fmt::format("{} ± {:.2f}", format_percent(spread.mean), 100.0 * spread.std);
            };
            table.add({summary.method, objective, experiment::share_name(values.shares[i]),
                       percent(values.model[i].mape), format_percent(-values.model[i].percentile[5]),
                       percent(values.baseline[i].mape), fmt::format("{}", values.model[i].replicates.size())});
        }
    }
}

Result<void> write_summary(const std::filesystem::path& out, const experiment::Summary& summary) {
    const std::filesystem::path folder = out / summary.method;
    return core::make_folder(folder).and_then(
        [&] { return core::write_text(folder / "summary.json", experiment::to_json(summary)); });
}

Result<void> run(const Options& options) {
    const auto methods = options.methods.empty() ? experiment::methods_with_results(options.results)
                                                 : experiment::expand_results(options.results, options.methods);
    if (!methods) {
        return Failure(methods.error());
    }
    Table table({{"PRESET", Align::kName},
                 {"OBJECTIVE"},
                 {"SHARE", Align::kRight},
                 {"MAPE", Align::kRight},
                 {"5 % MARGIN", Align::kRight},
                 {"LINEAR SCALING", Align::kRight},
                 {"REPLICATES", Align::kRight}});
    auto json = nlohmann::ordered_json::object();
    std::map<std::vector<std::string>, Dataset> datasets;
    for (const std::string& method : *methods) {
        std::vector<std::string> files = options.data;
        if (files.empty()) {
            const auto named = experiment::dataset_of(options.results, method);
            if (!named) {
                return Failure(named.error());
            }
            files.assign(named->begin(), named->end());
        }
        auto dataset = datasets.find(files);
        if (dataset == datasets.end()) {
            auto read = read_data(files);
            if (!read) {
                return fail(read.error(), fmt::format("reading the dataset of '{}' (-d names another)", method));
            }
            dataset = datasets.emplace(files, std::move(*read)).first;
        }
        const auto summary = experiment::summarise(options.results, method, dataset->second);
        if (!summary) {
            return Failure(summary.error());
        }
        if (auto ok = write_summary(options.out.empty() ? options.results : options.out, *summary); !ok) {
            return ok;
        }
        add_rows(table, *summary);
        json[method] = nlohmann::ordered_json::parse(experiment::to_json(*summary));
    }
    if (options.json) {
        print_json(json);
    } else {
        fmt::print("{}", table.to_string());
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    offer(app.add_option("methods", options->methods,
                         "Presets; a trailing * stands for all with results that begin so. Default: all"),
          preset_names())
        ->type_name("METHOD");
    app.add_option("-p,--path", options->results, "Folder of results; default: results")->type_name("FOLDER");
    app.add_option("-o,--out", options->out, "Folder to write METHOD/summary.json below; default: that of the results")
        ->type_name("FOLDER");
    add_list(app, "-d,--data", options->data, "Dataset, if it is no more where it was")->type_name("FILE");
    app.add_flag("--json", options->json, "Print all summaries as JSON");
    app.footer(
        "Writes FOLDER/METHOD/summary.json: for each objective (mf: alone, if: with co-runners) lists over training\n"
        "shares of mean and standard deviation of the error, its percentiles, every replicate's, and the same of "
        "linear\n"
        "scaling. The 5 % margin is minus the 5th percentile of the signed errors.\n"
        "\n"
        "Examples:\n"
        "  pitot summary -p trial\n"
        "  pitot summary -p trial 'embedding/*' linear/128\n"
        "  pitot summary -p trial embedding/128 --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace summary_command

Verb summary_verb() { return {"summary", "Summarise the errors of experiments", summary_command::add}; }

}  // namespace pitot::cli
