// Interference of co-runners.
#include "backend/ops/pair_interference/pair_interference_cpu.hpp"

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE \
    "backend/ops/pair_interference/pair_interference_cpu.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

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

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {

HWY_EXPORT(interference_kernel);
HWY_EXPORT(interference_backward_kernel);

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

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template void forward(const PairInterference&, const HostStep<float>&);
template void backward(const PairInterference&, const HostStep<float>&);

}  // namespace pitot::backend
#endif  // HWY_ONCE
