#include "pitot/drift.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "calibrate/ranks.hpp"
#include "core/border.hpp"
#include "evaluate/named_runs.hpp"
#include "evaluate/significance.hpp"

namespace pitot {
namespace evaluation {
namespace {

Result<void> check_drift_options(const DriftOptions& options) {
    if (auto ok = calibrate::check_confidence(options.confidence); !ok) {
        return ok;
    }
    if (!(options.false_discovery > 0.0 && options.false_discovery < 1.0)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("a false discovery rate of {} is not between 0 and 1", options.false_discovery));
    }
    if (!(options.tolerance >= 0.0 && options.tolerance < options.confidence)) {
        return fail(ErrorCode::kUsage, fmt::format("a tolerance of {} is not from 0 to below the confidence, {}",
                                                   options.tolerance, options.confidence));
    }
    return {};
}

// What is counted of a group.
struct DriftTally {
    DriftGroup group;
    std::vector<double> log_factors{};
    std::int64_t scores = std::numeric_limits<std::int64_t>::max();  // the fewest that a bound rests on

    void add(double runtime_us, const Prediction& predicted, std::int64_t rows) {
        ++group.combinations;
        group.within += runtime_us <= predicted.bound_us ? 1 : 0;
        log_factors.push_back(std::log(runtime_us / predicted.runtime_us));
        scores = std::min(scores, rows);
    }

    DriftGroup tested(double confidence, double tolerance) {
        const auto rank = static_cast<double>(calibrate::conformal_rank(scores, confidence));
        const double sum = static_cast<double>(scores) + 1.0;
        const double within = rank - tolerance * sum;
        group.factor = std::exp(median_of(log_factors));
        // Rank n + 1 bounds everything; without any score below there is no bound, and none within to be missed.
        group.p = within > 0.0 && rank < sum
                      ? beta_binomial_at_most(group.within, group.combinations, within, sum - within)
                      : 1.0;
        return std::move(group);
    }
};

double middle_runtime(std::vector<double> runtimes) { return median_of(runtimes); }

void judge_drift(Drift& told, double level) {
    std::vector<DriftGroup*> groups;
    std::vector<double> p;
    for (std::vector<DriftGroup>* list : {&told.fleet, &told.platforms}) {
        for (DriftGroup& group : *list) {
            groups.push_back(&group);
            p.push_back(group.p);
        }
    }
    const std::vector<double> rates = false_discovery_rates(p);
    for (std::size_t n = 0; n < groups.size(); ++n) {
        groups[n]->rate = rates[n];
        groups[n]->drifted = rates[n] <= level;
        told.drifted = told.drifted || groups[n]->drifted;
    }
}

Result<Drift> drift_of(const Predictor& predictor, const Dataset& runs, const DriftOptions& options) {
    NamedRuns named = named_runs(predictor, runs);
    Drift told;
    told.unknown_runs = named.unknown_runs;
    told.unknown_platforms = std::move(named.unknown_platforms);
    told.unknown_modules = std::move(named.unknown_modules);
    DriftTally alone{{.name = "alone"}};
    DriftTally beside{{.name = "beside others"}};
    std::map<std::int32_t, DriftTally> platforms;
    for (const auto& entry : named.runtime_us) {
        const auto& [platform, module, with] = entry.first;
        PITOT_TRY(const auto predicted, predictor.predict_pair(platform, module, options.confidence, with));
        if (std::isnan(predicted.bound_us)) {
            ++told.unbounded;
            continue;
        }
        PITOT_TRY(const auto source, predictor.bound_source(platform, module, options.confidence, with));
        const double runtime = middle_runtime(entry.second);
        told.runs += std::ssize(entry.second);
        (with.empty() ? alone : beside).add(runtime, predicted, source.rows);
        DriftTally& own = platforms[platform];
        own.group.name = predictor.platforms().names[static_cast<std::size_t>(platform)];
        own.add(runtime, predicted, source.rows);
    }
    if (platforms.empty()) {
        return named.runtime_us.empty() ? none_known(named)
                                        : fail(ErrorCode::kInput,
                                               "the model has no bound for any of these runs: fit it on more "
                                               "measurements, or ask for a lower "
                                               "confidence");
    }
    for (DriftTally* tally : {&alone, &beside}) {
        if (tally->group.combinations > 0) {
            told.fleet.push_back(tally->tested(options.confidence, 0.0));
        }
    }
    for (auto& entry : platforms) {
        told.platforms.push_back(entry.second.tested(options.confidence, options.tolerance));
    }
    judge_drift(told, options.false_discovery);
    return told;
}

}  // namespace
}  // namespace evaluation

Result<Drift> drift(const Predictor& predictor, const Dataset& runs, const DriftOptions& options) {
    return core::at_border("holding runs against bounds", [&]() -> Result<Drift> {
        if (auto ok = evaluation::check_drift_options(options).and_then([&] { return runs.validate(); }); !ok) {
            return Failure(ok.error());
        }
        return evaluation::drift_of(predictor, runs, options);
    });
}

}  // namespace pitot
