#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/check.hpp"
#include "core/file_locks.hpp"
#include "core/path.hpp"
#include "core/programs.hpp"

namespace pitot::core {
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
    if (holds_nul(target)) {
        return refused(target, "the name holds a NUL; choose another");
    }
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

// The rights of the file that is there, which the one that replaces it gets; nothing if there is none.
std::optional<mode_t> rights_of(const fs::path& target) {
    struct stat info {};
    return ::stat(target.c_str(), &info) == 0 ? std::optional<mode_t>(info.st_mode & 0777U) : std::nullopt;
}

// With these a file is created: the system takes away what the user's mask asks for.
constexpr mode_t kNewRights = 0666;

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

// Where a file of a set lies from the moment the set is complete until it has its place.
fs::path staged_name(const fs::path& target) { return target.string() + ".pitot-new"; }

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
    file_ = ::open(folder_of(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kNewRights);
    if (file_ >= 0 && !reachable(file_)) {
        ::close(std::exchange(file_, -1));
    }
    if (file_ >= 0) {
        (void)lock_file(file_);
        path_ = through_descriptor(file_);
    } else if (open_named()) {
        path_ = fs::absolute(temporary_);
    } else {
        return false;
    }
    if (const auto rights = rights_of(target_)) {
        ::fchmod(file_, *rights);
    }
    return true;
}

bool NewFile::open_named() {
    const mode_t rights = rights_of(target_).value_or(kNewRights);
    temporary_ = take_temporary_name(target_, [&](const fs::path& name) {
        file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, rights);
        struct stat info {};
        if (file_ < 0 || !lock_file(file_) || ::fstat(file_, &info) != 0 || info.st_nlink > 0) {
            return file_ >= 0;
        }
        ::close(std::exchange(file_, -1));  // taken for abandoned before it was locked
        errno = EEXIST;
        return false;
    });
    return !temporary_.empty();
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
    PITOT_TRY(const auto kind, kind_of(target));
    NewFile made;
    made.named_ = target;
    made.stream_ = kind == Kind::kStream;
    made.target_ = made.stream_ ? target : behind_links(target);
    if (!(made.stream_ ? made.open_anywhere() : made.open_beside())) {
        return system_failure(target);
    }
    return made;
}

Result<void> NewFile::write(std::string_view bytes) {
    return write_all(file_, bytes) ? Result<void>() : system_failure(named_);
}

Result<void> NewFile::sync() { return stream_ || ::fsync(file_) == 0 ? Result<void>() : system_failure(named_); }

bool NewFile::link_to(const fs::path& name) const {
    return ::linkat(AT_FDCWD, through_descriptor(file_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// A file without a name cannot replace another: it gets one first.
bool NewFile::give_name() {
    if (link_to(target_)) {
        return true;
    }
    if (errno == EEXIST) {
        temporary_ = take_temporary_name(target_, [this](const fs::path& name) { return link_to(name); });
    }
    return !temporary_.empty();
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

Result<void> NewFile::put() {
    {
        const SignalsWait wait(!stream_);  // a FIFO may take for ever
        if (!take_place()) {
            return system_failure(named_);
        }
    }
    sync_folder(folder_of(target_));
    return {};
}

Result<void> NewFile::put_each(std::span<NewFile> files) {
    std::set<dev_t> synced;
    for (const NewFile& file : files) {
        struct stat info {};
        if (!file.stream_ && ::fstat(file.file_, &info) == 0 && synced.insert(info.st_dev).second &&
            ::syncfs(file.file_) != 0) {
            return system_failure(file.named_);
        }
    }
    std::set<fs::path> folders;
    for (NewFile& file : files) {
        const SignalsWait wait(!file.stream_);
        if (!file.take_place()) {
            return system_failure(file.named_);
        }
        folders.insert(folder_of(file.target_));
    }
    std::ranges::for_each(folders, sync_folder);
    return {};
}

bool NewFile::stage() {
    const fs::path staged = staged_name(target_);
    const bool done = temporary_.empty() ? link_to(staged) : ::rename(temporary_.c_str(), staged.c_str()) == 0;
    if (done) {
        temporary_.clear();
    }
    return done;
}

bool NewFile::leave_stage() const {
    return ::rename(staged_name(target_).c_str(), target_.c_str()) == 0 || errno == ENOENT;
}

// What an interrupted put_all() of the same files left: a complete set takes its places, parts of one go.
bool NewFile::finish_interrupted(std::span<const NewFile> files) {
    std::error_code ignored;
    if (fs::exists(staged_name(files.back().target_), ignored)) {
        return std::ranges::all_of(files, &NewFile::leave_stage);
    }
    for (const NewFile& file : files) {
        fs::remove(staged_name(file.target_), ignored);
    }
    return true;
}

Result<void> NewFile::put_all(std::span<NewFile> files) {
    PITOT_CHECK(!files.empty() && std::ranges::none_of(files, &NewFile::stream_));
    const auto sync_folders = [&] {
        for (const NewFile& file : files) {
            sync_folder(folder_of(file.target_));
        }
    };
    NewFile& last = files.back();
    const SignalsWait wait(true);
    const FolderLock alone(folder_of(last.target_));
    if (!finish_interrupted(files)) {
        return system_failure(last.named_);
    }
    for (NewFile& file : files) {
        if (&file == &last) {
            sync_folders();  // the other names come before the one that says they are there
        }
        if (!file.stage()) {
            auto failure = system_failure(file.named_);
            (void)finish_interrupted(files);
            return failure;
        }
    }
    sync_folder(folder_of(last.target_));
    for (const NewFile& file : files) {
        if (!file.leave_stage()) {
            return system_failure(file.named_);
        }
    }
    sync_folders();
    return {};
}

fs::path standing_part(const fs::path& part, const fs::path& last) {
    std::error_code ignored;
    fs::path staged = staged_name(behind_links(part));
    const bool interrupted = fs::exists(staged_name(behind_links(last)), ignored);
    return interrupted && fs::exists(staged, ignored) ? staged : part;
}

Result<void> check_writable(const fs::path& target) {
    PITOT_TRY(const auto kind, kind_of(target));
    if (kind == Kind::kStream) {
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
    PITOT_TRY(auto file, NewFile::create(target));
    return fill(file.path()).and_then([&] { return file.sync(); }).and_then([&] { return file.put(); });
}

Result<void> write_text(const fs::path& target, std::string_view text) {
    PITOT_TRY(auto file, NewFile::create(target));
    return file.write(text).and_then([&] { return file.sync(); }).and_then([&] { return file.put(); });
}

}  // namespace pitot::core
