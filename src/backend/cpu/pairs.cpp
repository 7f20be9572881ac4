// What is computed for pairs of rows: products, interference, and the first layer of a network on both.
#include "backend/cpu/kernels.hpp"

#include <algorithm>

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/pairs.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::cpu::HWY_NAMESPACE {

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

void interference_kernel(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                         const ConstView& left, const ConstView& right, std::span<float> prediction) {
    const auto scale = static_cast<float>(op.scale);
    for (std::size_t b = 0; b < prediction.size(); ++b) {
        const float* p = left.data + platform[b] * left.stride;
        const float* m = right.data + module[b] * right.stride;
        const auto others = co_runner.subspan(b * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
        for (std::int64_t t = 0; t < op.types; ++t) {
            const float* vg = p + op.magnitude_column + t * op.rank;
            float magnitude = 0.0F;
            for (const std::int32_t k : others) {
                magnitude += k >= 0 ? dot(right.data + k * right.stride, vg, op.rank) : 0.0F;
            }
            const float* vs = p + op.susceptibility_column + t * op.rank;
            prediction[b] += scale * dot(m, vs, op.rank) * magnitude;
        }
    }
}

void interference_backward_kernel(const PairInterference& op, Index platform, Index module, Index co_runner,
                                  std::int32_t width, const ConstView& left, const ConstView& right,
                                  std::span<const float> slope, const View& dleft, const View& dright) {
    for (std::size_t b = 0; b < slope.size(); ++b) {
        const float scale = static_cast<float>(op.scale) * slope[b];
        const float* p = left.data + platform[b] * left.stride;
        float* dp = dleft.data + platform[b] * dleft.stride;
        const float* m = right.data + module[b] * right.stride;
        float* dm = dright.data + module[b] * dright.stride;
        const auto others = co_runner.subspan(b * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
        for (std::int64_t t = 0; t < op.types; ++t) {
            const std::int64_t s = op.susceptibility_column + t * op.rank;
            const std::int64_t g = op.magnitude_column + t * op.rank;
            const float susceptibility = scale * dot(m, p + s, op.rank);
            float magnitude = 0.0F;
            for (const std::int32_t k : others) {
                if (k >= 0) {
                    const float* mk = right.data + k * right.stride;
                    magnitude += dot(mk, p + g, op.rank);
                    add_scaled(susceptibility, p + g, dright.data + k * dright.stride, op.rank);
                    add_scaled(susceptibility, mk, dp + g, op.rank);
                }
            }
            add_scaled(scale * magnitude, p + s, dm, op.rank);
            add_scaled(scale * magnitude, m, dp + s, op.rank);
        }
    }
}

void sum_tanh_kernel(Index platform, Index module, const ConstView& left, const ConstView& right, const View& out) {
    const D d;
    for (std::int64_t b = 0; b < out.rows; ++b) {
        const auto n = static_cast<std::size_t>(b);
        const float* HWY_RESTRICT p = left.data + platform[n] * left.stride;
        const float* HWY_RESTRICT m = right.data + module[n] * right.stride;
        float* HWY_RESTRICT row = out.data + b * out.stride;
        for_vectors(
            out.cols,
            [&](std::int64_t c)
                HWY_ATTR { hn::StoreU(tanh_of(hn::Add(hn::LoadU(d, p + c), hn::LoadU(d, m + c))), d, row + c); },
            [&](std::int64_t c, std::int64_t count) HWY_ATTR {
                store_part(tanh_of(hn::Add(load_part(p + c, count), load_part(m + c, count))), row + c, count);
            });
    }
}

void sum_tanh_backward_kernel(Index platform, Index module, const ConstView& dout, const View& dleft,
                              const View& dright) {
    const auto add = [](V a, V c) HWY_ATTR { return hn::Add(a, c); };
    for (std::int64_t b = 0; b < dout.rows; ++b) {
        const auto n = static_cast<std::size_t>(b);
        const float* row = dout.data + b * dout.stride;
        update(dleft.data + platform[n] * dleft.stride, row, dout.cols, add);
        update(dright.data + module[n] * dright.stride, row, dout.cols, add);
    }
}

}  // namespace pitot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::cpu {

HWY_EXPORT(pair_dot_kernel);
HWY_EXPORT(pair_dot_backward_kernel);
HWY_EXPORT(interference_kernel);
HWY_EXPORT(interference_backward_kernel);
HWY_EXPORT(sum_tanh_kernel);
HWY_EXPORT(sum_tanh_backward_kernel);

void pair_dot(Index platform, Index module, ConstView left, ConstView right, float scale, std::span<float> prediction) {
    HWY_DYNAMIC_DISPATCH(pair_dot_kernel)(platform, module, left, right, scale, prediction);
}
void pair_dot_backward(Index platform, Index module, Index by_module, ConstView left, ConstView right, float scale,
                       std::span<const float> slope, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(pair_dot_backward_kernel)
    (platform, module, by_module, left, right, scale, slope, dleft, dright);
}
void interference(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                  ConstView left, ConstView right, std::span<float> prediction) {
    HWY_DYNAMIC_DISPATCH(interference_kernel)(op, platform, module, co_runner, width, left, right, prediction);
}
void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                           std::int32_t width, ConstView left, ConstView right, std::span<const float> slope,
                           View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(interference_backward_kernel)
    (op, platform, module, co_runner, width, left, right, slope, dleft, dright);
}
void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out) {
    HWY_DYNAMIC_DISPATCH(sum_tanh_kernel)(platform, module, left, right, out);
}
void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(sum_tanh_backward_kernel)(platform, module, dout, dleft, dright);
}

}  // namespace pitot::cpu
#endif  // HWY_ONCE
