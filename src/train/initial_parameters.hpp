// Where training starts.
#pragma once

#include <vector>

#include "backend/program.hpp"
#include "core/key.hpp"

namespace pitot {

/// Initial parameters, flat. Each buffer draws from key.fold(its name), so adding a buffer changes no other's start.
[[nodiscard]] std::vector<double> initial_parameters(const Program& program, Key key);

}  // namespace pitot
