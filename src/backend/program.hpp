// A model's training step as a short program over a backend's operations.
//
// A program says what is computed, not how: a backend runs it for one model (a CPU thread) or for a group of replicas
// at once (a GPU). Gradients are not written down: each operation has its backward twin, run in reverse order.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot {

/// Number of a buffer in its program.
using BufferId = std::int32_t;

enum class Role {
    kConstant,         ///< the same for every replica (side information)
    kReplicaConstant,  ///< set for each replica (baseline terms)
    kParameter,        ///< trained
    kTower,            ///< computed from the parameters once a step, one row a platform or module
    kPair,             ///< computed for every row of a batch
};

/// The side whose rows a buffer has, the same number of them for each platform or module.
enum class RowAxis : std::uint8_t { kPlatform, kModule, kNone };

enum class Init { kZero, kUniform, kTruncatedNormal };

struct BufferInfo {
    std::string name;
    Role role = Role::kPair;
    std::int64_t rows = 0;  ///< 0 for kPair: as many as the batch has
    std::int64_t cols = 0;
    RowAxis axis = RowAxis::kNone;  ///< whose rows these are; a kTower buffer always has one
    Init init = Init::kZero;        ///< how a parameter starts
    double init_scale = 0.0;        ///< half-width of the uniform, sigma of the normal (truncated at two sigma)
    std::vector<float> values{};    ///< of a kConstant, rows × cols
};

enum class Activation { kNone, kTanh };

/// out = [left | right]; left is constant, right a parameter. Rows of a side.
struct Concat {
    BufferId left, right, out;
};

/// out = activation(x * weight + bias); bias = -1 for none. x and out are both tower or both pair buffers. The gradient
/// of x is wanted for its columns from `x_gradient_from` on (x's width: for none).
struct Dense {
    BufferId x, weight, bias, out;
    Activation activation;
    std::int64_t x_gradient_from;
};

/// prediction = platform_term[i] + module_term[j].
struct PairBaseline {
    BufferId platform_term, module_term;
};

/// prediction += scale * left[i][0 … width) . right[j][0 … width). left: platform rows, right: module rows.
struct PairDot {
    BufferId left, right;
    std::int64_t width;
    double scale;
};

/// prediction += scale * sum over t, k of (m_j . v_s,t(i)) (m_k . v_g,t(i)), k over the co-runners of the row, -1
/// skipped. v_s,t = left[i] columns [s0 + t rank, …), v_g,t = left[i] columns [g0 + t rank, …), m = right rows.
struct PairInterference {
    BufferId left, right;
    std::int64_t rank, types, susceptibility_column, magnitude_column;
    double scale;
};

/// out[b] = tanh(left[i] + right[j]): the first layer of a network on [x_i; x_j], its product split by side so that it
/// costs platforms + modules rows instead of a batch.
struct PairSumTanh {
    BufferId left, right, out;
};

/// out[b] = rows[j]; rows is a constant over modules, so nothing flows back.
struct PairGather {
    BufferId rows, out;
};

/// out[b] = activation(x[b] W_i + bias_i) with a weight matrix for each platform i: weight stacks them (platforms * k
/// rows), bias has a row a platform. The gradient of x as in Dense.
struct PlatformDense {
    BufferId x, weight, bias, out;
    Activation activation;
    std::int64_t x_gradient_from;
};

/// prediction += scale * in[b][0].
struct PairOutput {
    BufferId in;
    double scale;
};

using TowerOp = std::variant<Concat, Dense>;
using PairOp =
    std::variant<PairBaseline, PairDot, PairInterference, PairSumTanh, PairGather, PlatformDense, Dense, PairOutput>;

struct Program {
    std::int64_t platforms = 0;
    std::int64_t modules = 0;
    std::vector<BufferInfo> buffers;
    std::vector<TowerOp> tower;  ///< once a step
    std::vector<PairOp> pair;    ///< for each batch, towers ready; prediction starts at 0
    Loss loss = Loss::kSquared;

    /// Rows of a side.
    [[nodiscard]] std::int64_t rows_of(RowAxis axis) const { return axis == RowAxis::kPlatform ? platforms : modules; }
    /// Number of scalars in all kParameter buffers, which follow one another in the flat parameter array.
    [[nodiscard]] std::int64_t parameter_count() const;
};

}  // namespace pitot
