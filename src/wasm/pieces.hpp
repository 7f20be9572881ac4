// Internal to the room: counters in the code of a module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "wasm/wabt_ir.hpp"

namespace pitot::wasm {

/// Code that is executed as a whole, once each time it is entered, as (index of the opcode, times). It ends where
/// control may leave or enter: at branches and their targets, and after calls, which may never return (`proc_exit`). It
/// goes on behind a block, loop or `if` that can be left by its end alone. A trap, or a loop that never ends, is the
/// one way not to run it to its end.
using Piece = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Splits functions into pieces and has each add one to a global of its own when it is entered. See docs/opcodes.md for
/// when the opcodes of structure (`block`, `else`, `end` …) count as executed. Code that cannot be reached has no
/// counter.
class PieceCounters {
public:
    /// `first_counter`: index of the global that will count piece 0; the others follow it.
    explicit PieceCounters(wabt::Index first_counter) : first_counter_(first_counter) {}

    void add_to(wabt::ExprList& function_body);

    /// Gives pieces that execute the same opcodes one counter, which is all that sums of opcodes need, and has those
    /// for which `most` counters do not suffice add to counters of single opcodes instead. After this pieces() has an
    /// entry a counter. False if `most` is less than the number of opcodes.
    [[nodiscard]] bool share(std::size_t most);

    [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
    /// The opcodes that pieces name by index.
    [[nodiscard]] const std::vector<wabt::Opcode>& opcodes() const { return opcodes_; }

private:
    using Place = wabt::ExprList::iterator;
    /// One of several ways to the end of a construct, and the piece it is in there.
    struct Arm {
        wabt::ExprList* body;
        bool reached;
        std::optional<std::size_t> piece;
    };
    /// A block, loop, `if` or `try` that is being walked through.
    struct Construct {
        std::optional<std::size_t> entry;  ///< the piece it begins in
        bool targeted = false;             ///< by a branch
        std::size_t outermost =
            kNoTarget;  ///< label that control leaves to from within; 0: the function's, or anywhere
    };
    static constexpr std::size_t kNoTarget = static_cast<std::size_t>(-1);

    void walk(wabt::ExprList& body);
    void visit(wabt::ExprList& list, Place at, Place next);
    void visit_block(wabt::BlockExpr& block);
    void visit_loop(wabt::LoopExpr& loop);
    void visit_if(wabt::ExprList& list, Place next, wabt::IfExpr& expr);
    void visit_try(wabt::ExprList& list, Place next, wabt::TryExpr& expr);
    void visit_branch(const wabt::Expr& expr);

    void count(wabt::ExprList& list, Place before, wabt::Opcode opcode);
    void end_piece() { piece_.reset(); }
    void enter() { constructs_.push_back({piece_}); }
    /// Continues behind the innermost construct, which control comes out of by its end or a branch to it.
    void leave();
    /// Continues behind its end, if that is reached.
    void leave_through_end();
    void target(const wabt::Var& label);
    /// Control may go to where no label of a construct is.
    void leave_function() { constructs_.back().outermost = 0; }
    [[nodiscard]] Arm arm_here(wabt::ExprList& body) const { return {&body, reached_, piece_}; }
    /// Counts the `end` that the arms run into, and continues behind it.
    void join(wabt::ExprList& list, Place next, const std::vector<Arm>& arms);

    /// Where a piece counts itself.
    struct Site {
        wabt::ExprList* list;
        wabt::GlobalGetExpr* get;
        wabt::GlobalSetExpr* set;
    };
    /// Has a piece add to the counters of its opcodes, which `of_opcode` numbers.
    void split(const Site& site, const Piece& piece, const std::vector<std::size_t>& of_opcode) const;
    [[nodiscard]] wabt::Var counter(std::size_t number) const {
        return wabt::Var(first_counter_ + static_cast<wabt::Index>(number), {});
    }

    wabt::Index first_counter_;
    std::vector<Site> sites_;  // by piece, until share()
    std::vector<Piece> pieces_;
    std::vector<wabt::Opcode> opcodes_;
    std::map<wabt::Opcode::Enum, std::uint32_t> index_of_opcode_;
    std::vector<Construct> constructs_;  // the function, then one in the other, as labels are numbered from the outside
    bool reached_ = true;
    std::optional<std::size_t> piece_;  // none: the next opcode starts one
};

}  // namespace pitot::wasm
