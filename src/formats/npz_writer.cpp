#include <fmt/format.h>
#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/check.hpp"
#include "core/utf8.hpp"
#include "formats/npy_header.hpp"
#include "formats/npz.hpp"
#include "formats/zip_sink.hpp"

namespace pitot::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory: '<'");

// 1 January 1980, midnight: the first moment a zip archive can name. A clock would make equal arrays differ.
constexpr zip_uint16_t kDosDate = (1U << 5U) | 1U;
constexpr zip_uint16_t kDosTime = 0;
// zlib's usual level: the best takes several times as long for a percent.
constexpr zip_uint32_t kLevel = 6;
constexpr zip_uint32_t kQuickLevel = 1;

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

constexpr std::uint64_t kLocalHeaderBytes = 30;   // without the name
constexpr std::uint64_t kWideSizesBytes = 20;     // the field of sizes that do not fit into the header
constexpr std::uint64_t kWideSizes = 0xFFFFFFFF;  // from here on
constexpr std::uint64_t kMostHeaderBytes = 256;   // of a one-dimensional array of numbers
constexpr std::size_t kPieceBytes = 1U << 20U;

struct ArrayBytes {
    std::string name;   // of the member, with .npy
    std::string bytes;  // the whole of it, or its header where `fill` or `borrowed` gives the elements
    std::span<const std::byte> borrowed;
    std::uint64_t element_bytes = 0;
    std::size_t item_bytes = 1;
    std::function<void(std::int64_t first, std::span<char> out)> fill;

    [[nodiscard]] std::uint64_t size() const { return bytes.size() + element_bytes; }
};

// Nothing is copied: `array` has to stay until the archive is written.
zip_source_t* buffer_source(zip_t* archive, const ArrayBytes& array) {
    if (array.borrowed.empty()) {
        return ::zip_source_buffer(archive, array.bytes.data(), array.bytes.size(), 0);
    }
    const auto piece = [](const auto& bytes) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-*): libzip may free such bytes, which it is not asked to
        return zip_buffer_fragment_t{
            reinterpret_cast<zip_uint8_t*>(const_cast<char*>(reinterpret_cast<const char*>(bytes.data()))),
            bytes.size()};
    };
    const std::array pieces = {piece(array.bytes), piece(array.borrowed)};
    return ::zip_source_buffer_fragment(archive, pieces.data(), pieces.size(), 0);
}

// What libzip reads of a stored array: the header, then elements made a piece at a time.
class FilledSource {
public:
    explicit FilledSource(const ArrayBytes& array) : array_(array) {}

    // A source that owns one of these; nullptr where there is no memory.
    static zip_source_t* make(zip_t* archive, const ArrayBytes& array) {
        auto state = std::make_unique<FilledSource>(array);
        zip_source_t* source = ::zip_source_function(archive, &FilledSource::answer, state.get());
        if (source != nullptr) {
            (void)state.release();  // until ZIP_SOURCE_FREE
        }
        return source;
    }

private:
    static zip_int64_t answer(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
        auto* const self = static_cast<FilledSource*>(state);
        switch (command) {
            case ZIP_SOURCE_SUPPORTS:
                return ::zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                                        ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
            case ZIP_SOURCE_OPEN:
                self->place_ = 0;
                self->next_ = 0;
                self->piece_ = self->array_.bytes;
                return 0;
            case ZIP_SOURCE_READ:
                return static_cast<zip_int64_t>(self->read({static_cast<char*>(data), length}));
            case ZIP_SOURCE_CLOSE:
                return 0;
            case ZIP_SOURCE_STAT: {
                auto* const stat = static_cast<zip_stat_t*>(data);
                ::zip_stat_init(stat);
                stat->size = self->array_.size();
                stat->valid = ZIP_STAT_SIZE;
                return sizeof(*stat);
            }
            case ZIP_SOURCE_ERROR: {
                std::memset(data, 0, 2 * sizeof(int));  // nothing here fails
                return 2 * sizeof(int);
            }
            case ZIP_SOURCE_FREE:
                delete self;  // NOLINT(cppcoreguidelines-owning-memory): released in make()
                return 0;
            default:
                return -1;
        }
    }

    std::size_t read(std::span<char> out) {
        std::size_t done = 0;
        while (done < out.size() && (place_ < piece_.size() || next_ < array_.element_bytes)) {
            if (place_ == piece_.size()) {
                piece_.resize(std::min<std::uint64_t>(kPieceBytes, array_.element_bytes - next_));
                array_.fill(static_cast<std::int64_t>(next_ / array_.item_bytes), piece_);
                next_ += piece_.size();
                place_ = 0;
            }
            const std::size_t n = std::min(out.size() - done, piece_.size() - place_);
            std::memcpy(out.data() + done, piece_.data() + place_, n);
            done += n;
            place_ += n;
        }
        return done;
    }

    const ArrayBytes& array_;
    std::string piece_;       // the header first
    std::size_t place_ = 0;   // in the piece
    std::uint64_t next_ = 0;  // element bytes made so far
};

// The level to compress an array at, 0 to store it. Of a large one a piece from its middle decides: trained parameters
// and predictions are as good as random, and compressing them takes longer than making them did; in numbers of rows in
// random order there is nothing to find but small bytes, for which the usual level searches several times as long.
zip_uint32_t level_of(const ArrayBytes& array) {
    constexpr std::size_t large = std::size_t{1} << 20;
    constexpr std::size_t piece = std::size_t{1} << 16;
    constexpr double worth = 0.8;
    constexpr double worth_a_search = 0.97;
    if (array.fill) {
        return 0;
    }
    const std::span<const std::byte> elements =
        array.borrowed.empty() ? std::as_bytes(std::span(array.bytes)) : array.borrowed;
    if (elements.size() < large) {
        return kLevel;
    }
    std::vector<Bytef> out(::compressBound(piece));
    const auto* const from = reinterpret_cast<const Bytef*>(elements.data() + elements.size() / 2 - piece / 2);
    const auto bytes_at = [&](zip_uint32_t level) {
        uLongf size = out.size();
        const bool compressed = ::compress2(out.data(), &size, from, piece, static_cast<int>(level)) == Z_OK;
        return compressed ? static_cast<double>(size) : 0.0;
    };
    const double quick = bytes_at(kQuickLevel);
    if (quick >= worth * static_cast<double>(piece)) {
        return 0;
    }
    return bytes_at(kLevel) < worth_a_search * quick ? kLevel : kQuickLevel;
}

Failure zip_failure(const std::filesystem::path& file, const char* what) {
    return fail(ErrorCode::kEnvironment,
                fmt::format("cannot write '{}': {}; check the folder and the free space", file.string(), what));
}

// `to`: the file or the memory to write to; `target` stands for it in messages.
template <typename To>
Result<void> write_archive(const std::vector<ArrayBytes>& arrays, To& to, const std::filesystem::path& target) {
    ZipSink sink;
    zip_error_t error;
    ::zip_error_init(&error);
    zip_t* archive = sink.open(to, error);
    if (archive == nullptr) {
        auto failure = zip_failure(target, ::zip_error_strerror(&error));
        ::zip_error_fini(&error);
        return failure;
    }
    for (const ArrayBytes& array : arrays) {
        zip_source_t* source = array.fill ? FilledSource::make(archive, array) : buffer_source(archive, array);
        const zip_int64_t place =
            source == nullptr ? -1 : ::zip_file_add(archive, array.name.c_str(), source, ZIP_FL_ENC_UTF_8);
        if (place < 0) {
            ::zip_source_free(source);
        }
        const auto index = static_cast<zip_uint64_t>(place);
        const zip_uint32_t level = level_of(array);
        if (place < 0 ||
            ::zip_set_file_compression(archive, index, level == 0 ? ZIP_CM_STORE : ZIP_CM_DEFLATE, level) != 0 ||
            ::zip_file_set_dostime(archive, index, kDosTime, kDosDate, 0) != 0) {
            auto failure = zip_failure(target, ::zip_strerror(archive));
            ::zip_discard(archive);
            return failure;
        }
    }
    if (::zip_close(archive) != 0) {  // libzip writes here
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
        ArrayBytes& array = arrays.emplace_back();
        array.name = member;
        array.bytes = std::move(bytes);
    }

    // Where the member after the present ones begins in the archive, as long as all of them are stored.
    [[nodiscard]] std::uint64_t place_after() const {
        std::uint64_t place = 0;
        for (const ArrayBytes& array : arrays) {
            PITOT_CHECK(array.fill);
            place += kLocalHeaderBytes + array.name.size() + (array.size() >= kWideSizes ? kWideSizesBytes : 0) +
                     array.size();
        }
        return place;
    }

    void put_texts(std::string_view name, std::span<const std::string> texts, std::span<const std::int64_t> shape) {
        std::vector<std::u32string> points;
        points.reserve(texts.size());
        std::size_t width = 1;
        for (const std::string& text : texts) {
            auto decoded = core::decode_utf8(text);
            if (!decoded && fault.empty()) {
                fault = fmt::format("text {} of array '{}' ('{}') is not UTF-8; rename it", points.size(), name,
                                    core::printable(text));
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

template <typename T>
void NpzWriter::add_mappable(std::string_view name, std::int64_t size, FillValues<T> fill) {
    const std::uint64_t element_bytes = static_cast<std::uint64_t>(size) * sizeof(T);
    std::uint64_t place = impl_->place_after() + kLocalHeaderBytes + name.size() + std::string_view(".npy").size();
    // A size within a header's length of the limit is taken for wide: at worst that array is aligned by chance.
    place += element_bytes + kMostHeaderBytes >= kWideSizes ? kWideSizesBytes : 0;
    impl_->put(name, make_npy_header(descr_of<T>(), std::span(&size, 1), place));
    ArrayBytes& array = impl_->arrays.back();
    array.element_bytes = element_bytes;
    array.item_bytes = sizeof(T);
    array.fill = [fill = std::move(fill)](std::int64_t first, std::span<char> out) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): from the allocator, hence aligned
        fill(first, {reinterpret_cast<T*>(out.data()), out.size() / sizeof(T)});
    };
}

template <typename T>
void NpzWriter::add_borrowed(std::string_view name, std::span<const T> values, std::span<const std::int64_t> shape) {
    ArrayInfo info;
    info.shape.assign(shape.begin(), shape.end());
    PITOT_CHECK(info.size() == static_cast<std::int64_t>(values.size()));
    impl_->put(name, make_npy_header(descr_of<T>(), shape));
    impl_->arrays.back().borrowed = std::as_bytes(values);
}

void NpzWriter::add_strings(std::string_view name, std::span<const std::string> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    impl_->put_texts(name, values, std::span(&n, 1));
}

void NpzWriter::add_text(std::string_view name, std::string_view text) {
    const std::string owned(text);
    impl_->put_texts(name, std::span(&owned, 1), {});
}

Result<core::NewFile> NpzWriter::make(const std::filesystem::path& file) const {
    PITOT_CHECK(!impl_->arrays.empty());  // libzip would remove the file of an empty archive
    if (!impl_->fault.empty()) {
        return fail(ErrorCode::kInput, fmt::format("cannot write '{}': {}", file.string(), impl_->fault));
    }
    auto made = core::NewFile::create(file);
    if (!made) {
        return made;
    }
    const auto kept = write_archive(impl_->arrays, made->path(), file).and_then([&] { return made->sync(); });
    return kept ? std::move(made) : Failure(kept.error());
}

Result<void> NpzWriter::write(const std::filesystem::path& file) const {
    return make(file).and_then([](core::NewFile made) { return made.put(); });
}

Result<std::vector<std::byte>> NpzWriter::to_bytes() const {
    PITOT_CHECK(!impl_->arrays.empty());
    if (!impl_->fault.empty()) {
        return fail(ErrorCode::kInput, fmt::format("cannot write an archive: {}", impl_->fault));
    }
    std::vector<std::byte> bytes;
    return write_archive(impl_->arrays, bytes, "an archive in memory").map([&] { return std::move(bytes); });
}

template void NpzWriter::add_borrowed<float>(std::string_view, std::span<const float>, std::span<const std::int64_t>);
template void NpzWriter::add_borrowed<std::int32_t>(std::string_view, std::span<const std::int32_t>,
                                                    std::span<const std::int64_t>);
template void NpzWriter::add_mappable<double>(std::string_view, std::int64_t, FillValues<double>);
template void NpzWriter::add_mappable<std::int32_t>(std::string_view, std::int64_t, FillValues<std::int32_t>);
template void NpzWriter::add_mappable<std::uint8_t>(std::string_view, std::int64_t, FillValues<std::uint8_t>);
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

}  // namespace pitot::formats
