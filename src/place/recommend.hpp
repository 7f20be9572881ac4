// Where modules should run, by a fitted model: platforms in order of what can be counted on, or one for each of many.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::place {

/// What runs on a platform already.
struct Occupant {
    std::int32_t platform = 0;
    std::int32_t module = 0;
};

struct RecommendOptions {
    std::vector<std::int32_t> platforms{};  ///< to choose from, none twice; empty: all
    std::vector<std::int32_t> with{};       ///< modules that run on every one of them already
    std::vector<Occupant> running{};        ///< and those that run on single ones
    double confidence = 0.9;                ///< of bounds
    std::optional<double> deadline_us{};    ///< what a run must not exceed
    std::stop_token stop{};
};

/// Whether a run meets the deadline.
enum class Meets : std::uint8_t {
    kNotAsked,   ///< there is no deadline
    kYes,        ///< its bound does
    kPointOnly,  ///< its prediction does, and there is no bound
    kNo,
};

/// A module that runs there already, with the newcomer and without.
struct Disturbed {
    std::int32_t module = 0;
    double before_us = 0.0;  ///< predicted beside the others there
    double after_us = 0.0;   ///< and beside the newcomer, too
};

/// A module on a platform, beside what runs there.
struct Candidate {
    std::int32_t platform = 0;
    double runtime_us = 0.0;  ///< predicted
    double bound_us = 0.0;    ///< NaN where there is none
    NoBound missing = NoBound::kNothing;
    Basis basis = Basis::kMeasured;
    Meets meets = Meets::kNotAsked;
    std::vector<std::int32_t> beside{};
    /// Those beside; empty of models that co-runners do not matter to.
    std::vector<Disturbed> disturbed{};

    /// The bound or, without one, the prediction.
    [[nodiscard]] double counted_us() const;
};

/// The platforms for a module, the best first: those with a bound by it, then those without by the prediction, equal
/// ones in the order given. A bound holds for every single platform as it does in the fleet; of the least of many it
/// promises somewhat less. Errors: kUsage for rows that do not exist or a confidence outside (0, 1), kCancelled.
[[nodiscard]] Result<std::vector<Candidate>> recommend(const Predictor& predictor, std::int32_t module,
                                                       const RecommendOptions& options);

struct BatchOptions {
    std::int64_t most = 1;  ///< modules that a platform takes
    bool optimal = true;    ///< by a linear program; else greedily
};

/// A platform for every module, in the order of the modules.
struct BatchPlacement {
    std::vector<Candidate> placed;  ///< each beside those that are there and those placed there
    /// Sum over modules of what is counted on, over what it is on the best platform for it alone; at least their
    /// number.
    double cost = 0.0;
    bool proven = false;  ///< no placement costs less
};

/// Places modules at once, so that as many as can be meet the deadline, as few as can be lack a bound, and of such
/// placements the cost is least. Optimally: by a linear program, in which modules placed together do not change each
/// other's runtimes and bounds. That is proven to be the best where a platform takes one, or where the model knows no
/// co-runners and bounds are the same beside others; else, and greedily, single moves and swaps follow while they help.
/// Greedily: the longest module first, each where cost grows least. Errors: as recommend(), and kUsage if there are
/// more modules than the platforms take.
[[nodiscard]] Result<BatchPlacement> place_batch(const Predictor& predictor, const std::vector<std::int32_t>& modules,
                                                 const RecommendOptions& options, const BatchOptions& batch);

}  // namespace pitot::place
