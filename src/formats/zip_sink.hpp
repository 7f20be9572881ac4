// A file, or memory, that libzip writes an archive into. Left to itself it writes beside the file and renames, and what
// it has begun stays behind when the process is killed.
#pragma once

#include <zip.h>

#include <cstddef>
#include <filesystem>
#include <vector>

namespace pitot::formats {

/// Has to live until the archive is closed or discarded.
class ZipSink {
public:
    ZipSink();
    ZipSink(const ZipSink&) = delete;
    ZipSink& operator=(const ZipSink&) = delete;
    ~ZipSink();

    /// A new archive that goes into an existing file from its first byte on; nullptr and `error` where that cannot be.
    [[nodiscard]] zip_t* open(const std::filesystem::path& file, zip_error_t& error);
    /// The same into memory, which must outlive it.
    [[nodiscard]] zip_t* open(std::vector<std::byte>& bytes, zip_error_t& error);

private:
    [[nodiscard]] zip_t* open_source(zip_error_t& error);
    static zip_int64_t answer(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command);
    [[nodiscard]] zip_int64_t write(const void* data, zip_uint64_t length);
    [[nodiscard]] zip_int64_t seek(void* data, zip_uint64_t length);

    int file_ = -1;
    std::vector<std::byte>* bytes_ = nullptr;  // in place of a file
    zip_uint64_t place_ = 0;
    zip_uint64_t size_ = 0;
    zip_error_t error_{};
};

}  // namespace pitot::formats
