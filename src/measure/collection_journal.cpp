#include "measure/collection_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/read_file.hpp"

namespace pitot::measure {
namespace {

constexpr std::chrono::seconds kSyncEvery{1};

Json parse(std::string_view line) { return Json::parse(line, nullptr, false); }

/// Whether a whole line follows, which a write that was cut short cannot have.
bool any_line(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return false;
        }
        if (parse(text.substr(0, end)).is_object()) {
            return true;
        }
        text.remove_prefix(end + 1);
    }
    return false;
}

/// Hands the lines on; returns the bytes that are whole lines.
Result<std::size_t> replay_text(const std::filesystem::path& file, std::string_view text,
                                const Journal::Replay& replay) {
    std::size_t at = 0;
    for (int number = 1; at < text.size(); ++number) {
        const std::size_t end = text.find('\n', at);
        const Json line = end == std::string_view::npos ? Json() : parse(text.substr(at, end - at));
        const std::string where = fmt::format("{}, line {}", file.string(), number);
        if (!line.is_object()) {
            if (end != std::string_view::npos && any_line(text.substr(end + 1))) {
                return fail(ErrorCode::kInput,
                            where +
                                ": this is not a line of JSON; restore the file, or remove the line and accept "
                                "that its run is repeated");
            }
            return at;
        }
        try {
            if (const Result<void> taken = replay(line); !taken) {
                return fail(taken.error(), where);
            }
        } catch (const Json::exception& error) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: no line of a journal ({}); restore the file", where, error.what()));
        }
        at = end + 1;
    }
    return at;
}

}  // namespace

Failure Journal::refused(const char* what) const {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot {} '{}': {}; check the folder and the free space", what,
                                                     file_.string(), std::strerror(errno)));
}

Journal::Journal(Journal&& other) noexcept
    : file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      dirty_(std::exchange(other.dirty_, false)),
      synced_(other.synced_) {}

Journal::~Journal() {
    if (fd_ >= 0) {
        [[maybe_unused]] const Result<void> synced = sync();
        ::close(fd_);
    }
}

Result<Journal> Journal::open(const std::filesystem::path& file, const Replay& replay) {
    Journal journal(file);
    journal.fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (journal.fd_ < 0) {
        return journal.refused("write");
    }
    if (::flock(journal.fd_, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? fail(ErrorCode::kEnvironment,
                          fmt::format("'{}' is being written by another process; wait until it has ended, or measure "
                                      "into another folder and join the two afterwards",
                                      file.parent_path().string()))
                   : journal.refused("lock");
    }
    PITOT_TRY(const auto text, core::read_file(file));
    PITOT_TRY(const auto whole, replay_text(file, text, replay));
    if (whole < text.size() && ::ftruncate(journal.fd_, static_cast<off_t>(whole)) != 0) {
        return journal.refused("mend");
    }
    return journal;
}

Result<void> Journal::read(const std::filesystem::path& file, const Replay& replay) {
    PITOT_TRY(const auto text, core::read_file(file));
    const Result<std::size_t> whole = replay_text(file, text, replay);
    return whole ? Result<void>() : Failure(whole.error());
}

Result<void> Journal::append(const Json& line) {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    const off_t before = ::lseek(fd_, 0, SEEK_END);
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) {
        const Failure failure = refused("write");
        [[maybe_unused]] const int cut = before >= 0 ? ::ftruncate(fd_, before) : 0;
        return failure;
    }
    dirty_ = true;
    return std::chrono::steady_clock::now() - synced_ >= kSyncEvery ? sync() : Result<void>();
}

Result<void> Journal::sync() {
    if (dirty_ && ::fdatasync(fd_) != 0 && errno != EINVAL) {  // EINVAL: a file system that has nothing to sync
        return refused("write");
    }
    dirty_ = false;
    synced_ = std::chrono::steady_clock::now();
    return {};
}

std::optional<std::chrono::steady_clock::time_point> Journal::sync_due() const {
    return dirty_ ? std::optional(synced_ + kSyncEvery) : std::nullopt;
}

}  // namespace pitot::measure
