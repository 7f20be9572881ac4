// The journal of a collection under way: a line of JSON for everything that happened, appended and never changed.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "pitot/result.hpp"

namespace pitot::measure {

using Json = nlohmann::ordered_json;

class Journal {
public:
    using Replay = std::function<Result<void>(const Json& line)>;

    /// Opens or makes the file, locks it against other processes and hands every line to `replay`. What a write that
    /// was cut short left at its end is removed. Errors: kEnvironment if it is locked or the disk refuses; kInput,
    /// naming the line, for one in the middle that is no JSON object; replay's own with the line.
    [[nodiscard]] static Result<Journal> open(const std::filesystem::path& file, const Replay& replay);
    /// Only reads: neither locks nor removes anything.
    [[nodiscard]] static Result<void> read(const std::filesystem::path& file, const Replay& replay);
    Journal(Journal&& other) noexcept;
    Journal& operator=(Journal&&) = delete;
    /// Syncs.
    ~Journal();

    /// Appends a line by one write, and syncs if the last time was a second ago. After an error nothing of it remains.
    [[nodiscard]] Result<void> append(const Json& line);
    /// Brings what was appended to the disk.
    [[nodiscard]] Result<void> sync();
    /// When to sync although nothing more is appended; nothing if all is on the disk.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> sync_due() const;

private:
    explicit Journal(std::filesystem::path file) : file_(std::move(file)) {}
    [[nodiscard]] Failure refused(const char* what) const;

    std::filesystem::path file_;
    int fd_ = -1;
    bool dirty_ = false;
    std::chrono::steady_clock::time_point synced_;
};

}  // namespace pitot::measure
