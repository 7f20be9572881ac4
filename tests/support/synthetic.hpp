// A small fleet made up from a key: runtimes follow linear scaling, a rank-2 interaction that side information tells,
// and noise; co-runners slow a module down. Nothing of it is measured.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/units.hpp"

namespace pitot::test {

struct SyntheticOptions {
    std::int64_t platforms = 12;
    std::int64_t modules = 20;
    std::int64_t features = 5;  ///< of each side; 0 = no side information
    double density = 0.9;       ///< share of cells measured alone
    std::int64_t together = 0;  ///< rows with co-runners
    std::int32_t width = 1;     ///< co-runners a row of those has room for
    double interaction = 0.3;   ///< scale of the rank-2 part of ln t
    double noise = 0.02;        ///< standard deviation of ln t
    std::uint64_t seed = 1;
};

inline Side synthetic_side(const std::string& kind, std::int64_t rows, std::int64_t features, core::Key key) {
    Side side;
    side.features = Matrix<double>(rows, features);
    core::Stream stream(key);
    for (std::int64_t i = 0; i < rows; ++i) {
        side.names.push_back(kind + std::to_string(i));
        for (std::int64_t c = 0; c < features; ++c) {
            side.features(i, c) = stream.normal();
        }
    }
    for (std::int64_t c = 0; c < features; ++c) {
        side.feature_names.push_back(kind + "_feature" + std::to_string(c));
    }
    return side;
}

/// The runtime's logarithm without noise, from side information (or, without any, from draws of the row's own).
class SyntheticTruth {
public:
    SyntheticTruth(const Dataset& dataset, const SyntheticOptions& options)
        : interaction_(options.interaction),
          platform_(factors(dataset.platforms, core::Key(options.seed).fold("platform factors"))),
          module_(factors(dataset.modules, core::Key(options.seed).fold("module factors"))) {}

    [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const {
        return platform_(i, 0) + 1.5 * module_(j, 0) +
               interaction_ * (platform_(i, 1) * module_(j, 1) + platform_(i, 2) * module_(j, 2));
    }
    /// What co-runner k adds on platform i.
    [[nodiscard]] double slowdown(std::int64_t i, std::int64_t k) const {
        return 0.2 + 0.1 * std::tanh(platform_(i, 1)) + 0.1 * std::tanh(module_(k, 2));
    }

private:
    static Matrix<double> factors(const Side& side, core::Key key) {
        Matrix<double> f(side.size(), 3);
        const auto features = side.features.cols();
        core::Stream stream(key);
        if (features == 0) {
            for (double& x : f.flat()) {
                x = 0.7 * stream.normal();
            }
            return f;
        }
        for (std::int64_t t = 0; t < 3; ++t) {
            for (std::int64_t c = 0; c < features; ++c) {
                const double weight = stream.normal() / std::sqrt(static_cast<double>(features));
                for (std::int64_t i = 0; i < side.size(); ++i) {
                    f(i, t) += weight * side.features(i, c);
                }
            }
        }
        return f;
    }

    double interaction_;
    Matrix<double> platform_;
    Matrix<double> module_;
};

inline Dataset synthetic_dataset(const SyntheticOptions& options = {}) {
    const core::Key key(options.seed);
    Dataset dataset;
    dataset.platforms = synthetic_side("platform", options.platforms, options.features, key.fold("platforms"));
    dataset.modules = synthetic_side("module", options.modules, options.features, key.fold("modules"));
    const SyntheticTruth truth(dataset, options);
    core::Stream stream(key.fold("observations"));
    const auto runtime = [&](double y) { return to_time(LogRuntime{y + options.noise * stream.normal()}).value; };
    ObservationTable alone;
    ObservationTable together;
    for (std::int64_t i = 0; i < options.platforms; ++i) {
        for (std::int64_t j = 0; j < options.modules; ++j) {
            // The diagonal is always measured, so that no row is empty.
            if (stream.uniform() >= options.density && i % options.modules != j && j % options.platforms != i) {
                continue;
            }
            alone.platform.push_back(static_cast<std::int32_t>(i));
            alone.module.push_back(static_cast<std::int32_t>(j));
            alone.runtime_us.push_back(runtime(truth(i, j)));
        }
    }
    together.width = options.together > 0 ? options.width : 0;
    for (std::int64_t row = 0; row < options.together; ++row) {
        const auto i = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(options.platforms)));
        const auto j = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(options.modules)));
        double y = truth(i, j);
        for (std::int32_t w = 0; w < options.width; ++w) {
            const auto k = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(options.modules)));
            together.co_runner.push_back(static_cast<std::int32_t>(k));
            y += truth.slowdown(i, k);
        }
        together.platform.push_back(static_cast<std::int32_t>(i));
        together.module.push_back(static_cast<std::int32_t>(j));
        together.runtime_us.push_back(runtime(y));
    }
    dataset.set_observations(std::move(alone), std::move(together));
    return dataset;
}

/// A configuration that fits it in well under a second.
inline FitConfig quick_config(const std::string& name = "embedding/32") {
    FitConfig config = preset(name).value();
    config.train.folds = 3;
    config.train.checkpoints = 2;
    config.train.epoch_samples = 150;
    config.train.objective("alone").batch = 64;
    config.train.objective("together").batch = 64;
    return config;
}

}  // namespace pitot::test
