// Whether numbers of modules are opcode counts or their logarithms.
#pragma once

#include <cstdint>
#include <string>

#include "pitot/result.hpp"

namespace pitot::dataset {

enum class Scale : std::uint8_t { kUnknown, kCount, kLog };

/// No count has a larger logarithm: ln(1 + 2^64).
inline constexpr double kLargestLog = 44.4;

/// Tells ln(1 + count) from counts by all numbers of a table: counts are whole, and logarithms are those of whole
/// counts within the digits that were written. Those of small counts lie far apart, so that chance does not make them.
class ScaleSurvey {
public:
    /// A number as Quantity::digits has it, and the column that it stands in.
    void see(const std::string& digits, const std::string& column);

    /// kCount or kLog; a kInput error where the numbers are neither or both. `file` begins the message.
    [[nodiscard]] Result<Scale> scale(const std::string& file) const;

private:
    std::int64_t fractional_ = 0;
    std::int64_t logs_ = 0;    // of these, where they can be told
    std::int64_t others_ = 0;  // of these, where they cannot be logarithms
    double largest_ = 0.0;
    std::string largest_column_;
    std::string example_;
};

}  // namespace pitot::dataset
