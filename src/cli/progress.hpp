// How far long work is, on stderr: a bar on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace pitot::cli {

/// "label  [######......]  50 %  1 234 567 steps/s  12 s left"; cut to `width` columns.
[[nodiscard]] std::string progress_line(const std::string& label, std::int64_t done, std::int64_t total,
                                        double elapsed_s, std::size_t width);

/// The same for work that is not counted in steps; nothing of the time left while that is unknown.
[[nodiscard]] std::string share_line(const std::string& label, double share, std::optional<double> left_s,
                                     std::size_t width);

/// "pitot: label: 25 %, 15 s left".
[[nodiscard]] std::string plain_line(const std::string& label, double share, std::optional<double> left_s);

/// On a terminal a bar, drawn at most ten times a second and cleared at the end. Elsewhere a line every ten seconds, or
/// as many as PITOT_PROGRESS_SECONDS says (0: none). Nothing with --quiet. Calls of the callback must not overlap.
class Progress {
public:
    explicit Progress(std::string label);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    Progress(Progress&&) = delete;
    Progress& operator=(Progress&&) = delete;
    ~Progress();

    /// For Context::progress; must not outlive this object.
    [[nodiscard]] std::function<void(std::int64_t done, std::int64_t total)> callback();
    /// Whether anybody looks: else show() is not worth calling.
    [[nodiscard]] bool enabled() const { return enabled_; }
    /// Draws a share of something under a label of its own.
    void show(const std::string& label, double share, std::optional<double> left_s);
    /// Removes the bar from the terminal; the next update draws it again.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    void update(std::int64_t done, std::int64_t total);
    void draw(const std::string& line);
    [[nodiscard]] bool is_due();
    [[nodiscard]] double elapsed_s() const;
    [[nodiscard]] static std::size_t columns();

    std::string label_;
    bool drawing_;
    bool enabled_ = false;
    bool drawn_ = false;
    Clock::time_point started_;
    Clock::time_point last_;
    Clock::duration interval_{};
};

}  // namespace pitot::cli
