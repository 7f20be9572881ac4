#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/check.hpp"
#include "data/npy_header.hpp"
#include "data/npz.hpp"
#include "data/utf8.hpp"

namespace pitot {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory: '<'");

// 1 January 1980, midnight: the first moment a zip archive can name. A clock would make equal arrays differ.
constexpr zip_uint16_t kDosDate = (1U << 5U) | 1U;
constexpr zip_uint16_t kDosTime = 0;
// zlib's usual level: the best takes several times as long for a percent.
constexpr zip_uint32_t kLevel = 6;

template <typename T>
constexpr std::string_view descr_of() {
    if constexpr (std::is_same_v<T, double>) {
        return "<f8";
    } else if constexpr (std::is_same_v<T, float>) {
        return "<f4";
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        return "<i8";
    } else if constexpr (std::is_same_v<T, std::int32_t>) {
        return "<i4";
    } else if constexpr (std::is_same_v<T, std::int8_t>) {
        return "|i1";
    } else {
        static_assert(std::is_same_v<T, std::uint8_t>);
        return "|u1";
    }
}

struct ArrayBytes {
    std::string name;  // of the member, with .npy
    std::string bytes;
};

Failure zip_failure(const std::filesystem::path& file, const char* what) {
    return fail(ErrorCode::kEnvironment,
                fmt::format("cannot write '{}': {}; check the folder and the free space", file.string(), what));
}

Result<void> write_archive(const std::vector<ArrayBytes>& arrays, const std::filesystem::path& file,
                           const std::filesystem::path& target) {
    int code = 0;
    zip_t* archive = ::zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (archive == nullptr) {
        zip_error_t error;
        ::zip_error_init_with_code(&error, code);
        auto failure = zip_failure(target, ::zip_error_strerror(&error));
        ::zip_error_fini(&error);
        return failure;
    }
    for (const ArrayBytes& array : arrays) {
        zip_source_t* source = ::zip_source_buffer(archive, array.bytes.data(), array.bytes.size(), 0);
        const zip_int64_t place =
            source == nullptr ? -1 : ::zip_file_add(archive, array.name.c_str(), source, ZIP_FL_ENC_UTF_8);
        if (place < 0) {
            ::zip_source_free(source);
        }
        const auto index = static_cast<zip_uint64_t>(place);
        if (place < 0 || ::zip_set_file_compression(archive, index, ZIP_CM_DEFLATE, kLevel) != 0 ||
            ::zip_file_set_dostime(archive, index, kDosTime, kDosDate, 0) != 0) {
            auto failure = zip_failure(target, ::zip_strerror(archive));
            ::zip_discard(archive);
            return failure;
        }
    }
    if (::zip_close(archive) != 0) {  // libzip writes here: another temporary file, renamed over `file`
        auto failure = zip_failure(target, ::zip_strerror(archive));
        ::zip_discard(archive);
        return failure;
    }
    return {};
}

}  // namespace

struct NpzWriter::Impl {
    std::vector<ArrayBytes> arrays;
    std::string fault;  // the first text that cannot be written

    void put(std::string_view name, std::string bytes) {
        const std::string member = std::string(name) + ".npy";
        PITOT_CHECK(std::ranges::find(arrays, member, &ArrayBytes::name) == arrays.end());
        arrays.push_back({member, std::move(bytes)});
    }

    void put_texts(std::string_view name, std::span<const std::string> texts, std::span<const std::int64_t> shape) {
        std::vector<std::u32string> points;
        points.reserve(texts.size());
        std::size_t width = 1;
        for (const std::string& text : texts) {
            auto decoded = decode_utf8(text);
            if (!decoded && fault.empty()) {
                fault = fmt::format("text {} of array '{}' ('{}') is not UTF-8; rename it", points.size(), name,
                                    printable(text));
            }
            points.push_back(std::move(decoded).value_or(std::u32string()));
            width = std::max(width, points.back().size());
        }
        std::string bytes = make_npy_header(fmt::format("<U{}", width), shape);
        std::size_t at = bytes.size();
        bytes.resize(at + texts.size() * width * 4, '\0');
        for (const std::u32string& text : points) {
            std::memcpy(bytes.data() + at, text.data(), text.size() * 4);
            at += width * 4;
        }
        put(name, std::move(bytes));
    }
};

NpzWriter::NpzWriter() : impl_(std::make_unique<Impl>()) {}
NpzWriter::NpzWriter(NpzWriter&&) noexcept = default;
NpzWriter& NpzWriter::operator=(NpzWriter&&) noexcept = default;
NpzWriter::~NpzWriter() = default;

template <typename T>
void NpzWriter::add(std::string_view name, std::span<const T> values, std::span<const std::int64_t> shape) {
    ArrayInfo info;
    info.shape.assign(shape.begin(), shape.end());
    PITOT_CHECK(info.size() == static_cast<std::int64_t>(values.size()));
    std::string bytes = make_npy_header(descr_of<T>(), shape);
    const std::size_t header = bytes.size();
    bytes.resize(header + values.size_bytes());
    if (!values.empty()) {
        std::memcpy(bytes.data() + header, values.data(), values.size_bytes());
    }
    impl_->put(name, std::move(bytes));
}

void NpzWriter::add_strings(std::string_view name, std::span<const std::string> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    impl_->put_texts(name, values, std::span(&n, 1));
}

void NpzWriter::add_text(std::string_view name, std::string_view text) {
    const std::string owned(text);
    impl_->put_texts(name, std::span(&owned, 1), {});
}

Result<void> NpzWriter::write(const std::filesystem::path& file) {
    PITOT_CHECK(!impl_->arrays.empty());  // libzip would remove the file of an empty archive
    if (!impl_->fault.empty()) {
        return fail(ErrorCode::kInput, fmt::format("cannot write '{}': {}", file.string(), impl_->fault));
    }
    return write_whole(
        file, [&](const std::filesystem::path& temporary) { return write_archive(impl_->arrays, temporary, file); });
}

template void NpzWriter::add<double>(std::string_view, std::span<const double>, std::span<const std::int64_t>);
template void NpzWriter::add<float>(std::string_view, std::span<const float>, std::span<const std::int64_t>);
template void NpzWriter::add<std::int64_t>(std::string_view, std::span<const std::int64_t>,
                                           std::span<const std::int64_t>);
template void NpzWriter::add<std::int32_t>(std::string_view, std::span<const std::int32_t>,
                                           std::span<const std::int64_t>);
template void NpzWriter::add<std::int8_t>(std::string_view, std::span<const std::int8_t>,
                                          std::span<const std::int64_t>);
template void NpzWriter::add<std::uint8_t>(std::string_view, std::span<const std::uint8_t>,
                                           std::span<const std::int64_t>);

}  // namespace pitot
