// A file that libzip writes an archive into. Left to itself it writes beside the file and renames, and what it has
// begun stays behind when the process is killed.
#pragma once

#include <zip.h>

#include <filesystem>

namespace pitot {

/// Has to live until the archive is closed or discarded.
class ZipSink {
public:
    ZipSink();
    ZipSink(const ZipSink&) = delete;
    ZipSink& operator=(const ZipSink&) = delete;
    ~ZipSink();

    /// A new archive that goes into an existing file from its first byte on; nullptr and `error` where that cannot be.
    [[nodiscard]] zip_t* open(const std::filesystem::path& file, zip_error_t& error);

private:
    static zip_int64_t answer(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command);
    [[nodiscard]] zip_int64_t write(const void* data, zip_uint64_t length);
    [[nodiscard]] zip_int64_t seek(void* data, zip_uint64_t length);

    int file_ = -1;
    zip_uint64_t place_ = 0;
    zip_uint64_t size_ = 0;
    zip_error_t error_{};
};

}  // namespace pitot
