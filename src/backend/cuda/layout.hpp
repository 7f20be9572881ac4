// Where the buffers of a program lie on a card, and in which order its operations are launched.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "backend/program.hpp"
#include "pitot/result.hpp"

namespace pitot::backend::cuda {

enum class Arena : std::uint8_t {
    kConstants,         ///< shared by all models
    kReplicaConstants,  ///< of a model, as all that follow
    kParameters,
    kInputs,  ///< constants beside learned columns: what Concat makes
    kTowers,
    kPairs,  ///< of every row of a batch
};
inline constexpr std::size_t kArenas = 6;

/// Elements between rows, a multiple of `of`, so that vectors of as many can be read.
[[nodiscard]] constexpr std::int64_t row_stride(std::int64_t cols, std::int64_t of) {
    return (cols + of - 1) / of * of;
}

/// A program as it is launched. Layers of both sides that wait for the same ones before are one launch.
class DeviceProgram {
public:
    /// kUsage if it has an operation, or a use of one, that this backend has no kernels for.
    [[nodiscard]] static Result<DeviceProgram> make(const Program& program);

    struct Place {
        Arena arena = Arena::kConstants;
        std::int64_t offset = 0;  ///< of pair buffers, for each row of a batch
        std::int64_t ld = 0;
    };
    [[nodiscard]] const Program& program() const { return *program_; }
    [[nodiscard]] const Place& place(BufferId buffer) const { return places_[static_cast<std::size_t>(buffer)]; }
    /// Elements of an arena a model; of kPairs, for each row of a batch.
    [[nodiscard]] std::int64_t size(Arena arena) const { return sizes_[static_cast<std::size_t>(arena)]; }

    struct Columns {
        BufferId buffer = -1;
        std::int64_t first = 0;
    };
    /// Where a layer's input gradient goes and which of the input's columns it is of; nothing where none is wanted.
    [[nodiscard]] std::optional<Columns> input_gradient(const Dense& op) const;
    /// Of a layer whose input has learned columns: where they come from, if the kernel that updates the layer's weight
    /// can update them on the way. Nobody else may read them there.
    [[nodiscard]] std::optional<Concat> learned_with_weight(const Dense& op) const;
    /// Whether the gradient of a buffer that tanh gave comes multiplied by its derivative.
    [[nodiscard]] bool slope_done(BufferId buffer) const { return slopes_done_[static_cast<std::size_t>(buffer)]; }

    /// Whether what towers are made of, and give, can be kept rounded. There are kernels for rows that layers make and
    /// that are multiplied, where learned columns are few (kNarrow) and hidden ones more.
    [[nodiscard]] bool can_round() const;

    std::vector<Concat> concats;
    std::vector<std::vector<Dense>> levels;  ///< of towers
    std::optional<PairBaseline> baseline;
    std::optional<PairDot> dot;
    std::optional<PairInterference> interference;
    std::vector<PairOp> network;  ///< what is computed a row of a batch, the output left out
    std::optional<PairOutput> output;
    /// A network that one kernel trains (see PairNetwork), on cards whose blocks have room for it.
    struct Joined {
        PairSumTanh first;
        Dense second, top;
    };
    std::optional<Joined> joined;
    /// Two layers that make the rows of each side of dot products, alone (see LayeredDots); sides as there.
    struct Layered {
        Dense first, second;
    };
    std::optional<std::array<Layered, 2>> layered;
    /// Parameters whose gradients are stored and used at the end of a step, and the Concat that has a copy of each.
    std::vector<std::pair<BufferId, std::optional<Concat>>> stored;

    /// Whether rows of both sides are multiplied.
    [[nodiscard]] bool has_factors() const { return dot || interference; }
    [[nodiscard]] BufferId left() const { return dot ? dot->left : interference->left; }
    [[nodiscard]] BufferId right() const { return dot ? dot->right : interference->right; }
    [[nodiscard]] std::int64_t rank() const { return dot ? dot->width : interference->rank; }
    /// Products a row: see FactorsOf::weight.
    [[nodiscard]] std::int64_t groups() const { return (dot ? 1 : 0) + (interference ? 2 * interference->types : 0); }

private:
    explicit DeviceProgram(const Program& program);
    [[nodiscard]] Result<void> sort_operations();
    [[nodiscard]] std::optional<Joined> find_joined() const;
    [[nodiscard]] std::optional<Layered> find_layers(BufferId rows) const;

    const Program* program_;
    std::vector<Place> places_;
    std::array<std::int64_t, kArenas> sizes_{};
    std::vector<bool> slopes_done_;
};

}  // namespace pitot::backend::cuda
