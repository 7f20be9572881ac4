// Scripts of users under Node, whose modules count while the script drives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/engine.hpp"
#include "wasm/opcodes.hpp"

namespace pitot::wasm {

struct ScriptRequest {
    std::string script;                    ///< path of a JavaScript file, a module or not
    std::vector<std::string> args;         ///< its arguments
    std::vector<std::string> environment;  ///< NAME=value, beside this process's own
    /// What instruments the module on its standard input and writes the copy to its standard output.
    std::vector<std::string> instrumenter;
    std::optional<double> timeout_s;
    std::stop_token stop;
};

/// A module that the script compiled, whichever way and in whichever thread or process.
struct ScriptModule {
    std::string
        name;  ///< of the file it was read from, or its own, or "module"; where two have one, its digest follows
    std::string digest;  ///< of its bytes, shortened
    std::uint64_t bytes = 0;
    std::uint64_t instances = 0;
    std::uint64_t uncounted = 0;        ///< instances whose threads ended before they could say what they counted
    std::string failure;                ///< why it could not be instrumented, and ran without; empty if it was
    std::vector<OpcodeCount> counts{};  ///< of all instances together, by opcode; those never executed left out
};

struct ScriptRun {
    std::vector<ScriptModule> modules;  ///< by name
    std::string incomplete;             ///< what ended the script too soon, in words; empty if nothing did
};

/// Runs the script in Node. Its standard output goes to standard error. Threads (worker_threads) and child processes
/// that run Node are counted too. Errors: kEnvironment if Node or a folder for temporary files is missing, kCancelled.
/// A script that fails or takes too long is no error; see ScriptRun::incomplete.
[[nodiscard]] Result<ScriptRun> run_script_in_node(const std::filesystem::path& node, const ScriptRequest& request);

}  // namespace pitot::wasm
