// Internal to the room, and C++17 as well as C++20: the functions of WASI preview 1 and their types.
#pragma once

#include <string>
#include <vector>

namespace pitot::wasm {

/// A function that a module imports from WASI; types as in the text format.
struct WasiImport {
    std::string module;
    std::string field;
    std::vector<std::string> parameters;
    std::vector<std::string> results;
};

/// Whether WASI preview 1 has a function of that name.
[[nodiscard]] bool is_wasi_function(const std::string& field);

/// What is wrong with an import from WASI, as the end of a sentence that begins with the module's name: that there is
/// no such function, or that it is of another type. Empty if nothing is. After the list of
/// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md, whose functions have the same types in
/// wasi_unstable.
[[nodiscard]] std::string wasi_fault(const WasiImport& import);

}  // namespace pitot::wasm
