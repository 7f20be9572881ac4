// pitot interpret: a module in libwabt's interpreter.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/read_file.hpp"
#include "wasm/wasi_interpreter.hpp"

namespace pitot::cli {
namespace interpret_command {
namespace {

struct Options {
    std::string module;
    std::vector<std::string> args;
};

Result<void> interpret(const Options& options) {
    PITOT_TRY(const auto text, core::read_file(options.module));
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    std::vector<std::string> args{std::filesystem::path(options.module).filename().string()};
    args.insert(args.end(), options.args.begin(), options.args.end());
    const wasm::WasiRun run = wasm::interpret_wasi(bytes, args);
    if (run.reason.empty()) {
        return {};
    }
    return fail(ErrorCode::kInput, run.refused
                                       ? fmt::format("'{}' cannot be interpreted: {}; `pitot engines` lists "
                                                     "other engines",
                                                     options.module, run.reason)
                                       : fmt::format("'{}' trapped: {}; mend the module", options.module, run.reason));
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("module", options->module, "WebAssembly module (.wasm) that may use WASI preview 1")
        ->required()
        ->type_name("MODULE");
    app.add_option("args", options->args, "The module's arguments, behind --")->type_name("ARG");
    app.footer(
        "The module has arguments, clocks, random bytes and the standard streams; no folders, no environment.\n"
        "The exit status is the module's; 3 if it traps.\n\n"
        "Example:\n"
        "  pitot interpret sort.wasm -- 1000");
    return [options] { return interpret(*options); };
}

}  // namespace
}  // namespace interpret_command

Verb interpret_verb() {
    return {"interpret", "Run a WebAssembly module in libwabt's interpreter", interpret_command::add};
}

}  // namespace pitot::cli
