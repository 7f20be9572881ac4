#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "core/programs.hpp"

namespace pitot {
namespace {

namespace fs = std::filesystem;

Failure refused(const fs::path& target, const std::string& why) {
    return fail(ErrorCode::kEnvironment, "cannot write '" + target.string() + "': " + why);
}

Failure system_failure(const fs::path& target) {
    return refused(target, std::string(std::strerror(errno)) + "; check the folder and the free space");
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

// What a name stands for, be it there or not. Links of /proc, which name no path, stay as they are.
fs::path behind_links(fs::path path) {
    constexpr int most_links = 40;  // as the kernel has it
    std::error_code error;
    for (int i = 0; i < most_links && fs::is_symlink(path, error); ++i) {
        const fs::path next = fs::read_symlink(path, error);
        if (error) {
            break;
        }
        path = path.parent_path() / next;  // an absolute one takes the place of both
    }
    return path;
}

enum class Kind { kNothing, kFile, kStream };

// What stands at the target's place.
Result<Kind> kind_of(const fs::path& target) {
    struct stat info {};
    if (::stat(target.c_str(), &info) != 0) {
        return errno == ELOOP ? Result<Kind>(system_failure(target)) : Kind::kNothing;
    }
    if (S_ISREG(info.st_mode)) {
        return Kind::kFile;
    }
    if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) {
        return Kind::kStream;
    }
    if (S_ISDIR(info.st_mode)) {
        return refused(target, "it is a folder; name a file in it");
    }
    return refused(target, "it is a device or a socket; name a file");
}

// A new file has the rights the user's mask asks for (mkstemp gives 0600), an old one keeps its own.
mode_t wanted_mode(const fs::path& target) {
    struct stat info {};
    if (::stat(target.c_str(), &info) == 0) {
        return info.st_mode & 0777U;
    }
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666U & ~mask;
}

std::string through_descriptor(int file) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file);
}

bool reachable(int file) { return ::access(through_descriptor(file).c_str(), W_OK) == 0; }

// Best effort: some file systems refuse it.
void sync_folder(const fs::path& folder) {
    if (const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); opened >= 0) {
        ::fsync(opened);
        ::close(opened);
    }
}

// While it lives, signals to a process of one thread wait.
class SignalsWait {
public:
    explicit SignalsWait(bool wanted) {
        sigset_t set{};
        ::sigemptyset(&set);
        if (wanted) {
            ::sigfillset(&set);
        }
        ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    }
    SignalsWait(const SignalsWait&) = delete;
    SignalsWait& operator=(const SignalsWait&) = delete;
    ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace

NewFile::NewFile(NewFile&& other) noexcept { *this = std::move(other); }

NewFile& NewFile::operator=(NewFile&& other) noexcept {
    std::swap(named_, other.named_);
    std::swap(target_, other.target_);
    std::swap(path_, other.path_);
    std::swap(temporary_, other.temporary_);
    std::swap(file_, other.file_);
    std::swap(stream_, other.stream_);
    return *this;
}

NewFile::~NewFile() {
    if (file_ >= 0) {
        ::close(file_);
    }
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

bool NewFile::open_beside() {
    file_ = ::open(folder_of(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ >= 0 && !reachable(file_)) {
        ::close(std::exchange(file_, -1));
    }
    if (file_ < 0) {
        std::string pattern = target_.string() + ".tmp-XXXXXX";
        file_ = ::mkostemp(pattern.data(), O_CLOEXEC);
        if (file_ < 0) {
            return false;
        }
        temporary_ = pattern;
        path_ = fs::absolute(temporary_);
    } else {
        path_ = through_descriptor(file_);
    }
    ::fchmod(file_, wanted_mode(target_));
    return true;
}

bool NewFile::open_anywhere() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "pitot-XXXXXX").string();
    file_ = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (file_ < 0 || ::unlink(pattern.c_str()) != 0 || !reachable(file_)) {
        return false;
    }
    path_ = through_descriptor(file_);
    return true;
}

Result<NewFile> NewFile::create(const fs::path& target) {
    const auto kind = kind_of(target);
    if (!kind) {
        return Failure(kind.error());
    }
    NewFile made;
    made.named_ = target;
    made.stream_ = *kind == Kind::kStream;
    made.target_ = made.stream_ ? target : behind_links(target);
    if (!(made.stream_ ? made.open_anywhere() : made.open_beside())) {
        return system_failure(target);
    }
    return made;
}

Result<void> NewFile::sync() { return stream_ || ::fsync(file_) == 0 ? Result<void>() : system_failure(named_); }

// A file without a name cannot replace another: it gets one first.
bool NewFile::give_name() {
    const std::string self = through_descriptor(file_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, target_.c_str(), AT_SYMLINK_FOLLOW) == 0) {
        return true;
    }
    constexpr int tries = 100;
    for (int i = 0; i < tries && errno == EEXIST; ++i) {
        const fs::path name = target_.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i);
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
            temporary_ = name;
            return true;
        }
    }
    return false;
}

bool NewFile::copy_to_target() const {
    const int to = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (to < 0) {
        return false;
    }
    ::lseek(file_, 0, SEEK_SET);
    std::array<char, 1 << 16> piece{};
    bool ok = true;
    while (ok) {
        const ssize_t n = ::read(file_, piece.data(), piece.size());
        if (n == 0 || (n < 0 && errno != EINTR)) {
            ok = n == 0;
            break;
        }
        ok = n < 0 || write_all(to, {piece.data(), static_cast<std::size_t>(n)});
    }
    const int saved = errno;
    ok = ::close(to) == 0 && ok;
    errno = saved;
    return ok;
}

bool NewFile::take_place() {
    if (stream_) {
        return copy_to_target();
    }
    if (temporary_.empty() && !give_name()) {
        return false;
    }
    if (!temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0) {
        return false;
    }
    temporary_.clear();
    return true;
}

Result<void> NewFile::put() { return put_all(std::span(this, 1)); }

Result<void> NewFile::put_all(std::span<NewFile> files) {
    {
        const SignalsWait wait(std::ranges::none_of(files, &NewFile::stream_));  // a FIFO may take for ever
        for (NewFile& file : files) {
            if (!file.take_place()) {
                return system_failure(file.named_);
            }
        }
    }
    for (const NewFile& file : files) {
        sync_folder(folder_of(file.target_));
    }
    return {};
}

Result<void> check_writable(const fs::path& target) {
    const auto kind = kind_of(target);
    if (!kind) {
        return Failure(kind.error());
    }
    if (*kind == Kind::kStream) {
        return ::access(target.c_str(), W_OK) == 0 ? Result<void>() : system_failure(target);
    }
    const fs::path folder = folder_of(behind_links(target));
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) {
        return refused(target, "there is no folder '" + folder.string() + "'; make it first");
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return refused(target, "folder '" + folder.string() + "' does not let you; choose another place");
    }
    return {};
}

Result<void> write_whole(const fs::path& target, const std::function<Result<void>(const fs::path&)>& fill) {
    auto file = NewFile::create(target);
    if (!file) {
        return Failure(std::move(file).error());
    }
    return fill(file->path()).and_then([&] { return file->sync(); }).and_then([&] { return file->put(); });
}

Result<void> write_text(const fs::path& target, std::string_view text) {
    return write_whole(target, [&](const fs::path& path) -> Result<void> {
        const int fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (fd < 0) {
            return system_failure(target);
        }
        const bool written = write_all(fd, text);
        auto outcome = written ? Result<void>() : system_failure(target);
        ::close(fd);
        return outcome;
    });
}

}  // namespace pitot
