// A dataset with more pools than files know: rows alone, beside one other, and beside two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "pitot/dataset.hpp"
#include "pitot/fit.hpp"
#include "support/synthetic.hpp"

namespace pitot::test {

/// Half of `rows` are beside one other, in the pool `one`, and half beside two, in the pool `two`.
inline Dataset three_pools(std::int64_t rows, const std::string& one = "one", const std::string& two = "two") {
    Dataset dataset = synthetic_dataset({.together = rows, .width = 2});
    const auto alone = static_cast<std::size_t>(dataset.pools[kAlone].rows);
    const auto half = static_cast<std::size_t>(rows / 2);
    for (std::size_t row = alone; row < alone + half; ++row) {
        dataset.observations.co_runner.edit()[2 * row + 1] = -1;
    }
    dataset.pools = {{"alone", dataset.pools[kAlone].rows},
                     {one, static_cast<std::int64_t>(half)},
                     {two, rows - static_cast<std::int64_t>(half)}};
    return dataset;
}

/// A factorization that learns from all pools of it as a default configuration does, in well under a second.
inline FitConfig three_pools_config(const Dataset& dataset) {
    FitConfig config = default_config(dataset);
    config.model = preset("interference/2").value().model;
    const FitConfig quick = quick_config();
    config.train.folds = quick.train.folds;
    config.train.checkpoints = quick.train.checkpoints;
    config.train.epoch_samples = quick.train.epoch_samples;
    config.calibration_share = 0.3;
    return config;
}

}  // namespace pitot::test
