// pitot profile: how often a module executes each opcode.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/opcode_features.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/profile_run.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "core/programs.hpp"
#include "formats/quantity.hpp"
#include "wasm/instrument.hpp"

namespace pitot::cli {
namespace profile_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string module;
    std::string name;
    ModuleRunFlags run;
    std::filesystem::path output;
    OutputFlags output_flags;
    std::size_t limit = 20;
    bool node = false;
    bool count_static = false;
    bool json = false;

    [[nodiscard]] bool writes_features() const { return formats::lower_ascii(output.extension().string()) == ".csv"; }
    [[nodiscard]] bool writes_copy() const { return !output.empty() && !writes_features(); }
};

std::string name_of(const Options& options) {
    return options.name.empty() ? std::filesystem::path(options.module).stem().string() : options.name;
}

Json counts_json(const Options& options, const ModuleCounts& counts) {
    const Json args{{"argv", options.run.args}, {"dirs", options.run.folders}};
    Json by_name = Json::object();
    for (const wasm::OpcodeCount& opcode : counts.opcodes) {
        by_name[opcode.name] = opcode.count;
    }
    Json json{{"module", {{"name", counts.name}, {"file", counts.file}, {"parent", nullptr}, {"args", args}}},
              {"opcodes", wasm::counts_by_byte(counts.opcodes)},
              {"by_name", by_name},
              {"total", wasm::total(counts.opcodes)},
              {"counted", counts.how == "static" ? "static" : "executed"},
              {"engine", counts.how == "static" ? Json() : Json(counts.how)},
              {"incomplete", counts.incomplete.empty() ? Json() : Json(counts.incomplete)}};
    if (options.node) {
        json["instances"] = counts.instances;
        json["bytes"] = counts.bytes;
    }
    return json;
}

void print_counts(const Options& options, ModuleCounts counts) {
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

void print_modules(const std::vector<ModuleCounts>& all) {
    Table table(
        {{"MODULE", Align::kName}, {"SIZE", Align::kRight}, {"INSTANCES", Align::kRight}, {"EXECUTED", Align::kRight}});
    for (const ModuleCounts& counts : all) {
        table.add({printable(counts.name), format_bytes(counts.bytes),
                   format_count(static_cast<std::int64_t>(counts.instances)),
                   format_count(static_cast<std::int64_t>(wasm::total(counts.opcodes)))});
    }
    fmt::print("{}", table.to_string());
}

void print_all(const Options& options, const std::vector<ModuleCounts>& all) {
    if (options.json && options.node) {
        Json modules = Json::array();
        for (const ModuleCounts& counts : all) {
            modules.push_back(counts_json(options, counts));
        }
        print_json({{"script", options.module}, {"modules", std::move(modules)}});
    } else if (options.json) {
        print_json(counts_json(options, all.front()));
    } else if (options.node) {
        print_modules(all);
        for (const ModuleCounts& counts : all) {
            fmt::print("\n{}\n", printable(counts.name));
            print_counts(options, counts);
        }
    } else {
        print_counts(options, all.front());
    }
}

Result<void> write_features(const Options& options, const std::vector<ModuleCounts>& all) {
    std::vector<OpcodeRow> rows;
    rows.reserve(all.size());
    for (const ModuleCounts& counts : all) {
        rows.push_back({counts.name, wasm::counts_by_byte(counts.opcodes)});
    }
    if (auto written = core::write_text(options.output, opcode_table_text(rows, options.count_static)); !written) {
        return written;
    }
    fmt::print("wrote {} ({}, {} counts as they are)\n", printable(options.output.string()),
               format_count(std::ssize(rows), "module"), options.count_static ? "static" : "opcode");
    return {};
}

Result<void> write_copy(const Options& options, wasm::Module module) {
    const auto instrumented = wasm::instrument(std::move(module), options.module);
    if (!instrumented) {
        return Failure(instrumented.error());
    }
    const std::string bytes(instrumented->bytes.begin(), instrumented->bytes.end());
    if (options.output == "-") {
        return core::write_all(STDOUT_FILENO, bytes)
                   ? Result<void>()
                   : fail(ErrorCode::kEnvironment, "cannot write to standard output; who reads it?");
    }
    if (Result<void> written = core::write_text(options.output, bytes); !written) {
        return written;
    }
    fmt::print("wrote {} ({}, {} counters)\n", printable(options.output.string()), format_bytes(bytes.size()),
               format_count(std::ssize(instrumented->pieces)));
    return {};
}

Result<void> check(const Options& options) {
    if (options.node && (options.count_static || options.writes_copy())) {
        return fail(ErrorCode::kUsage, "--node runs a script; leave out --static and an instrumented copy");
    }
    if (options.count_static && options.writes_copy()) {
        return fail(ErrorCode::kUsage,
                    "--static counts what stands in the code, and a copy counts as it runs: leave out one of --static "
                    "and -o, or write the counts with -o FILE.csv");
    }
    const bool runs = !options.count_static && !options.writes_copy();
    std::vector<std::string> idle = options.node ? options.run.given({"--env", "--stdin", "--timeout", "--partial"})
                                    : runs       ? std::vector<std::string>()
                                                 : options.run.given();
    if (!options.node && !runs && !options.run.args.empty()) {
        idle.insert(idle.begin(), "arguments");
    }
    if (!idle.empty()) {
        return fail(ErrorCode::kUsage, fmt::format("{}: leave out {}",
                                                   options.node           ? "--node runs a script, which decides that"
                                                   : options.count_static ? "--static runs nothing"
                                                                          : "an instrumented copy is not run",
                                                   fmt::join(idle, ", ")));
    }
    if (options.output.empty() || options.output == "-") {
        return {};
    }
    return options.output_flags.check(
        options.output, options.writes_features() ? OutputKind::kFeatureTable : OutputKind::kModule, {options.module});
}

Result<std::vector<ModuleCounts>> count(const Options& options) {
    if (options.node) {
        auto all = count_script(options.module, options.run);
        if (all && !options.name.empty() && all->size() == 1) {
            all->front().name = options.name;
        }
        return all;
    }
    PITOT_TRY(const auto bytes, read_module_bytes(options.module));
    PITOT_TRY(auto module, wasm::Module::read(bytes, options.module));
    if (options.count_static) {
        return std::vector<ModuleCounts>{
            {name_of(options), options.module, module.static_counts(), "static", "", bytes.size()}};
    }
    return count_module(options.module, name_of(options), std::move(module), options.run)
        .map([](ModuleCounts&& counts) { return std::vector<ModuleCounts>{std::move(counts)}; });
}

Result<void> profile(const Options& options) {
    if (auto good = check(options); !good) {
        return good;
    }
    if (options.writes_copy()) {
        PITOT_TRY(const auto bytes, read_module_bytes(options.module));
        PITOT_TRY(auto module, wasm::Module::read(bytes, options.module));
        return write_copy(options, std::move(module));
    }
    if (auto good = options.run.check(); !good) {
        return good;
    }
    PITOT_TRY(const auto all, count(options));
    if (options.writes_features()) {
        return write_features(options, all);
    }
    print_all(options, all);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("module", options->module, "WebAssembly module (.wasm); - is standard input. With --node, a script")
        ->required()
        ->type_name("MODULE");
    app.add_option("args", options->run.args, "Its arguments; behind -- if they begin with a hyphen")->type_name("ARG");
    app.add_flag("--node", options->node,
                 "Run a script in Node instead, and count what it executes of every module that it instantiates");
    options->run.add_to(app);
    app.add_flag("--static", options->count_static, "Count what stands in the code; run nothing");
    app.add_option("-o,--output", options->output,
                   "FILE.csv: write the counts, for --module-features. Else: write the instrumented module, and run "
                   "nothing")
        ->type_name("FILE");
    app.add_option("--name", options->name, "Call the module so; else by its file")->type_name("NAME");
    options->output_flags.add_to(app);
    app.add_option("--limit", options->limit, "Rows of the table; 0 = all")->type_name("N");
    app.add_flag("--json", options->json, "Print JSON, with every opcode");
    app.footer(
        "What the module prints goes to standard error.\n\n"
        "Examples:\n"
        "  pitot profile examples/modules/primes.wasm -- 5000\n"
        "  pitot profile examples/modules/primes.wasm --dir data --timeout 60 --json -- 5000 > primes.json\n"
        "  pitot profile examples/modules/fib.wasm --invoke fibonacci 20\n"
        "  pitot profile --node examples/drive.mjs 5000 -o driven.csv\n"
        "  pitot profile examples/modules/fib.wasm --static");
    return [options] { return profile(*options); };
}

}  // namespace
}  // namespace profile_command

Verb profile_verb() {
    return {"profile", "Count the opcodes that a WebAssembly module executes", profile_command::add};
}

}  // namespace pitot::cli
