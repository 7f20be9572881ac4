// NumPy's .npz archives, read and written through libzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.hpp"
#include "pitot/column.hpp"
#include "pitot/result.hpp"

namespace pitot::formats {

/// What an array in an archive is, from its .npy header.
struct ArrayInfo {
    char kind = 0;               ///< NumPy's letter: b i u f U S
    std::int64_t item_size = 0;  ///< bytes an element
    bool fortran_order = false;
    bool big_endian = false;
    std::vector<std::int64_t> shape;

    [[nodiscard]] std::int64_t size() const;  ///< product of the shape
};

/// Elements from which on arrays are mapped rather than read, and written so that they can be: below it there is
/// nothing to gain.
inline constexpr std::int64_t kMapFrom = std::int64_t{1} << 20;

/// An archive open for reading. Whatever dtype, byte order, order or compression a member has, it comes out as
/// row-major values of the type asked for. Errors name archive, array and remedy. For one thread at a time.
class NpzReader {
public:
    /// Errors: kEnvironment if the file cannot be opened, kInput if it is no whole zip archive. `map_from`: see
    /// column().
    [[nodiscard]] static Result<NpzReader> open(const std::filesystem::path& file, std::int64_t map_from = kMapFrom);
    /// The same for an archive in memory, which must outlive the reader and the columns mapped from it; `name` stands
    /// for the file in messages.
    [[nodiscard]] static Result<NpzReader> open_buffer(std::span<const std::byte> bytes,
                                                       const std::filesystem::path& name,
                                                       std::int64_t map_from = kMapFrom);
    NpzReader(NpzReader&&) noexcept;
    NpzReader& operator=(NpzReader&&) noexcept;
    NpzReader(const NpzReader&) = delete;
    NpzReader& operator=(const NpzReader&) = delete;
    ~NpzReader();

    /// Array names without ".npy", in the archive's order.
    [[nodiscard]] const std::vector<std::string>& names() const;
    [[nodiscard]] bool contains(std::string_view name) const;
    [[nodiscard]] const std::filesystem::path& file() const;
    [[nodiscard]] Result<ArrayInfo> info(std::string_view name) const;

    /// Values converted to T: double, float, std::int64_t, std::int32_t or std::uint8_t. Integers that T cannot hold
    /// and fractions where an integer is wanted are errors naming the element. NaN and infinities pass as they are.
    template <typename T>
    [[nodiscard]] Result<std::vector<T>> values(std::string_view name) const;

    /// As values(), without a copy where that is possible: an array of at least `map_from` elements that is stored (not
    /// compressed), row-major, of type T in this machine's byte order and aligned to it is left where it lies in the
    /// file. It has been read once to compare its checksum. T: double, std::int32_t or std::uint8_t.
    template <typename T>
    [[nodiscard]] Result<Column<T>> column(std::string_view name) const;

    /// Elements of a Unicode (U) or bytes (S) array as UTF-8.
    [[nodiscard]] Result<std::vector<std::string>> strings(std::string_view name) const;

private:
    struct Impl;
    explicit NpzReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Values first … first + out.size() of an array.
template <typename T>
using FillValues = std::function<void(std::int64_t first, std::span<T> out)>;

/// Collects arrays and writes them as one compressed archive, whole or not at all. The same arrays give the same
/// bytes: no clock, no order but that of the calls.
class NpzWriter {
public:
    NpzWriter();
    NpzWriter(NpzWriter&&) noexcept;
    NpzWriter& operator=(NpzWriter&&) noexcept;
    NpzWriter(const NpzWriter&) = delete;
    NpzWriter& operator=(const NpzWriter&) = delete;
    ~NpzWriter();

    /// T: double, float, std::int64_t, std::int32_t, std::int8_t or std::uint8_t; row-major, product of shape = size.
    template <typename T>
    void add(std::string_view name, std::span<const T> values, std::span<const std::int64_t> shape);
    /// One-dimensional.
    template <typename T>
    void add(std::string_view name, std::span<const T> values) {
        const std::int64_t n = static_cast<std::int64_t>(values.size());
        add(name, values, std::span<const std::int64_t>(&n, 1));
    }
    /// Of values that stay where they are until write() is done: they are not copied. T: float or std::int32_t.
    template <typename T>
    void add_borrowed(std::string_view name, std::span<const T> values, std::span<const std::int64_t> shape);
    /// One-dimensional.
    template <typename T>
    void add_borrowed(std::string_view name, std::span<const T> values) {
        const std::int64_t n = static_cast<std::int64_t>(values.size());
        add_borrowed(name, values, std::span<const std::int64_t>(&n, 1));
    }
    /// A one-dimensional array that is stored as it is, at a multiple of 64 bytes from the file's beginning, so that it
    /// can be mapped. Its values are asked for in order, a piece at a time, while write() runs: they never all exist in
    /// memory. To be added before arrays of other kinds. T: double, std::int32_t or std::uint8_t.
    template <typename T>
    void add_mappable(std::string_view name, std::int64_t size, FillValues<T> fill);
    /// A one-dimensional Unicode array (UTF-8 in, '<U' out).
    void add_strings(std::string_view name, std::span<const std::string> values);
    /// A scalar (0-dimensional) Unicode array, for JSON text and digests.
    void add_text(std::string_view name, std::string_view text);

    /// Writes the archive and brings it to the disk; NewFile::put() puts it in its place.
    [[nodiscard]] Result<core::NewFile> make(const std::filesystem::path& file) const;
    [[nodiscard]] Result<void> write(const std::filesystem::path& file) const;
    /// The bytes that write() would write.
    [[nodiscard]] Result<std::vector<std::byte>> to_bytes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pitot::formats
