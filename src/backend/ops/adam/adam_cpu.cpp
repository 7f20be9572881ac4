// The optimiser.
#include "backend/ops/adam/adam_cpu.hpp"

#include <algorithm>

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/ops/adam/adam_cpu.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include "backend/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

// The scalars of an update in every lane.
struct AdamLanes {
    V beta1, rest1, beta2, rest2, epsilon, rate, root;

    explicit HWY_INLINE AdamLanes(const AdamStep& step)
        : beta1(set(step.beta1)),
          rest1(set(1.0 - step.beta1)),
          beta2(set(step.beta2)),
          rest2(set(1.0 - step.beta2)),
          epsilon(set(step.epsilon)),
          rate(set(step.rate)),
          root(set(step.root)) {}
    static HWY_INLINE V set(double x) { return hn::Set(D(), static_cast<float>(x)); }

    HWY_INLINE V move(V m, V v, V p) const {
        return hn::Sub(p, hn::Div(hn::Mul(rate, m), hn::MulAdd(hn::Sqrt(v), root, epsilon)));
    }
    HWY_INLINE V next(V g, V& m, V& v, V p) const {
        m = hn::MulAdd(beta1, m, hn::Mul(rest1, g));
        v = hn::MulAdd(beta2, v, hn::Mul(rest2, hn::Mul(g, g)));
        return move(m, v, p);
    }
};

// p, m and v at work, whole vectors and the rest: f(m, v, p, column, count), count < 0 for a whole vector, changes
// all three.
template <typename F>
HWY_INLINE void for_state(float* HWY_RESTRICT p, float* HWY_RESTRICT m, float* HWY_RESTRICT v, std::int64_t n, F f) {
    const D d;
    for_vectors(
        n,
        [&](std::int64_t c) HWY_ATTR {
            V pv = hn::LoadU(d, p + c);
            V mv = hn::LoadU(d, m + c);
            V vv = hn::LoadU(d, v + c);
            f(mv, vv, pv, c, std::int64_t{-1});
            hn::StoreU(pv, d, p + c);
            hn::StoreU(mv, d, m + c);
            hn::StoreU(vv, d, v + c);
        },
        [&](std::int64_t c, std::int64_t count) HWY_ATTR {
            V pv = load_part(p + c, count);
            V mv = load_part(m + c, count);
            V vv = load_part(v + c, count);
            f(mv, vv, pv, c, count);
            store_part(pv, p + c, count);
            store_part(mv, m + c, count);
            store_part(vv, v + c, count);
        });
}

HWY_INLINE void adam_run(float* p, const float* HWY_RESTRICT g, float* m, float* v, std::int64_t n,
                         const AdamLanes& lanes) {
    const D d;
    for_state(p, m, v, n, [&](V& mv, V& vv, V& pv, std::int64_t c, std::int64_t count) HWY_ATTR {
        pv = lanes.next(count < 0 ? hn::LoadU(d, g + c) : load_part(g + c, count), mv, vv, pv);
    });
}

void adam_kernel(std::span<float> parameters, std::span<const float> gradient, std::span<float> first,
                 std::span<float> second, const AdamStep& step) {
    adam_run(parameters.data(), gradient.data(), first.data(), second.data(),
             static_cast<std::int64_t>(parameters.size()), AdamLanes(step));
}

// Rows named at random lie anywhere in a large table: the next but one is fetched while this one is worked on.
HWY_INLINE void prefetch_row(Index rows, std::size_t c, const View& table) {
    constexpr std::size_t ahead = 2;
    constexpr std::int64_t line = 16;  // floats
    if (c + ahead < rows.size()) {
        const float* row = table.data + rows[c + ahead] * table.stride;
        for (std::int64_t n = 0; n < std::min<std::int64_t>(table.cols, 16 * line); n += line) {
            hwy::Prefetch(row + n);
        }
    }
}

void adam_rows_kernel(Index rows, const ConstView& gradient, const View& parameters, const View& first,
                      const View& second, const AdamStep& step) {
    const AdamLanes lanes(step);
    for (std::size_t c = 0; c < rows.size(); ++c) {
        for (const View* table : {&parameters, &first, &second}) {
            prefetch_row(rows, c, *table);
        }
        const std::int64_t at = rows[c] * parameters.stride;
        adam_run(parameters.data + at, gradient.data + static_cast<std::int64_t>(c) * gradient.stride, first.data + at,
                 second.data + at, parameters.cols, lanes);
    }
}

// Updates without gradient one by one.
HWY_INLINE void replay(const SkippedTerms& skipped, V& m, V& v, V& p) {
    for (std::int64_t i = 0; i < skipped.replay; ++i) {
        const AdamLanes lanes(skipped.steps[i]);
        m = hn::Mul(m, lanes.beta1);
        v = hn::Mul(v, lanes.beta2);
        p = lanes.move(m, v, p);
    }
}

void catch_up_kernel(Index rows, std::span<const SkippedTerms> skipped, float epsilon, const View& parameters,
                     const View& first, const View& second, const View& to) {
    const D d;
    const V epsilon_v = hn::Set(d, epsilon);
    const V largest_u = hn::Set(d, static_cast<float>(SkippedTerms::kSeriesBelow));
    for (std::size_t c = 0; c < rows.size(); ++c) {
        for (const View* table : {&parameters, &first, &second}) {
            prefetch_row(rows, c, *table);
        }
        const SkippedTerms& s = skipped[c];
        const std::int64_t at = rows[c] * parameters.stride;
        float* copy = to.data == nullptr ? nullptr : to.data + static_cast<std::int64_t>(c) * to.stride;
        if (s.missed == 0) {
            if (copy != nullptr) {
                std::copy_n(parameters.data + at, parameters.cols, copy);
            }
            continue;
        }
        const V beta1 = AdamLanes::set(s.beta1_power);
        const V beta2 = AdamLanes::set(s.beta2_power);
        const V centre = AdamLanes::set(s.centre);
        for_state(parameters.data + at, first.data + at, second.data + at, parameters.cols,
                  [&](V& m, V& v, V& p, std::int64_t column, std::int64_t count) HWY_ATTR {
                      const V bottom = hn::MulAdd(epsilon_v, centre, hn::Sqrt(v));
                      const V u = hn::Div(epsilon_v, bottom);
                      if (s.steps != nullptr && !hn::AllTrue(d, hn::Lt(u, largest_u))) {
                          V decaying_m = m;
                          V decaying_v = v;
                          replay(s, decaying_m, decaying_v, p);
                      } else {
                          V sum = AdamLanes::set(s.moments[SkippedTerms::kMoments - 1]);
                          for (std::size_t n = SkippedTerms::kMoments - 1; n-- > 0;) {
                              sum = hn::NegMulAdd(sum, u, AdamLanes::set(s.moments[n]));
                          }
                          p = hn::Sub(p, hn::Div(hn::Mul(m, sum), bottom));
                      }
                      m = hn::Mul(m, beta1);
                      v = hn::Mul(v, beta2);
                      if (copy != nullptr && count < 0) {
                          hn::StoreU(p, d, copy + column);
                      } else if (copy != nullptr) {
                          store_part(p, copy + column, count);
                      }
                  });
    }
}

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {

HWY_EXPORT(adam_kernel);
HWY_EXPORT(adam_rows_kernel);
HWY_EXPORT(catch_up_kernel);

void adam(std::span<float> parameters, std::span<const float> gradient, std::span<float> first, std::span<float> second,
          const AdamStep& step) {
    HWY_DYNAMIC_DISPATCH(adam_kernel)(parameters, gradient, first, second, step);
}
void adam_rows(Index rows, ConstView gradient, View parameters, View first, View second, const AdamStep& step) {
    HWY_DYNAMIC_DISPATCH(adam_rows_kernel)(rows, gradient, parameters, first, second, step);
}
void catch_up(Index rows, std::span<const SkippedTerms> skipped, float epsilon, View parameters, View first,
              View second, View to) {
    HWY_DYNAMIC_DISPATCH(catch_up_kernel)(rows, skipped, epsilon, parameters, first, second, to);
}

}  // namespace pitot::backend::cpu
#endif  // HWY_ONCE
