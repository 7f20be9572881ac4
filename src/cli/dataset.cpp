// pitot dataset: collections of traces into a dataset, in one step.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/trace_options.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace dataset_command {
namespace {

struct Options {
    TraceFlags traces;
    LayoutFlag layout;
    OutputFlags output;
    std::string out = "data.npz";
    bool keep_unobserved = false;
};

Result<void> make(const Options& options) {
    const std::filesystem::path out = options.out;
    if (out.extension() != ".npz" && out.extension() != ".csv") {
        return fail(ErrorCode::kUsage,
                    fmt::format("cannot write '{}': let its name end in .npz or .csv", printable(options.out)));
    }
    for (const std::string& path : options.traces.paths) {
        constexpr std::array kTables{".csv", ".tsv", ".npz", ".gz", ".txt"};
        const std::filesystem::path file = path;
        std::error_code ignored;
        if (std::ranges::find(kTables, file.extension().string()) != kTables.end() &&
            std::filesystem::is_regular_file(file, ignored)) {
            return fail(
                ErrorCode::kUsage,
                fmt::format("'{}' is no collection of traces; 'pitot fit' and 'pitot convert' take a table or a "
                            "dataset as it is",
                            printable(path)));
        }
    }
    if (auto ok = options.output.check(out, OutputKind::kDataset, options.traces.inputs()); !ok) {
        return ok;
    }
    PITOT_TRY(auto trace_options, options.traces.options());
    trace_options.keep_unobserved = options.keep_unobserved;
    PITOT_TRY(const auto collection, options.traces.collection_for(traces::DeviceUse::kTimes));
    const auto made = traces::make_dataset(collection, trace_options);
    if (auto reported = options.traces.report(made.problems); !reported) {
        return reported;
    }
    if (auto observed = traces::require_observations(made); !observed) {
        return observed;
    }
    if (auto written = write_dataset(made.dataset, out, options.layout.of(trace_options.release)); !written) {
        return written;
    }
    print_result(options.traces, out, made);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("collection", options->traces.paths,
                   "Collections: folders of traces with their runtimes.json, flat files, further descriptions of "
                   "devices")
        ->required()
        ->type_name("COLLECTION");
    app.add_option("-o,--out", options->out, "File to write, .npz or .csv")->type_name("FILE")->capture_default_str();
    options->output.add_to(app);
    options->layout.add_to(app);
    app.add_flag("--keep-unobserved", options->keep_unobserved,
                 "Keep platforms and modules that have traces but no observation");
    options->traces.add_target(app);
    options->traces.add_runs(app);
    options->traces.add_platforms(app);
    options->traces.add_reading(app);
    app.footer(
        "What cannot be used is named and left out; docs/traces.md has the formats.\n"
        "laptop/ is what the examples of 'pitot measure' make.\n"
        "Examples:\n"
        "  pitot dataset laptop -o laptop.npz\n"
        "  pitot dataset laptop -o medians.csv --runs median --target cpu\n"
        "  pitot dataset laptop -o laptop-2023.npz --release 2023");
    return [options] { return make(*options); };
}

}  // namespace
}  // namespace dataset_command

Verb dataset_verb() { return {"dataset", "Turn collections of traces into a dataset", dataset_command::add}; }

}  // namespace pitot::cli
