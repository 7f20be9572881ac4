// Sweeps that train in well under a second.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "experiment/sweep.hpp"

namespace pitot::test {

inline experiment::SweepOptions small_sweep(const std::filesystem::path& results, std::vector<std::string> methods) {
    experiment::SweepOptions options;
    options.methods = std::move(methods);
    options.results = results;
    options.shares = {0.5, 0.8};
    options.checkpoints = 3;
    options.epoch_samples = 2000;
    options.replicates = 2;
    options.folds = 3;
    return options;
}

/// Runs a sweep; `done` gets "METHOD SHARE" of every run that ended.
inline Result<void> run_quietly(const experiment::Sweep& sweep, const Dataset& dataset, std::vector<std::string>& done,
                                const Context& run = {}) {
    return experiment::run_sweep(
        sweep, dataset, run, [](const experiment::SweepProgress&) {},
        [&](const experiment::SweepRun& next, double) {
            done.push_back(next.method + " " + experiment::share_name(next.config.share));
        });
}

}  // namespace pitot::test
