// Modules that are run to count their opcodes: options, the run, and what is said about it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/module.hpp"
#include "wasm/node_script.hpp"
#include "wasm/opcodes.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

/// What a module is given when it runs.
struct ModuleRunFlags {
    std::vector<std::string> args;
    std::vector<std::string> folders;
    std::vector<std::string> environment;
    std::string standard_input;
    std::string invoke;
    std::string engine = "auto";
    std::string imports;
    std::optional<double> timeout_s;
    bool stub_imports = false;
    bool partial = false;

    /// [--dir] [--env] [--stdin] [--invoke] [--engine] [--stub-imports] [--imports] [--timeout] [--partial]
    void add_to(CLI::App& app);
    /// kUsage for what no module can be given; kEnvironment if --stdin cannot be read.
    [[nodiscard]] Result<void> check() const;
    /// Opens --stdin as this process's standard input: before each run, and once the module has been read from there.
    [[nodiscard]] Result<void> open_input() const;
    /// The options of these that were given, but for those of `but`: "--dir", ….
    [[nodiscard]] std::vector<std::string> given(std::initializer_list<std::string_view> but = {}) const;
};

/// Counts of one module, however they came about.
struct ModuleCounts {
    std::string name;
    std::string file;
    std::vector<wasm::OpcodeCount> opcodes;
    std::string how;         ///< "static", "node" or "wabt"
    std::string incomplete;  ///< what ended the run too soon; empty if nothing did
    std::uint64_t bytes = 0;
    std::uint64_t instances = 0;  ///< of a script's module; else 0
};

/// The bytes of a file, or of standard input for "-".
[[nodiscard]] Result<std::vector<std::uint8_t>> read_module_bytes(const std::string& file);

/// Runs a module and counts. Says on stderr which imports were made up, and what ended it too soon.
[[nodiscard]] Result<ModuleCounts> count_module(const std::string& file, const std::string& name, wasm::Module module,
                                                const ModuleRunFlags& flags);

/// Runs a script in Node and counts what it executes of each module. Says on stderr what was not counted. A kInput
/// error if there is nothing, or if it failed and `flags` do not take what was counted until then.
[[nodiscard]] Result<std::vector<ModuleCounts>> count_script(const std::string& script, const ModuleRunFlags& flags);

}  // namespace pitot::cli
