// Internal to the room: libwabt's headers, and what its opcodes are called here.
#pragma once

#include <wabt/ir.h>
#include <wabt/opcode.h>

#include <memory>
#include <string>
#include <utility>

#include "wasm/features.hpp"
#include "wasm/opcodes.hpp"

namespace pitot::wasm {

[[nodiscard]] inline OpcodeCount named_opcode(wabt::Opcode opcode) {
    const bool typed_select = opcode == wabt::Opcode::SelectT;
    return {{opcode.GetPrefix(), opcode.GetCode()}, typed_select ? "select_t" : opcode.GetName(), 0};
}

inline void add_export(wabt::Module& module, std::string name, wabt::ExternalKind kind, wabt::Index index) {
    auto field = std::make_unique<wabt::ExportModuleField>();
    field->export_.name = std::move(name);
    field->export_.kind = kind;
    field->export_.var = wabt::Var(index, {});
    module.AppendField(std::move(field));
}

/// The opcode that an expression starts with.
[[nodiscard]] wabt::Opcode opcode_of(const wabt::Expr& expr);

}  // namespace pitot::wasm
