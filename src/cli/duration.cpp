#include "cli/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "cli/output.hpp"
#include "formats/quantity.hpp"

namespace pitot::cli {
namespace {

constexpr double kLongestUs = 1e15;

}  // namespace

Result<Microseconds> parse_duration(std::string_view text, std::string_view option) {
    double number = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    const auto known = formats::find_time_unit(unit);
    const bool is_number = error == std::errc() && number > 0.0;
    const double us = is_number && known ? number * known->factor * std::pow(10.0, known->power_of_ten) : 0.0;
    if (us > 0.0 && us <= kLongestUs) {
        return Microseconds{us};
    }
    const std::string shown = printable(text);
    if (is_number && unit.empty()) {
        return fail(ErrorCode::kUsage,
                    fmt::format("{} {} has no unit: write {}us, {}ms or {}s", option, shown, shown, shown, shown));
    }
    return fail(ErrorCode::kUsage, fmt::format("{} '{}' is not a duration: write a number above 0 and ns, us, ms, s, "
                                               "min or h, such as 50ms",
                                               option, shown));
}

}  // namespace pitot::cli
