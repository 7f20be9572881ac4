// Opcode counts of modules as features: a table of text, and the columns that a model has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "wasm/opcodes.hpp"

namespace pitot::cli {

struct OpcodeRow {
    std::string name;
    std::array<std::uint64_t, wasm::kOpcodeBytes> counts{};  ///< by first byte
};

/// CSV: "name", then a column count(xHH) a first byte, in hexadecimal, all 256 of them; static(xHH) where they count
/// what stands in the code, which is another feature than what is executed.
[[nodiscard]] std::string opcode_table_text(std::span<const OpcodeRow> rows, bool count_static);

/// Whether features count what stands in the code: all of them are called static(NAME).
[[nodiscard]] bool counts_code(std::span<const std::string> feature_names);
/// Whether all features are counts of opcodes, whichever way they were counted.
[[nodiscard]] bool are_opcodes(const Side& side);

/// Opcode features in the columns of another side, whatever their names spell: "x41", "op65", "count(x41)" and
/// "log1p(x41)" are one opcode.
struct MatchedOpcodes {
    Side side;                         ///< with the columns of the other; 0 where the table has none
    std::vector<std::string> lacking;  ///< opcodes that some module executes and the other side does not know
    std::size_t absent = 0;            ///< columns of the other that the table does not have
    bool matched = false;              ///< false if either has columns that name no opcode: `side` is empty then
};
[[nodiscard]] MatchedOpcodes match_opcodes(const Side& known, const Side& table);

/// Rows in the columns of `known` (ln(1 + count)); matched is false if those are no opcodes.
[[nodiscard]] MatchedOpcodes match_opcodes(const Side& known, std::span<const OpcodeRow> rows);

}  // namespace pitot::cli
