// Simulations small enough for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "experiment/sweep.hpp"
#include "pitot/dataset.hpp"
#include "place/simulate.hpp"
#include "support/temp_folder.hpp"

namespace pitot::test {

/// Of results below the folder, at share 0.5, into its `out`.
inline place::SimulateOptions small(const TempFolder& folder, std::vector<std::string> methods) {
    place::SimulateOptions options;
    options.results = folder / "results";
    options.out = folder / "out";
    options.methods = std::move(methods);
    options.share = 0.5;
    options.jobs = {5, 20};
    options.job_sets = 3;
    return options;
}

/// Results of presets at share 0.5 below a folder.
inline void make_results(const Dataset& dataset, const std::filesystem::path& results,
                         const std::vector<std::string>& methods) {
    experiment::SweepOptions options;
    options.methods = methods;
    options.results = results;
    options.shares = {0.5};
    options.checkpoints = 2;
    options.epoch_samples = 4000;
    options.replicates = 2;
    options.folds = 2;
    const experiment::Sweep sweep = experiment::plan_sweep(dataset, options).value();
    ASSERT_TRUE(experiment::run_sweep(
        sweep, dataset, {}, [](const experiment::SweepProgress&) {}, [](const experiment::SweepRun&, double) {}));
}

}  // namespace pitot::test
