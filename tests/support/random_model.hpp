// Models whose parameters are drawn, not trained: for what a prediction costs and how it is computed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "model/model.hpp"
#include "predict/parts.hpp"
#include "support/synthetic.hpp"

namespace pitot::test {

struct RandomModelOptions {
    std::int64_t platforms = 12;
    std::int64_t modules = 20;
    std::int64_t platform_features = 5;
    std::int64_t module_features = 5;
    std::int64_t folds = 3;
};

/// Parts of a predictor with `config`'s model; every row measured, 100 residuals of each group. Parameters are as large
/// as training leaves them, not as small as they start.
inline PredictorParts random_parts(FitConfig config, const RandomModelOptions& options = {}) {
    PredictorParts parts;
    parts.config = std::move(config);
    parts.config.train.folds = options.folds;
    parts.platforms = synthetic_side("platform", options.platforms, options.platform_features, Key(1));
    parts.modules = synthetic_side("module", options.modules, options.module_features, Key(2));
    const auto platforms = static_cast<std::size_t>(options.platforms);
    const auto modules = static_cast<std::size_t>(options.modules);
    parts.platform_basis.assign(platforms, Basis::kMeasured);
    parts.module_basis.assign(modules, Basis::kMeasured);
    parts.co_runner_basis = parts.module_basis;
    parts.measured.offsets.assign(platforms + 1, 0);
    Stream stream(Key(3));
    const auto draw = [&](std::size_t count) {
        std::vector<double> values(count);
        for (double& x : values) {
            x = 0.3 * stream.normal();
        }
        return values;
    };
    parts.baseline = {draw(platforms), draw(modules)};
    parts.calibration = Calibration(draw(100), draw(100));
    const Program program = build_model(parts.config.model, parts.platforms, parts.modules).program;
    const bool trained = parts.config.model.family != Family::kLinearScaling;
    for (std::int64_t f = 0; trained && f < options.folds; ++f) {
        const auto values = draw(static_cast<std::size_t>(program.parameter_count()));
        parts.folds.push_back({std::vector<float>(values.begin(), values.end()), {0.0F}, {0.0F}, 0});
    }
    return parts;
}

inline PredictorParts random_parts(const std::string& preset_name, const RandomModelOptions& options = {}) {
    return random_parts(preset(preset_name).value(), options);
}

/// `count` row numbers, each below `below` and at least `least`.
inline std::vector<std::int32_t> random_rows(std::size_t count, std::int64_t below, Key key, std::int32_t least = 0) {
    std::vector<std::int32_t> rows(count);
    Stream stream(key);
    for (std::int32_t& row : rows) {
        row = least + static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(below - least)));
    }
    return rows;
}

}  // namespace pitot::test
