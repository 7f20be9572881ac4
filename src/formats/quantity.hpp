// Numbers and durations as people and their programs write them: "14.026", "14,026", "1 234,5 ms", "0:00:14.5".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pitot::formats {

/// What separates a number's fraction from its whole part; the other one of both may group thousands.
enum class DecimalMark : std::uint8_t { kPoint, kComma };

/// A unit of time in microseconds: a power of ten times 1 or 60 or 3600.
struct TimeUnit {
    const char* name = "us";  ///< "ps", "ns", "us", "ms", "s", "min" or "h"
    int power_of_ten = 0;     ///< of a microsecond
    int factor = 1;           ///< on top of it

    [[nodiscard]] bool operator==(const TimeUnit& other) const {
        return power_of_ten == other.power_of_ten && factor == other.factor;
    }
};

/// The unit that a word names in whatever case ("ms", "msec", "milliseconds", "µs", …); nothing if it names none.
[[nodiscard]] std::optional<TimeUnit> find_time_unit(std::string_view word);

/// A number as it stands in a cell, and the unit behind it, if there is one.
struct Quantity {
    std::string digits;  ///< as "-1234.5e6": for number_of(), without grouping, the mark a point
    std::optional<TimeUnit> unit;
};

/// A whole cell as a number, with or without a unit of time, or as a clock's "[D days ]H:MM:SS[.fraction]" (seconds).
/// Thousands may be grouped by the other mark, spaces, apostrophes or underscores, where all groups have three digits
/// (or two before the last three, as in India) and the first does not begin with 0. Nothing if the cell holds anything
/// else.
[[nodiscard]] std::optional<Quantity> parse_quantity(std::string_view cell, DecimalMark mark);

/// The nearest double to digits × 10^power_of_ten; infinite beyond its range.
[[nodiscard]] double number_of(const std::string& digits, int power_of_ten = 0);

/// The runtime in microseconds: its own unit, or `unit` where it has none.
[[nodiscard]] double microseconds_of(const Quantity& quantity, const TimeUnit& unit);

/// What cells of one column tell of its decimal mark.
struct MarkSurvey {
    std::int64_t point = 0;            ///< cells that are numbers only if the mark is a point
    std::int64_t comma = 0;            ///< only if it is a comma
    std::int64_t either_by_point = 0;  ///< both ways, but other ones: "14.026"
    std::int64_t either_by_comma = 0;  ///< "14,026"
    std::int64_t plain = 0;            ///< the same number both ways
    std::string example;               ///< the first cell that is another number either way
    std::string point_example;         ///< the first that is a number only if the mark is a point
    std::string comma_example;         ///< only if it is a comma

    void see(std::string_view cell);
    [[nodiscard]] std::int64_t numbers() const { return point + comma + either_by_point + either_by_comma + plain; }
};

/// The mark of a surveyed column: that of cells that are numbers in no other way; nothing where there are such of both.
/// Where none are, files with semicolons come from where fractions follow a comma, those with commas from where a comma
/// groups thousands, and `assumed` is set; nothing where that does not tell, as in a file with semicolons and "14.026".
[[nodiscard]] std::optional<DecimalMark> decimal_mark_of(const MarkSurvey& survey, char delimiter, bool& assumed);

/// A text with its Latin capitals made small.
[[nodiscard]] std::string lower_ascii(std::string_view text);

/// A text without the spaces around it, those of typesetters included.
[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace pitot::formats
