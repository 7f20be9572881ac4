#include "dataset/feature_scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/utf8.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {
namespace {

// Digits behind the point.
double decimals(const std::string& digits) {
    const auto e = digits.find('e');
    const auto point = digits.find('.');
    const std::size_t end = e == std::string::npos ? digits.size() : e;
    const double behind = point == std::string::npos ? 0.0 : static_cast<double>(end - point - 1);
    const double exponent = e == std::string::npos ? 0.0 : formats::number_of(digits.substr(e + 1));
    return std::clamp(behind - exponent, 0.0, 300.0);
}

}  // namespace

void ScaleSurvey::see(const std::string& digits, const std::string& column) {
    const double value = formats::number_of(digits);
    if (!(value >= 0.0) || std::isinf(value)) {
        return;
    }
    if (value > largest_) {
        largest_ = value;
        largest_column_ = column;
    }
    if (value == std::trunc(value)) {
        return;
    }
    ++fractional_;
    example_ = example_.empty() ? digits : example_;
    const double half_digit = 0.5 * std::pow(10.0, -decimals(digits));
    const double tolerance = std::max(half_digit, 4e-16 * std::max(1.0, value)) * std::exp(value);
    if (value <= kLargestLog && tolerance < 0.1) {
        const double count = std::expm1(value);
        const bool whole = std::abs(count - std::round(count)) <= tolerance + 1e-9 * count;
        ++(whole ? logs_ : others_);
        example_ = whole || others_ > 1 ? example_ : digits;
    }
}

Result<Scale> ScaleSurvey::scale(const std::string& file) const {
    if (fractional_ == 0) {
        return Scale::kCount;
    }
    const bool large = largest_ > kLargestLog;
    const bool logs = logs_ > 0 && others_ == 0;
    if (large && logs && logs_ > 2) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: some numbers are logarithms of opcode counts ({}), but column '{}' has {}, which "
                                "is none; give counts throughout, or call a column 'log1p({})' or 'count({})' by what "
                                "it holds",
                                file, example_, core::printable(largest_column_), largest_,
                                core::printable(largest_column_), core::printable(largest_column_)));
    }
    if (large || logs) {
        return large ? Scale::kCount : Scale::kLog;
    }
    return fail(ErrorCode::kInput,
                fmt::format("{}: it is not clear whether its numbers, such as {}, are opcode counts or ln(1 + count); "
                            "write counts as whole numbers, or call each column 'count(NAME)' or 'log1p(NAME)' by "
                            "what it holds",
                            file, example_));
}

}  // namespace pitot::dataset
