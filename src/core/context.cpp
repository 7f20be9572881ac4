#include "pitot/context.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/suggest.hpp"

namespace pitot {

Result<void> Context::validate() const {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (devices[i] < 0) {
            return fail(ErrorCode::kUsage, fmt::format("devices names {}; they are numbered from 0", devices[i]));
        }
        if (std::count(devices.begin(), devices.begin() + static_cast<std::ptrdiff_t>(i), devices[i]) > 0) {
            return fail(ErrorCode::kUsage, fmt::format("devices names {} twice", devices[i]));
        }
    }
    static const std::array<std::string, 4> known{"auto", "fp32", "tf32", "bf16"};
    if (std::ranges::find(known, precision) == known.end()) {
        return fail(ErrorCode::kUsage, fmt::format("there is no precision '{}' (known: {}){}", precision,
                                                   fmt::join(known, ", "), core::suggestion(precision, known)));
    }
    if (rank.count < 1 || rank.number < 0 || rank.number >= rank.count) {
        return fail(ErrorCode::kUsage, fmt::format("rank {} of {} does not exist", rank.number, rank.count));
    }
    if (rank.count > 1) {
        return fail(ErrorCode::kUsage,
                    fmt::format("rank.count is {} and must be 1: processes cannot share a fit yet", rank.count));
    }
    return {};
}

}  // namespace pitot
