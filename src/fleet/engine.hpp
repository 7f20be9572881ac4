// Engines that run WebAssembly on this machine, found by a table that a user can extend.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/process.hpp"
#include "pitot/result.hpp"

namespace pitot::fleet {

/// One way to run modules here: a line of the table of engines, looked for on this machine.
struct Engine {
    std::string name;     ///< of the runtime, fit for a folder's name: "node-liftoff", "wasm2c-gcc-o3"
    std::string title;    ///< in words
    std::string device;   ///< empty: this machine; else the emulated device it runs on: "qemu-aarch64", …
    std::string version;  ///< as the engine tells it; empty if missing
    std::string package;  ///< what brings it: "Debian nodejs", "npm bun"
    std::string missing;  ///< what was not found; empty if the engine is here
    std::vector<std::vector<std::string>> build;  ///< argument lists of what compiles a module ahead of time
    std::vector<std::string> run;                 ///< argument list of a run; see docs/engines.md for {names}

    /// "NAME", or "NAME@DEVICE" for an emulated one.
    [[nodiscard]] std::string key() const { return device.empty() ? name : name + "@" + device; }
};

/// Makes `module` ready for `engine`: compiles ahead of time where the engine does, into files below `cache` that are
/// made once and reused (named by the module's and the compiler's digest). Errors: kInput if the engine refuses the
/// module, with its words; kEnvironment if a compiler is missing or fails otherwise.
[[nodiscard]] Result<Command> prepare(const Engine& engine, const std::filesystem::path& module,
                                      const std::vector<std::string>& args, const std::filesystem::path& cache);

/// All engines of the built-in table, then those of `extra` (a JSON file; empty: none; one with a key of the built-in
/// table takes its place), found or missing. Errors: kInput naming the entry and the field.
[[nodiscard]] Result<std::vector<Engine>> find_engines(const std::filesystem::path& extra);

/// Where downloaded engines are looked for: $PITOT_ENGINES, else below the user's cache folder.
[[nodiscard]] std::filesystem::path engines_folder();

}  // namespace pitot::fleet
