// Engines that run WebAssembly on this machine, found by a table that a user can extend.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/program.hpp"

namespace pitot::engines {

/// One way to run modules here: a line of the table of engines, looked for on this machine.
struct Engine {
    std::string name;      ///< of the runtime, fit for a folder's name: "node-liftoff", "wasm2c-gcc-o3"
    std::string title;     ///< in words
    std::string device;    ///< empty: this machine; else the emulated device it runs on: "qemu-aarch64", …
    std::string version;   ///< as the engine tells it; empty if missing
    std::string package;   ///< what brings it: "Debian nodejs", "npm bun"
    std::string missing;   ///< what was not found; empty if the engine is here
    std::string declared;  ///< its entry of the table, as JSON: all that prepare() needs
    bool warms = false;    ///< it can call a module again and again in one process
};

/// What a module is given when it runs.
struct RunInput {
    std::vector<std::string> args{};
    std::filesystem::path standard_input{};  ///< a file; empty: there is nothing to read
    std::vector<std::string> environment{};  ///< NAME=value, of the module
    std::vector<std::string> folders{};      ///< that it may use, as it calls them
    std::filesystem::path folder{};          ///< where `folders` are; empty where there are none
    std::filesystem::path imports{};         ///< a JavaScript module that gives it imports; empty: none
    /// What is called in place of its `_start`, and whether imports are made up. If the function takes parameters,
    /// `args` are not handed on.
    wasm::ProgramRequest program{};
    bool copies = false;  ///< whether a copy is run that does so, see wasm::needs_copy(); false: the module as it is
};

/// What to execute for one run: start-up included, nothing else. Output may be discarded.
struct Command {
    std::vector<std::string> argv{};         ///< argv[0] is an absolute path
    std::vector<std::string> environment{};  ///< NAME=value, beside this process's own
    std::filesystem::path standard_input{};  ///< absolute; empty: nothing
    std::filesystem::path folder{};          ///< to run in; empty: that of this process
    /// Calls of the module beside a first one. If not 0, the process calls it again and again, discards what it prints,
    /// and writes a line after each call to its standard output: WALL, or WALL USER SYSTEM, in µs.
    std::size_t warm_calls = 0;
    std::size_t options_end = 0;  ///< where in `argv` what the engine is told ends; 0 if it takes no words
};

struct PrepareOptions {
    double limit_s = 600.0;  ///< after which a step of the compilation is killed
    std::stop_token stop{};  ///< kills it, too
};

/// What of `input` the engine cannot give a module, in words ("no folders"); empty if there is nothing.
[[nodiscard]] std::string what_is_not_given(const Engine& engine, const RunInput& input);

/// Whether two `declared` have modules run in the same way, though one may be able to give them more than the other.
[[nodiscard]] bool runs_alike(const std::string& declared, const std::string& other);

/// Makes `module` ready for `engine`: makes the copy that `input` asks for, and compiles ahead of time where the engine
/// does, into files below `cache` that are made once and reused (named by the module's and the compiler's digest).
/// Errors: kInput if the engine refuses the module, with its words, or cannot give what `input` says; kEnvironment if a
/// compiler is missing, takes too long or fails otherwise; kCancelled.
[[nodiscard]] Result<Command> prepare(const Engine& engine, const std::filesystem::path& module, const RunInput& input,
                                      const std::filesystem::path& cache, const PrepareOptions& options = {});

/// The same for `calls` calls of the module beside a first one. `command`: of prepare(); only where Engine::warms.
[[nodiscard]] Command with_warm_calls(Command command, const Engine& engine, std::size_t calls);

/// "node", or "node@qemu-aarch64" of an emulated device.
[[nodiscard]] std::string full_name(const Engine& engine);

/// All engines of the built-in table, then those of `extra` (a JSON file; empty: none; one with the name and device of
/// a built-in one takes its place), found or missing. Errors: kInput naming the entry and the field, kEnvironment if
/// `extra` cannot be read, kCancelled.
[[nodiscard]] Result<std::vector<Engine>> find_engines(const std::filesystem::path& extra,
                                                       const std::stop_token& stop = {});

}  // namespace pitot::engines
