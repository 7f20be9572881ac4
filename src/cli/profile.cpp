// pitot profile: how often a module executes each opcode.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "core/read_file.hpp"
#include "wasm/instrument.hpp"
#include "wasm/module.hpp"
#include "wasm/profile.hpp"

namespace pitot::cli {
namespace profile_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string module;
    std::vector<std::string> args;
    std::vector<std::string> folders;
    std::string invoke;
    std::string engine = "auto";
    std::filesystem::path output;
    OutputFlags output_flags;
    std::optional<double> timeout_s;
    std::size_t limit = 20;
    bool count_static = false;
    bool partial = false;
    bool json = false;
};

/// What is printed, however it was counted.
struct Counts {
    std::vector<wasm::OpcodeCount> opcodes;
    std::string how;  ///< "static", "node" or "wabt"
    std::string incomplete;
};

std::string name_of(const Options& options) { return std::filesystem::path(options.module).stem().string(); }

Result<wasm::Engine> parse_engine(const std::string& name) {
    if (name == "auto") {
        return wasm::Engine::kAny;
    }
    if (name == "node") {
        return wasm::Engine::kNode;
    }
    if (name == "wabt") {
        return wasm::Engine::kInterpreter;
    }
    return fail(ErrorCode::kUsage, fmt::format("--engine: no engine '{}'; use auto, node or wabt", name));
}

void print_counts_json(const Options& options, const Counts& counts) {
    const Json args{{"argv", options.args}, {"dirs", options.folders}};
    Json by_name = Json::object();
    for (const wasm::OpcodeCount& opcode : counts.opcodes) {
        by_name[opcode.name] = opcode.count;
    }
    print_json({{"module", {{"name", name_of(options)}, {"file", options.module}, {"parent", nullptr}, {"args", args}}},
                {"opcodes", wasm::counts_by_byte(counts.opcodes)},
                {"by_name", by_name},
                {"total", wasm::total(counts.opcodes)},
                {"counted", counts.how == "static" ? "static" : "executed"},
                {"engine", counts.how == "static" ? Json() : Json(counts.how)},
                {"incomplete", counts.incomplete.empty() ? Json() : Json(counts.incomplete)}});
}

void print_counts(const Options& options, Counts counts) {
    std::stable_sort(counts.opcodes.begin(), counts.opcodes.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    const std::uint64_t sum = wasm::total(counts.opcodes);
    const auto share = [&](std::uint64_t count) {
        return format_percent(sum > 0 ? static_cast<double>(count) / static_cast<double>(sum) : 0.0, 1);
    };
    const std::string unit = counts.how == "static" ? "IN CODE" : "EXECUTED";
    const auto row = [&](const std::string& name, std::uint64_t count) {
        return std::vector<std::string>{name, format_count(static_cast<std::int64_t>(count)), share(count)};
    };
    Table table({{"OPCODE", Align::kLeft}, {unit, Align::kRight}, {"SHARE", Align::kRight}});
    const std::size_t shown =
        options.limit == 0 ? counts.opcodes.size() : std::min(options.limit, counts.opcodes.size());
    std::uint64_t rest = sum;
    for (const wasm::OpcodeCount& opcode : std::span(counts.opcodes).first(shown)) {
        table.add(row(opcode.name, opcode.count));
        rest -= opcode.count;
    }
    if (shown < counts.opcodes.size()) {
        table.add(row(fmt::format("{} others", counts.opcodes.size() - shown), rest));
    }
    table.add(row("total", sum));
    fmt::print("{}", table.to_string());
}

Result<Counts> run(const Options& options, wasm::Module module) {
    const Result<wasm::Engine> engine = parse_engine(options.engine);
    if (!engine) {
        return Failure(engine.error());
    }
    const std::vector<wasm::ImportName> imports = module.imports();
    const auto instrumented = wasm::instrument(std::move(module), options.module);
    if (!instrumented) {
        return Failure(instrumented.error());
    }
    wasm::RunRequest request;
    request.name = name_of(options);
    request.args = options.args;
    request.folders = options.folders;
    request.invoke = options.invoke;
    request.timeout_s = options.timeout_s;
    const Interrupt interrupt;
    request.stop = interrupt.token();
    const auto profile = wasm::run_profile(*instrumented, imports, request, *engine, options.partial);
    if (!profile) {
        return Failure(profile.error());
    }
    if (!profile->incomplete.empty()) {
        note(fmt::format("the counts are those until '{}' {}", request.name, profile->incomplete));
    }
    return Counts{profile->counts, profile->engine, profile->incomplete};
}

Result<void> write_copy(const Options& options, wasm::Module module) {
    const auto instrumented = wasm::instrument(std::move(module), options.module);
    if (!instrumented) {
        return Failure(instrumented.error());
    }
    const std::string bytes(instrumented->bytes.begin(), instrumented->bytes.end());
    if (Result<void> written = core::write_text(options.output, bytes); !written) {
        return written;
    }
    fmt::print("wrote {} ({}, {} counters)\n", printable(options.output.string()), format_bytes(bytes.size()),
               format_count(std::ssize(instrumented->pieces)));
    return {};
}

Result<void> profile(const Options& options) {
    if (options.timeout_s && !(*options.timeout_s > 0.0)) {
        return fail(ErrorCode::kUsage, "--timeout: give a number of seconds above 0");
    }
    for (const std::string& folder : options.folders) {
        if (!std::filesystem::is_directory(folder)) {
            return fail(ErrorCode::kUsage, fmt::format("--dir: '{}' is not a folder; make it or name another", folder));
        }
    }
    if (!options.output.empty()) {
        if (auto ok = options.output_flags.check(options.output, OutputKind::kModule, {options.module}); !ok) {
            return ok;
        }
    }
    const Result<std::string> bytes = core::read_file(options.module);
    if (!bytes) {
        return Failure(bytes.error());
    }
    const std::vector<std::uint8_t> data(bytes->begin(), bytes->end());
    Result<wasm::Module> module = wasm::Module::read(data, options.module);
    if (!module) {
        return Failure(module.error());
    }
    if (!options.output.empty()) {
        return write_copy(options, std::move(*module));
    }
    Result<Counts> counts =
        options.count_static ? Counts{module->static_counts(), "static", ""} : run(options, std::move(*module));
    if (!counts) {
        return Failure(counts.error());
    }
    if (options.json) {
        print_counts_json(options, *counts);
    } else {
        print_counts(options, std::move(*counts));
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("module", options->module, "WebAssembly module (.wasm)")->required()->type_name("MODULE");
    app.add_option("args", options->args, "The module's arguments, behind --")->type_name("ARG");
    add_repeated(app, "--dir", options->folders, "Folder the module may use, through WASI; may be repeated")
        ->type_name("DIR");
    app.add_option("--invoke", options->invoke,
                   "Exported function to call; else _start, or all exported functions without parameters")
        ->type_name("NAME");
    app.add_option("--engine", options->engine, "What runs it: node, wabt (slow, no WASI) or auto")->type_name("NAME");
    app.add_option("--timeout", options->timeout_s, "Stop it after so many seconds")->type_name("S");
    app.add_flag("--partial", options->partial, "Print what was counted even if the module fails or is stopped");
    auto* count_static = app.add_flag("--static", options->count_static, "Count what stands in the code; run nothing");
    app.add_option("-o,--output", options->output, "Write the instrumented module here; run nothing")
        ->type_name("FILE")
        ->excludes(count_static);
    options->output_flags.add_to(app);
    app.add_option("--limit", options->limit, "Rows of the table; 0 = all")->type_name("N");
    app.add_flag("--json", options->json, "Print JSON, with every opcode");
    app.footer(
        "What the module prints goes to standard error.\n\n"
        "Examples:\n"
        "  pitot profile sort.wasm -- 1000\n"
        "  pitot profile compress.wasm --dir data --timeout 60 --json -- data/in.txt > compress.json\n"
        "  pitot profile sort.wasm --static");
    return [options] { return profile(*options); };
}

}  // namespace
}  // namespace profile_command

Verb profile_verb() {
    return {"profile", "Count the opcodes that a WebAssembly module executes", profile_command::add};
}

}  // namespace pitot::cli
