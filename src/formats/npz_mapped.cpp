// Arrays that are left where they lie in the archive.
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "formats/npz.hpp"
#include "formats/npz_reader_impl.hpp"
#include "formats/zip_places.hpp"

namespace pitot::formats {

template <typename T>
std::span<const T> NpzReader::Impl::find_elements(std::string_view array, const ArrayInfo& info) const {
    const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    const bool alike = info.kind == kind && info.item_size == std::int64_t{sizeof(T)} &&
                       (sizeof(T) == 1 || info.big_endian == (std::endian::native == std::endian::big)) &&
                       (!info.fortran_order || info.shape.size() < 2);
    const auto place = places.find(array);
    if (!alike || mapped.empty() || place == places.end()) {
        return {};
    }
    const auto bytes = stored_member(mapped, place->second, std::string(array) + ".npy");
    const auto size = static_cast<std::size_t>(info.size());
    if (!bytes || bytes->size() / sizeof(T) < size) {
        return {};
    }
    const std::byte* const first = bytes->data() + (bytes->size() - size * sizeof(T));
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): numbers as they lie in the file
    const bool aligned = reinterpret_cast<std::uintptr_t>(first) % alignof(T) == 0;
    return aligned ? std::span(reinterpret_cast<const T*>(first), size) : std::span<const T>();
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
}

template <typename T>
Result<Column<T>> NpzReader::column(std::string_view name) const {
    if (const auto member = impl_->open_member(name); member && member->info.size() >= impl_->map_from) {
        const auto elements = impl_->find_elements<T>(name, member->info);
        std::size_t compared = 0;
        bool same = !elements.empty();
        const auto compare = [&](const unsigned char* bytes, std::size_t count) -> Result<void> {
            same = same && std::memcmp(bytes, &elements[compared], count * sizeof(T)) == 0;
            compared += count;
            return {};
        };
        // Read once all the same: for the checksum, and so that no oddity of an archive can make values of wrong bytes.
        if (same) {
            if (auto read = impl_->for_each_chunk(name, *member, compare); !read) {
                return Failure(std::move(read).error());
            }
            if (same) {  // NOLINT(bugprone-redundant-branch-condition): `compare` may have changed it
                return Column<T>(elements, impl_->keeper);
            }
        }
    }
    return values<T>(name).map([](std::vector<T>&& values) { return Column<T>(std::move(values)); });
}

template Result<Column<double>> NpzReader::column<double>(std::string_view) const;
template Result<Column<std::int32_t>> NpzReader::column<std::int32_t>(std::string_view) const;
template Result<Column<std::uint8_t>> NpzReader::column<std::uint8_t>(std::string_view) const;

}  // namespace pitot::formats
