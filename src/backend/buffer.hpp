// The buffers that a program's operations work on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pitot::backend {

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

}  // namespace pitot::backend
