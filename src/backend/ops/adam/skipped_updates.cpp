#include "backend/ops/adam/skipped_updates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/check.hpp"

namespace pitot::backend {
namespace {

constexpr double kNegligible = 1e-10;    // of a row's movement
constexpr double kConverged = 1e-12;     // beta2^t beside 1
constexpr std::int64_t kLongest = 8192;  // window
constexpr std::int64_t kMostKept = 1 << 22;

double window_of(const Adam& adam) {
    return adam.beta1 <= 0.0 ? 1.0 : std::ceil(std::log(kNegligible) / std::log(adam.beta1 / std::sqrt(adam.beta2)));
}
double kept_of(const Adam& adam) {
    return std::ceil(std::log(kConverged) / std::log(std::max(adam.beta1, adam.beta2)));
}

// How far the series is off the sum of all updates after update `t`, as a share of it, where epsilon is 1 and d is
// `least_d`, or where v is 0 if d is more there. It falls as t or d grows.
double series_error(const Adam& adam, std::int64_t t, double least_d) {
    if (adam.beta1 == 0.0) {
        return 0.0;  // an update without gradient moves nothing
    }
    const auto window = static_cast<std::int64_t>(window_of(adam));
    const double beta2_power = std::pow(adam.beta2, static_cast<double>(t));
    std::vector<std::pair<double, double>> places;  // b_i, w_i but for the learning rate
    double centre = 0.0;
    double weights = 0.0;
    for (std::int64_t after = 1; after <= window; ++after) {
        const auto i = static_cast<double>(after);
        const double place = std::sqrt(std::pow(adam.beta2, -i) - beta2_power);
        const double decay = std::pow(adam.beta1, i);
        const double corrected = 1.0 - std::pow(adam.beta1, static_cast<double>(t) + i);
        places.emplace_back(place, decay * place / corrected);
        centre += decay * place;
        weights += decay;
    }
    centre /= weights;
    const double d = std::max(least_d, centre);
    double exact = 0.0;
    double series = 0.0;
    for (const auto& [place, weight] : places) {
        exact += weight / (d - centre + place);
        double power = weight / d;
        for (std::size_t n = 0; n < SkippedTerms::kMoments; ++n) {
            series += power;
            power *= -(place - centre) / d;
        }
    }
    return std::abs(series - exact) / exact;
}

}  // namespace

bool SkippedUpdates::possible(const Adam& adam) {
    const bool dies_away = adam.beta1 >= 0.0 && adam.beta2 > 0.0 && adam.beta2 < 1.0 &&
                           adam.beta1 < std::sqrt(adam.beta2) && window_of(adam) <= static_cast<double>(kLongest) &&
                           kept_of(adam) <= static_cast<double>(kMostKept);
    return dies_away && series_error(adam, 1, 1.0 / SkippedTerms::kSeriesBelow) < kAccuracy;
}

SkippedUpdates::SkippedUpdates(const Adam& adam, std::int64_t updates)
    : adam_(adam), first_(updates), updates_(updates) {
    PITOT_CHECK(adam.catches_up_in_closed_form());
    window_ = static_cast<std::int64_t>(window_of(adam));
    kept_ = std::max({static_cast<std::int64_t>(kept_of(adam)), kReplayed, first_});
    replayed_ = series_error(adam, kReplayed, 0.0) < kAccuracy ? kReplayed : std::numeric_limits<std::int64_t>::max();
    for (std::int64_t i = 0; i < kPowers; ++i) {
        powers_.push_back(powers_of(i));
    }
    for (std::int64_t i = 0; i <= window_; ++i) {
        beta1_.push_back(std::pow(adam.beta1, static_cast<double>(i)));
        growth_.push_back(std::pow(adam.beta2, -0.5 * static_cast<double>(i)));
    }
    add_entry(first_);
}

std::pair<double, double> SkippedUpdates::powers_of(std::int64_t updates) const {
    return {std::pow(adam_.beta1, static_cast<double>(updates)), std::pow(adam_.beta2, static_cast<double>(updates))};
}

std::size_t SkippedUpdates::index(std::int64_t update) const {
    return static_cast<std::size_t>((update <= kept_ ? update : kept_ + 1 + (update - kept_ - 1) % (window_ + 1)) -
                                    first_);
}

void SkippedUpdates::advance() {
    const std::int64_t now = ++updates_;
    if (now <= std::min(kept_, replayed_) + window_) {
        steps_.push_back(adam_step(adam_, now, 0));
    }
    // Update `now` is one more that rows left at earlier ones have missed. Its scalars are the same for all of them.
    const auto s = static_cast<double>(now);
    const double beta2_power = std::pow(adam_.beta2, s);
    const double inverse_root = std::sqrt(1.0 - beta2_power);
    const double rate = adam_.learning_rate.at(0) / (1.0 - std::pow(adam_.beta1, s));
    for (std::int64_t after = 1; after <= std::min(window_, now - first_); ++after) {
        Entry& entry = entries_[index(now - after)];
        const auto i = static_cast<std::size_t>(after);
        const double place = inverse_root * growth_[i];
        double power = rate * beta1_[i] * place;
        for (double& moment : entry.moments) {
            moment += power;
            power *= place - entry.centre;
        }
        if (after == window_ && now - after > kept_) {
            settled_ = entry;
        }
    }
    add_entry(now);
}

// The terms of a row left at this update, which has missed none yet.
void SkippedUpdates::add_entry(std::int64_t update) {
    const double beta2_power = std::pow(adam_.beta2, static_cast<double>(update));
    Entry fresh;
    double weights = 0.0;
    for (std::int64_t after = 1; after <= window_; ++after) {
        // b_i of the updates to come. Their weights fall off as beta1^i does, which is close enough for a centre.
        const auto i = static_cast<std::size_t>(after);
        fresh.centre += beta1_[i] * std::sqrt(growth_[i] * growth_[i] - beta2_power);
        weights += beta1_[i];
    }
    fresh.centre = weights > 0.0 ? fresh.centre / weights : 1.0;  // anything but 0, which v may be
    if (index(update) == entries_.size()) {
        entries_.push_back(fresh);
    } else {
        entries_[index(update)] = fresh;
    }
}

SkippedTerms SkippedUpdates::terms(std::int64_t last) const {
    SkippedTerms out;
    out.missed = updates_ - last;
    if (out.missed == 0) {
        return out;
    }
    if (out.missed < kPowers) {
        std::tie(out.beta1_power, out.beta2_power) = powers_[static_cast<std::size_t>(out.missed)];
    } else {
        std::tie(out.beta1_power, out.beta2_power) = powers_of(out.missed);
    }
    if (last < replayed_) {
        out.replay = std::min(out.missed, window_);
        out.steps = &steps_[static_cast<std::size_t>(std::min(last, kept_) - first_)];
    }
    const Entry& entry = last > kept_ && out.missed > window_ ? settled_ : entries_[index(last)];
    out.centre = entry.centre;
    out.moments = entry.moments;
    return out;
}

}  // namespace pitot::backend
