#include "formats/npy_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "core/utf8.hpp"

namespace pitot::formats {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kAlignment = 64;  // of the elements, as NumPy pads headers
constexpr std::string_view kPlain = "save it again as numbers (b, i, u, f) or text (U, S)";

Failure broken(std::string_view what) {
    return fail(ErrorCode::kInput, fmt::format("has a broken .npy header ({}); save it again with numpy.savez", what));
}

// A cursor over the dictionary literal.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    void skip_space() {
        while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n' || text_.front() == '\t')) {
            text_.remove_prefix(1);
        }
    }
    bool take(std::string_view token) {
        skip_space();
        if (!text_.starts_with(token)) {
            return false;
        }
        text_.remove_prefix(token.size());
        return true;
    }
    [[nodiscard]] char peek() {
        skip_space();
        return text_.empty() ? '\0' : text_.front();
    }
    // A quoted string without escapes: no key and no dtype of ours has any.
    std::optional<std::string_view> string() {
        const char quote = peek();
        if (quote != '\'' && quote != '"') {
            return std::nullopt;
        }
        const std::size_t end = text_.find(quote, 1);
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view value = text_.substr(1, end - 1);
        text_.remove_prefix(end + 1);
        return value;
    }
    std::optional<std::int64_t> integer() {
        skip_space();
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc() || value < 0) {
            return std::nullopt;
        }
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        take("L");  // Python 2 wrote long integers so
        return value;
    }

private:
    std::string_view text_;
};

Result<void> parse_descr(Cursor& cursor, ArrayInfo& info) {
    if (cursor.peek() == '[') {
        return fail(ErrorCode::kInput, "is a structured array; save each of its fields as an array of its own");
    }
    const auto descr = cursor.string();
    if (!descr) {
        return broken("no dtype");
    }
    std::string_view text = *descr;
    if (text.empty()) {
        return broken("an empty dtype");
    }
    bool big_endian = std::endian::native == std::endian::big;
    if (std::string_view("<>|=").find(text.front()) != std::string_view::npos) {
        big_endian = text.front() == '>' || (text.front() == '=' && big_endian);
        text.remove_prefix(1);
    }
    if (text.starts_with('O')) {
        return fail(ErrorCode::kInput, fmt::format("holds Python objects, which are never read; {}", kPlain));
    }
    std::int64_t width = -1;
    if (!text.empty()) {
        const char* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data() + 1, last, width);
        if (error != std::errc() || end != last) {
            width = -1;
        }
    }
    const char kind = text.empty() ? '\0' : text.front();
    const auto one_of = [&](std::initializer_list<std::int64_t> widths) {
        return std::ranges::count(widths, width) > 0;
    };
    const bool number = (kind == 'b' && width == 1) || ((kind == 'i' || kind == 'u') && one_of({1, 2, 4, 8})) ||
                        (kind == 'f' && one_of({2, 4, 8}));
    const bool strings =
        (kind == 'U' || kind == 'S') && width >= 0 && width <= std::numeric_limits<std::int32_t>::max();
    if (!number && !strings) {
        return fail(ErrorCode::kInput,
                    fmt::format("has dtype '{}', which is not understood; {}", core::printable(*descr), kPlain));
    }
    info.kind = kind;
    info.item_size = kind == 'U' ? width * 4 : width;
    info.big_endian = big_endian;
    return {};
}

Result<void> parse_shape(Cursor& cursor, ArrayInfo& info) {
    if (!cursor.take("(")) {
        return broken("no shape");
    }
    std::int64_t size = 1;
    bool zero = false;
    while (!cursor.take(")")) {
        const auto length = cursor.integer();
        const bool separated = cursor.take(",") || cursor.peek() == ')';
        if (!length || !separated || info.shape.size() >= 32) {  // NumPy's most dimensions
            return broken("no shape");
        }
        info.shape.push_back(*length);
        zero = zero || *length == 0;
        if (*length != 0 && __builtin_mul_overflow(size, *length, &size)) {
            return broken("a shape too large for any file");
        }
    }
    std::int64_t bytes = 0;
    if (!zero && __builtin_mul_overflow(size, std::max<std::int64_t>(info.item_size, 1), &bytes)) {
        return broken("a shape too large for any file");
    }
    return {};
}

}  // namespace

std::int64_t ArrayInfo::size() const {
    std::int64_t product = std::ranges::count(shape, 0) > 0 ? 0 : 1;
    for (const std::int64_t length : shape) {
        product = product == 0 ? 0 : product * length;
    }
    return product;
}

Result<std::size_t> npy_length_bytes(std::span<const unsigned char, kNpyPrefix> prefix) {
    if (!std::equal(kMagic.begin(), kMagic.end(), prefix.begin(),
                    [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
        return fail(ErrorCode::kInput, "is not a .npy array; archives are to be written by numpy.savez");
    }
    const int major = prefix[6];
    if (major < 1 || major > 3) {
        return fail(ErrorCode::kInput,
                    fmt::format("is in version {}.{} of the .npy format, 1 to 3 are understood; save it "
                                "again with an older NumPy",
                                major, static_cast<int>(prefix[7])));
    }
    return major == 1 ? 2U : 4U;
}

Result<ArrayInfo> parse_npy_header(std::string_view text) {
    Cursor cursor(text);
    ArrayInfo info;
    bool descr = false;
    bool order = false;
    bool shape = false;
    if (!cursor.take("{")) {
        return broken("no dictionary");
    }
    while (!cursor.take("}")) {
        const auto key = cursor.string();
        if (!key || !cursor.take(":")) {
            return broken("no key");
        }
        if (*key == "descr" && !descr) {
            descr = true;
            if (auto parsed = parse_descr(cursor, info); !parsed) {
                return Failure(parsed.error());
            }
        } else if (*key == "fortran_order" && !order) {
            order = true;
            info.fortran_order = cursor.take("True");
            if (!info.fortran_order && !cursor.take("False")) {
                return broken("no order");
            }
        } else if (*key == "shape" && !shape) {
            shape = true;
            if (auto parsed = parse_shape(cursor, info); !parsed) {
                return Failure(parsed.error());
            }
        } else {
            return broken(fmt::format("the key '{}'", core::printable(*key)));
        }
        if (!cursor.take(",") && cursor.peek() != '}') {
            return broken("no end of a value");
        }
    }
    if (!descr || !order || !shape || cursor.peek() != '\0') {
        return broken("a key is missing or something follows it");
    }
    // The shape may have come before the dtype: its bytes are bounded here once more.
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(info.size(), info.item_size, &bytes)) {
        return broken("a shape too large for any file");
    }
    return info;
}

std::string make_npy_header(std::string_view descr, std::span<const std::int64_t> shape, std::uint64_t place) {
    std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (", descr);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        dictionary += fmt::format("{}{}", i == 0 ? "" : " ", shape[i]);
        dictionary += i + 1 < shape.size() || shape.size() == 1 ? "," : "";
    }
    dictionary += "), }";
    const std::size_t fixed = kMagic.size() + 2 + 2;
    const std::size_t used = place % kAlignment + fixed + dictionary.size() + 1;
    dictionary.append((kAlignment - used % kAlignment) % kAlignment, ' ');
    dictionary += '\n';
    std::string header(kMagic);
    header += '\x01';
    header += '\0';
    header += static_cast<char>(dictionary.size() & 0xFFU);
    header += static_cast<char>(dictionary.size() >> 8U);
    return header + dictionary;
}

}  // namespace pitot::formats
