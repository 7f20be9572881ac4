#include "backend/ops/adam/adam.hpp"

#include <cmath>

#include "backend/ops/adam/skipped_updates.hpp"

namespace pitot::backend {

bool Adam::catches_up_in_closed_form() const { return learning_rate.is_constant() && SkippedUpdates::possible(*this); }

AdamStep adam_step(const Adam& adam, std::int64_t update, std::int64_t step) {
    const auto t = static_cast<double>(update);
    return {adam.beta1, adam.beta2, adam.epsilon, adam.learning_rate.at(step) / (1.0 - std::pow(adam.beta1, t)),
            1.0 / std::sqrt(1.0 - std::pow(adam.beta2, t))};
}

}  // namespace pitot::backend
