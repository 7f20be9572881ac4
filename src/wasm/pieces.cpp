#include "wasm/pieces.hpp"

#include <wabt/cast.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace pitot::wasm {

using wabt::ExprList;
using wabt::ExprType;
using wabt::Opcode;

void PieceCounters::add_to(ExprList& function_body) {
    constructs_.assign(1, {});
    reached_ = true;
    end_piece();
    walk(function_body);
    count(function_body, function_body.end(), Opcode::End);
}

void PieceCounters::walk(ExprList& body) {
    for (Place at = body.begin(); at != body.end();) {
        const Place next = std::next(at);  // what is inserted on the way is not walked over
        visit(body, at, next);
        at = next;
    }
}

void PieceCounters::visit(ExprList& list, Place at, Place next) {
    if (at->type() == ExprType::CodeMetadata || !reached_) {
        return;
    }
    count(list, at, opcode_of(*at));
    switch (at->type()) {
        case ExprType::Block:
            return visit_block(*wabt::cast<wabt::BlockExpr>(&*at));
        case ExprType::Loop:
            return visit_loop(*wabt::cast<wabt::LoopExpr>(&*at));
        case ExprType::If:
            return visit_if(list, next, *wabt::cast<wabt::IfExpr>(&*at));
        case ExprType::Try:
            return visit_try(list, next, *wabt::cast<wabt::TryExpr>(&*at));
        default:
            return visit_branch(*at);
    }
}

void PieceCounters::visit_block(wabt::BlockExpr& block) {
    ExprList& body = block.block.exprs;
    enter();
    walk(body);
    count(body, body.end(), Opcode::End);
    leave_through_end();
}

void PieceCounters::visit_loop(wabt::LoopExpr& loop) {
    ExprList& body = loop.block.exprs;
    enter();
    end_piece();  // branches come back to here
    walk(body);
    count(body, body.end(), Opcode::End);
    constructs_.back().targeted = false;  // what branches to a loop does not come out behind it
    leave_through_end();
}

void PieceCounters::visit_if(ExprList& list, Place next, wabt::IfExpr& expr) {
    // An `else` with nothing behind it leaves no trace in libwabt's tree but its place.
    const bool has_else = !expr.false_.empty() || expr.false_end_loc.offset != 0;
    ExprList& then_body = expr.true_.exprs;
    enter();
    end_piece();
    walk(then_body);
    if (has_else) {
        count(then_body, then_body.end(), Opcode::Else);
    }
    std::vector<Arm> arms{arm_here(then_body)};
    reached_ = true;
    end_piece();
    walk(expr.false_);
    arms.push_back(arm_here(expr.false_));
    join(list, next, arms);
}

void PieceCounters::visit_try(ExprList& list, Place next, wabt::TryExpr& expr) {
    ExprList& body = expr.block.exprs;
    enter();
    walk(body);
    if (expr.kind == wabt::TryKind::Delegate) {
        count(body, body.end(), Opcode::Delegate);
        return leave_through_end();
    }
    std::vector<Arm> arms{arm_here(body)};
    for (wabt::Catch& handler : expr.catches) {
        reached_ = true;
        end_piece();
        const Place first = handler.exprs.begin();
        count(handler.exprs, first, handler.IsCatchAll() ? Opcode::CatchAll : Opcode::Catch);
        for (Place at = first; at != handler.exprs.end();) {
            const Place behind = std::next(at);
            visit(handler.exprs, at, behind);
            at = behind;
        }
        arms.push_back(arm_here(handler.exprs));
    }
    join(list, next, arms);
}

void PieceCounters::visit_branch(const wabt::Expr& expr) {
    switch (expr.type()) {
        case ExprType::Br:
            target(wabt::cast<wabt::BrExpr>(&expr)->var);
            reached_ = false;
            return;
        case ExprType::BrTable: {
            const auto& table = *wabt::cast<wabt::BrTableExpr>(&expr);
            std::for_each(table.targets.begin(), table.targets.end(), [&](const wabt::Var& label) { target(label); });
            target(table.default_target);
            reached_ = false;
            return;
        }
        case ExprType::Return:
        case ExprType::ReturnCall:
        case ExprType::ReturnCallIndirect:
        case ExprType::Rethrow:
        case ExprType::Throw:
            leave_function();
            reached_ = false;
            return;
        case ExprType::Unreachable:
            reached_ = false;
            return;
        case ExprType::BrIf:
            target(wabt::cast<wabt::BrIfExpr>(&expr)->var);
            return end_piece();
        case ExprType::Call:
        case ExprType::CallIndirect:
        case ExprType::CallRef:
            leave_function();
            return end_piece();
        default:
            return;
    }
}

void PieceCounters::join(ExprList& list, Place next, const std::vector<Arm>& arms) {
    if (constructs_.back().targeted) {
        for (const Arm& arm : arms) {
            reached_ = arm.reached;
            piece_ = arm.piece;
            count(*arm.body, arm.body->end(), Opcode::End);
        }
        return leave();
    }
    reached_ = std::any_of(arms.begin(), arms.end(), [](const Arm& arm) { return arm.reached; });
    if (reached_) {
        // Whoever is behind the `end` came through it: it counts there, once for all arms.
        leave();
        count(list, next, Opcode::End);
    } else {
        leave_through_end();
    }
}

void PieceCounters::leave() {
    const Construct inner = constructs_.back();
    const std::size_t label = constructs_.size() - 1;
    constructs_.pop_back();
    Construct& outer = constructs_.back();
    outer.outermost = std::min(outer.outermost, inner.outermost);
    reached_ = true;
    const bool whole = inner.outermost == kNoTarget || inner.outermost >= label;
    piece_ = whole ? inner.entry : std::nullopt;
}

void PieceCounters::leave_through_end() {
    const bool reached = reached_ || constructs_.back().targeted;
    leave();
    reached_ = reached;
}

void PieceCounters::count(ExprList& list, Place before, Opcode opcode) {
    if (!reached_) {
        return;
    }
    if (!piece_) {
        piece_ = pieces_.size();
        pieces_.emplace_back();
        const wabt::Var counter(first_counter_ + static_cast<wabt::Index>(*piece_), {});
        list.insert(before, std::make_unique<wabt::GlobalGetExpr>(counter));
        list.insert(before, std::make_unique<wabt::ConstExpr>(wabt::Const::I64(1)));
        list.insert(before, std::make_unique<wabt::BinaryExpr>(Opcode::I64Add));
        list.insert(before, std::make_unique<wabt::GlobalSetExpr>(counter));
    }
    const auto [known, is_new] = index_of_opcode_.try_emplace(opcode, static_cast<std::uint32_t>(opcodes_.size()));
    if (is_new) {
        opcodes_.push_back(opcode);
    }
    Piece& piece = pieces_[*piece_];
    const std::uint32_t index = known->second;
    const auto entry = std::find_if(piece.begin(), piece.end(), [&](const auto& e) { return e.first == index; });
    if (entry == piece.end()) {
        piece.emplace_back(index, 1);
    } else {
        ++entry->second;
    }
}

void PieceCounters::target(const wabt::Var& label) {
    const std::size_t position = constructs_.size() - 1 - label.index();
    constructs_[position].targeted = true;
    constructs_.back().outermost = std::min(constructs_.back().outermost, position);
}

}  // namespace pitot::wasm
