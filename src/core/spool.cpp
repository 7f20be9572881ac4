#include "core/spool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "core/programs.hpp"

namespace pitot::core {
namespace {

Failure refused(const std::filesystem::path& folder) {
    return fail(ErrorCode::kEnvironment, "cannot write below '" + folder.string() + "': " + std::strerror(errno) +
                                             "; check the folder and the free space");
}

}  // namespace

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, {})),
      folder_(std::move(other.folder_)) {}

SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    std::swap(folder_, other.folder_);
    return *this;
}

SpoolFile::~SpoolFile() {
    unmap();
    if (file_ >= 0) {
        ::close(file_);
    }
}

Result<SpoolFile> SpoolFile::create(const std::filesystem::path& folder) {
    SpoolFile spool;
    spool.folder_ = folder;
    spool.file_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (spool.file_ < 0) {  // not every file system has such files
        std::string name = (folder / ".spool-XXXXXX").string();
        spool.file_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (spool.file_ < 0 || ::unlink(name.c_str()) != 0) {
            return refused(folder);
        }
    }
    return spool;
}

Result<void> SpoolFile::append(std::span<const std::byte> bytes) {
    unmap();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    if (!write_all(file_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
        return refused(folder_);
    }
    size_ += bytes.size();
    return {};
}

Result<std::span<const std::byte>> SpoolFile::bytes() {
    if (mapped_.empty() && size_ > 0) {
        void* const at = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
        if (at == MAP_FAILED) {
            return refused(folder_);
        }
        mapped_ = {static_cast<const std::byte*>(at), size_};
    }
    return mapped_;
}

void SpoolFile::unmap() {
    if (!mapped_.empty()) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): as munmap has it
        ::munmap(const_cast<std::byte*>(mapped_.data()), mapped_.size());
        mapped_ = {};
    }
}

}  // namespace pitot::core
