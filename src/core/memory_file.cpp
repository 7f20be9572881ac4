#include "core/memory_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace pitot {
namespace {

Failure refused() {
    return fail(ErrorCode::kEnvironment,
                std::string("no file in memory: ") + std::strerror(errno) + "; free some memory");
}

}  // namespace

Result<MemoryFile> MemoryFile::create() {
    MemoryFile made;
    made.file_ = ::memfd_create("pitot", MFD_CLOEXEC);
    return made.file_ < 0 ? Result<MemoryFile>(refused()) : Result<MemoryFile>(std::move(made));
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
}

MemoryFile::~MemoryFile() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

std::filesystem::path MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(file_); }

Result<std::vector<std::byte>> MemoryFile::bytes() const {
    struct stat info {};
    if (::fstat(file_, &info) != 0) {
        return refused();
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
    for (std::size_t done = 0; done < bytes.size();) {
        const auto got = ::pread(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (got <= 0 && errno != EINTR) {
            return refused();
        }
        done += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return bytes;
}

}  // namespace pitot
