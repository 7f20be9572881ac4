#include "cli/sweep_progress.hpp"

#include <fmt/format.h>

#include "experiment/results.hpp"

namespace pitot::cli {

SweepBar::SweepBar(std::int64_t runs) : runs_(runs), progress_("experiments") {}

std::function<void(const SweepProgress&)> SweepBar::callback() {
    return [this](const SweepProgress& at) {
        if (!progress_.enabled()) {
            return;
        }
        const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
        std::optional<double> left;
        if (at.share > 0.001) {
            left = elapsed * (1.0 - at.share) / at.share;
        }
        progress_.show(
            fmt::format("{} {} ({} of {})", at.run->method, share_name(at.run->config.share), at.number, runs_),
            at.share, left);
    };
}

}  // namespace pitot::cli
