// pitot convert: datasets joined, cleaned and written in the layout that a name's extension says.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/verbs.hpp"
#include "pitot/dataset.hpp"

namespace pitot::cli {
namespace convert_command {
namespace {

struct Options {
    DatasetOptions inputs;
    std::string layout;
    OutputFlags output;
};

Result<void> convert(Options options) {
    DatasetOptions& inputs = options.inputs;
    if (inputs.files.size() < 2) {
        return fail(ErrorCode::kUsage, "name what to read and, last, what to write: pitot convert IN... OUT");
    }
    const std::filesystem::path out = std::move(inputs.files.back());
    inputs.files.pop_back();
    if (out.extension() != ".npz" && out.extension() != ".csv") {
        return fail(ErrorCode::kUsage,
                    fmt::format("cannot write '{}': let its name end in .npz or .csv", printable(out.string())));
    }
    if (out.extension() == ".csv" && !options.layout.empty()) {
        return fail(ErrorCode::kUsage,
                    "--layout is for .npz: a .csv file has one layout, an observation a line; leave "
                    "--layout out, or name a .npz file");
    }
    if (auto ok = options.output.check(out, OutputKind::kDataset, inputs.inputs()); !ok) {
        return ok;
    }
    PITOT_TRY(const auto dataset, inputs.read());
    const Layout layout = options.layout == "dense" ? Layout::kDense : Layout::kIndex;
    if (auto written = write_dataset(dataset, out, layout); !written) {
        return written;
    }
    fmt::print("{}: {}\n", printable(out.string()), format_size(dataset));
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->inputs.add_to(app);
    app.get_option("dataset")->description(
        "Datasets to read (.npz or .csv; several are joined) and, last, the file to write: .npz, or .csv, which gets "
        "its features beside it as STEM.platforms.csv and STEM.modules.csv");
    app.add_option("--layout", options->layout,
                   "Of .npz: index (a row an observation) or dense (a platform x module matrix, a pair measured once). "
                   "Default: index")
        ->check(CLI::IsMember({"index", "dense"}));
    options->output.add_to(app);
    app.footer(
        "Examples:\n"
        "  pitot convert examples/fleet.csv fleet.npz\n"
        "  pitot convert examples/fleet.csv examples/beside.csv all.npz\n"
        "  pitot convert examples/fleet.csv clean.npz --skip-invalid --module-features examples/opcodes.csv");
    return [options] { return convert(*options); };
}

}  // namespace
}  // namespace convert_command

Verb convert_verb() { return {"convert", "Join datasets and write them as .npz or .csv", convert_command::add}; }

}  // namespace pitot::cli
