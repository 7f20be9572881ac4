// pitot opcodes: opcode traces into features of modules.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/draw_options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/trace_options.hpp"
#include "cli/verbs.hpp"
#include "figure/pictures.hpp"
#include "traces/trace_parts.hpp"

namespace pitot::cli {
namespace opcodes_command {
namespace {

struct Options {
    TraceFlags traces;
    std::string out = "opcodes";
    OutputFlags output;
    bool plot = false;
};

Result<void> make(const Options& options) {
    if (auto there = options.plot ? figure::check_gnuplot() : Result<void>(); !there) {
        return there;
    }
    const auto out = with_npz(options.out);
    if (auto ok = options.output.check(out, OutputKind::kFeatureTable, options.traces.inputs()); !ok) {
        return ok;
    }
    PITOT_TRY(const auto trace_options, options.traces.options());
    auto collection = options.traces.collection();
    if (!collection) {
        return Failure(std::move(collection).error());
    }
    // Counts are those of a module wherever it ran.
    std::erase_if(collection->problems, [](const traces::TraceProblem& problem) { return problem.no_devices; });
    std::vector<traces::TraceProblem> problems = std::move(collection->problems);
    const traces::OpcodeTable table = traces::opcode_table(*collection, trace_options, problems);
    if (auto reported = options.traces.report(problems); !reported) {
        return reported;
    }
    if (table.empty()) {
        return fail(ErrorCode::kInput, fmt::format("there is no opcode trace in {}; give a collection that has some",
                                                   printable(options.traces.paths.front())));
    }
    std::vector<std::string> names;
    for (const auto& [name, counts] : table) {
        names.push_back(name);
    }
    const Side side = traces::opcode_side(std::move(names), table, trace_options.release, true);
    if (auto written = traces::write_opcodes(side, out, trace_options.release); !written) {
        return written;
    }
    if (options.traces.json) {
        print_json({{"out", out.string()},
                    {"modules", side.names},
                    {"opcodes", side.feature_names},
                    {"problems", problems_json(problems)}});
    } else {
        fmt::print("{}: {}, {}\n", printable(out.string()), format_count(side.size(), "module"),
                   format_count(side.features.cols(), "opcode"));
    }
    return options.plot ? draw_beside(figure::opcodes_plot(side), out, !options.traces.json) : Result<void>();
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-p,--path", options->traces.paths, "Collections with opcode traces")
        ->required()
        ->type_name("COLLECTION");
    app.add_option("-o,--out", options->out, "File to write; .npz is added where it is missing")
        ->type_name("FILE")
        ->capture_default_str();
    options->output.add_to(app);
    add_plot_flag(app, options->plot, "the counts");
    options->traces.add_reading(app);
    app.footer(
        "With --release 2023 the file has 'data' (counts), 'module' and 'opcode', for 'pitot merge'; with 2025 'data'\n"
        "(ln(1 + count)), 'names' and 'labels'.\n"
        "Example:\n"
        "  pitot opcodes -p laptop -o opcodes");
    return [options] { return make(*options); };
}

}  // namespace
}  // namespace opcodes_command

Verb opcodes_verb() { return {"opcodes", "Turn opcode traces into features of modules", opcodes_command::add}; }

}  // namespace pitot::cli
