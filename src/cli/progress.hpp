// A progress bar on stderr, only where somebody looks at it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace pitot::cli {

/// "label  [######......]  50 %  1 234 567 steps/s  12 s left"; cut to `width` columns.
[[nodiscard]] std::string progress_line(const std::string& label, std::int64_t done, std::int64_t total,
                                        double elapsed_s, std::size_t width);

/// Draws at most ten times a second when stderr is a terminal and does nothing otherwise; clears itself at the end.
/// Calls of the callback must not overlap.
class Progress {
public:
    explicit Progress(std::string label);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    Progress(Progress&&) = delete;
    Progress& operator=(Progress&&) = delete;
    ~Progress();

    /// For RunOptions::progress; must not outlive this object.
    [[nodiscard]] std::function<void(std::int64_t done, std::int64_t total)> callback();
    /// Removes the bar from the terminal; the next update draws it again.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    void update(std::int64_t done, std::int64_t total);

    std::string label_;
    bool enabled_;
    bool drawn_ = false;
    Clock::time_point started_;
    Clock::time_point last_;
};

}  // namespace pitot::cli
