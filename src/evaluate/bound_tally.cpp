#include "evaluate/bound_tally.hpp"

#include <algorithm>
#include <cmath>

#include "evaluate/error_tally.hpp"

namespace pitot::evaluation {
namespace {

// Test rows that are kept for the order of their predictions; of more, tenths are not told.
constexpr std::size_t kMostKept = std::size_t{1} << 21;

}  // namespace

BoundTally::BoundTally(double confidence, std::int64_t platforms, std::int64_t modules)
    : confidence_(confidence),
      platforms_(static_cast<std::size_t>(platforms)),
      modules_(static_cast<std::size_t>(modules)) {}

void BoundTally::add(const TestedRows& rows, std::span<const double> bound_us, std::span<const BoundSource> sources) {
    for (std::size_t n = 0; n < bound_us.size(); ++n) {
        if (std::isnan(bound_us[n])) {
            ++unbounded_;
            continue;
        }
        const double weight = rows.weight[n];
        const bool covered = rows.runtime_us[n] <= bound_us[n];
        all_.add(weight, covered);
        (rows.seen[n] ? seen_ : unseen_).add(weight, covered);
        platforms_[static_cast<std::size_t>(rows.platform[n])].add(weight, covered);
        modules_[static_cast<std::size_t>(rows.module[n])].add(weight, covered);
        const double excess = weight * std::max(0.0, bound_us[n] / rows.runtime_us[n] - 1.0);
        over_ += excess;
        const BoundSource& source = sources[sources.size() == 1 ? 0 : n];
        OfPool& pool = pools_[source.pool];
        pool.from = source.from;
        pool.share.add(weight, covered);
        pool.over += excess;
        ++pool.rows;
        if (rows_.size() <= kMostKept) {
            rows_.push_back({rows.predicted_us[n], weight, covered});
        }
    }
}

void BoundTally::add_tenths() {
    if (rows_.size() > kMostKept) {
        return;
    }
    std::ranges::stable_sort(rows_, {}, &Row::predicted_us);
    for (std::size_t n = 0; n < rows_.size(); ++n) {
        tenths_[10 * n / rows_.size()].add(rows_[n].weight, rows_[n].covered);
    }
}

void BoundTally::finish() {
    if (all_.all > 0.0) {
        coverage_.push_back(all_.value());
        excess_.push_back(over_ / all_.all);
    }
    if (seen_.all > 0.0) {
        seen_coverage_.push_back(seen_.value());
    }
    if (unseen_.all > 0.0) {
        unseen_coverage_.push_back(unseen_.value());
    }
    for (auto& [name, pool] : pools_) {
        if (pool.share.all > 0.0) {
            pool.coverage.push_back(pool.share.value());
            pool.excess.push_back(pool.over / pool.share.all);
        }
        pool.share = {};
        pool.over = 0.0;
    }
    ++replicates_;
    add_tenths();
    unbounded_rows_ += unbounded_;
    all_ = seen_ = unseen_ = {};
    over_ = 0.0;
    unbounded_ = 0;
    rows_.clear();
}

CoverageRange BoundTally::range_of(const std::vector<Share>& groups, const std::vector<std::string>& names) const {
    CoverageRange range;
    for (std::size_t n = 0; n < groups.size(); ++n) {
        const Share& group = groups[n];
        if (group.all < CoverageRange::kLeastRows) {
            continue;
        }
        const double coverage = group.value();
        if (range.groups == 0 || coverage < range.least) {
            range.least = coverage;
            range.least_name = names[n];
        }
        range.most = range.groups == 0 ? coverage : std::max(range.most, coverage);
        range.short_by_tenth += coverage < confidence_ - 0.1 ? 1.0 : 0.0;
        ++range.groups;
    }
    range.short_by_tenth /= static_cast<double>(std::max<std::int64_t>(range.groups, 1));
    return range;
}

BoundMetrics BoundTally::metrics(const std::vector<std::string>& platforms,
                                 const std::vector<std::string>& modules) const {
    BoundMetrics metrics;
    metrics.confidence = confidence_;
    metrics.unavailable = unavailable_;
    metrics.coverage = spread_of(coverage_);
    metrics.over_provisioning = spread_of(excess_);
    metrics.unbounded_rows = unbounded_rows_;
    if (!seen_coverage_.empty() && !unseen_coverage_.empty()) {
        metrics.seen = spread_of(seen_coverage_);
        metrics.unseen = spread_of(unseen_coverage_);
    }
    metrics.platforms = range_of(platforms_, platforms);
    metrics.modules = range_of(modules_, modules);
    for (const auto& [name, pool] : pools_) {
        metrics.pools.push_back(
            {name, pool.from,
             static_cast<double>(pool.rows) / static_cast<double>(std::max<std::int64_t>(replicates_, 1)),
             spread_of(pool.coverage), spread_of(pool.excess)});
    }
    for (const Share& tenth : tenths_) {
        if (tenth.all > 0.0) {
            metrics.tenths.push_back(tenth.value());
        }
    }
    if (metrics.tenths.size() < tenths_.size()) {
        metrics.tenths.clear();
    }
    return metrics;
}

}  // namespace pitot::evaluation
