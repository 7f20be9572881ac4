// Sums under tanh.
#include "backend/ops/pair_sum_tanh/pair_sum_tanh_cpu.hpp"

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE \
    "backend/ops/pair_sum_tanh/pair_sum_tanh_cpu.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

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

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {

HWY_EXPORT(sum_tanh_kernel);
HWY_EXPORT(sum_tanh_backward_kernel);

void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out) {
    HWY_DYNAMIC_DISPATCH(sum_tanh_kernel)(platform, module, left, right, out);
}
void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright) {
    HWY_DYNAMIC_DISPATCH(sum_tanh_backward_kernel)(platform, module, dout, dleft, dright);
}

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template void forward(const PairSumTanh&, const HostStep<float>&);
template void backward(const PairSumTanh&, const HostStep<float>&);

}  // namespace pitot::backend
#endif  // HWY_ONCE
