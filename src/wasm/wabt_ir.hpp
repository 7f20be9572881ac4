// Internal to the room: libwabt's headers, and what its opcodes are called here.
#pragma once

#include <wabt/ir.h>
#include <wabt/opcode.h>

#include <string>

#include "wasm/features.hpp"
#include "wasm/opcodes.hpp"

namespace pitot::wasm {

[[nodiscard]] inline OpcodeCount named_opcode(wabt::Opcode opcode) {
    const bool typed_select = opcode == wabt::Opcode::SelectT;
    return {{opcode.GetPrefix(), opcode.GetCode()}, typed_select ? "select_t" : opcode.GetName(), 0};
}

/// The opcode that an expression starts with.
[[nodiscard]] wabt::Opcode opcode_of(const wabt::Expr& expr);

}  // namespace pitot::wasm
