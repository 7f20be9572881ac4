// Whether two sets of measurements differ, once the speeds of the machines are taken out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/export.hpp"
#include "pitot/result.hpp"

namespace pitot {

struct CompareRunsOptions {
    /// Share of false ones among the differences found, of modules and of pairs each, that is put up with.
    double false_discovery = 0.05;
    /// Changes smaller than this share of a runtime count as none: 0.02 is 2 %.
    double least_change = 0.0;
    /// Speeds of platforms are the same and are not taken out: what all modules of one have in common counts, too.
    bool same_speed = false;
};

/// How much longer runs take: of a platform, a module, or a combination of both and co-runners ("pair").
struct RunChange {
    std::string platform{};           ///< empty of a module
    std::string module{};             ///< empty of a platform
    std::vector<std::string> with{};  ///< co-runners, by name
    double factor = 1.0;              ///< new / old; but of a platform, once the platform's speed is taken out
    double low = 1.0;                 ///< interval of 95 % of it
    double high = 1.0;
    double p = 1.0;     ///< of the test that it is 1
    double rate = 1.0;  ///< false discovery rate at which it counts
    std::int64_t pairs = 0;
    std::int64_t old_runs = 0;
    std::int64_t new_runs = 0;
    bool different = false;  ///< never of platforms
};

struct RunsCompared {
    std::vector<RunChange> platforms{};  ///< their speeds, in the order of the older dataset
    std::vector<RunChange> modules{};    ///< the smallest rate first
    std::vector<RunChange> pairs{};      ///< the same
    std::int64_t only_old = 0;           ///< pairs without runs in the other dataset
    std::int64_t only_new = 0;
    std::int64_t identical = 0;  ///< pairs of equal medians to the last bit: copies rather than measurements, perhaps
    /// Platforms with fewer than kLeastComparedPairs pairs in both, whose speed cannot be told from a change: left out.
    std::vector<std::string> left_out{};
    double noise = 0.0;    ///< typical standard deviation of ln t of a pair's runs; NaN where none was run twice
    double between = 0.0;  ///< what ln t of a pair scatters from dataset to dataset beyond that
    /// The change of a single pair, as a share, that would have been found in half of the cases.
    double detectable = 0.0;
    bool different = false;  ///< some module or pair is
};

inline constexpr std::int64_t kLeastComparedPairs = 3;

/// Compares what both datasets have: platforms, modules and co-runners of one name are the same. d is the median of a
/// pair's ln t in `after` less that in `before`, a platform's speed the median d of its pairs. What is left, r = d -
/// speed, is tested against its standard error: that of the runs (variances shrunk towards the typical one as by Smyth
/// 2004, with a prior of 2 degrees of freedom) and a scatter between datasets, chosen so that the median of r² over its
/// variance is that of a squared normal variable, so that it is right as long as most pairs have not changed. A
/// module's r is the mean of its pairs', weighted by their variances, those beyond three standard errors from its
/// median drawn in. Two-sided t tests, degrees of freedom by Satterthwaite 1946, those of the scatter by the efficiency
/// of medians, 0.37 of the pairs'; false discovery rates by Benjamini and Hochberg 1995. Errors: kUsage for options out
/// of range, kInput where no platform has enough pairs in both or nothing was run twice and pairs are few, or as
/// Dataset::validate().
[[nodiscard]] PITOT_API Result<RunsCompared> compare_runs(const Dataset& before, const Dataset& after,
                                                          const CompareRunsOptions& options = {});

}  // namespace pitot
