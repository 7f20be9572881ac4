// The memory of a block that trains layers and multiplies the rows that they make (layered_dots.cu).
#pragma once

#include <algorithm>

#include "backend/cuda/rounded_strip.cuh"

namespace pitot::backend::cuda {

constexpr int sixteens(int n) { return (n + 15) / 16; }
constexpr int eights(int n) { return (n + 7) / 8; }
constexpr int whole(int n) { return 16 * sixteens(n); }

/// What lies in the block's memory: rows of both sides; slopes of all pairs and, before, products of some; the batch's
/// rows. In their place, before, first layers' weights, the second of modules, and biases; then the second of
/// platforms, rows of first weights that are of learned columns, and terms. The second of modules comes back in the
/// place of modules' rows. In bytes from the beginning, but for the stride, in numbers.
struct LayeredPlaces {
    int left, right, slopes, slope_stride, rows, first[2], second[2], bias, learned[2], terms;
    int bytes;
};
inline LayeredPlaces places_of(const LayeredDots& s) {
    const int platforms = whole(s.side[0].rows);
    const int modules = whole(s.side[1].rows);
    constexpr int weight = kColumns * kStride * 2;
    const auto first_bytes = [&](int n) { return whole(s.side[n].in) * kStride * 2; };
    LayeredPlaces at{};
    at.left = 0;
    at.right = at.left + platforms * kStride * 2;
    at.slopes = at.right + std::max(modules * kStride * 2, weight);
    at.slope_stride = modules + 24;  // eight rows begin in different banks, of rounded numbers and of others
    at.rows = at.slopes + platforms * at.slope_stride * 2;
    const int end = at.rows + 12 * ((s.factors.batch.rows + 3) / 4 * 4);
    at.first[0] = at.slopes;
    at.first[1] = at.first[0] + first_bytes(0);
    at.second[1] = at.first[1] + first_bytes(1);
    at.bias = at.second[1] + weight;
    at.second[0] = std::max(end, at.bias + 4 * kColumns * 4);
    at.learned[0] = at.second[0] + weight;
    at.learned[1] = at.learned[0] + eights(s.side[0].learned_count) * 8 * kStride * 2;
    at.terms = at.learned[1] + eights(s.side[1].learned_count) * 8 * kStride * 2;
    at.bytes = at.terms + 4 * (platforms + modules);
    return at;
}

struct LayeredMemory {
    Bf16 *left, *right;  ///< rows
    Bf16* slopes;        ///< platforms × slope_stride
    int slope_stride;
    float* target;  ///< of a row of the batch; then its slope
    float* scale;
    std::uint32_t* pair;  ///< its module, and its platform times 65536: no block has memory for as many
    float *platform_term, *module_term;
};
__device__ __forceinline__ LayeredMemory memory_of(const LayeredPlaces& at, int rows, int platforms) {
    auto* const all = shared_memory<unsigned char>();
    LayeredMemory memory;
    memory.left = reinterpret_cast<Bf16*>(all + at.left);
    memory.right = reinterpret_cast<Bf16*>(all + at.right);
    memory.slopes = reinterpret_cast<Bf16*>(all + at.slopes);
    memory.slope_stride = at.slope_stride;
    memory.target = reinterpret_cast<float*>(all + at.rows);
    memory.scale = memory.target + (rows + 3) / 4 * 4;
    memory.pair = reinterpret_cast<std::uint32_t*>(memory.scale + (rows + 3) / 4 * 4);
    memory.platform_term = reinterpret_cast<float*>(all + at.terms);
    memory.module_term = memory.platform_term + platforms;
    return memory;
}
/// Biases: the first layer's of a side, and behind them the second's.
__device__ __forceinline__ float* bias_at(const LayeredPlaces& at, int side) {
    return reinterpret_cast<float*>(shared_memory<unsigned char>() + at.bias) + 2 * kColumns * side;
}
__device__ __forceinline__ Bf16* weight_at(int place) {
    return reinterpret_cast<Bf16*>(shared_memory<unsigned char>() + place);
}

}  // namespace pitot::backend::cuda
