// Learning from runs that were measured after a fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pitot/predictor.hpp"

namespace pitot {

/// What runs that were folded in told of the model.
struct Observation {
    std::int64_t runs = 0;         ///< learned from
    std::int64_t beside = 0;       ///< those of them beside others
    std::int64_t new_pairs = 0;    ///< that the model had not learned from; beside others, combinations with co-runners
    std::int64_t known_pairs = 0;  ///< that it had
    std::vector<std::string> new_platforms{};
    std::vector<std::string> new_modules{};
    /// Of these, those without features though the model uses them: the average of the others stands in.
    std::vector<std::string> without_features{};
    /// Features of the runs' tables that say which kind a row is of, "uarch=zen5", where the model knows no such kind:
    /// rows of it are as if they were of none.
    std::vector<std::string> categories_left_out{};
    std::int64_t left_out = 0;             ///< runs beside others, of which a model of runs alone learns nothing
    std::int64_t no_more_calibrating = 0;  ///< pairs that calibrated bounds and are learned from now
    /// Whether bounds were calibrated anew with the answers after. Not where they rest on runs learned from
    /// (BoundFrom::kLeaveOneOut), nor in models of older files: their bounds stay as they were fitted.
    bool recalibrated = false;

    /// What the model said of these pairs before it learned from them. The mean logarithm of the likelihood a pair (of
    /// ln t), and what it is if the pairs are like those that calibrate or, with few of those, as the model expects.
    double log_likelihood = 0.0;
    double expected_log_likelihood = 0.0;
    double surprise = 0.0;    ///< the first less than the second, in standard deviations of the mean
    double mean_error = 0.0;  ///< mean of |prediction / runtime - 1| over pairs
    double confidence = 0.9;
    std::int64_t bounded = 0;  ///< pairs that had a bound of this confidence
    std::int64_t covered = 0;  ///< those whose runs, on average, did not exceed it

    std::int64_t folded_in = 0;  ///< runs since the fit, with these
    std::int64_t fitted = 0;     ///< pairs that the fit learned from
    bool refit_due = false;
    std::string reason;  ///< why, or why not: a sentence
};

/// A model that learned on.
struct Observed {
    Predictor predictor;
    Observation observation;
};

// Predictor::observe(runs) folds the rows of `runs` into the model: runs of known pairs, new platforms and new modules;
// those beside others, too, if the model knows co-runners, else they are counted and left out. Its predictions are
// those of a fit on all runs with the same hyper-parameters and distances, to 1e-6 of ln t. Platforms and modules are
// matched by name; features are read of new ones alone, by the names of columns. Runs folded in never calibrate bounds:
// a combination that calibrated and is measured again is learned from with its new runs alone, and calibrates no more.
// Errors: kInput if the family cannot (Predictor::learns_on), if there is no run that it learns from, or for features
// that are not the model's.

}  // namespace pitot
