// The instruction sets there are, and what the machine can do at best.
#include "backend/cpu/kernels.hpp"

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/machine.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

double multiply_adds_kernel(std::int64_t rounds, float& sink) {
    constexpr std::size_t chains = 12;
    const D d;
    const V factor = hn::Set(d, 0.999F);
    const V term = hn::Set(d, 0.001F);
    V sum[chains];
#pragma GCC unroll 12
    for (std::size_t n = 0; n < chains; ++n) {
        sum[n] = hn::Set(d, sink + static_cast<float>(n));
    }
    for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (std::size_t n = 0; n < chains; ++n) {
            sum[n] = hn::MulAdd(sum[n], factor, term);
        }
    }
    for (std::size_t n = 1; n < chains; ++n) {
        sum[0] = hn::Add(sum[0], sum[n]);
    }
    sink = hn::GetLane(hn::SumOfLanes(d, sum[0]));
    return 2.0 * static_cast<double>(rounds) * static_cast<double>(chains * hn::Lanes(d));
}

void add_kernel(std::span<const float> x, std::span<float> y) {
    update(y.data(), x.data(), static_cast<std::int64_t>(y.size()), [](V a, V b) HWY_ATTR { return hn::Add(a, b); });
}

const char* instruction_set_kernel() { return hwy::TargetName(HWY_TARGET); }

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {
namespace {

// What the machine has, before anything was disabled.
std::int64_t all_supported() {
    static const std::int64_t targets = hwy::SupportedTargets();
    return targets;
}

}  // namespace

HWY_EXPORT(multiply_adds_kernel);
HWY_EXPORT(add_kernel);
HWY_EXPORT(instruction_set_kernel);

double multiply_adds(std::int64_t rounds, float& sink) {
    return HWY_DYNAMIC_DISPATCH(multiply_adds_kernel)(rounds, sink);
}
void add(std::span<const float> x, std::span<float> y) { HWY_DYNAMIC_DISPATCH(add_kernel)(x, y); }

const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(instruction_set_kernel)(); }
std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    // A lower bit is a better set.
    for (std::int64_t left = all_supported() & HWY_TARGETS; left != 0; left &= left - 1) {
        names.emplace_back(hwy::TargetName(left & -left));
    }
    return names;
}
bool use_instruction_set(std::string_view name) {
    std::int64_t wanted = name.empty() ? all_supported() : 0;
    for (std::int64_t left = all_supported() & HWY_TARGETS; left != 0; left &= left - 1) {
        wanted |= hwy::TargetName(left & -left) == name ? left & -left : 0;
    }
    if (wanted == 0) {
        return false;
    }
    hwy::DisableTargets(~wanted);
    hwy::GetChosenTarget().DeInit();
    return true;
}

}  // namespace pitot::backend::cpu
#endif  // HWY_ONCE
