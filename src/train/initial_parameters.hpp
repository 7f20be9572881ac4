// Where training starts.
#pragma once

#include <vector>

#include "backend/program.hpp"
#include "core/key.hpp"

namespace pitot::train {

/// Initial parameters, flat. Each buffer draws from key.fold(its name), so adding a buffer changes no other's start.
[[nodiscard]] std::vector<double> initial_parameters(const backend::Program& program, core::Key key);

}  // namespace pitot::train
