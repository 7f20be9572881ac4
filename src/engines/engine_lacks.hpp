// What of WebAssembly an engine is known not to take.
#pragma once

#include <string>
#include <vector>

#include "engines/engine.hpp"

namespace pitot::engines {

/// Proposals, as wasm::Module::proposals() names them, that an engine does not know: those that wasm2c of WABT 1.0.32
/// and before is not told to take, or breaks down on. Empty where nothing is known.
[[nodiscard]] std::vector<std::string> proposals_lacking(const Engine& engine);

/// Which imports an engine has for a module.
struct Provides {
    enum class What {
        kUnknown,  ///< of an engine of the user's: it may have any
        kOurs,     ///< the functions of WASI that wasm::find_wasi_fault() knows, from this program's own files
        kOwn,      ///< those of the modules in `modules`, and what these have is not known
    };
    What what = What::kUnknown;
    std::vector<std::string> modules{};  ///< globs

    /// Whether it may have imports of a module of that name.
    [[nodiscard]] bool may_have(const std::string& module) const;
};

[[nodiscard]] Provides provided_imports(const Engine& engine);

}  // namespace pitot::engines
