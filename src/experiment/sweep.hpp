// Many presets at many training shares: a list of runs, each of which is done, to do or in the way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/run_options.hpp"

namespace pitot {

struct SweepOptions {
    std::vector<std::string> methods;  ///< presets; "family/*" stands for all that begin so
    std::filesystem::path results = "results";
    std::vector<double> shares{0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1};
    std::uint64_t seed = 42;
    bool force = false;  ///< replace results of another configuration or dataset
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
    kCopied,    ///< to do, but equal to another run of this sweep in all but its name
};

struct SweepRun {
    std::string method;
    FitConfig config;  ///< with share
    RunState state = RunState::kToDo;
    double seconds = 0.0;       ///< estimated, if asked for; on all threads
    std::size_t copied_of = 0;  ///< the run with the same configuration
};

struct Sweep {
    std::filesystem::path results;
    std::string digest;  ///< of the dataset
    std::vector<SweepRun> runs;

    [[nodiscard]] std::int64_t to_do() const;
    /// Models of the runs to do.
    [[nodiscard]] std::int64_t models() const;
    /// Estimated for what is to do.
    [[nodiscard]] double seconds() const;
};

/// Presets that `methods` stand for, each once, in their order. Error: kUsage naming a pattern that fits none.
[[nodiscard]] Result<std::vector<std::string>> expand_methods(const std::vector<std::string>& methods);

/// Looks at what is there. Errors: kUsage (methods, shares, configuration), kInput (results of another configuration or
/// dataset are in the way, with both, unless `force`; the dataset lacks what a preset needs), kEnvironment.
[[nodiscard]] Result<Sweep> plan_sweep(const Dataset& dataset, const SweepOptions& options);

/// Estimates the time of every run to do, by a few steps of each preset. Takes a second or so a preset.
[[nodiscard]] Result<void> estimate_sweep(Sweep& sweep, const Dataset& dataset, const RunOptions& run);

/// `run.progress` is not called; `progress` is, one at a time, with the run under way and the share of the estimated
/// time that is over.
struct SweepProgress {
    const SweepRun* run = nullptr;
    std::int64_t number = 0;  ///< of the run among those to do, from 1
    double share = 0.0;
};

/// Does what is to do, and writes METHOD/SHARE.npz and .json of each run when it ends, whole or not at all. Estimated
/// first. Stopped, it keeps what is done and returns kCancelled.
[[nodiscard]] Result<void> run_sweep(const Sweep& sweep, const Dataset& dataset, const RunOptions& run,
                                     const std::function<void(const SweepProgress&)>& progress,
                                     const std::function<void(const SweepRun&, double seconds)>& done);

}  // namespace pitot
