#include "core/read_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "core/path.hpp"

namespace pitot::core {
namespace {

namespace fs = std::filesystem;

Failure unreadable(const fs::path& file, std::string why, ErrorCode code = ErrorCode::kEnvironment) {
    return fail(Error(code, std::move(why)), fmt::format("cannot read '{}'", file.string()));
}

Failure unreadable(const fs::path& file, int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return unreadable(file, "there is no such file; check the path");
        case EISDIR:
            return unreadable(file, "it is a folder; name a file in it");
        case EACCES:
        case EPERM:
            return unreadable(file, "you may not; change its permissions or those of its folder");
        default:
            return unreadable(file, fmt::format("{}; check the disk and the path", std::strerror(error)));
    }
}

Failure too_large(const fs::path& file, std::uint64_t most) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20;
    const std::string limit = most >= mib ? fmt::format("{} MiB", most / mib) : fmt::format("{} bytes", most);
    return unreadable(file, fmt::format("it is larger than {}; split it or leave it out", limit), ErrorCode::kInput);
}

/// An open file, closed at the end.
class OpenedFile {
public:
    explicit OpenedFile(const fs::path& file) : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
    OpenedFile(const OpenedFile&) = delete;
    OpenedFile& operator=(const OpenedFile&) = delete;
    ~OpenedFile() {
        if (file_ >= 0) {
            ::close(file_);
        }
    }
    [[nodiscard]] int get() const { return file_; }

private:
    int file_;
};

// Reads to the end, or one byte beyond `most`. The error of read(), or 0.
int read_all(int fd, std::size_t expected, std::uint64_t most, std::string& bytes) {
    constexpr std::size_t piece = std::size_t{1} << 16;
    std::size_t size = 0;
    bytes.resize(expected);
    for (;;) {
        if (size == bytes.size()) {
            bytes.resize(size + std::max(piece, size / 2));
        }
        const ssize_t n = ::read(fd, bytes.data() + size, bytes.size() - size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno;
        }
        size += static_cast<std::size_t>(n);
        if (n == 0 || size > most) {
            bytes.resize(size);
            return 0;
        }
    }
}

}  // namespace

Result<std::string> read_file(const fs::path& file, std::uint64_t most) {
    if (holds_nul(file)) {
        return unreadable(file, "the name holds a NUL; choose another");
    }
    const OpenedFile opened(file);
    struct stat info {};
    if (opened.get() < 0 || ::fstat(opened.get(), &info) != 0) {
        return unreadable(file, errno);
    }
    if (S_ISDIR(info.st_mode)) {
        return unreadable(file, EISDIR);
    }
    const auto size = static_cast<std::uint64_t>(S_ISREG(info.st_mode) ? info.st_size : 0);
    if (size > most) {
        return too_large(file, most);
    }
    try {
        std::string bytes;
        // One more, so that the end is seen without asking for more memory.
        if (const int error = read_all(opened.get(), static_cast<std::size_t>(size) + 1, most, bytes); error != 0) {
            return unreadable(file, error);
        }
        return bytes.size() > most ? too_large(file, most) : Result<std::string>(std::move(bytes));
    } catch (const std::bad_alloc&) {
        return unreadable(file, fmt::format("there is no memory for its {} bytes", size));
    }
}

}  // namespace pitot::core
