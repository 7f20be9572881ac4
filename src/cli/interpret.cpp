// pitot interpret: a WASI command in libwabt's interpreter.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "cli/verbs.hpp"
#include "wasm/run_wasi.hpp"

namespace pitot::cli {
namespace {

struct Options {
    std::string module;
    std::vector<std::string> args;
};

Result<void> interpret(const Options& options) {
    std::ifstream in(options.module, std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) {
        return fail(ErrorCode::kInput, fmt::format("cannot read {}", options.module));
    }
    std::vector<std::string> args{options.module};
    args.insert(args.end(), options.args.begin(), options.args.end());
    const wasm::WasiEnding ending = wasm::run_wasi(bytes, args);
    if (!ending.refused.empty()) {
        return fail(ErrorCode::kInput, fmt::format("{} cannot be run: {}", options.module, ending.refused));
    }
    if (!ending.trap.empty()) {
        return fail(ErrorCode::kInput, fmt::format("{} trapped: {}", options.module, ending.trap));
    }
    if (ending.exit_status != 0) {
        std::exit(ending.exit_status);  // NOLINT(concurrency-mt-unsafe): the program's own status
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("module", options->module, "WebAssembly module (.wasm), a WASI command")
        ->required()
        ->type_name("MODULE");
    app.add_option("args", options->args, "The module's arguments, behind --")->type_name("ARG");
    app.footer(
        "One of the engines that `pitot measure` knows (wabt-interpreter). The exit status is the program's.\n\n"
        "Example:\n"
        "  pitot interpret sort.wasm -- 1000");
    return [options] { return interpret(*options); };
}

}  // namespace

Verb interpret_verb() { return {"interpret", "Run a WebAssembly module in libwabt's interpreter", add}; }

}  // namespace pitot::cli
