// pitot matrix: benchmarking traces into a matrix of runtimes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/draw_options.hpp"
#include "cli/trace_options.hpp"
#include "cli/verbs.hpp"
#include "figure/pictures.hpp"
#include "traces/trace_parts.hpp"

namespace pitot::cli {
namespace matrix_command {
namespace {

struct Options {
    TraceFlags traces;
    std::string out = "matrix";
    OutputFlags output;
    bool filter = false;
    bool plot = false;
};

Result<void> make(const Options& options) {
    if (auto there = options.plot ? figure::check_gnuplot() : Result<void>(); !there) {
        return there;
    }
    const auto out = with_npz(options.out);
    const Paths inputs = options.traces.inputs();
    auto apart = options.output.check(out, OutputKind::kDataset, inputs);
    for (const char* beside : {".png", ".tsv"}) {
        if (apart && options.plot) {
            apart = check_apart(std::filesystem::path(out).replace_extension(beside), inputs);
        }
    }
    if (!apart) {
        return apart;
    }
    PITOT_TRY(auto trace_options, options.traces.options());
    trace_options.keep_unobserved = !options.filter;
    PITOT_TRY(const auto collection, options.traces.collection_for(traces::DeviceUse::kTimes));
    const auto made = traces::make_matrix(collection, trace_options);
    if (auto reported = options.traces.report(made.problems); !reported) {
        return reported;
    }
    if (auto observed = traces::require_observations(made); !observed) {
        return observed;
    }
    if (auto written = traces::write_matrix(made.dataset, out); !written) {
        return written;
    }
    print_result(options.traces, out, made);
    return options.plot ? draw_beside(figure::matrix_plot(made.dataset), out, !options.traces.json) : Result<void>();
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-p,--path", options->traces.paths, "Collections: folders of traces, or flat files")
        ->required()
        ->type_name("COLLECTION");
    app.add_option("-o,--out", options->out, "File to write; .npz is added where it is missing")
        ->type_name("FILE")
        ->capture_default_str();
    options->output.add_to(app);
    app.add_flag("-f,--filter", options->filter,
                 "Leave out platforms and modules without observations; else every runtime has a row on every device");
    add_plot_flag(app, options->plot, "the logarithms of the runtimes");
    options->traces.add_target(app);
    options->traces.add_platforms(app);
    options->traces.add_reading(app);
    app.footer(
        "The file has 'data' (platforms x modules, 0 = not measured), 'platform' and 'module'; 'pitot merge' adds\n"
        "features.\n"
        "Examples:\n"
        "  pitot matrix -p laptop -o matrix -d\n"
        "  pitot matrix -p laptop -f --exclude node-liftoff.laptop --release 2023 -o matrix-2023");
    return [options] { return make(*options); };
}

}  // namespace
}  // namespace matrix_command

Verb matrix_verb() {
    return {"matrix", "Turn traces into a matrix of runtimes, without features", matrix_command::add};
}

}  // namespace pitot::cli
