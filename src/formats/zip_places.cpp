// APPNOTE.TXT of PKWARE, sections 4.3.7 (local header), 4.3.12 (central header), 4.3.14 to 4.3.16 (ends of the
// directory) and 4.5.3 (zip64 fields).
#include "formats/zip_places.hpp"

#include <algorithm>

namespace pitot::formats {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50;
constexpr std::uint32_t kCentral = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kLocator64 = 0x07064b50;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint64_t kCentralSize = 46;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kEnd64Size = 56;
constexpr std::uint64_t kLocator64Size = 20;
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;  // "see the zip64 field"
constexpr std::uint64_t kEncrypted = 1U | (1U << 6U) | (1U << 13U);

using Bytes = std::span<const std::byte>;

// Bytes [at, at + size) of `from`, if it has them.
std::optional<Bytes> cut(Bytes from, std::uint64_t at, std::uint64_t size) {
    if (at > from.size() || size > from.size() - at) {
        return std::nullopt;
    }
    return from.subspan(at, size);
}

// The little-endian number in `size` bytes from `at` on, which the caller has made sure of.
std::uint64_t number(Bytes from, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
        value = (value << 8U) | std::to_integer<std::uint64_t>(from[at + i]);
    }
    return value;
}

bool equal(Bytes bytes, std::string_view text) {
    return std::ranges::equal(bytes, text, [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
}

struct Directory {
    Bytes bytes;
    std::uint64_t at = 0;
    std::uint64_t count = 0;
};

std::optional<Directory> place_directory(Bytes archive, std::uint64_t at, std::uint64_t size, std::uint64_t count,
                                         std::uint64_t end) {
    const auto bytes = cut(archive, at, size);
    if (!bytes || at + size != end) {
        return std::nullopt;
    }
    return Directory{*bytes, at, count};
}

std::optional<Directory> find_directory(Bytes archive) {
    if (archive.size() < kEndSize) {
        return std::nullopt;
    }
    const std::uint64_t end = archive.size() - kEndSize;  // archives with a comment are not of ours nor NumPy's making
    const Bytes last = archive.subspan(end);
    if (number(last, 0, 4) != kEnd || number(last, 4, 4) != 0 || number(last, 20, 2) != 0) {
        return std::nullopt;
    }
    const std::uint64_t count = number(last, 10, 2);
    const std::uint64_t size = number(last, 12, 4);
    const std::uint64_t at = number(last, 16, 4);
    const auto locator = end < kLocator64Size ? std::nullopt : cut(archive, end - kLocator64Size, kLocator64Size);
    if (!locator || number(*locator, 0, 4) != kLocator64) {
        return place_directory(archive, at, size, count, end);
    }
    const std::uint64_t at64 = number(*locator, 8, 8);
    const auto end64 = cut(archive, at64, kEnd64Size);
    const bool sane = end64 && number(*locator, 4, 4) == 0 && number(*locator, 16, 4) == 1 &&
                      number(*end64, 0, 4) == kEnd64 && number(*end64, 16, 8) == 0 &&
                      at64 + kEnd64Size == end - kLocator64Size;
    return sane ? place_directory(archive, number(*end64, 48, 8), number(*end64, 40, 8), number(*end64, 32, 8), at64)
                : std::nullopt;
}

struct Central {
    Bytes name;
    std::uint64_t method = 0;
    std::uint64_t flags = 0;
    std::uint64_t packed = 0;
    std::uint64_t size = 0;
    std::uint64_t at = 0;  // of the local header
    std::uint64_t bytes = 0;
};

// Replaces those of size, packed and at (in this order) that say "see the zip64 field".
bool widen(Bytes extra, Central& entry) {
    Bytes field;
    while (extra.size() >= 4 && field.empty()) {
        const auto body = cut(extra, 4, number(extra, 2, 2));
        if (!body) {
            return false;
        }
        if (number(extra, 0, 2) == 1) {
            field = *body;
        }
        extra = extra.subspan(4 + body->size());
    }
    for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.at}) {
        if (*value == kIn64) {
            if (field.size() < 8) {
                return false;
            }
            *value = number(field, 0, 8);
            field = field.subspan(8);
        }
    }
    return true;
}

std::optional<Central> read_central(Bytes directory) {
    const auto fixed = cut(directory, 0, kCentralSize);
    if (!fixed || number(*fixed, 0, 4) != kCentral || number(*fixed, 34, 2) != 0) {
        return std::nullopt;
    }
    const std::uint64_t name = number(*fixed, 28, 2);
    const std::uint64_t extra = number(*fixed, 30, 2);
    const std::uint64_t comment = number(*fixed, 32, 2);
    const auto rest = cut(directory, kCentralSize, name + extra + comment);
    if (!rest) {
        return std::nullopt;
    }
    Central entry{rest->first(name),     number(*fixed, 10, 2), number(*fixed, 8, 2),       number(*fixed, 20, 4),
                  number(*fixed, 24, 4), number(*fixed, 42, 4), kCentralSize + rest->size()};
    return widen(rest->subspan(name, extra), entry) ? std::optional(entry) : std::nullopt;
}

}  // namespace

std::optional<std::span<const std::byte>> stored_member(std::span<const std::byte> archive, std::uint64_t index,
                                                        std::string_view name) {
    const auto directory = find_directory(archive);
    if (!directory || index >= directory->count) {
        return std::nullopt;
    }
    Bytes left = directory->bytes;
    auto entry = read_central(left);
    for (std::uint64_t i = 0; entry && i < index; ++i) {
        left = left.subspan(entry->bytes);
        entry = read_central(left);
    }
    const bool plain = entry && entry->method == 0 && (entry->flags & kEncrypted) == 0 &&
                       entry->packed == entry->size && equal(entry->name, name);
    const Bytes members = archive.first(directory->at);
    const auto local = plain ? cut(members, entry->at, kLocalSize) : std::nullopt;
    if (!local || number(*local, 0, 4) != kLocal || (number(*local, 6, 2) & kEncrypted) != 0 ||
        number(*local, 8, 2) != 0) {
        return std::nullopt;
    }
    const auto local_name = cut(members, entry->at + kLocalSize, number(*local, 26, 2));
    if (!local_name || !equal(*local_name, name)) {
        return std::nullopt;
    }
    return cut(members, entry->at + kLocalSize + local_name->size() + number(*local, 28, 2), entry->size);
}

}  // namespace pitot::formats
