// What a card can do at best, measured: chains of fused multiply-adds, products on tensor cores, a copy.
#include <algorithm>
#include <array>
#include <cstdint>

#include "backend/cuda/peak.hpp"

namespace pitot::backend::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kRounds = 4096;

__global__ void __launch_bounds__(kThreads) fused_kernel(float* out, float factor) {
    float sums[16];
#pragma unroll
    for (int n = 0; n < 16; ++n) {
        sums[n] = static_cast<float>(threadIdx.x + n);
    }
    for (int round = 0; round < kRounds; ++round) {
#pragma unroll
        for (int n = 0; n < 16; ++n) {
            sums[n] = fmaf(sums[n], factor, 1.0F);
        }
    }
    float sum = 0.0F;
#pragma unroll
    for (int n = 0; n < 16; ++n) {
        sum += sums[n];
    }
    out[blockIdx.x * kThreads + threadIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads) tensor_kernel(float* out, std::uint32_t operand) {
    float sums[8][4] = {};
    for (int round = 0; round < kRounds; ++round) {
#pragma unroll
        for (int n = 0; n < 8; ++n) {
            asm volatile(
                "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%4,%4,%4}, {%4,%4}, "
                "{%0,%1,%2,%3};"
                : "+f"(sums[n][0]), "+f"(sums[n][1]), "+f"(sums[n][2]), "+f"(sums[n][3])
                : "r"(operand));
        }
    }
    float sum = 0.0F;
#pragma unroll
    for (int n = 0; n < 8; ++n) {
        sum += sums[n][0] + sums[n][1] + sums[n][2] + sums[n][3];
    }
    out[blockIdx.x * kThreads + threadIdx.x] = sum;
}

// Seconds of the fastest of a few runs.
template <typename Work>
double best_time(const Work& work) {
    const Event begin(true);
    const Event end(true);
    float best = 0.0F;
    for (int n = 0; n < 8; ++n) {
        check(cudaEventRecord(begin.get()), "measuring");
        work();
        check(cudaEventRecord(end.get()), "measuring");
        check(cudaEventSynchronize(end.get()), "measuring");
        float took = 0.0F;
        check(cudaEventElapsedTime(&took, begin.get(), end.get()), "measuring");
        best = n < 2 ? took : std::min(best, took);  // the first two warm up
    }
    return 1e-3 * static_cast<double>(best);
}

}  // namespace

CardPeak measure_card(std::int64_t block_bytes) {
    int device = 0;
    int multiprocessors = 0;
    check(cudaGetDevice(&device), "asking for it");
    check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "asking for it");
    const int blocks = 8 * multiprocessors;
    const DeviceArray<float> out(static_cast<std::int64_t>(blocks) * kThreads);
    const double threads = static_cast<double>(blocks) * kThreads;
    CardPeak peak;
    peak.fp32 = threads * kRounds * 16 * 2 / best_time([&] {
                    fused_kernel<<<blocks, kThreads>>>(out.data(), 0.999F);
                    check(cudaGetLastError(), "measuring");
                });
    peak.tensor = threads / 32 * kRounds * 8 * (2.0 * 16 * 8 * 8) / best_time([&] {
                      tensor_kernel<<<blocks, kThreads>>>(out.data(), 0x3F000000U);
                      check(cudaGetLastError(), "measuring");
                  });
    const std::int64_t size = std::max<std::int64_t>(block_bytes / 2, 1);
    const DeviceArray<char> from(size);
    const DeviceArray<char> to(size);
    peak.bytes =
        2.0 * static_cast<double>(size) / best_time([&] {
            check(cudaMemcpyAsync(to.data(), from.data(), static_cast<std::size_t>(size), cudaMemcpyDeviceToDevice),
                  "measuring");
        });
    return peak;
}

}  // namespace pitot::backend::cuda
