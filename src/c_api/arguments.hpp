// Arguments from C, checked before anything is done with them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/core.h>

#include "pitot/c.h"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::c_api {

/// A usage error about an argument.
[[nodiscard]] Failure wrong(const char* argument, std::string_view what);

template <typename T>
[[nodiscard]] bool aligned(const T* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) == 0;  // NOLINT: an address
}

/// Where a result goes: NULL or misaligned is an error. Sets a handle to NULL until it is there.
template <typename T>
[[nodiscard]] Result<void> check_out(T* out, const char* argument) {
    if (out == nullptr) {
        return wrong(argument, "is NULL: give somewhere to write to");
    }
    if (!aligned(out)) {
        return wrong(argument, "is not aligned to its type");
    }
    if constexpr (std::is_pointer_v<T>) {
        *out = nullptr;
    }
    return {};
}

/// The same of a result that need not be wanted: NULL.
template <typename T>
[[nodiscard]] Result<void> check_optional_out(T* out, const char* argument) {
    return out == nullptr ? Result<void>() : check_out(out, argument);
}

/// `count` elements, which may be missing if there are none.
template <typename T>
[[nodiscard]] Result<std::span<T>> array(T* data, std::int64_t count, const char* argument) {
    if (count < 0) {
        return wrong(argument, fmt::format("has {} elements: a count is 0 or more", count));
    }
    if (count == 0) {
        return std::span<T>();
    }
    if (data == nullptr) {
        return wrong(argument, fmt::format("is NULL, but has {} elements", count));
    }
    if (!aligned(data)) {
        return wrong(argument, "is not aligned to its elements");
    }
    if (count > std::numeric_limits<std::ptrdiff_t>::max() / static_cast<std::int64_t>(sizeof(T))) {
        return wrong(argument, fmt::format("has {} elements, more than there can be in memory", count));
    }
    return std::span<T>(data, static_cast<std::size_t>(count));
}

/// The same of an array that need not be wanted: NULL is an empty one.
template <typename T>
[[nodiscard]] Result<std::span<T>> wanted(T* data, std::int64_t count, const char* argument) {
    return data == nullptr ? Result<std::span<T>>(std::span<T>()) : array(data, count, argument);
}

/// A text that ends at its first zero.
[[nodiscard]] Result<std::string> text(const char* given, const char* argument);
/// The same, "" for NULL.
[[nodiscard]] std::string text_or_empty(const char* given);
/// A text of a size.
[[nodiscard]] Result<std::string_view> text_of(const char* bytes, std::int64_t size, const char* argument);

/// Texts one behind another, copied.
[[nodiscard]] Result<std::vector<std::string>> texts(const pitot_texts& given, const char* argument);

/// Whether a struct is of a size that this version knows: NULL, misaligned and a size of its own are errors.
template <typename T>
[[nodiscard]] Result<void> check_struct(const T* given, const char* argument) {
    if (given == nullptr) {
        return wrong(argument, "is NULL");
    }
    if (!aligned(given)) {
        return wrong(argument, "is not aligned to its type");
    }
    if (given->struct_size != sizeof(T)) {
        return wrong(
            argument,
            fmt::format("has struct_size {}, but this version of the library knows {}: set it to sizeof of the "
                        "struct, and run with a library as new as the header",
                        given->struct_size, sizeof(T)));
    }
    return {};
}

/// A copy of a struct that need not be given: NULL is all defaults.
template <typename T>
[[nodiscard]] Result<T> struct_or_default(const T* given, const char* argument) {
    if (given == nullptr) {
        T none{};
        none.struct_size = sizeof(T);
        return none;
    }
    if (auto known = check_struct(given, argument); !known) {
        return Failure(known.error());
    }
    return *given;
}

/// The same of a struct that has grown since programs first knew it, when its size was `first`: what is missing is 0.
template <typename T>
[[nodiscard]] Result<T> grown_struct_or_default(const T* given, std::size_t first, const char* argument) {
    if (given == nullptr || !aligned(given) || given->struct_size != first) {
        return struct_or_default(given, argument);
    }
    T whole{};
    std::memcpy(&whole, given, first);
    whole.struct_size = sizeof(T);
    return whole;
}

/// A field that later versions may give a meaning.
[[nodiscard]] Result<void> check_reserved(std::int32_t given);

/// Writes a view, whose struct_size the caller has set.
template <typename T>
[[nodiscard]] Result<void> fill(T* out, T value, const char* argument) {
    if (auto known = check_struct(out, argument); !known) {
        return known;
    }
    value.struct_size = sizeof(T);
    *out = value;
    return {};
}

/// Whether a flag is 0 or 1.
[[nodiscard]] Result<bool> flag(std::int32_t given, const char* argument);

/// Something to read; nothing if neither path nor bytes are given.
[[nodiscard]] Result<std::optional<Input>> input(const pitot_input& given, const char* argument);

/// A side; an empty one for NULL. `counts` of the struct is for modules alone.
[[nodiscard]] Result<Side> side(const pitot_side* given, bool modules, const char* argument);

/// Combinations, borrowed. The co-runners are a matrix, or ragged.
struct Combinations {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const std::int32_t> co_runners;  ///< without offsets: rows × width
    std::span<const std::int64_t> offsets;     ///< rows + 1, or none
    std::int32_t width = 0;                    ///< of the matrix

    [[nodiscard]] std::size_t rows() const { return platform.size(); }
    [[nodiscard]] bool ragged() const { return !offsets.empty(); }
    [[nodiscard]] std::span<const std::int32_t> beside(std::size_t row) const {
        return ragged() ? co_runners.subspan(static_cast<std::size_t>(offsets[row]),
                                             static_cast<std::size_t>(offsets[row + 1] - offsets[row]))
                        : co_runners.subspan(row * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
    }
};
[[nodiscard]] Result<Combinations> combinations(const pitot_combinations* given);

/// Rows first … first + count of ragged co-runners as a matrix, -1 = none. Returns its width.
std::int32_t as_matrix(const Combinations& rows, std::size_t first, std::size_t count,
                       std::vector<std::int32_t>& matrix);

/// Whether all row numbers exist.
[[nodiscard]] Result<void> check_rows(const Combinations& rows, std::int64_t platforms, std::int64_t modules);

}  // namespace pitot::c_api
