#include "core/key.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>

namespace pitot::core {
namespace {

using Philox = r123::Philox4x32;

// What a counter stands for: draws, names and indices never share one.
enum class Purpose : std::uint32_t { kDraw = 0, kName = 1, kIndex = 2 };

struct Block {
    std::uint64_t low;
    std::uint64_t high;
};

Block philox(std::uint64_t key, std::uint64_t counter, Purpose purpose) {
    const Philox::ctr_type in = {{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32U),
                                  static_cast<std::uint32_t>(purpose), 0}};
    const Philox::key_type k = {{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32U)}};
    const Philox::ctr_type out = Philox()(in, k);
    return {out[0] | (static_cast<std::uint64_t>(out[1]) << 32U), out[2] | (static_cast<std::uint64_t>(out[3]) << 32U)};
}

std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64U);
}

// FNV-1a, 64 bits.
std::uint64_t hash(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (const char c : text) {
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return h;
}

}  // namespace

Key Key::fold(std::string_view name) const { return Key(philox(value_, hash(name), Purpose::kName).low); }

Key Key::fold(std::uint64_t index) const { return Key(philox(value_, index, Purpose::kIndex).low); }

std::uint64_t Key::bits(std::uint64_t position) const {
    const Block block = philox(value_, position / 2, Purpose::kDraw);
    return position % 2 == 0 ? block.low : block.high;
}

double Key::uniform(std::uint64_t position) const { return static_cast<double>(bits(position) >> 11U) * 0x1p-53; }

std::uint64_t Key::below(std::uint64_t position, std::uint64_t bound) const {
    return high_product(bits(position), bound);
}

void Key::fill_below(std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) const {
    std::size_t n = 0;
    if (position % 2 == 1 && !out.empty()) {
        out[n++] = static_cast<std::int64_t>(below(position, bound));
    }
    for (; n + 1 < out.size(); n += 2) {
        const Block block = philox(value_, (position + n) / 2, Purpose::kDraw);
        out[n] = static_cast<std::int64_t>(high_product(block.low, bound));
        out[n + 1] = static_cast<std::int64_t>(high_product(block.high, bound));
    }
    if (n < out.size()) {
        out[n] = static_cast<std::int64_t>(below(position + n, bound));
    }
}

double Stream::normal() {
    const double u = 1.0 - uniform();  // in (0, 1]
    const double angle = 2.0 * std::numbers::pi * uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(angle);
}

double Stream::truncated_normal(double limit) {
    double x = normal();
    while (std::abs(x) > limit) {
        x = normal();
    }
    return x;
}

}  // namespace pitot::core
