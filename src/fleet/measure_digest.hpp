// Digests that name files and contents.
#pragma once

#include <string>
#include <string_view>

namespace pitot::fleet {

/// SHA-256 in 64 hexadecimal digits.
[[nodiscard]] std::string sha256_of(std::string_view bytes);

/// A UUID (version 8, RFC 9562) that stands for `text`: the same each time.
[[nodiscard]] std::string uuid_of(std::string_view text);

}  // namespace pitot::fleet
