#include "evaluate/error_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "core/check.hpp"

namespace pitot::evaluation {
namespace {

// e = kUnit * sinh(x): logarithmic far from 0, linear near it. de = sqrt(e^2 + kUnit^2) dx, so half a bin's width is
// the error relative to sqrt(e^2 + kUnit^2).
constexpr double kUnit = 1e-3;
constexpr double kWidth = 2e-4 * 0.999;  // the 0.999 pays for the curvature within a bin and for rounding
static_assert(kWidth / 2 < kPercentileError);
// |e| up to about 1e26; beyond that (a model that diverged) numbers count as that large.
constexpr double kLargest = 65.0;
constexpr auto kHalf = static_cast<std::int64_t>(kLargest / kWidth);

std::size_t bin_of(double error) {
    const auto bin = std::llround(std::asinh(error / kUnit) / kWidth);
    return static_cast<std::size_t>(std::clamp<std::int64_t>(bin, -kHalf, kHalf) + kHalf);
}

double centre_of(std::size_t bin) {
    return kUnit * std::sinh(static_cast<double>(static_cast<std::int64_t>(bin) - kHalf) * kWidth);
}

// The numbers of rank `low` and `low + 1` (from 0, the latter at most count - 1).
using Neighbours = std::function<std::pair<double, double>(std::int64_t low)>;

std::array<double, 100> interpolate(std::int64_t count, const Neighbours& neighbours) {
    std::array<double, 100> percentile{};
    for (std::size_t q = 0; q < percentile.size(); ++q) {
        const double position = static_cast<double>(q) / 100.0 * static_cast<double>(count - 1);
        const double low = std::floor(position);
        const auto [a, b] = neighbours(static_cast<std::int64_t>(low));
        percentile[q] = a + (b - a) * (position - low);
    }
    return percentile;
}

}  // namespace

void ErrorQuantiles::add(double error) {
    PITOT_CHECK(std::isfinite(error));
    ++count_;
    if (exact() && count_ <= exact_limit_) {
        values_.push_back(error);
        return;
    }
    if (exact()) {
        to_bins();
    }
    add_to_bins(error);
}

void ErrorQuantiles::to_bins() {
    bins_.assign(static_cast<std::size_t>(2 * kHalf + 1), 0);
    for (const double value : values_) {
        add_to_bins(value);
    }
    values_ = {};
}

void ErrorQuantiles::add_to_bins(double error) { ++bins_[bin_of(error)]; }

std::array<double, 100> ErrorQuantiles::percentiles() const {
    if (count_ == 0) {
        return {};
    }
    if (exact()) {
        std::vector<double> sorted = values_;
        std::ranges::sort(sorted);
        return interpolate(count_, [&](std::int64_t low) {
            const auto at = static_cast<std::size_t>(low);
            return std::pair(sorted[at], sorted[std::min(at + 1, sorted.size() - 1)]);
        });
    }
    // Percentiles ask in ascending order: one walk over the bins serves them all.
    std::size_t bin = 0;
    std::int64_t below = 0;  // numbers in bins before `bin`
    return interpolate(count_, [&](std::int64_t low) {
        while (below + bins_[bin] <= low) {
            below += bins_[bin++];
        }
        std::size_t next = bin;
        if (below + bins_[bin] <= low + 1 && low + 1 < count_) {
            do {
                ++next;
            } while (bins_[next] == 0);
        }
        return std::pair(centre_of(bin), centre_of(next));
    });
}

}  // namespace pitot::evaluation
