// Many presets at many training shares: a list of runs, each of which is done, to do or in the way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiment/record.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"

namespace pitot::experiment {

struct SweepOptions {
    std::vector<std::string> methods;  ///< presets; "family/*" stands for all that begin so
    std::filesystem::path results = "results";
    std::vector<double> shares{0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1};
    std::uint64_t seed = 42;
    std::string backend = "cpu";  ///< that will train, not "auto"; results of another one differ
    std::string precision{};      ///< recorded_precision() of what will train
    bool force = false;           ///< replace results that differ or are damaged
    // Else what the preset says.
    std::optional<std::int64_t> checkpoints;
    std::optional<std::int64_t> epoch_samples;
    std::optional<std::int64_t> replicates;
    std::optional<std::int64_t> folds;
};

enum class RunState {
    kToDo,
    kDone,      ///< results of the same configuration and data are there
    kReplaced,  ///< results of another one are there and shall be replaced
    kDamaged,   ///< results of the same one are there and cannot be read: to do again
    kCopied,    ///< to do, but equal to another run of this sweep in all but its name
    kInTheWay,  ///< results of another one are there and must not be replaced
};

/// Whether a run in this state has to be trained.
[[nodiscard]] bool trains(RunState state);

struct SweepRun {
    std::string method;
    FitConfig config;  ///< with share
    RunState state = RunState::kToDo;
    std::optional<double> seconds{};  ///< estimated on all threads, if asked for and if it can be
    std::size_t copied_of = 0;        ///< the run with the same configuration

    /// Models of a replicate: one in families that have no folds, whatever the configuration says.
    [[nodiscard]] std::int64_t folds() const;
};

/// A run whose place is taken by results of another configuration, dataset or backend.
struct SweepConflict {
    std::size_t run = 0;  ///< of Sweep::runs
    ResultRecord there;
    std::vector<Difference> different;
};

struct Sweep {
    std::filesystem::path results;
    std::vector<std::string> dataset;  ///< its files
    std::string digest;                ///< of the dataset
    std::string backend;
    std::string precision;
    std::vector<std::string> pools;  ///< of the dataset
    std::vector<SweepRun> runs;
    std::vector<SweepConflict> conflicts;  ///< nothing runs while there are any

    /// METHOD/SHARE and an extension, below the results.
    [[nodiscard]] std::filesystem::path file_of(const SweepRun& run, const char* extension) const;
    /// What will be noted of a run, but for its duration.
    [[nodiscard]] ResultRecord record_of(const SweepRun& run) const {
        return {run.config, 0.0, dataset, digest, backend, recorded_precision(run.config, precision), pools};
    }
    /// Error: kInput naming the first run that is in conflict, what differs, and the remedy.
    [[nodiscard]] Result<void> check_conflicts() const;
    [[nodiscard]] std::int64_t to_do() const;
    /// Models of the runs to do.
    [[nodiscard]] std::int64_t models() const;
    /// Estimated for what is to do, as far as it can be.
    [[nodiscard]] double seconds() const;
    /// Whether every run to do has an estimate.
    [[nodiscard]] bool estimated() const;
};

/// Presets that `methods` stand for, each once, in their order. Error: kUsage naming a pattern that fits none.
[[nodiscard]] Result<std::vector<std::string>> expand_methods(const std::vector<std::string>& methods);

/// Looks at what is there, and whether every run can be done. Without `force`, results of another configuration,
/// dataset or backend become conflicts of the sweep; with it, archives are read to the end to find damage. A share
/// given twice counts once. Errors: kUsage (methods, shares, configuration; no steps or no test rows at a share),
/// kInput (the dataset lacks what a preset needs; a record that cannot be read, unless `force`), kEnvironment.
[[nodiscard]] Result<Sweep> plan_sweep(const Dataset& dataset, const SweepOptions& options);

/// Estimates the time of every run to do by a few steps of each preset, but for the Gaussian process, which has none.
/// Takes a second or so a preset.
[[nodiscard]] Result<void> estimate_sweep(Sweep& sweep, const Dataset& dataset, const Context& context);

/// `run.progress` is not called; `progress` is, one at a time, with the run under way and the share of the estimated
/// time that is over.
struct SweepProgress {
    const SweepRun* run = nullptr;
    std::int64_t number = 0;  ///< of the run among those to do, from 1
    double share = 0.0;
};

/// Does what is to do, and writes METHOD/SHARE.npz and .json of each run when it ends, whole or not at all; while they
/// are written, the next run trains. `done` is told of runs in their order, when their files are there. It and
/// `progress` are called from any thread, one at a time. Estimated first. Stopped, it keeps what is done and returns
/// kCancelled. `context` has the backend and the precision that the sweep was planned with. Errors: check_conflicts();
/// what training or writing gives, which ends the run under way, too.
[[nodiscard]] Result<void> run_sweep(const Sweep& sweep, const Dataset& dataset, const Context& context,
                                     const std::function<void(const SweepProgress&)>& progress,
                                     const std::function<void(const SweepRun&, double seconds)>& done);

}  // namespace pitot::experiment
