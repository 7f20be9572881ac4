// A module's profile: how often each opcode is executed, or stands in the code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/engine.hpp"
#include "wasm/opcodes.hpp"

namespace pitot::wasm {

enum class Engine {
    kAny,  ///< Node if it is there, else the interpreter if the module has no imports
    kNode,
    kInterpreter,
};

struct Profile {
    std::vector<OpcodeCount> counts;   ///< by opcode; those never executed left out
    std::string engine;                ///< "node" or "wabt"
    std::string incomplete;            ///< what ended the run too soon, in words; empty if nothing did
    std::vector<std::string> stubs{};  ///< imports that were made up ("env.now")
    std::uint64_t stub_calls = 0;      ///< how often functions of these were called
};

/// Runs an instrumented module. A run that traps, exits with a status other than 0 or takes too long is a kInput error
/// unless `partial`, which gives what was counted until then: exact but for a trap or a time-out, where the innermost
/// function may have been credited with the rest of the straight-line piece it was in. Errors: as the engines'; kInput
/// for imports that neither WASI nor what the request says provides, kEnvironment if there is no engine for the module,
/// kCancelled.
[[nodiscard]] Result<Profile> run_profile(const Instrumented& module, const std::vector<ImportName>& imports,
                                          const RunRequest& request, Engine engine, bool partial);

/// Has a run call the exported function `invoke` with `values`, numbers in decimal or hexadecimal. If it takes none,
/// `values` are the arguments of the program. Errors (kUsage): the module exports no such function, it takes another
/// number of parameters, or a value does not fit its parameter's type.
[[nodiscard]] Result<void> set_invocation(const Module& module, const std::string& invoke,
                                          const std::vector<std::string>& values, RunRequest& request);

}  // namespace pitot::wasm
