// (Dataset, rows, FitConfig, Key) -> trained folds. Replicates and their folds are independent tasks; each replicate is
// handed on as it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "data/split.hpp"
#include "model/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"

namespace pitot {

/// The rows of one replicate, per objective; numbers are rows of dataset.alone and dataset.together.
struct ReplicateRows {
    Split alone;
    Split together;
};

/// Draws the rows of replicates. What they have in common is found out once.
class RowDraw {
public:
    /// `config.train.together_rows` limits the second objective to its first rows. The dataset must outlive it.
    RowDraw(const Dataset& dataset, const FitConfig& config);

    /// Replicate `replicate`'s rows. calibration_share 0 gives the published splits. What is set aside leaves whatever
    /// part of the fleet is connected by measurements connected by those that train, so that no platform and no module
    /// loses its only one. Nothing is set aside where that leaves fewer than kLeastCalibration combinations.
    [[nodiscard]] ReplicateRows operator()(double share, double calibration_share, std::int64_t replicate) const;

    /// Runs of combinations, where a split keeps them together; of rows beyond `together_rows` nothing is said.
    [[nodiscard]] const RowGroups& alone_groups() const { return alone_groups_; }
    [[nodiscard]] const RowGroups& together_groups() const { return together_groups_; }

private:
    const Dataset* dataset_;
    const FitConfig* config_;
    ObservationView together_;
    RowGroups alone_groups_;
    RowGroups together_groups_;
};

/// The same for one replicate.
[[nodiscard]] ReplicateRows draw_rows(const Dataset& dataset, const FitConfig& config, double share,
                                      double calibration_share, std::int64_t replicate);

/// One fold's outcome.
struct FoldFit {
    std::vector<float> parameters;       ///< flat, see parameter_layout()
    std::vector<float> train_loss;       ///< mean training loss between checkpoints
    std::vector<float> validation_loss;  ///< at each checkpoint; empty without validation rows
    std::int64_t kept_checkpoint = 0;    ///< whose parameters these are, from 0
};

struct Replicate {
    std::int64_t index = 0;
    ReplicateRows rows;
    LinearScaling baseline;      ///< fitted on all non-test, non-calibration rows alone
    std::vector<FoldFit> folds;  ///< empty for Family::kLinearScaling
};

struct TrainOptions {
    int threads = 0;              ///< 0 = default_threads()
    std::string backend = "cpu";  ///< "cpu", "reference" or "cuda"
    std::stop_token stop{};       ///< asks training to end; the call then returns kCancelled
    /// Called from worker threads, one at a time, a few times a second at most: model-steps done and in all.
    std::function<void(std::int64_t done, std::int64_t total)> progress{};
    /// Called with each replicate's baseline before its folds train, to give terms to platforms and modules that no row
    /// alone trains. Nothing: they keep 0, as published.
    std::function<void(const ReplicateRows& rows, LinearScaling& baseline)> complete_baseline{};
};

/// Steps of one fold at a training share: checkpoints * int(epoch_samples * share).
[[nodiscard]] std::int64_t steps_of(const TrainConfig& config, double share);

/// Whether the dataset has what the configuration trains on: kInput for no rows alone, no features a preset needs, no
/// co-runners an interference model needs.
[[nodiscard]] Result<void> check_fit(const Dataset& dataset, const FitConfig& config);

/// Trains one replicate for each element of `rows` (replicate numbers from 0) and hands them to `consume` in order,
/// one at a time; at most a few exist at once. `share` decides the number of steps. The result is the same to the
/// bit for any number of threads. Errors: as check_fit(), kInput (no rows left to train on), kEnvironment (backend not
/// available), kCancelled, or whatever `consume` returns.
[[nodiscard]] Result<void> train_replicates(const Dataset& dataset, const FitConfig& config, double share,
                                            std::int64_t replicates, const TrainOptions& options,
                                            const std::function<ReplicateRows(std::int64_t)>& rows,
                                            const std::function<Result<void>(Replicate&&)>& consume);

}  // namespace pitot
