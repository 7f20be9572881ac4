#include "models/folds/answer_limits.hpp"

#include <algorithm>
#include <vector>

#include "models/scale.hpp"

namespace pitot::models {
namespace {

constexpr double kWidening = 0.5;  // of the range seen, on either side

// Least and most of some numbers.
struct Range {
    double least = AnswerLimits::kNone;
    double most = -AnswerLimits::kNone;

    void add(double value) {
        least = std::min(least, value);
        most = std::max(most, value);
    }
    [[nodiscard]] bool empty() const { return least > most; }
};

// What runs alone of the pairs that also ran beside others took, on the model's scale.
class AloneMeans {
public:
    AloneMeans(const Dataset& dataset, const train::ReplicateRows& rows, const Scale& scale)
        : modules_(dataset.modules.size()) {
        for (std::size_t p = kAlone + 1; p < rows.pools.size(); ++p) {
            const ObservationView beside = dataset.pool(p);
            for (const std::int64_t row : rows.pools[p].rest) {
                pairs_.push_back(pair(beside, row));
            }
        }
        std::ranges::sort(pairs_);
        pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
        sum_.resize(pairs_.size());
        count_.resize(pairs_.size());
        const ObservationView alone = dataset.pool(kAlone);
        for (const std::int64_t row : rows.alone().rest) {
            if (const std::size_t at = place(pair(alone, row)); at < pairs_.size()) {
                sum_[at] += scale.target(alone.runtime_us[static_cast<std::size_t>(row)]);
                count_[at] += 1.0;
            }
        }
    }

    /// The mean of this row's pair in `mean`, if it ran alone.
    [[nodiscard]] bool find(const ObservationView& beside, std::int64_t row, double& mean) const {
        const std::size_t at = place(pair(beside, row));
        if (count_[at] == 0.0) {
            return false;
        }
        mean = sum_[at] / count_[at];
        return true;
    }

private:
    [[nodiscard]] std::int64_t pair(const ObservationView& table, std::int64_t row) const {
        const auto at = static_cast<std::size_t>(row);
        return table.platform[at] * modules_ + table.module[at];
    }
    // pairs_.size() if it is none of them.
    [[nodiscard]] std::size_t place(std::int64_t pair) const {
        const auto found = std::ranges::lower_bound(pairs_, pair);
        return found != pairs_.end() && *found == pair ? static_cast<std::size_t>(found - pairs_.begin())
                                                       : pairs_.size();
    }

    std::int64_t modules_;
    std::vector<std::int64_t> pairs_;  // ascending
    std::vector<double> sum_;
    std::vector<double> count_;
};

// The range of what runs beside others took more than runs alone of the same pairs, and the most co-runners of one.
void learn_slowdowns(const Dataset& dataset, const train::ReplicateRows& rows, const Scale& scale,
                     AnswerLimits& limits) {
    Range slowdown;
    slowdown.add(0.0);
    const AloneMeans means(dataset, rows, scale);
    bool found = false;
    for (std::size_t p = kAlone + 1; p < rows.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        for (const std::int64_t row : rows.pools[p].rest) {
            const auto at = static_cast<std::size_t>(row);
            const auto beside = table.co_runner.subspan(at * width, width);
            const auto count = std::ranges::count_if(beside, [](std::int32_t k) { return k >= 0; });
            limits.co_runners = std::max(limits.co_runners, static_cast<int>(count));
            if (double mean = 0.0; means.find(table, row, mean)) {
                slowdown.add(scale.target(table.runtime_us[at]) - mean);
                found = true;
            }
        }
    }
    if (found) {
        limits.least_slowdown = slowdown.least;
        limits.most_slowdown = slowdown.most;
    }
}

}  // namespace

AnswerLimits learn_limits(const Dataset& dataset, const FitConfig& config, const train::ReplicateRows& rows,
                          const LinearScaling& baseline) {
    const Scale scale(config.model);
    Range learned;
    const ObservationView alone = dataset.pool(kAlone);
    for (const std::int64_t row : rows.alone().rest) {
        const auto at = static_cast<std::size_t>(row);
        const double base = config.model.baseline ? baseline(alone.platform[at], alone.module[at]) : 0.0;
        learned.add(scale.target(alone.runtime_us[at]) - base);
    }
    AnswerLimits limits;
    if (!learned.empty()) {
        const double more = kWidening * (learned.most - learned.least);
        limits.least = learned.least - more;
        limits.most = learned.most + more;
    }
    if (config.model.interference_types > 0) {
        learn_slowdowns(dataset, rows, scale, limits);
    }
    return limits;
}

}  // namespace pitot::models
