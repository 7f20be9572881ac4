// Whether new runs still lie within a model's bounds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/export.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot {

struct DriftOptions {
    double confidence = 0.9;        ///< of the bounds
    double false_discovery = 0.01;  ///< share of false ones among the drifts found that is put up with
    /// A bound promises its confidence for the fleet, not for each platform: a single one counts as drifted only if its
    /// coverage is below the confidence by more than this.
    double tolerance = 0.1;
};

/// How the bounds of some combinations of platform, module and co-runners fared. Each counts once, by the median of its
/// runs.
struct DriftGroup {
    std::string name{};             ///< "alone", "beside others", or a platform's
    std::int64_t combinations = 0;  ///< that have a bound
    std::int64_t within = 0;        ///< that do not exceed it
    double factor = 1.0;            ///< median of runtime / prediction
    double p = 1.0;                 ///< of so few or fewer within
    double rate = 1.0;              ///< false discovery rate at which it counts
    bool drifted = false;
};

struct Drift {
    std::vector<DriftGroup> fleet{};      ///< alone and beside others, where there are some
    std::vector<DriftGroup> platforms{};  ///< alone and beside others together, in the order of the model
    std::int64_t runs = 0;                ///< of combinations with a bound
    std::int64_t unbounded = 0;           ///< combinations that the model has no bound for
    std::int64_t unknown_runs = 0;        ///< of platforms or modules that it does not know
    std::vector<std::string> unknown_platforms{};
    std::vector<std::string> unknown_modules{};
    bool drifted = false;  ///< some group is
};

/// Holds new runs against the model's bounds. Each group is tested one-sided: that fewer are within than a bound of
/// this confidence allows. Of bounds from n scores, the coverage is itself a draw from Beta(r, n + 1 - r), r = ceil((n
/// + 1) confidence) (Vovk 2012), so that the number within is beta-binomial; few scores allow more. Of a platform the
/// mean of that is lower by `tolerance`. False discovery rates by Benjamini and Hochberg 1995 over all groups.
/// Platforms and modules are matched by name. Errors: kUsage for options out of range; kInput if no run has a bound, or
/// as Dataset::validate().
[[nodiscard]] PITOT_API Result<Drift> drift(const Predictor& predictor, const Dataset& runs,
                                            const DriftOptions& options = {});

}  // namespace pitot
