// Dot products of rows.
#include "backend/ops/pair_dot/pair_dot_cpu.hpp"

#include <algorithm>

#include "backend/ops/dense/dense_cpu.hpp"

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE \
    "backend/ops/pair_dot/pair_dot_cpu.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

// Four pairs at a time, so that the lanes of their sums are added up together. A last pair takes the places left over.
void pair_dot_kernel(Index platform, Index module, const ConstView& left, const ConstView& right, float scale,
                     std::span<float> prediction) {
    const D d;
    constexpr std::size_t together = 4;
    const std::size_t pairs = prediction.size();
    for (std::size_t first = 0; first < pairs; first += together) {
        const float* p[together];
        const float* m[together];
        V sum[together];
#pragma GCC unroll 4
        for (std::size_t n = 0; n < together; ++n) {
            const std::size_t b = std::min(first + n, pairs - 1);
            p[n] = left.data + platform[b] * left.stride;
            m[n] = right.data + module[b] * right.stride;
            sum[n] = hn::Zero(d);
        }
        for_vectors(
            left.cols,
            [&](std::int64_t c) HWY_ATTR {
#pragma GCC unroll 4
                for (std::size_t n = 0; n < together; ++n) {
                    sum[n] = hn::MulAdd(hn::LoadU(d, p[n] + c), hn::LoadU(d, m[n] + c), sum[n]);
                }
            },
            [&](std::int64_t c, std::int64_t count) HWY_ATTR {
#pragma GCC unroll 4
                for (std::size_t n = 0; n < together; ++n) {
                    sum[n] = hn::MulAdd(load_part(p[n] + c, count), load_part(m[n] + c, count), sum[n]);
                }
            });
        float sums[together];
        lane_sums(sum, sums);
        for (std::size_t n = 0; n < std::min(together, pairs - first); ++n) {
            prediction[first + n] += scale * sums[n];
        }
    }
}

// to[column …] += scale * slope * row of `other`, over pairs, in N vectors that stay in registers. `pair(b)` is the
// b-th pair's number.
template <std::size_t N, typename Pair>
HWY_INLINE void run_backward(std::size_t pairs, Pair pair, Index others, std::span<const float> slope, float scale,
                             const ConstView& other, float* HWY_RESTRICT to) {
    const D d;
    const std::int64_t lanes = lane_count();
    V sum[N];
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
        sum[n] = hn::LoadU(d, to + at(n, lanes));
    }
    for (std::size_t b = 0; b < pairs; ++b) {
        const V s = hn::Set(d, scale * slope[pair(b)]);
        const float* HWY_RESTRICT row = other.data + others[pair(b)] * other.stride;
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            sum[n] = hn::MulAdd(s, hn::LoadU(d, row + at(n, lanes)), sum[n]);
        }
    }
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
        hn::StoreU(sum[n], d, to + at(n, lanes));
    }
}

// The gradient of one side's rows: of `rows`, pairs whose row is the same one after the other in the order of `pair`.
template <typename Pair>
HWY_INLINE void side_backward(Pair pair, Index rows, Index others, std::span<const float> slope, float scale,
                              const ConstView& other, const View& gradient) {
    constexpr std::size_t block = 8;
    const std::int64_t lanes = lane_count();
    const std::int64_t cols = gradient.cols;
    for (std::size_t first = 0; first < rows.size();) {
        const std::int32_t row = rows[pair(first)];
        std::size_t count = 1;
        while (first + count < rows.size() && rows[pair(first + count)] == row) {
            ++count;
        }
        float* to = gradient.data + row * gradient.stride;
        const auto of_run = [&](std::size_t b) { return pair(first + b); };
        std::int64_t c = 0;
        const auto rest = [&] { return ConstView{other.data + c, other.rows, cols - c, other.stride}; };
        for (; c + at(block, lanes) <= cols; c += at(block, lanes)) {
            run_backward<block>(count, of_run, others, slope, scale, rest(), to + c);
        }
        for (; c + lanes <= cols; c += lanes) {
            run_backward<1>(count, of_run, others, slope, scale, rest(), to + c);
        }
        for (std::size_t b = 0; c < cols && b < count; ++b) {
            const std::size_t n = of_run(b);
            add_scaled(scale * slope[n], other.data + others[n] * other.stride + c, to + c, cols - c);
        }
        first += count;
    }
}

void pair_dot_backward_kernel(Index platform, Index module, Index by_module, const ConstView& left,
                              const ConstView& right, float scale, std::span<const float> slope, const View& dleft,
                              const View& dright) {
    side_backward([](std::size_t b) { return b; }, platform, module, slope, scale, right, dleft);
    side_backward([&](std::size_t b) { return static_cast<std::size_t>(by_module[b]); }, module, platform, slope, scale,
                  left, dright);
}

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {

HWY_EXPORT(pair_dot_kernel);
HWY_EXPORT(pair_dot_backward_kernel);

void pair_dot(Index platform, Index module, ConstView left, ConstView right, float scale, std::span<float> prediction) {
    HWY_DYNAMIC_DISPATCH(pair_dot_kernel)(platform, module, left, right, scale, prediction);
}
void pair_dot_backward(Index platform, Index module, Index by_module, ConstView left, ConstView right, float scale,
                       std::span<const float> slope, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(pair_dot_backward_kernel)
    (platform, module, by_module, left, right, scale, slope, dleft, dright);
}

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template void forward(const PairDot&, const HostStep<float>&);
template void backward(const PairDot&, const HostStep<float>&);

}  // namespace pitot::backend
#endif  // HWY_ONCE
