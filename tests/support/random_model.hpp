// Models whose parameters are drawn, not trained: for what a prediction costs and how it is computed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "models/folds/folded_model.hpp"
#include "models/folds/step_program.hpp"
#include "models/scaling/scaling_family.hpp"
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

/// A model of folds with the sides it was made with.
struct RandomModel {
    FitConfig config;
    Side platforms;
    Side modules;
    models::FoldedParts parts;
};

/// Parameters are as large as training leaves them, not as small as they start.
inline RandomModel random_model(FitConfig config, const RandomModelOptions& options = {}) {
    RandomModel model;
    model.config = std::move(config);
    model.config.train.folds = options.folds;
    model.platforms = synthetic_side("platform", options.platforms, options.platform_features, core::Key(1));
    model.modules = synthetic_side("module", options.modules, options.module_features, core::Key(2));
    core::Stream stream(core::Key(3));
    const auto draw = [&](std::int64_t count) {
        std::vector<double> values(static_cast<std::size_t>(count));
        for (double& x : values) {
            x = 0.3 * stream.normal();
        }
        return values;
    };
    model.parts.config = model.config.model;
    model.parts.baseline = {draw(options.platforms), draw(options.modules)};
    const backend::Program program = models::build_model(model.config.model, model.platforms, model.modules).program;
    for (std::int64_t f = 0; f < options.folds; ++f) {
        const auto values = draw(program.parameter_count());
        model.parts.folds.push_back({std::vector<float>(values.begin(), values.end()), {0.0F}, {0.0F}, 0});
    }
    return model;
}

inline RandomModel random_model(const std::string& preset_name, const RandomModelOptions& options = {}) {
    return random_model(preset(preset_name).value(), options);
}

/// Parts of a predictor with that model; every row measured, 100 residuals of each pool.
inline PredictorParts random_parts(const RandomModel& model) {
    PredictorParts parts;
    parts.config = model.config;
    parts.platforms = predict::clone_side(model.platforms);
    parts.modules = predict::clone_side(model.modules);
    parts.platform_basis.assign(static_cast<std::size_t>(parts.platforms.size()), Basis::kMeasured);
    parts.module_basis.assign(static_cast<std::size_t>(parts.modules.size()), Basis::kMeasured);
    parts.co_runner_basis = parts.module_basis;
    predict::MeasuredPool none;
    none.combinations.offsets.assign(parts.platform_basis.size() + 1, 0);
    parts.measured.push_back(none);
    core::Stream stream(core::Key(4));
    std::vector<double> alone(100), together(100);
    for (double& x : alone) {
        x = 0.3 * stream.normal();
    }
    for (double& x : together) {
        x = 0.3 * stream.normal();
    }
    parts.calibration = calibrate::Calibration({std::move(alone), std::move(together)});
    parts.model =
        model.config.model.family == Family::kLinearScaling
            ? models::make_scaling_model(model.parts.baseline)
            : std::make_shared<const models::FoldedModel>(model.parts, parts.platforms, parts.modules, "drawn");
    return parts;
}

inline PredictorParts random_parts(const FitConfig& config, const RandomModelOptions& options = {}) {
    return random_parts(random_model(config, options));
}

inline PredictorParts random_parts(const std::string& preset_name, const RandomModelOptions& options = {}) {
    return random_parts(random_model(preset_name, options));
}

/// The parts of a predictor's model of folds.
inline const models::FoldedParts& folded_parts(const PredictorParts& parts) {
    return dynamic_cast<const models::FoldedModel&>(*parts.model).parts();
}

/// Gives a predictor the same model of folds after a change.
inline void change_model(PredictorParts& parts, const std::function<void(models::FoldedParts&)>& change) {
    models::FoldedParts changed = folded_parts(parts);
    change(changed);
    parts.model =
        std::make_shared<const models::FoldedModel>(std::move(changed), parts.platforms, parts.modules, "changed");
}

/// `count` row numbers, each below `below` and at least `least`.
inline std::vector<std::int32_t> random_rows(std::size_t count, std::int64_t below, core::Key key,
                                             std::int32_t least = 0) {
    std::vector<std::int32_t> rows(count);
    core::Stream stream(key);
    for (std::int32_t& row : rows) {
        row = least + static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(below - least)));
    }
    return rows;
}

}  // namespace pitot::test
