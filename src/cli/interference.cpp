// pitot interference: traces of modules side by side into rows that go with a dataset.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/output_file.hpp"
#include "cli/trace_options.hpp"
#include "cli/verbs.hpp"
#include "dataset/pools.hpp"
#include "pitot/dataset.hpp"
#include "traces/trace_dataset.hpp"

namespace pitot::cli {
namespace interference_command {
namespace {

struct Options {
    TraceFlags traces;
    LayoutFlag layout;
    std::string dataset = "data.npz";
    std::string out = "if2.npz";
    OutputFlags output;
};

Result<void> make(const Options& options) {
    const auto out = with_npz(options.out);
    if (auto ok = options.output.check(out, OutputKind::kDataset, options.traces.inputs({options.dataset})); !ok) {
        return ok;
    }
    PITOT_TRY(const auto trace_options, options.traces.options());
    const std::vector<std::filesystem::path> files = {options.dataset};
    PITOT_TRY(auto known, read_dataset(files));
    PITOT_TRY(const auto collection, options.traces.collection_for(traces::DeviceUse::kTimes));
    auto made = traces::make_interference(collection, known, trace_options);
    if (auto reported = options.traces.report(made.problems); !reported) {
        return reported;
    }
    if (auto observed = traces::require_observations(made); !observed) {
        return observed;
    }
    const Layout layout = options.layout.of(trace_options.release);
    if (layout == Layout::kDense) {  // which has no form for rows without a matrix
        made.dataset.platforms = std::move(known.platforms);
        made.dataset.modules = std::move(known.modules);
        made.dataset.set_observations(dataset::copy_of(known.pool(kAlone)),
                                      dataset::copy_of(dataset::beside_others(made.dataset)));
    }
    if (auto written = write_dataset(made.dataset, out, layout); !written) {
        return written;
    }
    print_result(options.traces, out, made);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-s,--src,-p,--path", options->traces.paths, "Collections with traces of modules side by side")
        ->required()
        ->type_name("COLLECTION");
    app.add_option("-d,--dataset", options->dataset, "Dataset whose platforms and modules the rows are of")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_option("-o,--out", options->out, "File to write; .npz is added where it is missing")
        ->type_name("FILE")
        ->capture_default_str();
    options->output.add_to(app);
    options->layout.add_to(app);
    options->traces.add_runs(app);
    options->traces.add_platforms(app);
    options->traces.add_reading(app);
    app.footer(
        "The index layout holds the rows alone and goes with the dataset: pitot fit data.npz if2.npz. The dense "
        "layout\n"
        "holds the dataset as well.\n"
        "Example:\n"
        "  pitot interference -s laptop -d merged.npz -o beside.npz");
    return [options] { return make(*options); };
}

}  // namespace
}  // namespace interference_command

Verb interference_verb() {
    return {"interference", "Turn traces of modules side by side into rows of a dataset", interference_command::add};
}

}  // namespace pitot::cli
