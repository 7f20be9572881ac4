#include "core/readable.hpp"

#include <fmt/core.h>

#include <cmath>
#include <cstddef>

namespace pitot::core {
namespace {

// Three significant digits.
std::string three_digits(double value) {
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string duration_text(double us) {
    if (std::isnan(us)) {
        return "-";
    }
    if (std::isinf(us)) {
        return us > 0 ? "inf" : "-inf";
    }
    if (us < 0) {
        return "-" + duration_text(-us);
    }
    if (us < 0.9995) {
        return three_digits(us * 1e3) + " ns";
    }
    if (us < 999.5) {
        return three_digits(us) + " µs";
    }
    if (us < 999.5e3) {
        return three_digits(us / 1e3) + " ms";
    }
    if (us < 119.5e6) {
        return three_digits(us / 1e6) + " s";
    }
    constexpr double too_long = 1e18;
    if (us >= too_long) {
        return fmt::format("{:.3g} s", us / 1e6);
    }
    const auto seconds = static_cast<std::int64_t>(std::llround(us / 1e6));
    if (seconds < 3600) {
        return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    }
    return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string count_text(std::int64_t count) {
    std::string digits = fmt::format("{}", count);
    const std::size_t first = count < 0 ? 1 : 0;
    for (std::size_t i = digits.size(); i > first + 3;) {
        i -= 3;
        digits.insert(i, " ");
    }
    return digits;
}

std::string count_text(std::int64_t count, std::string_view thing) {
    return fmt::format("{} {}{}", count_text(count), thing, count == 1 ? "" : "s");
}

}  // namespace pitot::core
