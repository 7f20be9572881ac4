#include <fmt/format.h>
#include <zip.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/mapped_file.hpp"
#include "core/path.hpp"
#include "core/utf8.hpp"
#include "formats/npy_header.hpp"
#include "formats/npz.hpp"
#include "formats/npz_convert.hpp"
#include "formats/npz_reader_impl.hpp"

namespace pitot::formats {
namespace {

constexpr std::uint64_t kBestRatio = 1032;                     // deflate compresses no better
constexpr std::uint64_t kBelieved = std::uint64_t{64} << 20U;  // bytes, from whatever few
constexpr int kZstandard = 93;                                 // older versions of libzip have no name for it
constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;

std::string text_of(zip_error_t* error) {
    std::string text = ::zip_error_strerror(error);
    ::zip_error_fini(error);
    return text;
}

Failure not_an_archive(const std::filesystem::path& file, zip_error_t* error) {
    if (::zip_error_system_type(error) == ZIP_ET_SYS && ::zip_error_code_zip(error) == ZIP_ER_OPEN) {
        return fail(ErrorCode::kEnvironment, fmt::format("{}: cannot be opened: {}; check the path and its permissions",
                                                         file.string(), text_of(error)));
    }
    return fail(ErrorCode::kInput, fmt::format("{}: is not a whole .npz (zip) archive: {}; {}", file.string(),
                                               text_of(error), kCopyAgain));
}

// Whether a member's compressed bytes can hold as many as it claims.
bool can_hold(const zip_stat_t& stat, std::uint64_t archive_bytes) {
    if (stat.comp_size > archive_bytes) {
        return false;
    }
    switch (stat.comp_method) {
        case ZIP_CM_STORE:
            return stat.size <= stat.comp_size;
        case ZIP_CM_DEFLATE:
            return stat.size / kBestRatio <= stat.comp_size;
        default:  // others make constants as small as they like
            return stat.size <= kBelieved || stat.size / kBestRatio <= stat.comp_size;
    }
}

// Section 4.4.5 of PKWARE's APPNOTE.TXT.
std::string method_name(int method) {
    switch (method) {
        case ZIP_CM_DEFLATE64:
            return "Deflate64";
        case ZIP_CM_BZIP2:
            return "bzip2";
        case ZIP_CM_LZMA:
            return "LZMA";
        case ZIP_CM_XZ:
            return "XZ";
        case kZstandard:
            return "Zstandard";
        default:
            return fmt::format("method {}", method);
    }
}

}  // namespace

Result<Member> NpzReader::Impl::open_member(std::string_view array) const {
    const auto place = places.find(array);
    if (place == places.end()) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: array '{}' is missing; add it", file.string(), core::printable(array)));
    }
    zip_stat_t stat;
    ::zip_stat_init(&stat);
    if (::zip_stat_index(archive.get(), place->second, 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded) {
        return fault(array, fmt::format("is damaged; {}", kCopyAgain));
    }
    if (::zip_compression_method_supported(stat.comp_method, 0) == 0) {
        return fault(array, fmt::format("is compressed by {}, which is not supported here; save it again with "
                                        "numpy.savez_compressed",
                                        method_name(stat.comp_method)));
    }
    if (!can_hold(stat, archive_bytes)) {
        return fault(array, fmt::format("claims more bytes than the archive has; {}", kCopyAgain));
    }
    MemberStream stream(::zip_fopen_index(archive.get(), place->second, 0));
    if (!stream) {
        return fault(array, fmt::format("cannot be read ({}); {}", ::zip_strerror(archive.get()), kCopyAgain));
    }
    PITOT_TRY(auto info, read_header(array, stream.get(), stat.size));
    return Member{std::move(stream), std::move(info)};
}

Result<ArrayInfo> NpzReader::Impl::read_header(std::string_view array, zip_file_t* stream, std::uint64_t size) const {
    std::array<unsigned char, kNpyPrefix> prefix{};
    if (auto filled = read(array, stream, prefix); !filled) {
        return Failure(filled.error());
    }
    const auto length_bytes = npy_length_bytes(prefix);
    if (!length_bytes) {
        return fault(array, length_bytes.error().message());
    }
    std::array<unsigned char, 4> length{};
    if (auto filled = read(array, stream, std::span(length).first(*length_bytes)); !filled) {
        return Failure(filled.error());
    }
    const std::int64_t header = static_cast<std::int64_t>(length[0]) | (static_cast<std::int64_t>(length[1]) << 8) |
                                (static_cast<std::int64_t>(length[2]) << 16) |
                                (static_cast<std::int64_t>(length[3]) << 24);
    const std::uint64_t before = kNpyPrefix + *length_bytes + static_cast<std::uint64_t>(header);
    if (header > kLongestNpyHeader || before > size) {
        return fault(array, fmt::format("is cut short within its header; {}", kCopyAgain));
    }
    std::string text(static_cast<std::size_t>(header), '\0');
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    if (auto filled = read(array, stream, {reinterpret_cast<unsigned char*>(text.data()), text.size()}); !filled) {
        return Failure(filled.error());
    }
    auto info = parse_npy_header(text);
    if (!info) {
        return fault(array, info.error().message());
    }
    const auto expected = static_cast<std::uint64_t>(info->size() * info->item_size);
    if (size - before != expected) {
        return fault(array, fmt::format("has {} bytes of elements where its shape needs {}; {}", size - before,
                                        expected, kCopyAgain));
    }
    return info;
}

NpzReader::NpzReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NpzReader::NpzReader(NpzReader&&) noexcept = default;
NpzReader& NpzReader::operator=(NpzReader&&) noexcept = default;
NpzReader::~NpzReader() = default;

Result<NpzReader> NpzReader::open(const std::filesystem::path& file, std::int64_t map_from) {
    if (core::holds_nul(file)) {
        return fail(ErrorCode::kEnvironment, fmt::format("{}: cannot be opened: the name holds a NUL", file.string()));
    }
    std::error_code unreadable;
    if (std::filesystem::is_directory(file, unreadable)) {
        return fail(ErrorCode::kEnvironment, fmt::format("{}: is a folder; name a file", file.string()));
    }
    const auto bytes = std::filesystem::file_size(file, unreadable);
    if (unreadable) {
        return fail(ErrorCode::kEnvironment, fmt::format("{}: cannot be opened: {}; check the path", file.string(),
                                                         std::generic_category().message(unreadable.value())));
    }
    auto impl = std::make_unique<Impl>();
    impl->file = file;
    impl->archive_bytes = bytes;
    impl->map_from = map_from;
    if (bytes >= static_cast<std::uint64_t>(map_from)) {
        if (auto mapping = core::MappedFile::open(file, bytes)) {
            impl->mapped = mapping->bytes();
            impl->keeper = std::move(mapping);
        }
    }
    int code = 0;
    impl->archive.reset(::zip_open(file.c_str(), ZIP_RDONLY, &code));
    if (!impl->archive || bytes == 0) {  // to libzip an empty file is an archive without members
        zip_error_t error;
        ::zip_error_init_with_code(&error, impl->archive ? ZIP_ER_NOZIP : code);
        return not_an_archive(file, &error);
    }
    impl->list();
    return NpzReader(std::move(impl));
}

Result<NpzReader> NpzReader::open_buffer(std::span<const std::byte> bytes, const std::filesystem::path& name,
                                         std::int64_t map_from) {
    auto impl = std::make_unique<Impl>();
    impl->file = name;
    impl->map_from = map_from;
    impl->mapped = bytes;
    impl->keeper = std::shared_ptr<const void>(bytes.data(), [](const void*) {});
    impl->archive_bytes = bytes.size();
    zip_error_t error;
    ::zip_error_init(&error);
    zip_source_t* source = ::zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source != nullptr) {
        impl->archive.reset(::zip_open_from_source(source, ZIP_RDONLY, &error));
        if (!impl->archive) {
            ::zip_source_free(source);
        }
    }
    if (!impl->archive || bytes.empty()) {
        if (impl->archive) {
            ::zip_error_set(&error, ZIP_ER_NOZIP, 0);
        }
        return not_an_archive(name, &error);
    }
    ::zip_error_fini(&error);
    impl->list();
    return NpzReader(std::move(impl));
}

const std::vector<std::string>& NpzReader::names() const { return impl_->names; }
bool NpzReader::contains(std::string_view name) const { return impl_->places.contains(name); }
const std::filesystem::path& NpzReader::file() const { return impl_->file; }

Result<ArrayInfo> NpzReader::info(std::string_view name) const {
    PITOT_TRY(auto member, impl_->open_member(name));
    return std::move(member.info);
}

template <typename T>
Result<std::vector<T>> NpzReader::values(std::string_view name) const {
    PITOT_TRY(const auto member, impl_->open_member(name));
    if (member.info.kind == 'U' || member.info.kind == 'S') {
        return impl_->fault(name, "holds text where numbers are wanted; save it again as numbers");
    }
    try {
        std::vector<T> out(static_cast<std::size_t>(member.info.size()));
        auto done = with_element_type(
            member.info, [&](auto element) { return impl_->convert<T, decltype(element)>(name, member, out); });
        if (!done) {
            return Failure(std::move(done).error());
        }
        return out;
    } catch (const std::bad_alloc&) {
        return impl_->fault(name, "does not fit into memory; free some, or split the file", ErrorCode::kEnvironment);
    }
}

Result<std::vector<std::string>> NpzReader::strings(std::string_view name) const {
    PITOT_TRY(const auto member, impl_->open_member(name));
    const ArrayInfo& info = member.info;
    if (info.kind != 'U' && info.kind != 'S') {
        return impl_->fault(name, "holds numbers where text is wanted; save it again as text (U)");
    }
    if (info.item_size == 0 && info.size() > 0) {
        return impl_->fault(name, "holds texts of width 0; write the texts into it");
    }
    try {
        std::vector<std::string> out(static_cast<std::size_t>(info.size()));
        RowMajorOrder order(info);
        const bool swap = info.big_endian != (std::endian::native == std::endian::big);
        const auto item = static_cast<std::size_t>(info.item_size);
        const auto take = [&](const unsigned char* bytes, std::size_t count) -> Result<void> {
            for (std::size_t i = 0; i < count; ++i, bytes += item) {
                const std::size_t place = order.next();
                auto text = info.kind == 'U' ? decode_ucs4({bytes, item}, swap) : decode_bytes({bytes, item});
                if (!text) {
                    return impl_->fault(name,
                                        fmt::format("holds a text that is not Unicode at element {} (counted from 0); "
                                                    "save it again as text (U)",
                                                    place));
                }
                out[place] = *std::move(text);
            }
            return {};
        };
        if (info.size() == 0) {
            auto done = impl_->finish(name, member.stream.get());
            return done ? Result<std::vector<std::string>>(std::move(out)) : Failure(done.error());
        }
        if (auto done = impl_->for_each_chunk(name, member, take); !done) {
            return Failure(std::move(done).error());
        }
        return out;
    } catch (const std::bad_alloc&) {
        return impl_->fault(name, "does not fit into memory; free some, or split the file", ErrorCode::kEnvironment);
    }
}

template Result<std::vector<double>> NpzReader::values<double>(std::string_view) const;
template Result<std::vector<float>> NpzReader::values<float>(std::string_view) const;
template Result<std::vector<std::int64_t>> NpzReader::values<std::int64_t>(std::string_view) const;
template Result<std::vector<std::int32_t>> NpzReader::values<std::int32_t>(std::string_view) const;
template Result<std::vector<std::uint8_t>> NpzReader::values<std::uint8_t>(std::string_view) const;

}  // namespace pitot::formats
