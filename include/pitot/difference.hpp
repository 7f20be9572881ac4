// What changed from one model to another, and which of them is better.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/export.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// A field of the configuration, as JSON has it; "-" where a model has none.
struct FieldChange {
    std::string field;
    std::string first;
    std::string second;
};

/// Names of a side.
struct SideChange {
    std::int64_t common = 0;
    std::vector<std::string> only_first{};
    std::vector<std::string> only_second{};
};

/// How predictions of pairs alone moved.
struct PredictionShift {
    std::string name{};  ///< of a platform or module
    std::int64_t pairs = 0;
    double factor = 1.0;  ///< median of second / first
    double size = 0.0;    ///< median of max(second / first, first / second) - 1
};

struct PairShift {
    std::string platform;
    std::string module;
    double first_us = 0.0;
    double second_us = 0.0;
};

struct ModelDifference {
    std::vector<FieldChange> configuration{};
    bool same_dataset = false;  ///< both were fitted on equal data
    SideChange platforms{};
    SideChange modules{};
    std::int64_t learned_first = 0;              ///< pairs alone that the first learned from
    std::int64_t learned_second = 0;             ///< and the second
    std::int64_t learned_both = 0;               ///< and both, by name
    PredictionShift all{};                       ///< of all pairs that both know by name
    double size_90 = 0.0;                        ///< nine of ten pairs moved by less: as PredictionShift::size
    std::int64_t bounded = 0;                    ///< pairs with a bound in both
    double bound_factor = 1.0;                   ///< median of second / first
    std::vector<PredictionShift> by_platform{};  ///< the largest size first
    std::vector<PredictionShift> by_module{};
    std::vector<PairShift> largest{};  ///< pairs that moved most, the furthest first
};

/// Errors are |prediction / runtime - 1| (of the mean runtime of a combination), at most kLargestJudgedError each.
struct JudgedGroup {
    std::string name{};
    std::int64_t combinations = 0;
    double first_error = 0.0;  ///< mean
    double second_error = 0.0;
};

inline constexpr double kLargestJudgedError = 10.0;

/// Both models on runs that neither learned from.
struct ModelJudgement {
    JudgedGroup all{};
    double low = 0.0;  ///< interval of 95 % of second_error - first_error
    double high = 0.0;
    double p = 1.0;               ///< of the test that it is 0
    int better = 0;               ///< 1: the first, 2: the second, 0: neither at 5 %
    std::int64_t bounded = 0;     ///< combinations with a bound in both
    double first_coverage = 0.0;  ///< share of them whose runs, on average, do not exceed it
    double second_coverage = 0.0;
    double first_margin = 0.0;  ///< mean of bound / prediction - 1
    double second_margin = 0.0;
    std::vector<JudgedGroup> by_platform{};  ///< where the second gains most first
    std::int64_t learned = 0;                ///< combinations that a model learned from or calibrated with: left out
    std::int64_t unknown = 0;                ///< combinations with a name that a model lacks: left out
};

/// What changed, in what both know by name. `confidence`: of the bounds; `most`: pairs in `largest`. Errors: kUsage for
/// a confidence outside (0, 1); kInput if the two have no platform or no module in common.
[[nodiscard]] PITOT_API Result<ModelDifference> difference(const Predictor& first, const Predictor& second,
                                                           double confidence = 0.9, std::int64_t most = 10);

/// Which is better on runs measured otherwise. A paired t test of the difference of errors, whose variance allows for
/// combinations of one platform or one module having errors in common (clusters in two ways, Cameron, Gelbach and
/// Miller 2011; degrees of freedom of the fewer of both). Errors: kInput if no combination is left; as
/// Dataset::validate().
[[nodiscard]] PITOT_API Result<ModelJudgement> judge(const Predictor& first, const Predictor& second,
                                                     const Dataset& runs, double confidence = 0.9);

}  // namespace pitot
