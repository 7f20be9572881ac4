// Internal to the room: the table of engines as it is written in JSON. docs/engines.md describes the form.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::engines {

/// A command as it is written in the table, with places for names: "{module}", "{args}", …
using Words = std::vector<std::string>;

/// (name, words) in the order of the file.
using NamedWords = std::vector<std::pair<std::string, Words>>;

struct DeviceEntry {
    std::string name;
    std::string title;
    std::string package;
    std::string cpu;      ///< microarchitecture, as device descriptions have it
    NamedWords programs;  ///< by name: the programs or files, of which the first that is there is taken
    NamedWords version;   ///< by what is told: the command that tells it
    Words emulator;       ///< stands before a program of that device
};

/// How an engine is told something: by words at {options}, in which {value} stands for it; or by a variable of its
/// process; or not at all.
struct Given {
    Words words{};
    std::string variable{};

    [[nodiscard]] bool can() const { return !words.empty() || !variable.empty(); }
};

struct EngineEntry {
    std::string name;
    std::string title;
    std::string package;
    std::string device;  ///< name of a DeviceEntry; empty: this machine
    NamedWords programs;
    NamedWords version;
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<Words> compile;
    Words run;
    Given give_environment;  ///< NAME=value; a variable's name is put in front of NAME
    Given give_folders;      ///< by words alone
    Given give_calls;        ///< calls beside a first one, in one process
    Given give_imports;      ///< by words alone: the path of a JavaScript module
    bool give_input = true;  ///< whether the module reads the standard input of the process
    Words provides{};        ///< globs of the modules that it has imports of by itself; none: that is not known
};

struct EngineTable {
    std::vector<DeviceEntry> devices;
    std::vector<EngineEntry> engines;

    /// Null if there is none.
    [[nodiscard]] const DeviceEntry* device(std::string_view name) const;
};

/// Adds the entries of a file's text to `table`; one with the name (and, of engines, device) of an entry of it takes
/// its place. kInput errors name `file`, the entry, the field and the remedy.
[[nodiscard]] Result<void> add_to_table(std::string_view text, const std::string& file, EngineTable& table);

/// The built-in table and the entries of `extra` (empty: none). kEnvironment error if `extra` cannot be read.
[[nodiscard]] Result<EngineTable> read_engine_table(const std::filesystem::path& extra);

/// The names between braces in a word: "{build}/a{b}" -> build, b. "${c}" is no name but what it is.
[[nodiscard]] std::vector<std::string> names_in(const std::string& word);

}  // namespace pitot::engines
