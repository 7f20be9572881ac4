// JSON from files that others wrote: no exceptions, limits on size and depth, errors in words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "pitot/result.hpp"

namespace pitot::formats {

/// Bytes of a JSON file beyond which it is refused: a trace of a million runs takes about a tenth of it.
inline constexpr std::size_t kLargestJson = std::size_t{256} << 20;
/// Levels of brackets beyond which a text is refused.
inline constexpr std::size_t kDeepestJson = 64;

/// Errors (kInput) say what is wrong and where in the text, not in which file.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);

/// The member of an object, or nullptr if `json` is no object or has none of that name.
[[nodiscard]] const nlohmann::json* find_member(const nlohmann::json& json, std::string_view key);

/// "a number", "null", …, as messages call what they found.
[[nodiscard]] const char* kind_of(const nlohmann::json& json);

/// A kInput error.
[[nodiscard]] Failure wrong(std::string what);

/// A text that can be a name or part of one; `json` may be nullptr. `place` says where it stands. Errors begin with a
/// verb, to stand behind the name of what holds the text.
[[nodiscard]] Result<std::string> read_name(const nlohmann::json* json, std::string_view place);

/// Numbers from 0 to `most`. Errors likewise.
[[nodiscard]] Result<std::vector<double>> read_numbers(const nlohmann::json& json, std::string_view place, double most);

/// The longest run that is believed: 116 days.
inline constexpr double kLongestRunUs = 1e13;

}  // namespace pitot::formats
