// What modules are called: the file a trace names, without folder and extension, and its arguments.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "traces/trace_dataset.hpp"

namespace pitot::traces {

/// Names of one collection's modules. A compiled module gets the name of the .wasm file it was made of.
class ModuleNames {
public:
    ModuleNames(const Collection& collection, const TraceOptions& options);

    /// 2023: the file without its first folder and its extension. 2025: without wasm/, aot/ or native/ and a known
    /// extension, then ":ARGUMENT" for each. Of aot/ENGINE/… both folders go. Then the replacements of the options.
    [[nodiscard]] std::string of_trace(const Trace& trace, const TraceMember& member) const;
    /// The same of a module of a flat file, always by the rules of 2025.
    [[nodiscard]] std::string of_flat(const std::string& file) const;

private:
    [[nodiscard]] std::string name(const std::string& file, const std::string& engine, bool any_folder) const;
    [[nodiscard]] std::string replaced(std::string text) const;

    const TraceOptions& options_;
    std::set<std::string, std::less<>> known_;  // of files in wasm/, without it and the extension
};

}  // namespace pitot::traces
