#include "core/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pitot::core {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& file, std::uint64_t size) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return nullptr;
    }
    struct stat info {};
    void* at = MAP_FAILED;
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && size > 0 &&
        static_cast<std::uint64_t>(info.st_size) == size) {
        at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    }
    ::close(fd);  // a mapping stays without it
    if (at == MAP_FAILED) {
        return nullptr;
    }
    return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(at), size}));
}

MappedFile::~MappedFile() {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): munmap() takes what mmap() gave
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace pitot::core
