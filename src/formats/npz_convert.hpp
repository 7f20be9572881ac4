// From the bytes of an array's elements to values of the type a caller wants.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/utf8.hpp"
#include "formats/npz.hpp"

namespace pitot::formats {

/// IEEE 754 half precision, for its bits alone.
struct Half {
    std::uint16_t bits;
    explicit operator double() const {
        const int exponent = (bits >> 10U) & 0x1F;
        const double mantissa = bits & 0x3FFU;
        double magnitude = 0;
        if (exponent == 0x1F) {
            magnitude =
                mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
        } else if (exponent == 0) {
            magnitude = std::ldexp(mantissa, -24);
        } else {
            magnitude = std::ldexp(mantissa + 1024, exponent - 25);
        }
        return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
    }
};

/// NumPy's b1: any byte but 0 is true.
struct Bool {
    std::uint8_t byte;
    explicit operator std::int64_t() const { return byte != 0 ? 1 : 0; }
};

/// Calls `use` with a value of the C++ type that a numeric array's elements have.
template <typename Use>
auto with_element_type(const ArrayInfo& info, Use use) {
    switch (info.kind) {
        case 'b':
            return use(Bool{});
        case 'i':
            return info.item_size == 1   ? use(std::int8_t{})
                   : info.item_size == 2 ? use(std::int16_t{})
                   : info.item_size == 4 ? use(std::int32_t{})
                                         : use(std::int64_t{});
        case 'u':
            return info.item_size == 1   ? use(std::uint8_t{})
                   : info.item_size == 2 ? use(std::uint16_t{})
                   : info.item_size == 4 ? use(std::uint32_t{})
                                         : use(std::uint64_t{});
        default:
            PITOT_CHECK(info.kind == 'f');
            return info.item_size == 2 ? use(Half{}) : info.item_size == 4 ? use(float{}) : use(double{});
    }
}

template <typename Element>
[[nodiscard]] Element load_element(const unsigned char* bytes, bool swap) {
    std::array<unsigned char, sizeof(Element)> copy;
    std::memcpy(copy.data(), bytes, sizeof(Element));
    if (swap) {
        std::reverse(copy.begin(), copy.end());
    }
    return std::bit_cast<Element>(copy);
}

/// Stores `from` in `to`; false if T is an integer type that cannot hold it exactly.
template <typename T, typename Element>
[[nodiscard]] bool convert_element(Element from, T& to) {
    if constexpr (std::is_same_v<Element, Bool>) {
        to = static_cast<T>(static_cast<std::int64_t>(from));
    } else if constexpr (std::is_same_v<Element, Half>) {
        return convert_element(static_cast<double>(from), to);
    } else if constexpr (std::is_floating_point_v<T>) {
        to = static_cast<T>(from);
    } else if constexpr (std::is_floating_point_v<Element>) {
        // -2^k and 2^k are exact as floating-point numbers: in [least, beyond) the conversion is defined.
        const double value = static_cast<double>(from);
        const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
        const double least = std::is_signed_v<T> ? -beyond : 0.0;
        if (!(value >= least && value < beyond) || std::trunc(value) != value) {
            return false;
        }
        to = static_cast<T>(value);
    } else {
        if (!std::in_range<T>(from)) {
            return false;
        }
        to = static_cast<T>(from);  // NOLINT(bugprone-signed-char-misuse): an i1 is a number
    }
    return true;
}

/// Where the elements of an array, as they come from the file, stand in row-major order.
class RowMajorOrder {
public:
    explicit RowMajorOrder(const ArrayInfo& info) : shape_(info.shape), index_(info.shape.size(), 0), stride_(index_) {
        plain_ = !info.fortran_order || shape_.size() < 2;
        std::int64_t stride = 1;
        for (std::size_t axis = shape_.size(); axis-- > 0;) {
            stride_[axis] = stride;
            stride *= std::max<std::int64_t>(shape_[axis], 1);
        }
    }

    /// The place of the next element.
    [[nodiscard]] std::size_t next() {
        const auto place = static_cast<std::size_t>(place_);
        if (plain_) {
            ++place_;
            return place;
        }
        for (std::size_t axis = 0; axis < shape_.size(); ++axis) {  // the first axis runs fastest
            place_ += stride_[axis];
            if (++index_[axis] < shape_[axis]) {
                break;
            }
            place_ -= stride_[axis] * shape_[axis];
            index_[axis] = 0;
        }
        return place;
    }

private:
    std::vector<std::int64_t> shape_;
    std::vector<std::int64_t> index_;
    std::vector<std::int64_t> stride_;
    std::int64_t place_ = 0;
    bool plain_ = true;
};

/// A text of NumPy's U: code points of four bytes, NUL at the end cut. Nothing where one is no character.
[[nodiscard]] inline std::optional<std::string> decode_ucs4(std::span<const unsigned char> bytes, bool swap) {
    std::string text;
    std::size_t nulls = 0;  // only those that something follows belong to the text
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
        const auto point = load_element<std::uint32_t>(bytes.data() + at, swap);
        if (point == 0) {
            ++nulls;
            continue;
        }
        text.append(std::exchange(nulls, 0), '\0');
        if (!core::append_utf8(text, point)) {
            return std::nullopt;
        }
    }
    return text;
}

/// A text of NumPy's S, taken for UTF-8. Nothing where it is not.
[[nodiscard]] inline std::optional<std::string> decode_bytes(std::span<const unsigned char> bytes) {
    std::string text(bytes.begin(), bytes.end());
    text.erase(text.find_last_not_of('\0') + 1);
    return core::decode_utf8(text) ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace pitot::formats
