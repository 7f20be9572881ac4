// The scale a model predicts on and the way back to time.
#pragma once

#include <algorithm>
#include <cmath>

#include "dataset/source.hpp"
#include "pitot/config.hpp"
#include "pitot/units.hpp"

namespace pitot::models {

/// y = ln(t / 25 ms) with the logarithm, t / 25 ms without. Linear scaling always has the logarithm.
class Scale {
public:
    explicit Scale(const ModelConfig& config) : Scale(config.logarithm || config.family == Family::kLinearScaling) {}
    [[nodiscard]] static Scale logarithmic() { return Scale(true); }

    [[nodiscard]] double target(double runtime_us) const {
        return logarithm_ ? to_log(Microseconds{runtime_us}).value : runtime_us / kReferenceRuntimeUs;
    }

    /// Always finite and positive, whatever a model that extrapolates answers: at least a femtosecond, the least
    /// runtime that a dataset may have, and without the logarithm, where sums may be negative, at least a nanosecond.
    [[nodiscard]] double runtime_us(double y) const {
        if (logarithm_) {
            return std::max(to_time(LogRuntime{std::min(y, kLargestLog)}).value, dataset::kShortestRuntimeUs);
        }
        return std::max(y * kReferenceRuntimeUs, kLeastRuntimeUs);
    }

    /// Relative error prediction / truth - 1 of a prediction on this scale.
    [[nodiscard]] double error(double prediction, double target) const {
        return logarithm_ ? std::expm1(prediction - target) : prediction / target - 1.0;
    }

private:
    explicit Scale(bool logarithm) : logarithm_(logarithm) {}
    static constexpr double kLeastRuntimeUs = 1e-3;
    static constexpr double kLargestLog = 100.0;
    bool logarithm_;
};

}  // namespace pitot::models
