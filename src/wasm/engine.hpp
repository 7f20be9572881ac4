// Engines that run an instrumented module and read its counters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/instrument.hpp"

namespace pitot::wasm {

enum class Ending {
    kFinished,
    kExited,   ///< `proc_exit` with a status other than 0
    kTrapped,  ///< a trap, an uncaught exception or an exhausted stack
    kTimedOut,
    kImportThrew,  ///< a function that the user gave threw, and the module let that pass
};

struct RunRequest {
    std::string name;                        ///< the program's name, its first argument
    std::vector<std::string> args;           ///< the arguments after it
    std::vector<std::string> folders;        ///< that WASI may use, under the names given
    std::vector<std::string> environment{};  ///< NAME=value, of the module
    std::string invoke;                      ///< the one exported function to call; empty: see docs/opcodes.md
    std::vector<std::string> parameters{};   ///< of that function, in decimal, as parse_parameters() gives them
    std::vector<std::string> types{};        ///< theirs: "i32", "i64", "f32" or "f64"
    bool stub_imports = false;               ///< whether imports that nothing provides are made up, of zeros
    std::string imports_module{};            ///< path of a JavaScript module of imports; empty: none
    std::vector<ImportName> imports{};       ///< of the module
    std::optional<double> timeout_s;
    std::stop_token stop;
    bool own_group = true;  ///< ChildOptions::own_group
};

struct RunOutcome {
    Ending ending = Ending::kFinished;
    int exit_status = 0;
    std::string reason;  ///< the engine's words for a trap
    /// By index of Instrumented::opcodes; none if the engine had to be stopped without an answer.
    std::optional<std::vector<std::uint64_t>> counts;
    std::vector<std::string> stubs{};  ///< imports that were made up
    std::uint64_t stub_calls = 0;      ///< how often functions of these were called
};

/// The Node program of $PATH, if there is one.
[[nodiscard]] std::optional<std::filesystem::path> find_node();

/// In V8, with Node's WASI. The module's standard output goes to standard error. Errors: kInput if V8 or WASI refuses
/// the module or there is nothing to call, kEnvironment if Node fails, kCancelled.
[[nodiscard]] Result<RunOutcome> run_in_node(const std::filesystem::path& node, const Instrumented& module,
                                             const RunRequest& request);

/// In libwabt's interpreter, for modules without imports. Slower by two orders of magnitude. Errors as above.
[[nodiscard]] Result<RunOutcome> run_in_interpreter(const Instrumented& module, const RunRequest& request);

}  // namespace pitot::wasm
