// A few threads that do one small piece of work together, many thousands of times a second.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace pitot::core {

/// Up to `size` threads, the caller's among them: as many as the system grants. Meant for work of microseconds: members
/// spin a while before they sleep. One caller at a time.
class Team {
public:
    explicit Team(int size);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    [[nodiscard]] int size() const { return static_cast<int>(members_.size()) + 1; }

    /// Calls work(first, count) for pieces of 0 … n that cover it, one a member at most, each a multiple of `grain` but
    /// the last; returns when all are done. Pieces depend on n, grain and size() alone. `work` must not throw.
    template <typename Work>
    void share(std::int64_t n, std::int64_t grain, const Work& work) {
        const std::int64_t grains = (n + grain - 1) / grain;
        if (members_.empty() || grains < 2) {
            if (n > 0) {
                work(std::int64_t{0}, n);
            }
            return;
        }
        const std::int64_t parts = std::min<std::int64_t>(size(), grains);
        const auto piece = [&](std::int64_t part) {
            const std::int64_t first = grains * part / parts * grain;
            const std::int64_t last = std::min(n, grains * (part + 1) / parts * grain);
            if (part < parts && first < last) {
                work(first, last - first);
            }
        };
        run(std::cref(piece));
    }

private:
    // Calls job(member) on every member and waits for all.
    void run(const std::function<void(std::int64_t)>& job);
    void serve(std::int64_t member);

    std::vector<std::jthread> members_;
    const std::function<void(std::int64_t)>* job_ = nullptr;
    std::atomic<std::uint32_t> round_{0};  ///< counts calls of run()
    std::atomic<std::uint32_t> busy_{0};   ///< members still at work
    std::atomic<bool> over_{false};
};

}  // namespace pitot::core
