#include "formats/zip_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "core/programs.hpp"

namespace pitot::formats {

ZipSink::ZipSink() { ::zip_error_init(&error_); }

ZipSink::~ZipSink() {
    ::zip_error_fini(&error_);
    if (file_ >= 0) {
        ::close(file_);
    }
}

zip_t* ZipSink::open(const std::filesystem::path& file, zip_error_t& error) {
    file_ = ::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file_ < 0) {
        ::zip_error_set(&error, ZIP_ER_OPEN, errno);
        return nullptr;
    }
    return open_source(error);
}

zip_t* ZipSink::open(std::vector<std::byte>& bytes, zip_error_t& error) {
    bytes_ = &bytes;
    return open_source(error);
}

zip_t* ZipSink::open_source(zip_error_t& error) {
    zip_source_t* source = ::zip_source_function_create(&ZipSink::answer, this, &error);
    if (source == nullptr) {
        return nullptr;
    }
    zip_t* archive = ::zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (archive == nullptr) {
        ::zip_source_free(source);
    }
    return archive;
}

zip_int64_t ZipSink::write(const void* data, zip_uint64_t length) {
    if (bytes_ != nullptr) {
        bytes_->resize(std::max<std::size_t>(bytes_->size(), place_ + length));
        std::memcpy(bytes_->data() + place_, data, length);
    } else if (!core::write_all(file_, std::string_view(static_cast<const char*>(data), length))) {
        ::zip_error_set(&error_, ZIP_ER_WRITE, errno);
        return -1;
    }
    place_ += length;
    size_ = std::max(size_, place_);
    return static_cast<zip_int64_t>(length);
}

zip_int64_t ZipSink::seek(void* data, zip_uint64_t length) {
    const zip_int64_t to = ::zip_source_seek_compute_offset(place_, size_, data, length, &error_);
    if (to < 0) {
        return -1;
    }
    if (bytes_ == nullptr && ::lseek(file_, to, SEEK_SET) != to) {
        ::zip_error_set(&error_, ZIP_ER_SEEK, errno);
        return -1;
    }
    place_ = static_cast<zip_uint64_t>(to);
    return 0;
}

zip_int64_t ZipSink::answer(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
    auto* const self = static_cast<ZipSink*>(state);
    switch (command) {
        case ZIP_SOURCE_SUPPORTS:
            return ::zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                                    ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                                    ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE,
                                                    ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
                                                    ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
        case ZIP_SOURCE_STAT:
            ::zip_stat_init(static_cast<zip_stat_t*>(data));
            return sizeof(zip_stat_t);
        case ZIP_SOURCE_WRITE:
            return self->write(data, length);
        case ZIP_SOURCE_SEEK_WRITE:
            return self->seek(data, length);
        case ZIP_SOURCE_TELL_WRITE:
            return static_cast<zip_int64_t>(self->place_);
        case ZIP_SOURCE_ERROR:
            return ::zip_error_to_data(&self->error_, data, length);
        case ZIP_SOURCE_OPEN:
        case ZIP_SOURCE_READ:  // there is nothing yet
        case ZIP_SOURCE_CLOSE:
        case ZIP_SOURCE_SEEK:
        case ZIP_SOURCE_TELL:
        case ZIP_SOURCE_BEGIN_WRITE:
        case ZIP_SOURCE_COMMIT_WRITE:
        case ZIP_SOURCE_ROLLBACK_WRITE:  // who asked for the archive drops the file
        case ZIP_SOURCE_REMOVE:
        case ZIP_SOURCE_FREE:
            return 0;
        default:
            ::zip_error_set(&self->error_, ZIP_ER_OPNOTSUPP, 0);
            return -1;
    }
}

}  // namespace pitot::formats
