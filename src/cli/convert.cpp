// pitot convert: datasets joined, cleaned and written in the layout that a name's extension says.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "pitot/dataset.hpp"

namespace pitot::cli {
namespace {

Result<void> convert(DatasetOptions inputs) {
    if (inputs.files.size() < 2) {
        return fail(ErrorCode::kUsage, "name what to read and, last, what to write: pitot convert IN... OUT");
    }
    const std::filesystem::path out = std::move(inputs.files.back());
    inputs.files.pop_back();
    if (out.extension() != ".npz" && out.extension() != ".csv") {
        return fail(ErrorCode::kUsage,
                    fmt::format("cannot write '{}': let its name end in .npz or .csv", printable(out.string())));
    }
    const auto dataset = inputs.read();
    if (!dataset) {
        return Failure(dataset.error());
    }
    if (auto written = write_dataset(*dataset, out); !written) {
        return written;
    }
    fmt::print("{}: {} platforms, {} modules, {} observations alone, {} with co-runners\n", printable(out.string()),
               format_count(dataset->platforms.size()), format_count(dataset->modules.size()),
               format_count(dataset->alone.size()), format_count(dataset->together.size()));
    return {};
}

Action add(CLI::App& app) {
    auto inputs = std::make_shared<DatasetOptions>();
    inputs->add_to(app);
    app.get_option("dataset")->description(
        "Datasets to read (.npz or .csv; several are joined) and, last, the file to write: .npz, or .csv, which gets "
        "its "
        "features beside it as STEM.platforms.csv and STEM.modules.csv");
    app.footer(
        "Examples:\n"
        "  pitot convert data.csv data.npz\n"
        "  pitot convert data.npz if2.npz all.npz\n"
        "  pitot convert runs.csv clean.npz --skip-invalid --module-features opcodes.csv");
    return [inputs] { return convert(*inputs); };
}

}  // namespace

Verb convert_verb() { return {"convert", "Join datasets and write them as .npz or .csv", add}; }

}  // namespace pitot::cli
