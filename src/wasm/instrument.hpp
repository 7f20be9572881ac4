// The instrumented copy of a module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/module.hpp"
#include "wasm/opcodes.hpp"

namespace pitot::wasm {

/// What the copy exports beside the module's own: "pitot:OPCODE", a mutable i64 global for each opcode of the code;
/// kCountExport; and kStartExport if the module has a start function.
inline constexpr std::string_view kExportPrefix = "pitot:";
/// A function () -> () that sets the globals to the counts up to now.
inline constexpr std::string_view kCountExport = "pitot:count";
/// The start function, which the copy leaves to the caller: what instantiation runs cannot be asked for its counts if
/// it does not end well.
inline constexpr std::string_view kStartExport = "pitot:start";

/// What an engine takes: V8's limit, which the others follow.
inline constexpr std::size_t kMostGlobals = 1'000'000;

/// What one straight-line piece of code executes, as (index into opcodes, times).
using PieceOpcodes = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

struct Instrumented {
    std::vector<std::uint8_t> bytes;
    std::vector<OpcodeCount> opcodes;  ///< of the reachable code, counts 0
    std::vector<PieceOpcodes> pieces;  ///< by counter; pieces of the same content share one
    std::uint32_t first_counter = 0;   ///< index of the global that counts piece 0; the others follow

    /// Counts by opcode, from what the counters say (one number each).
    [[nodiscard]] std::vector<std::uint64_t> counts_from(const std::vector<std::uint64_t>& entered) const;
};

/// Modules of any size and number of pieces: where counters would be more than an engine takes, the pieces left over
/// add to counters of single opcodes. Errors (kInput, naming `name`): it is instrumented already, or leaves less than
/// two globals an opcode of `most_globals`.
[[nodiscard]] Result<Instrumented> instrument(Module module, const std::string& name,
                                              std::size_t most_globals = kMostGlobals);

}  // namespace pitot::wasm
