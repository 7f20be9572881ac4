#include "core/file_locks.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace pitot::core {
namespace {

// Removes a file that a killed process left: nobody holds its lock. errno says EEXIST afterwards.
bool remove_abandoned(const std::filesystem::path& name) {
    const int file = ::open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const bool removed = file >= 0 && lock_file(file) && ::unlink(name.c_str()) == 0;
    if (file >= 0) {
        ::close(file);
    }
    errno = EEXIST;
    return removed;
}

}  // namespace

bool lock_file(int file) { return ::flock(file, LOCK_EX | LOCK_NB) == 0; }

std::filesystem::path take_temporary_name(const std::filesystem::path& target,
                                          const std::function<bool(const std::filesystem::path&)>& make) {
    constexpr int tries = 100;
    for (int i = 0; i < tries; ++i) {
        std::filesystem::path name = target.string() + ".pitot-tmp-" + std::to_string(i);
        if (make(name) || (errno == EEXIST && remove_abandoned(name) && make(name))) {
            return name;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return {};
}

FolderLock::FolderLock(const std::filesystem::path& folder)
    : file_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (file_ >= 0) {
        (void)::flock(file_, LOCK_EX);
    }
}

FolderLock::~FolderLock() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

FolderHold::FolderHold(const std::filesystem::path& folder) : name_(folder / ".pitot-writing") {
    constexpr mode_t mode = 0666;
    struct stat found {};
    do {  // another one may have removed the file since it was opened
        if (file_ >= 0) {
            ::close(file_);
        }
        file_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
        taken_ = file_ >= 0 && !lock_file(file_) && errno == EWOULDBLOCK;
    } while (file_ >= 0 && !taken_ && ::fstat(file_, &found) == 0 && found.st_nlink == 0);
}

FolderHold::~FolderHold() {
    if (file_ >= 0) {
        if (!taken_) {
            ::unlink(name_.c_str());
        }
        ::close(file_);
    }
}

SignalsWait::SignalsWait(bool wanted) {
    sigset_t set{};
    ::sigemptyset(&set);
    if (wanted) {
        ::sigfillset(&set);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

SignalsWait::~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace pitot::core
