// pitot interpret: a module in libwabt's interpreter.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/profile_run.hpp"
#include "cli/verbs.hpp"
#include "wasm/module.hpp"
#include "wasm/wasi_interpreter.hpp"

namespace pitot::cli {
namespace interpret_command {
namespace {

struct Options {
    std::string module;
    std::vector<std::string> args;
    std::vector<std::string> environment;
    std::string standard_input;
};

/// Why a module cannot be interpreted: what the reader of modules knows by name is said so.
Result<void> refusal(const Options& options, const std::vector<std::uint8_t>& bytes, const std::string& reason) {
    const Result<wasm::Module> read = wasm::Module::read(bytes, options.module);
    if (!read) {
        return Failure(read.error());
    }
    if (auto good = read->check_start(options.module); !good) {
        return good;
    }
    return fail(ErrorCode::kInput, fmt::format("'{}' cannot be interpreted: {}; `pitot engines` lists other engines",
                                               options.module, reason));
}

Result<void> interpret(const Options& options) {
    ModuleRunFlags given;
    given.environment = options.environment;
    given.standard_input = options.standard_input;
    if (auto good = given.check(); !good) {
        return good;
    }
    PITOT_TRY(const auto bytes, read_module_bytes(options.module));
    if (auto opened = given.open_input(); !opened) {
        return opened;
    }
    std::vector<std::string> args{std::filesystem::path(options.module).filename().string()};
    args.insert(args.end(), options.args.begin(), options.args.end());
    const wasm::WasiRun run = wasm::interpret_wasi(bytes, args, options.environment);
    if (run.refused) {
        return refusal(options, bytes, run.reason);
    }
    if (!run.reason.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' trapped: {}; mend the module or what it is given", options.module, run.reason));
    }
    if (run.status != 0) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' exited with status {}; check its arguments", options.module, run.status));
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("module", options->module, "WebAssembly module (.wasm) that may use WASI preview 1")
        ->required()
        ->type_name("MODULE");
    app.add_option("args", options->args, "The module's arguments, behind --")->type_name("ARG");
    add_repeated(app, "--env", options->environment, "Variable of its environment; may be repeated")
        ->type_name("NAME=VALUE");
    app.add_option("--stdin", options->standard_input, "File that is its standard input")->type_name("FILE");
    app.footer(
        "The module has arguments, an environment, clocks, random bytes and the standard streams; no folders. Its "
        "_start\n"
        "is called or, where it has none, _initialize and all other exported functions without parameters.\n"
        "The exit status is 0 if the module ends well, and 3 if it exits with another status or traps.\n\n"
        "Example:\n"
        "  pitot interpret examples/modules/primes.wasm -- 5000");
    return [options] { return interpret(*options); };
}

}  // namespace
}  // namespace interpret_command

Verb interpret_verb() {
    return {"interpret", "Run a WebAssembly module in libwabt's interpreter", interpret_command::add};
}

}  // namespace pitot::cli
