// What the kernels that multiply rows of both sides share.
#pragma once

#include <algorithm>

#include "backend/cuda/loss.cuh"

namespace pitot::backend::cuda {

inline constexpr int kRowThreads = 1024;
inline constexpr int kRowWarps = kRowThreads / 32;
inline constexpr int kChunk = 128;  ///< columns that a warp has in registers, four a lane or sixteen of eight lanes

/// Blocks a model: as few as fill a card, so that those of one model share a cache.
inline unsigned blocks(std::int32_t models, std::int64_t warps) {
    constexpr std::int64_t wanted = 264;
    const std::int64_t most = (warps + kRowWarps - 1) / kRowWarps;
    return static_cast<unsigned>(std::clamp<std::int64_t>(wanted / models, 1, std::max<std::int64_t>(most, 1)));
}

}  // namespace pitot::backend::cuda
