// A module's profile: how often each opcode is executed, or stands in the code.
#pragma once

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
    std::vector<OpcodeCount> counts;  ///< by opcode; those never executed left out
    std::string engine;               ///< "node" or "wabt"
    std::string incomplete;           ///< what ended the run too soon, in words; empty if nothing did
};

/// Runs an instrumented module. A run that traps, exits with a status other than 0 or takes too long is a kInput error
/// unless `partial`, which gives what was counted until then: exact but for a trap or a time-out, where the innermost
/// function may have been credited with the rest of the straight-line piece it was in. Errors: as the engines'; kInput
/// for imports that are not WASI's, kEnvironment if there is no engine for the module, kCancelled.
[[nodiscard]] Result<Profile> run_profile(const Instrumented& module, const std::vector<ImportName>& imports,
                                          const RunRequest& request, Engine engine, bool partial);

}  // namespace pitot::wasm
