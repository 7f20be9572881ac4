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

void pair_dot_kernel(Index platform, Index module, const ConstView& left, const ConstView& right, float scale,
                     std::span<float> prediction) {
    for (std::size_t b = 0; b < prediction.size(); ++b) {
        prediction[b] +=
            scale * dot(left.data + platform[b] * left.stride, right.data + module[b] * right.stride, left.cols);
    }
}

// Both gradients of a run of pairs with one platform, for N vectors of columns: the platform's row and its gradient
// stay in registers.
template <std::size_t N>
HWY_INLINE void run_backward(Index module, std::span<const float> slope, float scale, const float* HWY_RESTRICT left,
                             const ConstView& right, float* HWY_RESTRICT dleft, const View& dright,
                             std::int64_t column) {
    const D d;
    const std::int64_t lanes = lane_count();
    V p[N];
    V dp[N];
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
        p[n] = hn::LoadU(d, left + column + at(n, lanes));
        dp[n] = hn::LoadU(d, dleft + column + at(n, lanes));
    }
    for (std::size_t b = 0; b < slope.size(); ++b) {
        const V s = hn::Set(d, scale * slope[b]);
        const float* HWY_RESTRICT m = right.data + module[b] * right.stride + column;
        float* HWY_RESTRICT dm = dright.data + module[b] * dright.stride + column;
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            dp[n] = hn::MulAdd(s, hn::LoadU(d, m + at(n, lanes)), dp[n]);
            hn::StoreU(hn::MulAdd(s, p[n], hn::LoadU(d, dm + at(n, lanes))), d, dm + at(n, lanes));
        }
    }
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
        hn::StoreU(dp[n], d, dleft + column + at(n, lanes));
    }
}

void pair_dot_backward_kernel(Index platform, Index module, const ConstView& left, const ConstView& right, float scale,
                              std::span<const float> slope, const View& dleft, const View& dright) {
    constexpr std::size_t block = kManyRegisters ? 8 : 4;
    const std::int64_t lanes = lane_count();
    for (std::size_t first = 0; first < slope.size();) {
        std::size_t count = 1;
        while (first + count < slope.size() && platform[first + count] == platform[first]) {
            ++count;
        }
        const float* p = left.data + platform[first] * left.stride;
        float* dp = dleft.data + platform[first] * dleft.stride;
        const Index modules = module.subspan(first, count);
        const auto slopes = slope.subspan(first, count);
        std::int64_t c = 0;
        for (; c + at(block, lanes) <= left.cols; c += at(block, lanes)) {
            run_backward<block>(modules, slopes, scale, p, right, dp, dright, c);
        }
        for (; c + lanes <= left.cols; c += lanes) {
            run_backward<1>(modules, slopes, scale, p, right, dp, dright, c);
        }
        for (std::size_t b = 0; c < left.cols && b < count; ++b) {
            const float s = scale * slopes[b];
            add_scaled(s, right.data + modules[b] * right.stride + c, dp + c, left.cols - c);
            add_scaled(s, p + c, dright.data + modules[b] * dright.stride + c, left.cols - c);
        }
        first += count;
    }
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
void pair_dot_backward(Index platform, Index module, ConstView left, ConstView right, float scale,
                       std::span<const float> slope, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(pair_dot_backward_kernel)(platform, module, left, right, scale, slope, dleft, dright);
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
