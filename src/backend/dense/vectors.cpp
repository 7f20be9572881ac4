// Products with one vector, by Highway.
#include "backend/dense_vectors.hpp"

#include <cstddef>
#include <cstdint>

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/dense/vectors.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::dense::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
inline constexpr std::size_t kRows = 4;  // read at a time

// R rows of A times x.
template <std::size_t R>
HWY_INLINE void product_of_rows(const MatrixView<const float>& a, std::int64_t row, const float* HWY_RESTRICT x,
                                float scale, float* HWY_RESTRICT y) {
    const D d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const float* HWY_RESTRICT from[R];
    V sums[R];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        from[i] = a.data + (row + static_cast<std::int64_t>(i)) * a.stride;
        sums[i] = hn::Zero(d);
    }
    std::int64_t k = 0;
    for (; k + lanes <= a.cols; k += lanes) {
        const V vx = hn::LoadU(d, x + k);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            sums[i] = hn::MulAdd(hn::LoadU(d, from[i] + k), vx, sums[i]);
        }
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        float sum = hn::GetLane(hn::SumOfLanes(d, sums[i]));
        for (std::int64_t rest = k; rest < a.cols; ++rest) {
            sum += from[i][rest] * x[rest];
        }
        y[row + static_cast<std::int64_t>(i)] += scale * sum;
    }
}

void add_product_kernel(const MatrixView<const float>& a, const float* x, float scale, float* y) {
    std::int64_t row = 0;
    for (; row + static_cast<std::int64_t>(kRows) <= a.rows; row += static_cast<std::int64_t>(kRows)) {
        product_of_rows<kRows>(a, row, x, scale, y);
    }
    for (; row < a.rows; ++row) {
        product_of_rows<1>(a, row, x, scale, y);
    }
}

// y += Σ of R rows of A, each times its x.
template <std::size_t R>
HWY_INLINE void add_rows(const MatrixView<const float>& a, std::int64_t row, const float* HWY_RESTRICT x, float scale,
                         float* HWY_RESTRICT y) {
    const D d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const float* HWY_RESTRICT from[R];
    float times[R];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        from[i] = a.data + (row + static_cast<std::int64_t>(i)) * a.stride;
        times[i] = scale * x[row + static_cast<std::int64_t>(i)];
    }
    std::int64_t k = 0;
    for (; k + lanes <= a.cols; k += lanes) {
        V sum = hn::LoadU(d, y + k);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            sum = hn::MulAdd(hn::LoadU(d, from[i] + k), hn::Set(d, times[i]), sum);
        }
        hn::StoreU(sum, d, y + k);
    }
    for (; k < a.cols; ++k) {
        for (std::size_t i = 0; i < R; ++i) {
            y[k] += from[i][k] * times[i];
        }
    }
}

void add_transposed_product_kernel(const MatrixView<const float>& a, const float* x, float scale, float* y) {
    std::int64_t row = 0;
    for (; row + static_cast<std::int64_t>(kRows) <= a.rows; row += static_cast<std::int64_t>(kRows)) {
        add_rows<kRows>(a, row, x, scale, y);
    }
    for (; row < a.rows; ++row) {
        add_rows<1>(a, row, x, scale, y);
    }
}

}  // namespace pitot::backend::dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::dense {

HWY_EXPORT(add_product_kernel);
HWY_EXPORT(add_transposed_product_kernel);

void add_product(MatrixView<const float> a, std::span<const float> x, float scale, std::span<float> y) {
    HWY_DYNAMIC_DISPATCH(add_product_kernel)(a, x.data(), scale, y.data());
}

void add_transposed_product(MatrixView<const float> a, std::span<const float> x, float scale, std::span<float> y) {
    HWY_DYNAMIC_DISPATCH(add_transposed_product_kernel)(a, x.data(), scale, y.data());
}

}  // namespace pitot::backend::dense
#endif  // HWY_ONCE
