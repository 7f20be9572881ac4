// "did you mean": the known names nearest to an unknown one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pitot::core {

/// "; did you mean 'a', 'b' or 'c'?" with up to three names of least edit distance, or "" when none is near.
[[nodiscard]] std::string suggestion(std::string_view unknown, std::span<const std::string> known);

}  // namespace pitot::core
