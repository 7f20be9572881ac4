// How well a configuration predicts rows that were never measured, and what a few measurements of them are worth.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/evaluate.hpp"
#include "pitot/export.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// What is held out, at random.
enum class HoldOut : std::uint8_t {
    kPlatforms,
    kModules,
    kDevices,  ///< all platforms of a device together: those named RUNTIME.DEVICE or RUNTIME:DEVICE. Runtimes with
               ///< a '.' or ':' of their own are known from features "runtime=NAME" or "rt=NAME"
    kPairs,    ///< combinations of the whole fleet: those that do not train
};

/// "platforms", "modules", "devices" or "pairs".
[[nodiscard]] PITOT_API std::string_view to_string(HoldOut side);

/// A held-out row or fleet, and the cells of it that could be measured next.
struct CellQuestion {
    const Predictor& predictor;              ///< has learned from the cells chosen so far, and from none of these
    std::span<const std::int32_t> platform;  ///< of each candidate, a pair that runs alone
    std::span<const std::int32_t> module;
    std::int64_t most = 0;  ///< cells wanted
};

/// Answers with places among the candidates, the first to be measured in front, each once; `most` of them, or all where
/// there are fewer.
using ChooseCells = std::function<Result<std::vector<std::size_t>>(const CellQuestion& question)>;

/// Chooses by Predictor::advise() of the row or fleet.
[[nodiscard]] PITOT_API ChooseCells advised_cells();

struct HoldOutOptions {
    HoldOut side = HoldOut::kPlatforms;
    double held_out = 0.2;         ///< share of the platforms, modules or devices that are held out; one at least
    double share = 0.9;            ///< of the other rows' combinations that train; with kPairs of all combinations
    std::int64_t replicates = 25;  ///< random draws of both
    /// Numbers of cells of each held-out row (with kPairs: of the fleet) that are measured after all, and learned from;
    /// ascending.
    std::vector<std::int64_t> cells{0, 1, 3, 5, 10};
    /// Ways to choose them, at least one; an empty function: at random. Those of one number are asked for when the ones
    /// of the number before were learned from. All ways and numbers are tested on the same rows.
    std::vector<ChooseCells> choose{ChooseCells()};
    /// Whether cells are learned from by another fit, hyper-parameters included, though the family can fold them in
    /// (Predictor::observe).
    bool refit = false;
    /// Of bounds to test, each in (0, 1); empty: none, and nothing is set aside for them.
    std::vector<double> confidences{};
    Context context{};
};

/// Absolute relative errors |prediction / truth - 1| on test rows; every combination counts once, whatever its number
/// of runs.
struct AbsoluteErrors {
    std::vector<double> mape_replicates;    ///< mean of each
    std::vector<double> median_replicates;  ///< median of each
    Spread mape;                            ///< over replicates
    Spread median;
};

/// The test rows of one pool, with so many cells known.
struct HoldOutMetrics {
    std::size_t way = 0;     ///< place in HoldOutOptions::choose
    std::string objective;   ///< as in ObjectiveMetrics
    std::int64_t cells = 0;  ///< of each held-out row that were learned from, or all where it has fewer
    double test_rows = 0.0;  ///< a replicate, on average: held out, and learned from in no way at any number of cells
    AbsoluteErrors model;
    AbsoluteErrors baseline;  ///< linear scaling on the same rows; of rows never measured from a ridge regression of
                              ///< speeds or sizes on features
    std::vector<BoundMetrics> bounds;  ///< of each confidence
};

struct HoldOutEvaluation {
    std::vector<HoldOutMetrics> metrics;  ///< by way, objective and cells; those that have test rows
    std::int64_t rows = 0;                ///< platforms, modules or devices with runs alone, or pairs
    std::int64_t held_out = 0;            ///< of them, a replicate
    std::int64_t replicates = 0;          ///< finished
    std::int64_t replicates_asked = 0;
    bool complete = true;  ///< false: stopped by the user before the last replicate
    double seconds = 0.0;  ///< wall time
};

/// Holds rows out, fits on a share of the others' combinations, and tests on the held-out rows: predicted from what
/// else is known of them, then with some of their cells learned from, too. Rows beside others train and test like those
/// alone; what a held-out module ran beside does not train. A model that cannot take
/// cells in is fitted again with them. With kPairs, nothing but combinations is held out, of every pool, and cells are
/// the pairs alone among them. The result depends on dataset, configuration and options, never on the number
/// of threads. Asked to stop, it returns what finished replicates gave, marked incomplete, or kCancelled if there are
/// none. Errors: kUsage (configuration, options), kInput (as fit(); fewer than two rows or pairs to hold out, names
/// that tell no device, no row left to test on; with 0 cells a model that has nothing to say of rows never measured),
/// kEnvironment.
[[nodiscard]] PITOT_API Result<HoldOutEvaluation> evaluate_held_out(const Dataset& dataset, const FitConfig& config,
                                                                    const HoldOutOptions& options);

}  // namespace pitot
