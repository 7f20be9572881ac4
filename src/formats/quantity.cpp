#include "formats/quantity.hpp"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "formats/csv.hpp"

namespace pitot::formats {
namespace {

using namespace std::string_view_literals;

constexpr std::array kSpaces{" "sv, "\t"sv, "\xC2\xA0"sv, "\xE2\x80\xAF"sv, "\xE2\x80\x89"sv};  // the last: thin ones
constexpr std::array kOtherGroups{" "sv, "\xC2\xA0"sv, "\xE2\x80\xAF"sv, "\xE2\x80\x89"sv, "'"sv, "\xE2\x80\x99"sv,
                                  "_"sv};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The separator of groups that `text` begins with, or "".
std::string_view group_separator(std::string_view text, DecimalMark mark) {
    const std::string_view other_mark = mark == DecimalMark::kPoint ? ","sv : "."sv;
    if (text.starts_with(other_mark)) {
        return other_mark;
    }
    const auto at = std::ranges::find_if(kOtherGroups, [&](std::string_view s) { return text.starts_with(s); });
    return at == kOtherGroups.end() ? std::string_view() : *at;
}

std::size_t digits_in_front(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

std::size_t total(const std::vector<std::size_t>& sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
}

// Groups of digits: three each but the first, or two each between the first and the last.
bool are_groups(const std::vector<std::size_t>& sizes) {
    if (sizes.size() < 2) {
        return true;
    }
    if (sizes.front() == 0 || sizes.front() > 3 || sizes.back() != 3) {
        return false;
    }
    const auto inner = std::pair(sizes.begin() + 1, sizes.end() - 1);
    return std::all_of(inner.first, inner.second, [](std::size_t n) { return n == 3; }) ||
           (sizes.front() <= 2 && std::all_of(inner.first, inner.second, [](std::size_t n) { return n == 2; }));
}

// Takes the whole part of a number off the front of `text`; false if groups are not as they have to be. Nobody groups
// "0.015".
bool take_whole(std::string_view& text, DecimalMark mark, std::string& digits) {
    std::vector<std::size_t> sizes;
    std::string_view separator;
    for (;;) {
        const std::size_t count = digits_in_front(text);
        digits.append(text.substr(0, count));
        sizes.push_back(count);
        text.remove_prefix(count);
        const std::string_view next = group_separator(text, mark);
        const bool goes_on = count > 0 && !next.empty() && text.size() > next.size() && is_digit(text[next.size()]) &&
                             (separator.empty() || separator == next);
        if (!goes_on) {
            return are_groups(sizes) && (sizes.size() < 2 || digits[digits.size() - total(sizes)] != '0');
        }
        separator = next;
        text.remove_prefix(next.size());
    }
}

// Takes a number off the front of `text`.
std::optional<std::string> take_number(std::string_view& text, DecimalMark mark) {
    std::string digits;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        digits.append(text.front() == '-' ? 1 : 0, '-');
        text.remove_prefix(1);
    } else if (text.starts_with("\xE2\x88\x92")) {  // the minus sign of typesetters
        digits = "-";
        text.remove_prefix(3);
    }
    const std::size_t sign = digits.size();
    if (!take_whole(text, mark, digits)) {
        return std::nullopt;
    }
    const std::size_t whole = digits.size() - sign;
    std::size_t fraction = 0;
    if (!text.empty() && text.front() == (mark == DecimalMark::kPoint ? '.' : ',')) {
        fraction = digits_in_front(text.substr(1));
        digits += '.';
        digits.append(text.substr(1, fraction));
        text.remove_prefix(1 + fraction);
    }
    if (whole + fraction == 0) {
        return std::nullopt;
    }
    if (whole == 0) {
        digits.insert(sign, "0");
    }
    if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
        const std::size_t of_sign = text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 1 : 0;
        const std::size_t exponent = digits_in_front(text.substr(1 + of_sign));
        if (exponent > 0) {
            digits.append("e").append(text.substr(1, of_sign + exponent));
            text.remove_prefix(1 + of_sign + exponent);
        }
    }
    return digits;
}

// "[D day[s][,] ]H:MM:SS[.fraction]" in seconds, as spreadsheets, Python and pandas write durations.
std::optional<Quantity> parse_clock(std::string_view text) {
    const auto take = [&](char end) -> std::optional<std::int64_t> {
        const std::size_t count = digits_in_front(text);
        constexpr std::size_t most = 6;
        if (count == 0 || count > most || (end != '\0' && (text.size() == count || text[count] != end))) {
            return std::nullopt;
        }
        const std::int64_t value = std::stoll(std::string(text.substr(0, count)));
        text.remove_prefix(count + (end == '\0' ? 0 : 1));
        return value;
    };
    std::optional<std::int64_t> days = 0;
    if (text.find("day") != std::string_view::npos) {
        days = take(' ');
        for (const std::string_view word : {"day"sv, "s"sv, ","sv}) {
            text.remove_prefix(text.starts_with(word) ? word.size() : 0);
        }
        text = trimmed(text);
    }
    const auto hours = take(':');
    const auto minutes = hours ? take(':') : hours;
    const auto seconds = minutes ? take('\0') : minutes;
    if (!days || !seconds || *minutes > 59 || *seconds > 59) {
        return std::nullopt;
    }
    const bool fraction = !text.empty() && (text.front() == '.' || text.front() == ',');
    const std::size_t digits = fraction ? digits_in_front(text.substr(1)) : 0;
    if (text.size() != digits + (fraction ? 1 : 0)) {
        return std::nullopt;
    }
    std::string number = std::to_string(((*days * 24 + *hours) * 60 + *minutes) * 60 + *seconds);
    if (digits > 0) {
        number.append(".").append(text.substr(1));
    }
    return Quantity{std::move(number), TimeUnit{"s", 6, 1}};
}

}  // namespace

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

std::string_view trimmed(std::string_view text) {
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view space : kSpaces) {
            if (text.starts_with(space)) {
                text.remove_prefix(space.size());
                again = true;
            }
            if (text.ends_with(space)) {
                text.remove_suffix(space.size());
                again = true;
            }
        }
    }
    return text;
}

std::optional<TimeUnit> find_time_unit(std::string_view word) {
    struct Unit {
        TimeUnit unit;
        std::array<std::string_view, 8> words;
    };
    static constexpr std::array kUnits{
        Unit{{"ps", -6, 1}, {"ps", "psec", "picosecond", "picoseconds", "picos"}},
        Unit{{"ns", -3, 1}, {"ns", "nsec", "nsecs", "nanosecond", "nanoseconds", "nanos", "nanosec", "nanosecs"}},
        // The sign of micro is U+00B5, U+03BC and, in Windows-1252, a byte that is no UTF-8.
        Unit{{"us", 0, 1}, {"us", "usec", "usecs", "\xC2\xB5s", "\xCE\xBCs", "\xB5s", "microsecond", "microseconds"}},
        Unit{{"us", 0, 1}, {"micros", "microsec", "microsecs", "mcs", "\xC2\xB5sec", "\xCE\xBCsec"}},
        Unit{{"ms", 3, 1}, {"ms", "msec", "msecs", "millisecond", "milliseconds", "millis", "millisec", "millisecs"}},
        Unit{{"s", 6, 1}, {"s", "sec", "secs", "second", "seconds"}},
        Unit{{"min", 6, 60}, {"min", "mins", "minute", "minutes"}},
        Unit{{"h", 6, 3600}, {"h", "hr", "hrs", "hour", "hours"}},
    };
    const std::string wanted = lower_ascii(word);
    for (const Unit& unit : kUnits) {
        if (!wanted.empty() && std::ranges::find(unit.words, wanted) != unit.words.end()) {
            return unit.unit;
        }
    }
    return std::nullopt;
}

std::optional<Quantity> parse_quantity(std::string_view cell, DecimalMark mark) {
    cell = trimmed(cell);
    if (cell.size() > 1 && cell.front() == '\'' && (is_digit(cell[1]) || cell[1] == '-')) {
        cell.remove_prefix(1);  // how a spreadsheet marks text
    }
    std::string_view rest = cell;
    if (auto digits = take_number(rest, mark)) {
        rest = trimmed(rest);
        if (rest.empty()) {
            return Quantity{*std::move(digits), std::nullopt};
        }
        if (const auto unit = find_time_unit(rest)) {
            return Quantity{*std::move(digits), unit};
        }
        return parse_clock(cell);
    }
    const auto word = parse_number(cell);  // "nan", "inf"
    return word && !std::isfinite(*word) ? std::optional(Quantity{lower_ascii(cell), std::nullopt}) : std::nullopt;
}

double number_of(const std::string& digits, int power_of_ten) {
    if (power_of_ten == 0) {
        return parse_number(digits).value_or(std::nan(""));
    }
    const auto e = digits.find('e');
    constexpr std::size_t longest = 6;  // of an exponent: more is beyond any range
    const std::string exponent = e == std::string::npos ? "0" : digits.substr(e + 1);
    const int given = exponent.size() > longest ? (exponent.front() == '-' ? -999999 : 999999) : std::stoi(exponent);
    if (digits.find_first_of("ni") != std::string::npos) {  // nan, inf
        return parse_number(digits).value_or(std::nan(""));
    }
    return parse_number(digits.substr(0, e) + "e" + std::to_string(given + power_of_ten)).value_or(std::nan(""));
}

double microseconds_of(const Quantity& quantity, const TimeUnit& unit) {
    const TimeUnit& its = quantity.unit ? *quantity.unit : unit;
    return number_of(quantity.digits, its.power_of_ten) * its.factor;
}

void MarkSurvey::see(std::string_view cell) {
    const auto by_point = parse_quantity(cell, DecimalMark::kPoint);
    const auto by_comma = parse_quantity(cell, DecimalMark::kComma);
    if (!by_point && !by_comma) {
        return;
    }
    if (!by_point || !by_comma) {
        ++(by_point ? point : comma);
        std::string& first = by_point ? point_example : comma_example;
        if (first.empty()) {
            first = trimmed(cell);
        }
    } else if (by_point->digits == by_comma->digits) {
        ++plain;
    } else {
        ++(cell.find('.') != std::string_view::npos ? either_by_point : either_by_comma);
        if (example.empty()) {
            example = trimmed(cell);
        }
    }
}

std::optional<DecimalMark> decimal_mark_of(const MarkSurvey& survey, char delimiter, bool& assumed) {
    assumed = false;
    if (survey.point > 0 && survey.comma > 0) {
        return std::nullopt;
    }
    if (survey.point > 0 || survey.comma > 0) {
        return survey.point > 0 ? DecimalMark::kPoint : DecimalMark::kComma;
    }
    if (survey.either_by_point > 0 && survey.either_by_comma > 0) {
        return std::nullopt;
    }
    if (survey.either_by_comma > 0) {
        assumed = true;
        return delimiter == ';'   ? std::optional(DecimalMark::kComma)
               : delimiter == ',' ? std::optional(DecimalMark::kPoint)
                                  : std::nullopt;
    }
    // "14.026" where a comma marks fractions would be grouped.
    if (survey.either_by_point > 0 && delimiter == ';') {
        return std::nullopt;
    }
    return DecimalMark::kPoint;
}

}  // namespace pitot::formats
