#include "wasm/pieces.hpp"

#include <wabt/cast.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

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
        auto get = std::make_unique<wabt::GlobalGetExpr>(counter(*piece_));
        auto set = std::make_unique<wabt::GlobalSetExpr>(counter(*piece_));
        sites_.push_back({&list, get.get(), set.get()});
        list.insert(before, std::move(get));
        list.insert(before, std::make_unique<wabt::ConstExpr>(wabt::Const::I64(1)));
        list.insert(before, std::make_unique<wabt::BinaryExpr>(Opcode::I64Add));
        list.insert(before, std::move(set));
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

bool PieceCounters::share(std::size_t most) {
    if (most < opcodes_.size()) {
        return false;
    }
    std::map<Piece, std::size_t> number_of;
    std::vector<Piece> shared;
    const auto number = [&](const Piece& piece) {
        const auto [known, is_new] = number_of.try_emplace(piece, shared.size());
        if (is_new) {
            shared.push_back(piece);
        }
        return known->second;
    };
    // Those of single opcodes come first where they may be needed.
    std::vector<std::size_t> of_opcode;
    if (pieces_.size() > most) {
        for (std::uint32_t opcode = 0; opcode < opcodes_.size(); ++opcode) {
            of_opcode.push_back(number({{opcode, 1}}));
        }
    }
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
        Piece piece = pieces_[i];
        std::sort(piece.begin(), piece.end());
        if (shared.size() >= most && !number_of.contains(piece)) {
            split(sites_[i], piece, of_opcode);
            continue;
        }
        const std::size_t given = number(piece);
        sites_[i].get->var = counter(given);
        sites_[i].set->var = counter(given);
    }
    pieces_ = std::move(shared);
    sites_.clear();
    return true;
}

void PieceCounters::split(const Site& site, const Piece& piece, const std::vector<std::size_t>& of_opcode) const {
    ExprList& list = *site.list;
    // The four expressions there count the first opcode; the others get four each in front of them.
    const Place first(list, site.get);
    wabt::cast<wabt::ConstExpr>(&*std::next(first))->const_ = wabt::Const::I64(piece.front().second);
    site.get->var = counter(of_opcode[piece.front().first]);
    site.set->var = site.get->var;
    for (std::size_t i = 1; i < piece.size(); ++i) {
        const wabt::Var var = counter(of_opcode[piece[i].first]);
        list.insert(first, std::make_unique<wabt::GlobalGetExpr>(var));
        list.insert(first, std::make_unique<wabt::ConstExpr>(wabt::Const::I64(piece[i].second)));
        list.insert(first, std::make_unique<wabt::BinaryExpr>(Opcode::I64Add));
        list.insert(first, std::make_unique<wabt::GlobalSetExpr>(var));
    }
}

void PieceCounters::target(const wabt::Var& label) {
    const std::size_t position = constructs_.size() - 1 - label.index();
    constructs_[position].targeted = true;
    constructs_.back().outermost = std::min(constructs_.back().outermost, position);
}

}  // namespace pitot::wasm
