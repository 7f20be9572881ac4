// Engines that run WebAssembly on this machine, found by a table that a user can extend.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/result.hpp"

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
};

/// What to execute for one run: start-up included, nothing else. Output may be discarded.
struct Command {
    std::vector<std::string> argv;         ///< argv[0] is an absolute path
    std::vector<std::string> environment;  ///< NAME=value, beside this process's own
};

struct PrepareOptions {
    double limit_s = 600.0;  ///< after which a step of the compilation is killed
    std::stop_token stop{};  ///< kills it, too
};

/// Makes `module` ready for `engine`: compiles ahead of time where the engine does, into files below `cache` that are
/// made once and reused (named by the module's and the compiler's digest). Errors: kInput if the engine refuses the
/// module, with its words; kEnvironment if a compiler is missing, takes too long or fails otherwise; kCancelled.
[[nodiscard]] Result<Command> prepare(const Engine& engine, const std::filesystem::path& module,
                                      const std::vector<std::string>& args, const std::filesystem::path& cache,
                                      const PrepareOptions& options = {});

/// All engines of the built-in table, then those of `extra` (a JSON file; empty: none; one with the name and device of
/// a built-in one takes its place), found or missing. Errors: kInput naming the entry and the field, kEnvironment if
/// `extra` cannot be read, kCancelled.
[[nodiscard]] Result<std::vector<Engine>> find_engines(const std::filesystem::path& extra,
                                                       const std::stop_token& stop = {});

}  // namespace pitot::engines
