// pitot merge: a matrix and features into a dataset.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/draw_options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/trace_options.hpp"
#include "cli/verbs.hpp"
#include "figure/pictures.hpp"
#include "pitot/dataset.hpp"
#include "traces/trace_parts.hpp"

namespace pitot::cli {
namespace merge_command {
namespace {

struct Options {
    std::vector<std::string> matrices = {"matrix.npz"};
    std::string opcodes = "opcodes.npz";
    std::string platforms = "platforms.npz";
    std::string out = "data.npz";
    std::string layout = "dense";
    OutputFlags output;
    bool plot = false;
};

Result<void> merge(const Options& options) {
    if (auto there = options.plot ? figure::check_gnuplot() : Result<void>(); !there) {
        return there;
    }
    const std::vector<std::filesystem::path> files(options.matrices.begin(), options.matrices.end());
    Paths inputs = files;
    inputs.emplace_back(options.opcodes);
    inputs.emplace_back(options.platforms);
    if (auto ok = options.output.check(options.out, OutputKind::kDataset, inputs); !ok) {
        return ok;
    }
    PITOT_TRY(auto dataset, read_dataset(files));
    PITOT_TRY(const auto all_opcodes, traces::read_opcodes(options.opcodes));
    const Side opcodes = traces::kept_in_dataset(all_opcodes);
    const auto platforms = traces::read_platforms(options.platforms);
    if (!platforms) {
        return Failure(platforms.error());
    }
    auto modules = traces::select_rows(dataset.modules.names, opcodes, dataset::Axis::kModule, options.opcodes);
    if (!modules) {
        return Failure(std::move(modules).error());
    }
    PITOT_TRY(auto described,
              traces::select_rows(dataset.platforms.names, *platforms, dataset::Axis::kPlatform, options.platforms));
    dataset.modules = *std::move(modules);
    dataset.platforms = std::move(described);
    const Layout layout = options.layout == "dense" ? Layout::kDense : Layout::kIndex;
    if (auto written = write_dataset(dataset, options.out, layout); !written) {
        return written;
    }
    fmt::print("{}: {}\n", printable(options.out), format_size(dataset));
    return options.plot ? draw_beside(figure::dataset_plot(dataset), options.out, true) : Result<void>();
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-m,--matrix", options->matrices, "Matrices (of 'pitot matrix'), or datasets; several are joined")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_option("-p,--opcodes", options->opcodes, "Features of modules (of 'pitot opcodes')")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_option("-t,--platforms", options->platforms, "Features of platforms (of 'pitot platforms')")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_option("-o,--out", options->out, "File to write, .npz or .csv")->type_name("FILE")->capture_default_str();
    options->output.add_to(app);
    add_plot_flag(app, options->plot, "runtimes and both sides' features");
    app.add_option("--layout", options->layout, "dense (a matrix) or index (a row an observation)")
        ->check(CLI::IsMember({"index", "dense"}))
        ->capture_default_str();
    app.footer(
        "Rows go together by name; features of the matrix itself are replaced.\n"
        "Example:\n"
        "  pitot merge -m matrix.npz -p opcodes.npz -t platforms.npz -o merged.npz");
    return [options] { return merge(*options); };
}

}  // namespace
}  // namespace merge_command

Verb merge_verb() { return {"merge", "Join a matrix with features of modules and platforms", merge_command::add}; }

}  // namespace pitot::cli
