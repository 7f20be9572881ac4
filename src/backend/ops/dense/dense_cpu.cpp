// Dense layers.
#include "backend/ops/dense/dense_cpu.hpp"

#include <algorithm>
#include <cmath>

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/ops/dense/dense_cpu.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/cpu/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

template <typename Finish>
HWY_INLINE Product<Finish> forward_product(const ConstView& x, const ConstView& weight, const float* bias,
                                           const View& out, Finish finish) {
    return {x.cols, {x.data, x.stride, 1}, weight.data, weight.stride, bias, false, out.data, out.stride, finish};
}

void dense_forward_kernel(const ConstView& x, const ConstView& weight, const float* bias, Activation activation,
                          const View& out) {
    if (is_vector(weight)) {
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const float sum = dot(x.data + i * x.stride, weight.data, x.cols) + (bias == nullptr ? 0.0F : *bias);
            out(i, 0) = activation == Activation::kTanh ? hn::GetLane(tanh_of(hn::Set(D(), sum))) : sum;
        }
        return;
    }
    const auto run = [&](auto finish)
                         HWY_ATTR { gemm(out.rows, weight.cols, forward_product(x, weight, bias, out, finish)); };
    activation == Activation::kTanh ? run(Tanh{}) : run(Keep{});
}

void sparse_forward_kernel(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count, const ConstView& x,
                           const ConstView& weight, const float* bias, Activation activation, const View& out) {
    const auto run = [&](auto finish) HWY_ATTR {
        gemm_listed(blocks, first, count, weight.cols, forward_product(x, weight, bias, out, finish));
    };
    activation == Activation::kTanh ? run(Tanh{}) : run(Keep{});
}

#if HWY_TARGET != HWY_SCALAR
// A block of 4 × 4 from `in` to `out`.
HWY_INLINE void transpose_block(const float* HWY_RESTRICT in, std::int64_t in_stride, float* HWY_RESTRICT out,
                                std::int64_t out_stride) {
    const hn::FixedTag<float, 4> d;
    const auto r0 = hn::LoadU(d, in);
    const auto r1 = hn::LoadU(d, in + in_stride);
    const auto r2 = hn::LoadU(d, in + 2 * in_stride);
    const auto r3 = hn::LoadU(d, in + 3 * in_stride);
    const auto low02 = hn::InterleaveLower(d, r0, r2);
    const auto low13 = hn::InterleaveLower(d, r1, r3);
    const auto high02 = hn::InterleaveUpper(d, r0, r2);
    const auto high13 = hn::InterleaveUpper(d, r1, r3);
    hn::StoreU(hn::InterleaveLower(d, low02, low13), d, out);
    hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, out + out_stride);
    hn::StoreU(hn::InterleaveLower(d, high02, high13), d, out + 2 * out_stride);
    hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, out + 3 * out_stride);
}
#endif

// Blocks of 4 × 4, in tiles of a cache line either way; what is left over element by element.
void transpose_kernel(const ConstView& in, const View& out) {
#if HWY_TARGET == HWY_SCALAR
    const std::int64_t rows = 0;
    const std::int64_t cols = 0;
#else
    constexpr std::int64_t tile = 16;
    const std::int64_t rows = in.rows / 4 * 4;
    const std::int64_t cols = in.cols / 4 * 4;
    for (std::int64_t row = 0; row < rows; row += tile) {
        for (std::int64_t col = 0; col < cols; col += tile) {
            for (std::int64_t i = row; i < std::min(row + tile, rows); i += 4) {
                for (std::int64_t j = col; j < std::min(col + tile, cols); j += 4) {
                    transpose_block(in.data + i * in.stride + j, in.stride, out.data + j * out.stride + i, out.stride);
                }
            }
        }
    }
#endif
    for (std::int64_t i = 0; i < in.rows; ++i) {
        for (std::int64_t j = i < rows ? cols : 0; j < in.cols; ++j) {
            out(j, i) = in(i, j);
        }
    }
}

// dx row = dout * weight column, a product of one depth.
HWY_INLINE void scale_row(float dout, const float* HWY_RESTRICT weight, const float* HWY_RESTRICT tanh_out,
                          float* HWY_RESTRICT dx, std::int64_t n) {
    const D d;
    const V s = hn::Set(d, dout);
    for_vectors(
        n,
        [&](std::int64_t c) HWY_ATTR {
            const V slope = hn::Mul(s, hn::LoadU(d, weight + c));
            hn::StoreU(tanh_out == nullptr ? slope : tanh_slope_of(slope, hn::LoadU(d, tanh_out + c)), d, dx + c);
        },
        [&](std::int64_t c, std::int64_t count) HWY_ATTR {
            const V slope = hn::Mul(s, load_part(weight + c, count));
            store_part(tanh_out == nullptr ? slope : tanh_slope_of(slope, load_part(tanh_out + c, count)), dx + c,
                       count);
        });
}

// Columns p … of dx, at most four: dot products of each row of dout with as many rows of the weight.
HWY_INLINE void few_columns(const ConstView& dout, const ConstView& weight, const ConstView& tanh_out, const View& dx,
                            std::int64_t p) {
    const D d;
    constexpr std::int64_t most = 4;
    const std::int64_t count = std::min(most, dx.cols - p);
    const float* w[most];  // past the last row the last again
    for (std::int64_t n = 0; n < most; ++n) {
        w[n] = weight.data + std::min(n, count - 1) * weight.stride;
    }
    for (std::int64_t i = 0; i < dx.rows; ++i) {
        const float* HWY_RESTRICT row = dout.data + i * dout.stride;
        V sum[most] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
        const auto add = [&](V slope, auto load) HWY_ATTR {
#pragma GCC unroll 4
            for (std::size_t n = 0; n < 4; ++n) {
                sum[n] = hn::MulAdd(slope, load(w[n]), sum[n]);
            }
        };
        for_vectors(
            dout.cols,
            [&](std::int64_t c) HWY_ATTR {
                add(hn::LoadU(d, row + c), [&](const float* from) HWY_ATTR { return hn::LoadU(d, from + c); });
            },
            [&](std::int64_t c, std::int64_t n) HWY_ATTR {
                add(load_part(row + c, n), [&](const float* from) HWY_ATTR { return load_part(from + c, n); });
            });
        float sums[most];
        lane_sums(sum, sums);
        for (std::int64_t n = 0; n < count; ++n) {
            const float y = tanh_out.data == nullptr ? 0.0F : tanh_out(i, p + n);
            dx(i, p + n) = sums[n] * (1.0F - y * y);
        }
    }
}

void input_gradient_kernel(const ConstView& dout, const ConstView& weight, const ConstView& transposed,
                           const ConstView& tanh_out, const View& dx) {
    const std::int64_t first = weight.rows - dx.cols;
    if (is_vector(weight)) {
        for (std::int64_t i = 0; i < dx.rows; ++i) {
            scale_row(dout(i, 0), weight.data + first,
                      tanh_out.data == nullptr ? nullptr : tanh_out.data + i * tanh_out.stride, dx.data + i * dx.stride,
                      dx.cols);
        }
        return;
    }
    if (dx.cols <= kFewColumns) {
        for (std::int64_t p = 0; p < dx.cols; p += 4) {
            few_columns(dout, weight.row_range(first + p, std::min<std::int64_t>(4, dx.cols - p)), tanh_out, dx, p);
        }
        return;
    }
    const auto run = [&](auto finish) HWY_ATTR {
        gemm(dx.rows, dx.cols,
             Product<decltype(finish)>{dout.cols,
                                       {dout.data, dout.stride, 1},
                                       transposed.data,
                                       transposed.stride,
                                       nullptr,
                                       false,
                                       dx.data,
                                       dx.stride,
                                       finish});
    };
    tanh_out.data == nullptr ? run(Keep{}) : run(TanhSlope{tanh_out.data, tanh_out.stride});
}

HWY_INLINE Product<Keep> gradient_product(const ConstView& x, const ConstView& dout, bool accumulate,
                                          const View& dweight) {
    return {x.rows,     {x.data, 1, x.stride}, dout.data,      dout.stride, nullptr,
            accumulate, dweight.data,          dweight.stride, {}};
}

void weight_gradient_kernel(const ConstView& x, const ConstView& dout, bool accumulate, const View& dweight) {
    if (is_vector(dweight)) {
        if (!accumulate) {
            std::fill_n(dweight.data, dweight.rows, 0.0F);
        }
        for (std::int64_t i = 0; i < x.rows; ++i) {
            add_scaled(dout(i, 0), x.data + i * x.stride, dweight.data, x.cols);
        }
        return;
    }
    gemm(x.cols, dout.cols, gradient_product(x, dout, accumulate, dweight));
}

void sparse_weight_gradient_kernel(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count,
                                   const ConstView& x, const ConstView& dout, const View& dweight) {
    gemm_listed(blocks, first, count, dout.cols, gradient_product(x, dout, false, dweight));
}

void column_sums_kernel(const ConstView& dout, bool accumulate, float* sums) {
    const D d;
    if (dout.stride == 1) {
        float sum = accumulate ? *sums : 0.0F;
        for (std::int64_t i = 0; i < dout.rows; ++i) {
            sum += dout.data[i];
        }
        *sums = sum;
        return;
    }
    const std::int64_t lanes = lane_count();
    std::int64_t column = 0;
    for (; column + 4 * lanes <= dout.cols; column += 4 * lanes) {
        V sum[4];  // chains of additions side by side
#pragma GCC unroll 4
        for (std::size_t n = 0; n < 4; ++n) {
            sum[n] = accumulate ? hn::LoadU(d, sums + column + at(n, lanes)) : hn::Zero(d);
        }
        const float* HWY_RESTRICT row = dout.data + column;
        for (std::int64_t i = 0; i < dout.rows; ++i, row += dout.stride) {
#pragma GCC unroll 4
            for (std::size_t n = 0; n < 4; ++n) {
                sum[n] = hn::Add(sum[n], hn::LoadU(d, row + at(n, lanes)));
            }
        }
#pragma GCC unroll 4
        for (std::size_t n = 0; n < 4; ++n) {
            hn::StoreU(sum[n], d, sums + column + at(n, lanes));
        }
    }
    const auto add_up = [&](std::int64_t c, std::int64_t count) HWY_ATTR {
        V sum = accumulate ? load_part(sums + c, count) : hn::Zero(d);
        for (std::int64_t i = 0; i < dout.rows; ++i) {
            sum = hn::Add(sum, load_part(dout.data + i * dout.stride + c, count));
        }
        store_part(sum, sums + c, count);
    };
    for (; column < dout.cols; column += lanes) {
        add_up(column, std::min(lanes, dout.cols - column));
    }
}

void tanh_slope_kernel(const ConstView& out, const View& dout) {
    for (std::int64_t i = 0; i < dout.rows; ++i) {
        update(dout.data + i * dout.stride, out.data + i * out.stride, out.cols,
               [](V slope, V y) HWY_ATTR { return tanh_slope_of(slope, y); });
    }
}

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {

HWY_EXPORT(dense_forward_kernel);
HWY_EXPORT(transpose_kernel);
HWY_EXPORT(input_gradient_kernel);
HWY_EXPORT(weight_gradient_kernel);
HWY_EXPORT(sparse_forward_kernel);
HWY_EXPORT(sparse_weight_gradient_kernel);
HWY_EXPORT(column_sums_kernel);
HWY_EXPORT(tanh_slope_kernel);

void dense_forward(ConstView x, ConstView weight, const float* bias, Activation activation, View out) {
    HWY_DYNAMIC_DISPATCH(dense_forward_kernel)(x, weight, bias, activation, out);
}
void transpose(ConstView in, View out) { HWY_DYNAMIC_DISPATCH(transpose_kernel)(in, out); }
void input_gradient(ConstView dout, ConstView weight, ConstView transposed, ConstView tanh_out, View dx) {
    HWY_DYNAMIC_DISPATCH(input_gradient_kernel)(dout, weight, transposed, tanh_out, dx);
}
void weight_gradient(ConstView x, ConstView dout, bool accumulate, View dweight) {
    HWY_DYNAMIC_DISPATCH(weight_gradient_kernel)(x, dout, accumulate, dweight);
}
void sparse_forward(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count, ConstView x, ConstView weight,
                    const float* bias, Activation activation, View out) {
    HWY_DYNAMIC_DISPATCH(sparse_forward_kernel)(blocks, first, count, x, weight, bias, activation, out);
}
void sparse_weight_gradient(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count, ConstView x,
                            ConstView dout, View dweight) {
    HWY_DYNAMIC_DISPATCH(sparse_weight_gradient_kernel)(blocks, first, count, x, dout, dweight);
}
void column_sums(ConstView dout, bool accumulate, float* sums) {
    HWY_DYNAMIC_DISPATCH(column_sums_kernel)(dout, accumulate, sums);
}
void tanh_slope(ConstView out, View dout) { HWY_DYNAMIC_DISPATCH(tanh_slope_kernel)(out, dout); }

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template void forward(const Dense&, const HostStep<float>&);
template void backward(const Dense&, const HostStep<float>&);

}  // namespace pitot::backend
#endif  // HWY_ONCE
