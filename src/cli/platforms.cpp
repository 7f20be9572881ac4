// pitot platforms: descriptions of devices into features of platforms.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "cli/draw_options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/remedies.hpp"
#include "cli/trace_options.hpp"
#include "cli/verbs.hpp"
#include "figure/pictures.hpp"
#include "pitot/dataset.hpp"
#include "traces/trace_parts.hpp"

namespace pitot::cli {
namespace platforms_command {
namespace {

struct Options {
    TraceFlags traces;
    std::string matrix;
    std::vector<std::string> runtimes;
    std::string out = "platforms";
    OutputFlags output;
    bool plot = false;
};

struct Platforms {
    std::vector<std::string> names;
    std::vector<traces::PlatformParts> parts;
    std::vector<traces::TraceProblem> problems;
};

// The platforms of a matrix, whose names are runtime, separator, device.
Result<Platforms> of_matrix(const Options& options, const traces::Collection& collection) {
    const std::vector<std::filesystem::path> files = {options.matrix};
    PITOT_TRY(const auto matrix, read_dataset(files));
    Platforms platforms;
    for (const std::string& name : matrix.platforms.names) {
        const std::size_t at = name.find(options.traces.separator);
        if (at == std::string::npos || options.traces.separator.empty()) {
            return fail(
                ErrorCode::kInput,
                fmt::format("{}: platform '{}' is not RUNTIME{}DEVICE; say with --separator what stands between",
                            options.matrix, printable(name), options.traces.separator));
        }
        const std::string device_name = name.substr(at + options.traces.separator.size());
        const traces::Device* device = collection.find_device_named(device_name);
        if (device == nullptr || !device->described) {
            platforms.problems.push_back(
                {options.matrix, fmt::format("device '{}' of platform '{}' is not described; its features are 0",
                                             printable(device_name), printable(name))});
        }
        platforms.names.push_back(name);
        platforms.parts.push_back({name.substr(0, at), device});
    }
    return platforms;
}

// Every runtime on every device.
Platforms of_runtimes(const Options& options, const traces::Collection& collection) {
    std::set<std::string> devices;
    for (const traces::Device& device : collection.devices) {
        devices.insert(device.name);
    }
    Platforms platforms;
    for (const std::string& runtime : std::set<std::string>(options.runtimes.begin(), options.runtimes.end())) {
        for (const std::string& device : devices) {
            platforms.names.push_back(fmt::format("{}{}{}", runtime, options.traces.separator, device));
            platforms.parts.push_back({runtime, collection.find_device_named(device)});
        }
    }
    return platforms;
}

Result<void> make(const Options& options) {
    if (options.matrix.empty() == options.runtimes.empty()) {
        return fail(ErrorCode::kUsage,
                    "say which platforms: those of a matrix (-m matrix.npz) or runtimes (-r NAME...)");
    }
    if (auto there = options.plot ? figure::check_gnuplot() : Result<void>(); !there) {
        return there;
    }
    const auto out = with_npz(options.out);
    const Paths matrix = options.matrix.empty() ? Paths() : Paths{options.matrix};
    if (auto ok = options.output.check(out, OutputKind::kFeatureTable, options.traces.inputs(matrix)); !ok) {
        return ok;
    }
    PITOT_TRY(const auto collection, options.traces.collection_for(traces::DeviceUse::kFeatures));
    if (collection.devices.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("there is no device in {}{}; give a runtimes.json that has some",
                                printable(options.traces.paths.front()),
                                collection.problems.empty() ? "" : " (" + told(collection.problems.front()) + ")"));
    }
    auto platforms = options.matrix.empty() ? of_runtimes(options, collection) : of_matrix(options, collection);
    if (!platforms) {
        return Failure(std::move(platforms).error());
    }
    std::vector<traces::TraceProblem> problems = collection.problems;
    problems.insert(problems.end(), platforms->problems.begin(), platforms->problems.end());
    if (auto reported = options.traces.report(problems); !reported) {
        return reported;
    }
    const traces::Release release = options.traces.release_of();
    const Side side = traces::platform_side(std::move(platforms->names), platforms->parts, collection.devices, release);
    if (auto written = traces::write_platforms(side, out, release); !written) {
        return written;
    }
    if (options.traces.json) {
        print_json({{"out", out.string()},
                    {"platforms", side.names},
                    {"features", side.feature_names},
                    {"problems", problems_json(problems)}});
    } else {
        fmt::print("{}: {}, {}\n", printable(out.string()), format_count(side.size(), "platform"),
                   format_count(side.features.cols(), "feature"));
    }
    return options.plot ? draw_beside(figure::platforms_plot(side), out, !options.traces.json) : Result<void>();
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("-p,--path", options->traces.paths, "Descriptions of devices (runtimes.json), or collections")
        ->required()
        ->type_name("FILE");
    app.add_option("-m,--matrix", options->matrix, "Matrix, or dataset, whose platforms are described")
        ->type_name("FILE");
    app.add_option("-r,--runtimes", options->runtimes, "Or: runtimes, each on every device")->type_name("NAME");
    app.add_option("-o,--out", options->out, "File to write; .npz is added where it is missing")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_option("--separator", options->traces.separator,
                   "What stands between runtime and device in the name of a platform")
        ->capture_default_str();
    options->output.add_to(app);
    options->traces.add_devices(app);
    add_plot_flag(app, options->plot, "the features");
    options->traces.add_reading(app);
    app.footer(
        "With --release 2023 the file has 'data', 'platform' and 'feature', with 2025 'data', 'names' and 'labels'.\n"
        "Examples:\n"
        "  pitot platforms -p laptop/runtimes.json -m matrix.npz -o platforms\n"
        "  pitot platforms -p laptop/runtimes.json -r node wabt-interpreter -o engines");
    return [options] { return make(*options); };
}

}  // namespace
}  // namespace platforms_command

Verb platforms_verb() {
    return {"platforms", "Turn descriptions of devices into features of platforms", platforms_command::add};
}

}  // namespace pitot::cli
