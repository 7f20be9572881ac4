// Where the answer for a pair comes from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/predictor.hpp"

namespace pitot {

/// Logarithms are of t / 25 ms.
struct PairExplanation {
    /// A term of the sum that the answer is.
    struct Term {
        std::string name;    ///< "constant", "platform", "module", "product 1", …
        double value = 0.0;  ///< of ln t; all sum up to `answer`
    };
    /// A pair that was learned from, alone or beside others.
    struct Near {
        std::int32_t platform = 0;
        std::int32_t module = 0;
        std::vector<std::int32_t> co_runners{};  ///< ascending; empty: alone
        std::int64_t runs = 0;
        double mean = 0.0;  ///< of its runs' ln t
        /// What its mean less the constant counts in the answer less the constant (the weight of simple kriging), given
        /// the pairs that were weighed.
        double weight = 0.0;
    };
    /// A part of the variance of a new run.
    struct Part {
        std::string name;  ///< "noise", "platform", "module", "pair"
        double variance = 0.0;
    };
    double answer = 0.0;     ///< ln t
    double deviation = 0.0;  ///< standard deviation of a new run's ln t
    std::vector<Term> terms{};
    std::vector<Near> near{};       ///< the pairs that weigh most, largest |weight| first
    double near_answer = 0.0;       ///< what the pairs weighed make of the answer; all of them where they are all
    std::int64_t weighed = 0;       ///< pairs
    std::int64_t learned_from = 0;  ///< pairs in all
    /// Of the deviation's square: "noise" of a run; what measuring all other pairs of the "platform", or of the
    /// "module", would take away; the rest is the "pair"'s own, which its runs alone can tell.
    std::vector<Part> parts{};
};

// Predictor::explain(platform, module, most) tells it of a pair alone, with at most `most` measured pairs. Errors:
// kUsage for rows that do not exist; kInput if the family cannot (Predictor::learns_on).

}  // namespace pitot
