#include "calibrate/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "core/check.hpp"

namespace pitot::calibrate {
namespace {

using Kind = PoolKey::Kind;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

CalibrationParts plain_parts(std::vector<std::vector<double>> pools) {
    CalibrationParts parts;
    for (std::vector<double>& residuals : pools) {
        const auto number = static_cast<std::int32_t>(parts.pools.size());
        const auto units = std::ssize(residuals);
        parts.pools.push_back({{Kind::kDataset, number, 0},
                               number == 0 ? "alone" : "with co-runners",
                               std::move(residuals),
                               units,
                               ScoreSource::kSetAside});
    }
    return parts;
}

// Places that `number` is put into, made where they lack.
void put(std::vector<std::int32_t>& places, std::size_t at, std::int32_t number) {
    places.resize(std::max(places.size(), at + 1), -1);
    places[at] = number;
}

std::int32_t at_or_none(const std::vector<std::int32_t>& places, std::size_t at) {
    return at < places.size() ? places[at] : -1;
}

}  // namespace

std::size_t pool_beside(std::int64_t co_runners, std::size_t pools) {
    const auto number = static_cast<std::size_t>(std::max<std::int64_t>(co_runners, 0));
    return std::min(number, std::max<std::size_t>(pools, 1) - 1);
}

std::size_t pool_of(std::span<const std::int32_t> co_runners, std::size_t pools) {
    return pool_beside(std::ranges::count_if(co_runners, [](std::int32_t k) { return k != -1; }), pools);
}

std::int32_t Grouping::operator()(std::int32_t platform, double predicted) const {
    if (!edges.empty()) {
        return static_cast<std::int32_t>(std::ranges::lower_bound(edges, predicted) - edges.begin());
    }
    return platform >= 0 && platform < std::ssize(platform_group) ? platform_group[static_cast<std::size_t>(platform)]
                                                                  : -1;
}

bool suffices(const ScorePool& pool, double confidence) {
    const std::int64_t least = std::min(pool.units, std::ssize(pool.scores));
    return conformal_rank(least, confidence) <= least;
}

Calibration::Calibration(std::vector<std::vector<double>> pools) : Calibration(plain_parts(std::move(pools))) {}

Calibration::Calibration(CalibrationParts parts) : parts_(std::move(parts)), scale_(parts_.scale) {
    for (ScorePool& pool : parts_.pools) {
        PITOT_CHECK(std::ranges::all_of(pool.scores, [](double score) { return std::isfinite(score); }));
        std::ranges::sort(pool.scores);
    }
    index();
    plain_ = scale_.plain() && dataset_pools_ == parts_.pools.size();
}

void Calibration::index() {
    for (const ScorePool& pool : parts_.pools) {
        groups_ = pool.key.kind == Kind::kGroup ? std::max(groups_, static_cast<std::size_t>(pool.key.b) + 1) : groups_;
    }
    for (std::size_t n = 0; n < parts_.pools.size(); ++n) {
        const PoolKey key = parts_.pools[n].key;
        const auto a = static_cast<std::size_t>(key.a);
        const auto number = static_cast<std::int32_t>(n);
        switch (key.kind) {
            case Kind::kDataset:
                PITOT_CHECK(a == n);
                ++dataset_pools_;
                break;
            case Kind::kCount:
                put(of_count_, a, number);
                break;
            case Kind::kNew:
                of_new_.at(static_cast<std::size_t>(key.b)).at(a) = number;
                break;
            case Kind::kGroup:
                put(of_group_, a * groups_ + static_cast<std::size_t>(key.b), number);
                break;
            case Kind::kLeaveOneOut:
                put(of_leave_one_out_, a, number);
                break;
        }
    }
}

std::span<const double> Calibration::residuals(std::size_t pool) const {
    return pool < dataset_pools_ ? std::span<const double>(parts_.pools[pool].scores) : std::span<const double>();
}

double Calibration::margin_or(std::size_t pool, double confidence, double none) const {
    const std::span<const double> rows = residuals(pool);
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t rank = conformal_rank(n, confidence);
    return rank > n ? none : rows[static_cast<std::size_t>(rank - 1)];
}

Failure Calibration::too_few(const ScorePool& pool, double confidence) const {
    const std::int64_t needed = calibration_rows_needed(confidence);
    if (pool.source == ScoreSource::kHeldOut) {
        return fail(ErrorCode::kInput,
                    fmt::format("an upper bound at confidence {} for a {} needs at least {} that were measured, and "
                                "there are {}: measure more of them, or ask for less confidence",
                                confidence, pool.name, needed, pool.units));
    }
    const bool aside = pool.source == ScoreSource::kSetAside;
    const std::size_t n = pool.scores.size();
    const std::string kind = fmt::format("{} {} co-runners", needed == 1 ? "combination" : "combinations",
                                         pool.key.a == 0 ? "without" : "with");
    return fail(ErrorCode::kInput,
                fmt::format("an upper bound at confidence {} needs at least {} {} {}, and there {} {}: fit with "
                            "more such rows{}{}",
                            confidence, needed, kind, aside ? "set aside" : "learned from", n == 1 ? "is" : "are",
                            n == 0 ? "none" : std::to_string(n), aside ? " or a larger calibration share" : "",
                            n == 0 ? "" : ", or ask for less confidence"));
}

Result<double> Calibration::margin(std::size_t pool, double confidence) const {
    if (auto ok = check_confidence(confidence); !ok) {
        return Failure(ok.error());
    }
    const double margin = margin_or(pool, confidence, kNone);
    if (std::isnan(margin)) {
        const ScorePool none{{Kind::kDataset, static_cast<std::int32_t>(pool), 0}, "", {}, 0, ScoreSource::kSetAside};
        return too_few(pool < dataset_pools_ ? parts_.pools[pool] : none, confidence);
    }
    return margin;
}

PoolChain Calibration::chain(const RowKind& row) const {
    PoolChain chain;
    const auto add = [&](std::int32_t number) {
        if (number >= 0) {
            chain.add(number);
        }
    };
    if (row.newness != Newness::kNone) {
        const auto& of_new = of_new_[row.co_runners > 0 ? 1 : 0];
        add(of_new[static_cast<std::size_t>(row.newness)]);
        if (row.newness != Newness::kBoth) {
            add(of_new[static_cast<std::size_t>(Newness::kBoth)]);
        }
        return chain;
    }
    if (dataset_pools_ == 0) {
        return chain;
    }
    const std::size_t base = pool_beside(row.co_runners, dataset_pools_);
    if (row.group >= 0 && static_cast<std::size_t>(row.group) < groups_) {
        add(at_or_none(of_group_, base * groups_ + static_cast<std::size_t>(row.group)));
    }
    add(at_or_none(of_count_, static_cast<std::size_t>(std::max(row.co_runners, 0))));
    add(static_cast<std::int32_t>(base));
    add(at_or_none(of_leave_one_out_, base));
    return chain;
}

Margin Calibration::upper(const PoolChain& chain, double confidence) const {
    double least = -std::numeric_limits<double>::infinity();
    for (std::size_t n = 0; n < chain.size; ++n) {
        const ScorePool& candidate = pool(chain.pool[n]);
        const auto rows = std::ssize(candidate.scores);
        if (suffices(candidate, confidence)) {
            const std::int64_t rank = conformal_rank(rows, confidence);
            return {std::max(least, candidate.scores[static_cast<std::size_t>(rank - 1)]), chain.pool[n]};
        }
        least = rows > 0 ? std::max(least, candidate.scores.back()) : least;
    }
    return {kNone, -1};
}

Margin Calibration::lower(const PoolChain& chain, double confidence) const {
    double most = std::numeric_limits<double>::infinity();
    for (std::size_t n = 0; n < chain.size; ++n) {
        const ScorePool& candidate = pool(chain.pool[n]);
        const auto rows = std::ssize(candidate.scores);
        if (suffices(candidate, confidence)) {
            const std::int64_t rank = lower_rank(rows, confidence);
            return {std::min(most, candidate.scores[static_cast<std::size_t>(rank - 1)]), chain.pool[n]};
        }
        most = rows > 0 ? std::min(most, candidate.scores.front()) : most;
    }
    return {kNone, -1};
}

Result<void> Calibration::check(const PoolChain& chain, double confidence) const {
    if (auto ok = check_confidence(confidence); !ok) {
        return ok;
    }
    if (upper(chain, confidence).pool >= 0) {
        return {};
    }
    const ScorePool none{{}, "", {}, 0, ScoreSource::kSetAside};
    return too_few(chain.empty() ? none : pool(chain.pool[chain.size - 1]), confidence);
}

}  // namespace pitot::calibrate
