// Copies of modules that every engine runs as programs: libraries, single functions, modules with imports made up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/module.hpp"

namespace pitot::wasm {

/// What a copy does when its `_start` is called.
struct ProgramRequest {
    std::string invoke{};  ///< the one exported function to call, behind `_initialize`; empty: see calls_of()
    std::vector<std::string> parameters{};  ///< of that function, in decimal, as set_invocation() gives them
    bool stub_imports = false;              ///< whether imports that are not WASI's are made up, of zeros

    bool operator==(const ProgramRequest&) const = default;
};

/// The exported functions that a run of the module calls, in order: `_initialize`, if there is one, and `invoke`; with
/// no `invoke` `_start`, or of a library, which has none, `_initialize` and all others without parameters. Empty if
/// there is nothing to call.
[[nodiscard]] std::vector<std::string> calls_of(const Module& module, const std::string& invoke);

/// What of `imports` is made up where that is asked for: all but functions that WASI has ("env.now").
[[nodiscard]] std::vector<std::string> made_up(const std::vector<ImportName>& imports);

/// Whether a run of the module is more than a call of its `_start`, so that engines need a copy.
[[nodiscard]] bool needs_copy(const Module& module, const ProgramRequest& request);

/// Another one whenever make_program() makes other copies: for those who keep them.
inline constexpr const char* kProgramVersion = "1";

/// A copy of the module whose `_start` calls calls_of(). Parameters come from mutable globals and results
/// go to some, so that no compiler knows the ones, or leaves a call out because nobody wants the others. In place of
/// what is made up are functions of its own that give zeros, memories and tables of the least size, and globals of
/// zero. Error: kInput, naming `name`, if there is nothing to call.
[[nodiscard]] Result<std::vector<std::uint8_t>> make_program(Module module, const ProgramRequest& request,
                                                             const std::string& name);

}  // namespace pitot::wasm
