#include <wabt/cast.h>

#include "core/check.hpp"
#include "wasm/wabt_ir.hpp"

namespace pitot::wasm {
namespace {

using wabt::ExprType;
using wabt::Opcode;

Opcode const_opcode(const wabt::Const& value) {
    switch (value.type()) {
        case wabt::Type::I32:
            return Opcode::I32Const;
        case wabt::Type::I64:
            return Opcode::I64Const;
        case wabt::Type::F32:
            return Opcode::F32Const;
        case wabt::Type::F64:
            return Opcode::F64Const;
        case wabt::Type::V128:
            return Opcode::V128Const;
        default:
            PITOT_CHECK(false && "a constant of another type");
    }
    return Opcode::Invalid;
}

Opcode select_opcode(const wabt::SelectExpr& select) {
    const wabt::TypeVector& types = select.result_type;
    const bool untyped = types.empty() || (types.size() == 1 && types.front() == wabt::Type::Any);
    return untyped ? Opcode::Select : Opcode::SelectT;
}

// Expressions that are one opcode; Invalid for the others.
Opcode fixed_opcode(ExprType type) {
    switch (type) {
        // clang-format off
        case ExprType::AtomicFence: return Opcode::AtomicFence;
        case ExprType::Block: return Opcode::Block;
        case ExprType::Br: return Opcode::Br;
        case ExprType::BrIf: return Opcode::BrIf;
        case ExprType::BrTable: return Opcode::BrTable;
        case ExprType::Call: return Opcode::Call;
        case ExprType::CallIndirect: return Opcode::CallIndirect;
        case ExprType::CallRef: return Opcode::CallRef;
        case ExprType::DataDrop: return Opcode::DataDrop;
        case ExprType::Drop: return Opcode::Drop;
        case ExprType::ElemDrop: return Opcode::ElemDrop;
        case ExprType::GlobalGet: return Opcode::GlobalGet;
        case ExprType::GlobalSet: return Opcode::GlobalSet;
        case ExprType::If: return Opcode::If;
        case ExprType::LocalGet: return Opcode::LocalGet;
        case ExprType::LocalSet: return Opcode::LocalSet;
        case ExprType::LocalTee: return Opcode::LocalTee;
        case ExprType::Loop: return Opcode::Loop;
        case ExprType::MemoryCopy: return Opcode::MemoryCopy;
        case ExprType::MemoryFill: return Opcode::MemoryFill;
        case ExprType::MemoryGrow: return Opcode::MemoryGrow;
        case ExprType::MemoryInit: return Opcode::MemoryInit;
        case ExprType::MemorySize: return Opcode::MemorySize;
        case ExprType::Nop: return Opcode::Nop;
        case ExprType::RefFunc: return Opcode::RefFunc;
        case ExprType::RefIsNull: return Opcode::RefIsNull;
        case ExprType::RefNull: return Opcode::RefNull;
        case ExprType::Rethrow: return Opcode::Rethrow;
        case ExprType::Return: return Opcode::Return;
        case ExprType::ReturnCall: return Opcode::ReturnCall;
        case ExprType::ReturnCallIndirect: return Opcode::ReturnCallIndirect;
        case ExprType::TableCopy: return Opcode::TableCopy;
        case ExprType::TableFill: return Opcode::TableFill;
        case ExprType::TableGet: return Opcode::TableGet;
        case ExprType::TableGrow: return Opcode::TableGrow;
        case ExprType::TableInit: return Opcode::TableInit;
        case ExprType::TableSet: return Opcode::TableSet;
        case ExprType::TableSize: return Opcode::TableSize;
        case ExprType::Throw: return Opcode::Throw;
        case ExprType::Try: return Opcode::Try;
        case ExprType::Unreachable: return Opcode::Unreachable;
        default: return Opcode::Invalid;
            // clang-format on
    }
}

// Expressions that hold their opcode.
template <typename... Kinds>
Opcode held_opcode(const wabt::Expr& expr) {
    Opcode opcode = Opcode::Invalid;
    const auto look = [&](const auto* held) {
        if (held != nullptr) {
            opcode = held->opcode;
        }
    };
    (look(wabt::dyn_cast<Kinds>(&expr)), ...);
    return opcode;
}

}  // namespace

Opcode opcode_of(const wabt::Expr& expr) {
    Opcode opcode = fixed_opcode(expr.type());
    if (expr.type() == ExprType::Const) {
        opcode = const_opcode(wabt::cast<wabt::ConstExpr>(&expr)->const_);
    } else if (expr.type() == ExprType::Select) {
        opcode = select_opcode(*wabt::cast<wabt::SelectExpr>(&expr));
    } else if (opcode.IsInvalid()) {
        opcode = held_opcode<wabt::BinaryExpr, wabt::CompareExpr, wabt::ConvertExpr, wabt::UnaryExpr, wabt::TernaryExpr,
                             wabt::SimdLaneOpExpr, wabt::SimdLoadLaneExpr, wabt::SimdStoreLaneExpr,
                             wabt::SimdShuffleOpExpr, wabt::LoadExpr, wabt::StoreExpr, wabt::LoadSplatExpr,
                             wabt::LoadZeroExpr, wabt::AtomicLoadExpr, wabt::AtomicStoreExpr, wabt::AtomicRmwExpr,
                             wabt::AtomicRmwCmpxchgExpr, wabt::AtomicWaitExpr, wabt::AtomicNotifyExpr>(expr);
    }
    PITOT_CHECK(!opcode.IsInvalid());
    return opcode;
}

}  // namespace pitot::wasm
