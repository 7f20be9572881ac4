// Promises of bounds that rest on several pools: they never cross, and they hold as often as asked for.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/calibration.hpp"
#include "core/key.hpp"
#include "pitot/units.hpp"
#include "predict/bounds.hpp"
#include "predict/fit_steps.hpp"
#include "support/pools.hpp"
#include "support/tiny_process.hpp"

namespace pitot {
namespace {

using calibrate::PoolKey;
using calibrate::ScorePool;

ScorePool scores(PoolKey key, const std::vector<int>& numbers) {
    return {key, "pool", std::vector<double>(numbers.begin(), numbers.end()), std::ssize(numbers)};
}

// Pools of any sizes, nested or not, with ties.
RC_GTEST_PROP(Bounds, NeverCross, (std::vector<int> narrow, std::vector<int> middle, std::vector<int> wide)) {
    calibrate::CalibrationParts parts;
    parts.pools = {scores({PoolKey::Kind::kDataset, 0, 0}, {}), scores({PoolKey::Kind::kDataset, 1, 0}, middle),
                   scores({PoolKey::Kind::kCount, 2, 0}, narrow), scores({PoolKey::Kind::kLeaveOneOut, 1, 0}, wide)};
    const calibrate::Calibration calibration(std::move(parts));
    const calibrate::PoolChain chain = calibration.chain({.co_runners = 2});
    std::vector<double> confidences;
    for (int i = 0; i < 20; ++i) {
        confidences.push_back(*rc::gen::inRange(1, 1000) / 1000.0);
    }
    std::ranges::sort(confidences);
    double least = -1e300;
    double most = 1e300;
    bool ended = false;
    for (const double confidence : confidences) {
        const calibrate::Margin upper = calibration.upper(chain, confidence);
        const calibrate::Margin lower = calibration.lower(chain, confidence);
        RC_ASSERT(upper.pool == lower.pool);
        RC_ASSERT(!ended || upper.pool < 0);
        ended = upper.pool < 0;
        if (!ended) {
            RC_ASSERT(upper.score >= least);
            RC_ASSERT(lower.score <= most);
            RC_ASSERT(confidence < 0.5 || lower.score <= upper.score);
            least = upper.score;
            most = lower.score;
        }
    }
}

struct Mean {
    double mean = 0.0;
    double standard_error = 0.0;
};

Mean mean_of(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0.0;
    for (const double value : values) {
        squares += (value - mean) * (value - mean);
    }
    return {mean, std::sqrt(squares / (n - 1.0) / n)};
}

// Falling back must not lose the promise: a tiny narrow pool and a wide one, of the same distribution.
TEST(Bounds, HoldWhenATinyPoolFallsBack) {
    for (const bool ties : {false, true}) {
        std::vector<double> covered;
        for (std::uint64_t draw = 0; draw < 4000; ++draw) {
            core::Stream stream(core::Key(5).fold(draw));
            const auto value = [&] { return ties ? static_cast<double>(stream.below(4)) : stream.normal(); };
            calibrate::CalibrationParts parts;
            parts.pools = {{{PoolKey::Kind::kDataset, 0, 0}, "alone", {}, 0},
                           {{PoolKey::Kind::kDataset, 1, 0}, "with co-runners", {}, 30},
                           {{PoolKey::Kind::kCount, 1, 0}, "one co-runner", {}, 3}};
            for (ScorePool& pool : parts.pools) {
                pool.scores.resize(static_cast<std::size_t>(pool.units));
                std::ranges::generate(pool.scores, value);
            }
            const calibrate::Calibration calibration(std::move(parts));
            const double bound = calibration.upper(calibration.chain({.co_runners = 1}), 0.9).score;
            covered.push_back(value() <= bound ? 1.0 : 0.0);
        }
        EXPECT_GT(mean_of(covered).mean, 0.9 - 3.0 * mean_of(covered).standard_error) << ties;
    }
}

// A world as the tiny process thinks of it, but noisier than it knows on some platforms, measured once to three times.
struct NoisyFleet {
    Dataset dataset;
    std::vector<std::int32_t> platform, module;
    std::vector<double> truth_us;
};

NoisyFleet draw_noisy_fleet(std::int32_t platforms, std::int32_t modules, core::Key key, bool ties) {
    NoisyFleet fleet;
    core::Stream stream(key);
    std::vector<double> a(static_cast<std::size_t>(platforms)), b(static_cast<std::size_t>(modules));
    for (double& x : a) {
        x = stream.normal();
        fleet.dataset.platforms.names.push_back("p" + std::to_string(&x - a.data()));
    }
    for (double& x : b) {
        x = stream.normal();
        fleet.dataset.modules.names.push_back("m" + std::to_string(&x - b.data()));
    }
    fleet.dataset.platforms.features = Matrix<double>(platforms, 0);
    fleet.dataset.modules.features = Matrix<double>(modules, 0);
    for (std::int32_t i = 0; i < platforms; ++i) {
        for (std::int32_t j = 0; j < modules; ++j) {
            const double wild = i % 4 == 0 ? 3.0 : 1.0;
            const double effect = ties ? 0.1 * (static_cast<double>(stream.below(3)) - 1.0) : 0.1 * stream.normal();
            const double pair = a[static_cast<std::size_t>(i)] + b[static_cast<std::size_t>(j)] + wild * effect;
            const auto run = [&] { return to_time(LogRuntime{pair + (ties ? 0.0 : 0.045 * stream.normal())}).value; };
            if (stream.uniform() < 0.4) {
                fleet.platform.push_back(i);
                fleet.module.push_back(j);
                fleet.truth_us.push_back(run());
                continue;
            }
            for (std::uint64_t n = 0; n < 1 + stream.below(3); ++n) {
                test::add_alone(fleet.dataset, i, j, run());
            }
        }
    }
    return fleet;
}

std::vector<double> coverages_of(BoundsFrom from, bool ties, int draws, double confidence, bool lower = false) {
    std::vector<double> all;
    for (int draw = 0; draw < draws; ++draw) {
        const NoisyFleet fleet = draw_noisy_fleet(12, 14, core::Key(6).fold(static_cast<std::uint64_t>(draw)), ties);
        FitConfig config = preset("baseline/linear_scaling").value();
        config.calibration_share = 0.25;
        config.bounds.from = from;
        config.seed = static_cast<std::uint64_t>(draw);
        const auto rows = train::draw_rows(fleet.dataset, config, 1.0, predict::share_set_aside(config), 0);
        const auto fitted = test::fit_tiny(fleet.dataset, config, rows);
        const Predictor predictor(predict::make_parts(fleet.dataset, config, fitted, {}).value());
        const std::vector<double> confidences{confidence};
        const auto answer = predictor.predict({fleet.platform, fleet.module, {}, 0}, confidences, Sides::kBoth).value();
        double covered = 0.0;
        double counted = 0.0;
        for (std::size_t n = 0; n < fleet.truth_us.size(); ++n) {
            const auto row = static_cast<std::int64_t>(n);
            if (answer.basis[n] == Basis::kMeasured) {
                const bool within =
                    lower ? fleet.truth_us[n] >= answer.lower_us(row, 0) : fleet.truth_us[n] <= answer.bound_us(row, 0);
                covered += within ? 1.0 : 0.0;
                counted += 1.0;
            }
        }
        all.push_back(covered / counted);
    }
    return all;
}

TEST(BoundsOfDeviations, CoverAsAskedForWithRepeats) {
    const Mean coverage = mean_of(coverages_of(BoundsFrom::kSplit, false, 40, 0.9));
    EXPECT_GT(coverage.mean, 0.9 - 3.0 * coverage.standard_error);
    EXPECT_LT(coverage.mean, 0.9 + 1.0 / 20.0 + 3.0 * coverage.standard_error);
}

TEST(BoundsOfDeviations, CoverAsAskedForFromBelow) {
    const Mean coverage = mean_of(coverages_of(BoundsFrom::kSplit, false, 40, 0.9, true));
    EXPECT_GT(coverage.mean, 0.9 - 3.0 * coverage.standard_error);
}

TEST(BoundsOfDeviations, CoverAsAskedForWithTies) {
    const Mean coverage = mean_of(coverages_of(BoundsFrom::kSplit, true, 40, 0.9));
    EXPECT_GT(coverage.mean, 0.9 - 3.0 * coverage.standard_error);
}

// No proof, but close: at most two points below.
TEST(BoundsOfDeviations, FromLeaveOneOutComeClose) {
    const Mean coverage = mean_of(coverages_of(BoundsFrom::kLeaveOneOut, false, 40, 0.9));
    RecordProperty("coverage", std::to_string(coverage.mean));
    EXPECT_GT(coverage.mean, 0.88 - 3.0 * coverage.standard_error);
    EXPECT_LT(coverage.mean, 0.93 + 3.0 * coverage.standard_error);
}

}  // namespace
}  // namespace pitot
