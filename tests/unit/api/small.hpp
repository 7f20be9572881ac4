// A dataset small enough to be broken in every way, a configuration that fits it at once and a model of both; by the
// public headers alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "pitot/fit.hpp"

namespace pitot::test {

inline constexpr std::int32_t kPlatforms = 6;
inline constexpr std::int32_t kModules = 10;
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What no text should be: a NUL in the middle, bytes that are not UTF-8.
inline const std::string kNul("a\0b", 3);
inline const std::string kNotUtf8("\xC3(\xFF");

inline Side small_side(const std::string& kind, std::int32_t rows) {
    Side side{{}, {kind + "_clock", kind + "_size"}, Matrix<double>(rows, 2)};
    for (std::int32_t i = 0; i < rows; ++i) {
        side.names.push_back(kind + std::to_string(i));
        side.features(i, 0) = 0.5 * i;
        side.features(i, 1) = i % 2;
    }
    return side;
}

/// Every pair once alone, and half of them beside one or two others: enough of both to calibrate with.
inline Dataset small_dataset() {
    Dataset dataset;
    dataset.platforms = small_side("platform", kPlatforms);
    dataset.modules = small_side("module", kModules);
    ObservationTable alone;
    ObservationTable together;
    together.width = 2;
    for (std::int32_t i = 0; i < kPlatforms; ++i) {
        for (std::int32_t j = 0; j < kModules; ++j) {
            const double runtime_us = 1000.0 * (1 + i) * (1 + j) * (1 + 0.01 * ((7 * i + 3 * j) % 5));
            alone.platform.push_back(i);
            alone.module.push_back(j);
            alone.runtime_us.push_back(runtime_us);
            if (j % 2 == 0) {
                together.platform.push_back(i);
                together.module.push_back(j);
                together.co_runner.push_back(j + 1);
                together.co_runner.push_back(j == 2 ? -1 : i);
                together.runtime_us.push_back(1.5 * runtime_us);
            }
        }
    }
    dataset.set_observations(std::move(alone), std::move(together));
    return dataset;
}

inline FitConfig small_config(const char* name = "interference/2") {
    FitConfig config = preset(name).value();
    config.model.layers = {8, 8};
    config.train.folds = 2;
    config.train.checkpoints = 1;
    config.train.epoch_samples = 500;
    config.train.objective("alone").batch = 8;
    config.train.objective("together").batch = 8;
    config.train.objective("together").rows = 0;
    config.calibration_share = 0.35;
    return config;
}

inline const Predictor& small_model() {
    static const Predictor kModel = fit(small_dataset(), small_config()).value();
    return kModel;
}

}  // namespace pitot::test
