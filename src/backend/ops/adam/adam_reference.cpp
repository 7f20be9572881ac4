#include "backend/ops/adam/adam_reference.hpp"

#include <algorithm>
#include <cmath>

namespace pitot::backend::reference {
namespace {

// After its moments were updated.
void move(const AdamStep& step, double m, double v, double& p) {
    p -= step.rate * m / (std::sqrt(v) * step.root + step.epsilon);
}

void catch_up_one(const SkippedTerms& skipped, double epsilon, double& p, double& m, double& v) {
    if (skipped.missed == 0) {
        return;
    }
    const double bottom = std::sqrt(v) + epsilon * skipped.centre;
    if (skipped.steps != nullptr && !(epsilon / bottom < SkippedTerms::kSeriesBelow)) {
        double decaying_m = m;
        double decaying_v = v;
        for (const AdamStep& step : std::span(skipped.steps, static_cast<std::size_t>(skipped.replay))) {
            decaying_m *= step.beta1;
            decaying_v *= step.beta2;
            move(step, decaying_m, decaying_v, p);
        }
    } else {
        double power = 1.0 / bottom;
        double sum = 0.0;
        for (const double moment : skipped.moments) {
            sum += moment * power;
            power *= -epsilon / bottom;
        }
        p -= m * sum;
    }
    m *= skipped.beta1_power;
    v *= skipped.beta2_power;
}

}  // namespace

void adam(std::span<double> parameters, std::span<const double> gradient, std::span<double> first,
          std::span<double> second, const AdamStep& step) {
    for (std::size_t n = 0; n < parameters.size(); ++n) {
        first[n] = step.beta1 * first[n] + (1.0 - step.beta1) * gradient[n];
        second[n] = step.beta2 * second[n] + (1.0 - step.beta2) * gradient[n] * gradient[n];
        move(step, first[n], second[n], parameters[n]);
    }
}

void adam_rows(Index rows, ConstView gradient, View parameters, View first, View second, const AdamStep& step) {
    for (std::size_t c = 0; c < rows.size(); ++c) {
        adam(parameters.row(rows[c]), gradient.row(static_cast<std::int64_t>(c)), first.row(rows[c]),
             second.row(rows[c]), step);
    }
}

void catch_up(Index rows, std::span<const SkippedTerms> skipped, double epsilon, View parameters, View first,
              View second, View to) {
    for (std::size_t c = 0; c < rows.size(); ++c) {
        for (std::int64_t n = 0; n < parameters.cols; ++n) {
            catch_up_one(skipped[c], epsilon, parameters(rows[c], n), first(rows[c], n), second(rows[c], n));
        }
        if (to.data != nullptr) {
            std::ranges::copy(parameters.row(rows[c]), to.row(static_cast<std::int64_t>(c)).begin());
        }
    }
}

}  // namespace pitot::backend::reference
