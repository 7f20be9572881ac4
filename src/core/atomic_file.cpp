#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace pitot {
namespace {

Failure system_failure(const std::filesystem::path& target, const char* what) {
    return fail(ErrorCode::kEnvironment, std::string("cannot ") + what + " '" + target.string() +
                                             "': " + std::strerror(errno) + "; check the folder and the free space");
}

bool sync_path(const std::filesystem::path& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool ok = ::fsync(fd) == 0;
    const int saved = errno;
    ::close(fd);
    errno = saved;
    return ok;
}

// A new file has the rights the user's mask asks for (mkstemp gives 0600), an old one keeps its own.
mode_t wanted_mode(const std::filesystem::path& target) {
    struct stat info {};
    if (::stat(target.c_str(), &info) == 0) {
        return info.st_mode & 0777U;
    }
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666U & ~mask;
}

}  // namespace

Result<void> write_whole(const std::filesystem::path& target,
                         const std::function<Result<void>(const std::filesystem::path&)>& fill) {
    std::error_code ignored;
    if (std::filesystem::is_directory(target, ignored)) {
        return fail(ErrorCode::kEnvironment, "cannot write '" + target.string() + "': it is a folder; name a file");
    }
    std::string pattern = target.string() + ".tmp-XXXXXX";
    const int fd = ::mkstemp(pattern.data());
    if (fd < 0) {
        return system_failure(target, "write");
    }
    ::fchmod(fd, wanted_mode(target));
    ::close(fd);
    const std::filesystem::path temporary = pattern;
    auto filled = fill(temporary);
    if (!filled) {
        std::filesystem::remove(temporary, ignored);
        return filled;
    }
    if (!sync_path(temporary, O_RDONLY) || ::rename(temporary.c_str(), target.c_str()) != 0) {
        auto error = system_failure(target, "write");
        std::filesystem::remove(temporary, ignored);
        return error;
    }
    const auto folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
    sync_path(folder, O_RDONLY | O_DIRECTORY);  // best effort: some file systems refuse it
    return {};
}

Result<void> write_text(const std::filesystem::path& target, std::string_view text) {
    return write_whole(target, [&](const std::filesystem::path& path) -> Result<void> {
        const int fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (fd < 0) {
            return system_failure(target, "write");
        }
        while (!text.empty()) {
            const ssize_t n = ::write(fd, text.data(), text.size());
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0) {
                auto error = system_failure(target, "write");
                ::close(fd);
                return error;
            }
            text.remove_prefix(static_cast<std::size_t>(n));
        }
        ::close(fd);
        return {};
    });
}

}  // namespace pitot
