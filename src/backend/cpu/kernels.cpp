#include "backend/cpu/kernels.hpp"

#include <cmath>

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/kernels.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>
#include "backend/cpu/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::cpu::HWY_NAMESPACE {

// Calls full(column) for whole vectors and tail(column, count) for the rest of `n` columns.
template <typename Full, typename Tail>
HWY_INLINE void for_vectors(std::int64_t n, Full full, Tail tail) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
    std::int64_t c = 0;
    for (; c + lanes <= n; c += lanes) {
        full(c);
    }
    if (c < n) {
        tail(c, n - c);
    }
}

// y[c] = f(y[c], x[c]) over n columns.
template <typename F>
HWY_INLINE void update(float* HWY_RESTRICT y, const float* HWY_RESTRICT x, std::int64_t n, F f) {
    const D d;
    for_vectors(
        n, [&](std::int64_t c) { hn::StoreU(f(hn::LoadU(d, y + c), hn::LoadU(d, x + c)), d, y + c); },
        [&](std::int64_t c, std::int64_t count) {
            store_part(f(load_part(y + c, count), load_part(x + c, count)), y + c, count);
        });
}

HWY_INLINE void add_scaled(float scale, const float* HWY_RESTRICT x, float* HWY_RESTRICT y, std::int64_t n) {
    const V s = hn::Set(D(), scale);
    update(y, x, n, [&](V yv, V xv) { return hn::MulAdd(s, xv, yv); });
}

HWY_INLINE float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::int64_t n) {
    const D d;
    V sum0 = hn::Zero(d);
    V sum1 = hn::Zero(d);
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t c = 0;
    for (; c + 2 * lanes <= n; c += 2 * lanes) {
        sum0 = hn::MulAdd(hn::LoadU(d, a + c), hn::LoadU(d, b + c), sum0);
        sum1 = hn::MulAdd(hn::LoadU(d, a + c + lanes), hn::LoadU(d, b + c + lanes), sum1);
    }
    for_vectors(
        n - c, [&](std::int64_t k) { sum0 = hn::MulAdd(hn::LoadU(d, a + c + k), hn::LoadU(d, b + c + k), sum0); },
        [&](std::int64_t k, std::int64_t count) {
            sum1 = hn::MulAdd(load_part(a + c + k, count), load_part(b + c + k, count), sum1);
        });
    return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
}

HWY_INLINE void tanh_in_place(float* x, std::int64_t n) {
    const D d;
    for_vectors(
        n, [&](std::int64_t c) { hn::StoreU(hn::Tanh(d, hn::LoadU(d, x + c)), d, x + c); },
        [&](std::int64_t c, std::int64_t count) { store_part(hn::Tanh(d, load_part(x + c, count)), x + c, count); });
}

void dense_forward_kernel(ConstView x, ConstView weight, const float* bias, Activation activation, View out) {
    gemm(x.rows, weight.cols, x.cols, {x.data, x.stride, 1}, weight.data, weight.stride, bias, false, out.data,
         out.stride);
    if (activation == Activation::kTanh) {
        for (std::int64_t i = 0; i < out.rows; ++i) {
            tanh_in_place(out.data + i * out.stride, out.cols);
        }
    }
}

void dense_backward_kernel(ConstView x, ConstView weight, ConstView out, Activation activation, View dout,
                           bool accumulate, View dweight, float* dbias, View dx, float* scratch) {
    const V one = hn::Set(D(), 1.0F);
    if (!accumulate && dbias != nullptr) {
        std::fill_n(dbias, weight.cols, 0.0F);
    }
    for (std::int64_t i = 0; i < dout.rows; ++i) {
        float* row = dout.data + i * dout.stride;
        if (activation == Activation::kTanh) {
            update(row, out.data + i * out.stride, out.cols,
                   [&](V slope, V y) { return hn::Mul(slope, hn::NegMulAdd(y, y, one)); });
        }
        if (dbias != nullptr) {
            update(dbias, row, out.cols, [](V sum, V slope) { return hn::Add(sum, slope); });
        }
    }
    gemm(x.cols, weight.cols, x.rows, {x.data, 1, x.stride}, dout.data, dout.stride, nullptr, accumulate, dweight.data,
         dweight.stride);
    if (dx.cols > 0) {
        // dx = dout * weight^T: the product wants weight^T by rows.
        const std::int64_t first = weight.rows - dx.cols;
        const std::int64_t stride = (dx.cols + 15) / 16 * 16;
        for (std::int64_t p = 0; p < dx.cols; ++p) {
            const float* from = weight.data + (first + p) * weight.stride;
            for (std::int64_t j = 0; j < weight.cols; ++j) {
                scratch[j * stride + p] = from[j];
            }
        }
        gemm(dx.rows, dx.cols, weight.cols, {dout.data, dout.stride, 1}, scratch, stride, nullptr, false, dx.data,
             dx.stride);
    }
}

void pair_dot_kernel(Index platform, Index module, ConstView left, ConstView right, std::int64_t width, float scale,
                     std::span<float> prediction) {
    for (std::size_t b = 0; b < prediction.size(); ++b) {
        prediction[b] +=
            scale * dot(left.data + platform[b] * left.stride, right.data + module[b] * right.stride, width);
    }
}

void pair_dot_backward_kernel(Index platform, Index module, ConstView left, ConstView right, std::int64_t width,
                              float scale, std::span<const float> slope, View dleft, View dright) {
    for (std::size_t b = 0; b < slope.size(); ++b) {
        const float s = scale * slope[b];
        const std::int64_t i = platform[b];
        const std::int64_t j = module[b];
        add_scaled(s, right.data + j * right.stride, dleft.data + i * dleft.stride, width);
        add_scaled(s, left.data + i * left.stride, dright.data + j * dright.stride, width);
    }
}

void interference_kernel(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                         ConstView left, ConstView right, std::span<float> prediction) {
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
                                  std::int32_t width, ConstView left, ConstView right, std::span<const float> slope,
                                  View dleft, View dright) {
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

void sum_tanh_kernel(Index platform, Index module, ConstView left, ConstView right, View out) {
    for (std::int64_t b = 0; b < out.rows; ++b) {
        const auto n = static_cast<std::size_t>(b);
        float* row = out.data + b * out.stride;
        std::copy_n(left.data + platform[n] * left.stride, out.cols, row);
        update(row, right.data + module[n] * right.stride, out.cols,
               [](V a, V c) { return hn::Tanh(D(), hn::Add(a, c)); });
    }
}

void sum_tanh_backward_kernel(Index platform, Index module, ConstView out, View dout, View dleft, View dright) {
    const V one = hn::Set(D(), 1.0F);
    const auto add = [](V a, V c) { return hn::Add(a, c); };
    for (std::int64_t b = 0; b < out.rows; ++b) {
        const auto n = static_cast<std::size_t>(b);
        float* row = dout.data + b * dout.stride;
        update(row, out.data + b * out.stride, out.cols,
               [&](V slope, V y) { return hn::Mul(slope, hn::NegMulAdd(y, y, one)); });
        update(dleft.data + platform[n] * dleft.stride, row, out.cols, add);
        update(dright.data + module[n] * dright.stride, row, out.cols, add);
    }
}

// `step` is the learning rate over the first moment's correction, `root` one over the root of the second's.
void adam_kernel(std::span<float> parameters, std::span<const float> gradient, std::span<float> first,
                 std::span<float> second, const Adam& adam, float step, float root) {
    const D d;
    const V beta1 = hn::Set(d, static_cast<float>(adam.beta1));
    const V beta2 = hn::Set(d, static_cast<float>(adam.beta2));
    const V rest1 = hn::Set(d, static_cast<float>(1.0 - adam.beta1));
    const V rest2 = hn::Set(d, static_cast<float>(1.0 - adam.beta2));
    const V epsilon = hn::Set(d, static_cast<float>(adam.epsilon));
    const V step_v = hn::Set(d, step);
    const V root_v = hn::Set(d, root);
    const auto next = [&](V g, V& m, V& v, V p) {
        m = hn::MulAdd(beta1, m, hn::Mul(rest1, g));
        v = hn::MulAdd(beta2, v, hn::Mul(rest2, hn::Mul(g, g)));
        const V bottom = hn::MulAdd(hn::Sqrt(v), root_v, epsilon);
        return hn::Sub(p, hn::Div(hn::Mul(step_v, m), bottom));
    };
    for_vectors(
        static_cast<std::int64_t>(parameters.size()),
        [&](std::int64_t c) {
            V m = hn::LoadU(d, first.data() + c);
            V v = hn::LoadU(d, second.data() + c);
            const V p = next(hn::LoadU(d, gradient.data() + c), m, v, hn::LoadU(d, parameters.data() + c));
            hn::StoreU(m, d, first.data() + c);
            hn::StoreU(v, d, second.data() + c);
            hn::StoreU(p, d, parameters.data() + c);
        },
        [&](std::int64_t c, std::int64_t count) {
            V m = load_part(first.data() + c, count);
            V v = load_part(second.data() + c, count);
            const V p = next(load_part(gradient.data() + c, count), m, v, load_part(parameters.data() + c, count));
            store_part(m, first.data() + c, count);
            store_part(v, second.data() + c, count);
            store_part(p, parameters.data() + c, count);
        });
}

const char* instruction_set_kernel() { return hwy::TargetName(HWY_TARGET); }

}  // namespace pitot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::cpu {

HWY_EXPORT(dense_forward_kernel);
HWY_EXPORT(dense_backward_kernel);
HWY_EXPORT(pair_dot_kernel);
HWY_EXPORT(pair_dot_backward_kernel);
HWY_EXPORT(interference_kernel);
HWY_EXPORT(interference_backward_kernel);
HWY_EXPORT(sum_tanh_kernel);
HWY_EXPORT(sum_tanh_backward_kernel);
HWY_EXPORT(adam_kernel);
HWY_EXPORT(instruction_set_kernel);

void dense_forward(ConstView x, ConstView weight, const float* bias, Activation activation, View out) {
    HWY_DYNAMIC_DISPATCH(dense_forward_kernel)(x, weight, bias, activation, out);
}
void dense_backward(ConstView x, ConstView weight, ConstView out, Activation activation, View dout, bool accumulate,
                    View dweight, float* dbias, View dx, std::span<float> scratch) {
    HWY_DYNAMIC_DISPATCH(dense_backward_kernel)
    (x, weight, out, activation, dout, accumulate, dweight, dbias, dx, scratch.data());
}
void pair_dot(Index platform, Index module, ConstView left, ConstView right, std::int64_t width, float scale,
              std::span<float> prediction) {
    HWY_DYNAMIC_DISPATCH(pair_dot_kernel)(platform, module, left, right, width, scale, prediction);
}
void pair_dot_backward(Index platform, Index module, ConstView left, ConstView right, std::int64_t width, float scale,
                       std::span<const float> slope, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(pair_dot_backward_kernel)(platform, module, left, right, width, scale, slope, dleft, dright);
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
void sum_tanh_backward(Index platform, Index module, ConstView out, View dout, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(sum_tanh_backward_kernel)(platform, module, out, dout, dleft, dright);
}
void adam(std::span<float> parameters, std::span<const float> gradient, std::span<float> first, std::span<float> second,
          const Adam& adam, std::int64_t update) {
    const auto t = static_cast<double>(update);
    const double step = adam.learning_rate / (1.0 - std::pow(adam.beta1, t));
    const double root = 1.0 / std::sqrt(1.0 - std::pow(adam.beta2, t));
    HWY_DYNAMIC_DISPATCH(adam_kernel)
    (parameters, gradient, first, second, adam, static_cast<float>(step), static_cast<float>(root));
}
const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(instruction_set_kernel)(); }

}  // namespace pitot::cpu
#endif  // HWY_ONCE
