// What a NpzReader is made of, for the files that define it.
#pragma once

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.hpp"
#include "formats/npz.hpp"
#include "formats/npz_convert.hpp"

namespace pitot::formats {

inline constexpr std::string_view kCopyAgain = "copy, download or save the file again";

struct ZipCloser {
    void operator()(zip_t* archive) const { ::zip_discard(archive); }
    void operator()(zip_file_t* member) const { ::zip_fclose(member); }
};
using Archive = std::unique_ptr<zip_t, ZipCloser>;
using MemberStream = std::unique_ptr<zip_file_t, ZipCloser>;

// An array being read: its header is behind, its elements are ahead.
struct Member {
    MemberStream stream;
    ArrayInfo info;
};

struct NpzReader::Impl {
    std::filesystem::path file;
    std::uint64_t archive_bytes = 0;
    Archive archive;
    std::vector<std::string> names;
    std::map<std::string, zip_uint64_t, std::less<>> places;
    std::int64_t map_from = kMapFrom;
    std::span<const std::byte> mapped;   // the whole archive, where it can be mapped
    std::shared_ptr<const void> keeper;  // of `mapped`

    [[nodiscard]] Failure fault(std::string_view array, std::string_view what,
                                ErrorCode code = ErrorCode::kInput) const {
        return fail(code, fmt::format("{}: array '{}' {}", file.string(), core::printable(array), what));
    }
    [[nodiscard]] Failure damaged(std::string_view array, zip_file_t* stream) const {
        zip_error_t* const error = ::zip_file_get_error(stream);
        if (::zip_error_code_zip(error) == ZIP_ER_OK) {  // the stream ended, nothing went wrong
            return fault(array, fmt::format("is cut short or damaged; {}", kCopyAgain));
        }
        return fault(array, fmt::format("is cut short or damaged ({}); {}", ::zip_error_strerror(error), kCopyAgain));
    }

    void list() {
        const auto count = static_cast<zip_uint64_t>(std::max<zip_int64_t>(::zip_get_num_entries(archive.get(), 0), 0));
        for (zip_uint64_t i = 0; i < count; ++i) {
            const char* raw = ::zip_get_name(archive.get(), i, 0);
            std::string_view name = raw == nullptr ? "" : raw;
            if (name.ends_with(".npy")) {
                name.remove_suffix(4);
                // Of two members of one name the last counts, as for NumPy.
                if (places.insert_or_assign(std::string(name), i).second) {
                    names.emplace_back(name);
                }
            }
        }
    }

    // Fills the buffer to the last byte.
    [[nodiscard]] Result<void> read(std::string_view array, zip_file_t* stream, std::span<unsigned char> buffer) const {
        while (!buffer.empty()) {
            const zip_int64_t n = ::zip_fread(stream, buffer.data(), buffer.size());
            if (n <= 0) {
                return damaged(array, stream);
            }
            buffer = buffer.subspan(static_cast<std::size_t>(n));
        }
        return {};
    }

    // The checksum is compared where the last byte has been read and one more is asked for.
    [[nodiscard]] Result<void> finish(std::string_view array, zip_file_t* stream) const {
        unsigned char extra = 0;
        const zip_int64_t n = ::zip_fread(stream, &extra, 1);
        if (n == 0) {
            return {};
        }
        return n < 0 ? damaged(array, stream)
                     : fault(array, fmt::format("is longer than its header says; {}", kCopyAgain));
    }

    [[nodiscard]] Result<Member> open_member(std::string_view array) const;
    // Where an array of T lies in the archive; empty where it cannot be used as it lies there.
    template <typename T>
    [[nodiscard]] std::span<const T> find_elements(std::string_view array, const ArrayInfo& info) const;
    [[nodiscard]] Result<ArrayInfo> read_header(std::string_view array, zip_file_t* stream, std::uint64_t size) const;

    // Calls `use(bytes, count)` for runs of elements from first to last.
    template <typename Use>
    [[nodiscard]] Result<void> for_each_chunk(std::string_view array, const Member& member, Use use) const {
        constexpr std::int64_t chunk_bytes = 1 << 20;
        const std::int64_t item = member.info.item_size;
        const std::int64_t most = std::max<std::int64_t>(1, chunk_bytes / item);
        std::int64_t left = member.info.size();
        std::vector<unsigned char> buffer(static_cast<std::size_t>(std::min(most, left) * item));
        while (left > 0) {
            const std::int64_t count = std::min(most, left);
            const auto chunk = std::span(buffer).first(static_cast<std::size_t>(count * item));
            if (auto filled = read(array, member.stream.get(), chunk); !filled) {
                return filled;
            }
            if (auto used = use(chunk.data(), static_cast<std::size_t>(count)); !used) {
                return used;
            }
            left -= count;
        }
        return finish(array, member.stream.get());
    }

    template <typename T, typename Element>
    [[nodiscard]] Result<void> convert(std::string_view array, const Member& member, std::vector<T>& out) const {
        const bool swap = member.info.big_endian != (std::endian::native == std::endian::big);
        RowMajorOrder order(member.info);
        return for_each_chunk(array, member, [&](const unsigned char* bytes, std::size_t count) -> Result<void> {
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t place = order.next();
                const auto element = load_element<Element>(bytes + i * sizeof(Element), swap);
                if (!convert_element(element, out[place])) {
                    return fault(array,
                                 fmt::format("holds something that is not a whole number from {} to {} at element {} "
                                             "(counted from 0, row by row); correct it",
                                             std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), place));
                }
            }
            return {};
        });
    }
};

}  // namespace pitot::formats
