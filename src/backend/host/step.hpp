// Where an operation finds its operands on the host.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "backend/host/layout.hpp"
#include "backend/host/part.hpp"
#include "backend/host/sparse_layers.hpp"
#include "backend/program.hpp"
#include "core/team.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::backend {

/// Memory of one step or prediction: for each arena what is read, what is written (null: not now) and its gradients.
template <typename T>
struct Workplace {
    std::array<const T*, kArenas> values{};
    std::array<T*, kArenas> writable{};
    std::array<T*, kArenas> gradients{};
    std::array<std::int64_t, 2> rows{};  ///< rows in use of each named side
    std::int64_t part_rows = 0;          ///< rows of pair buffers in use
    core::Team* team = nullptr;          ///< threads that do the work
    bool primed = false;                 ///< whether the constant columns of towers have been written before
};

/// What is found out about a program once, for all its steps.
struct HostProgram {
    /// `sparse_columns`: layers whose width is a multiple of it may leave out zeros; 0 for none.
    HostProgram(const Program& described, const ProgramLayout& laid_out, std::int64_t sparse_columns);

    const Program& program;
    const ProgramLayout& layout;
    /// Of each buffer, whether it holds what tanh gave and the one operation that makes its gradient multiplies by
    /// tanh' on the way, so that the operation that computed it need not.
    std::vector<bool> slope_done;
    SparseLayers sparse;
};

/// One operation's view of a step. Copies are cheap.
template <typename T>
class HostStep {
public:
    using View = MatrixView<T>;
    using ConstView = MatrixView<const T>;

    /// On towers. `scratch`: memory for the backward pass.
    HostStep(const HostProgram& program, const Workplace<T>& place, AlignedVector<T>* scratch = nullptr)
        : program_(program), place_(place), scratch_(scratch) {}
    /// On the pairs of a part.
    HostStep(const HostProgram& program, const Workplace<T>& place, const Part<T>& part,
             AlignedVector<T>* scratch = nullptr)
        : program_(program), place_(place), part_(&part), scratch_(scratch) {}

    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.program.buffer(id); }
    /// The rows of a buffer that are in use: their values, to read or to write, and their gradient.
    [[nodiscard]] ConstView value(BufferId id) const { return view<const T>(place_.values, id); }
    [[nodiscard]] View writable(BufferId id) const { return view<T>(place_.writable, id); }
    [[nodiscard]] View gradient(BufferId id) const { return view<T>(place_.gradients, id); }

    /// Whether the operation is on pairs, whose parts follow one another: gradients of parameters and towers are added
    /// to.
    [[nodiscard]] bool on_pairs() const { return part_ != nullptr; }
    [[nodiscard]] const Part<T>& part() const { return *part_; }
    [[nodiscard]] core::Team& team() const { return *place_.team; }
    /// Calls work(part) for pieces of the part, shared among the team.
    template <typename Work>
    void share_pairs(const Work& work) const {
        team().share(part_->size(), kRowGrain,
                     [&](std::int64_t first, std::int64_t n) { work(part_->rows(first, n)); });
    }
    static constexpr std::int64_t kRowGrain = 16;  ///< rows or columns worth a thread's while: a cache line

    /// See HostProgram::slope_done.
    [[nodiscard]] bool slope_done(BufferId id) const { return program_.slope_done[static_cast<std::size_t>(id)]; }
    /// Null where the layer that computes a buffer has few zeros in its input.
    [[nodiscard]] const SparseInput* sparse(BufferId out) const {
        const auto found = program_.sparse.find(out);
        return found == program_.sparse.end() ? nullptr : &found->second;
    }
    /// Whether the constant columns of a tower stand where they belong from an earlier step.
    [[nodiscard]] bool primed(BufferId id) const {
        return place_.primed && program_.layout.place(id).arena == Arena::kTowers;
    }
    /// `size` scalars of no particular value, until the operation returns. Of the backward pass.
    [[nodiscard]] T* scratch(std::int64_t size) const {
        if (scratch_->size() < static_cast<std::size_t>(size)) {
            scratch_->resize(static_cast<std::size_t>(size));
        }
        return scratch_->data();
    }

private:
    template <typename E>
    [[nodiscard]] MatrixView<E> view(const std::array<E*, kArenas>& arenas, BufferId id) const {
        const auto& place = program_.layout.place(id);
        const BufferInfo& b = info(id);
        E* base = arenas[static_cast<std::size_t>(place.arena)];
        if (place.arena == Arena::kPairs) {
            return {base + place.offset * place_.part_rows, place_.part_rows, b.cols, place.stride};
        }
        std::int64_t rows = b.rows;
        if (place.arena == Arena::kCompact) {
            rows = rows / program_.program.rows_of(b.axis) * place_.rows[static_cast<std::size_t>(b.axis)];
        }
        return {base + place.offset, rows, b.cols, place.stride};
    }

    const HostProgram& program_;
    const Workplace<T>& place_;
    const Part<T>* part_ = nullptr;
    AlignedVector<T>* scratch_ = nullptr;
};

}  // namespace pitot::backend
