// The same as src/backend/cuda/instructions.cuh, played by the processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#include <cuda_runtime.h>

#include "emulation/block.hpp"

namespace pitot::emulation {

/// Does the same for all threads of all blocks when the stream comes to it.
cudaError_t enqueue(std::function<void()> thread, dim3 blocks, int threads, std::size_t shared, std::size_t most_shared,
                    cudaStream_t stream);
std::byte* memory_of_block();
/// Sixteen bytes: NaN until the thread waits for them, then what is at `from`, or 0 without.
void copy_later(void* to, const void* from);
void commit();
/// For all that was committed but the last few times.
void wait_for_copies(std::size_t but);

}  // namespace pitot::emulation

namespace pitot::backend::cuda {

struct Grid {
    dim3 blocks;
    int threads = 0;
    std::size_t shared = 0;
    std::size_t most_shared = 0;
};
template <typename... Parameters>
cudaError_t start(void (*kernel)(Parameters...), const Grid& grid, cudaStream_t stream,
                  const std::type_identity_t<Parameters>&... arguments) {
    return emulation::enqueue([=] { kernel(arguments...); }, grid.blocks, grid.threads, grid.shared, grid.most_shared,
                              stream);
}

template <typename T>
T* shared_memory() {
    return reinterpret_cast<T*>(emulation::memory_of_block());
}

template <typename T>
void copy_16(T* to, const T* from, bool there) {
    emulation::copy_later(to, there ? from : nullptr);
}
inline void commit_copies() { emulation::commit(); }
template <int But = 0>
void wait_for_copies() {
    emulation::wait_for_copies(But);
}

template <bool Across>
void load_matrices(std::uint32_t (&to)[4], const void* mine) {
    if (reinterpret_cast<std::uintptr_t>(mine) % 16 != 0) {
        emulation::give_up("a row of a matrix does not begin at a multiple of 16");
    }
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::byte* const all = emulation::exchange(0xFFFFFFFFU, static_cast<const std::uint16_t*>(mine));
    for (int n = 0; n < 4; ++n) {
        const auto at = [&](int row, int column) -> std::uint32_t {
            return emulation::of_lane<const std::uint16_t*>(all, 8 * n + row)[column];
        };
        const int line = lane / 4;
        const int place = lane % 4 * 2;
        to[n] = Across ? at(place, line) | at(place + 1, line) << 16U : at(line, place) | at(line, place + 1) << 16U;
    }
    emulation::wait_for_warp(0xFFFFFFFFU);  // nobody writes before all have read
}

inline void store_together(float* to, float4 x) { *reinterpret_cast<float4*>(to) = x; }
inline void store_together(std::uint16_t* to, uint2 x) { *reinterpret_cast<uint2*>(to) = x; }
template <typename T>
void store_16(T* to, const std::uint32_t (&x)[4]) {
    if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0) {
        emulation::give_up("sixteen bytes are not written at a multiple of 16");
    }
    std::memcpy(to, x, sizeof x);
}
inline void prefetch(const void*) {}
inline int anew(int x) { return x; }
inline float square_root(float x) { return std::sqrt(x); }

/// The nearest number of 10 bits of mantissa, of two the one farther from 0.
inline std::uint32_t to_tf32(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return (bits & 0x7F800000U) == 0x7F800000U ? bits : (bits + 0x1000U) & 0xFFFFE000U;
}
/// Two numbers of 7 bits of mantissa: the nearest, of two the even one.
inline std::uint32_t to_bf16(float low, float high) {
    const auto round = [](float x) {
        const auto bits = std::bit_cast<std::uint32_t>(x);
        return (bits & 0x7F800000U) == 0x7F800000U ? bits >> 16U : (bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U;
    };
    return round(low) | round(high) << 16U;
}

struct Fragments {
    std::uint32_t a[4], b[2];
};
/// One lane's four of C += A·B, where `element` has those of a number: kCount neighbours of k.
template <int kCount, typename Element>
void multiply(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2], const Element& element) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::byte* const all = emulation::exchange(0xFFFFFFFFU, Fragments{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
    for (int k = 0; k < 8; ++k) {
        const Fragments& left = emulation::of_lane<Fragments>(all, lane / 4 * 4 + k % 4);
        for (int column = 0; column < 2; ++column) {
            const Fragments& right = emulation::of_lane<Fragments>(all, (lane % 4 * 2 + column) * 4 + k % 4);
            for (int n = 0; n < kCount; ++n) {
                const float factor = element(right.b[k / 4], n);
                c[column] += element(left.a[k / 4 * 2], n) * factor;
                c[2 + column] += element(left.a[1 + k / 4 * 2], n) * factor;
            }
        }
    }
}
inline void multiply_tf32(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    multiply<1>(c, a, b, [](std::uint32_t x, int) { return std::bit_cast<float>(x); });
}
inline void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    multiply<2>(c, a, b,
                [](std::uint32_t x, int n) { return std::bit_cast<float>(n == 0 ? x << 16U : x & 0xFFFF0000U); });
}

}  // namespace pitot::backend::cuda
