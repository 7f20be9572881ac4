// What a card can do at best, measured.
#pragma once

#include <cstdint>

#include "backend/cuda/memory.hpp"

namespace pitot::backend::cuda {

struct CardPeak {
    double fp32 = 0.0;    ///< floating-point operations a second in chains of fused multiply-adds (two each)
    double tensor = 0.0;  ///< the same in products of tf32 numbers on tensor cores, a warp's instruction each
    double bytes = 0.0;   ///< a second, read and written in equal parts, of `block_bytes` in all
};

/// Of the current card. Throws DeviceFailure.
[[nodiscard]] CardPeak measure_card(std::int64_t block_bytes);

}  // namespace pitot::backend::cuda
