// Random draws, a vector of positions at a time.
#include "backend/cpu/kernels.hpp"

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/draws.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
void fill_below_kernel(core::Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) {
    key.fill_below(position, bound, out);
}
#else

using Words = hn::ScalableTag<std::uint64_t>;
using Halves = hn::Repartition<std::uint32_t, Words>;
using VW = hn::Vec<Words>;

// The products of the low halves of each word.
HWY_INLINE VW product(VW a, VW b) {
    const Halves d;
    return hn::MulEven(hn::BitCast(d, a), hn::BitCast(d, b));
}

// The two 64-bit words that Philox4x32-10 gives for each counter (Salmon et al. 2011, "Parallel random numbers: as easy
// as 1, 2, 3"). A word of the state lies in the low half of a lane; what the high half holds does not matter.
HWY_INLINE void philox(std::uint64_t key, VW counter, VW& low, VW& high) {
    const Words d;
    const VW factor0 = hn::Set(d, 0xD2511F53);
    const VW factor1 = hn::Set(d, 0xCD9E8D57);
    auto key0 = static_cast<std::uint32_t>(key);
    auto key1 = static_cast<std::uint32_t>(key >> 32U);
    VW x0 = counter;
    VW x1 = hn::ShiftRight<32>(counter);
    VW x2 = hn::Zero(d);
    VW x3 = hn::Zero(d);
    for (int round = 0; round < 10; ++round) {
        const VW product0 = product(factor0, x0);
        const VW product1 = product(factor1, x2);
        x0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product1), x1), hn::Set(d, key0));
        x1 = product1;
        x2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product0), x3), hn::Set(d, key1));
        x3 = product0;
        key0 += 0x9E3779B9U;
        key1 += 0xBB67AE85U;
    }
    const VW mask = hn::Set(d, 0xFFFFFFFF);
    low = hn::Or(hn::And(x0, mask), hn::ShiftLeft<32>(x1));
    high = hn::Or(hn::And(x2, mask), hn::ShiftLeft<32>(x3));
}

// The high 64 bits of x * bound, bound < 2^32.
HWY_INLINE VW scaled(VW x, VW bound) {
    const VW carry = hn::ShiftRight<32>(product(x, bound));
    return hn::ShiftRight<32>(hn::Add(product(hn::ShiftRight<32>(x), bound), carry));
}

void fill_below_kernel(core::Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) {
    const Words d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t n = 0;
    if (position % 2 == 0 && bound >> 32U == 0) {
        const VW bounds = hn::Set(d, bound);
        for (; n + 2 * lanes <= out.size(); n += 2 * lanes) {
            VW low;
            VW high;
            philox(key.value(), hn::Iota(d, (position + n) / 2), low, high);
            hn::StoreInterleaved2(hn::BitCast(hn::RebindToSigned<Words>(), scaled(low, bounds)),
                                  hn::BitCast(hn::RebindToSigned<Words>(), scaled(high, bounds)),
                                  hn::RebindToSigned<Words>(), out.data() + n);
        }
    }
    key.fill_below(position + n, bound, out.subspan(n));
}
#endif

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::cpu {

HWY_EXPORT(fill_below_kernel);

void fill_below(core::Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) {
    HWY_DYNAMIC_DISPATCH(fill_below_kernel)(key, position, bound, out);
}

}  // namespace pitot::backend::cpu
#endif  // HWY_ONCE
