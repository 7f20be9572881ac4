// A simulation as a table, as JSON and as a picture.
#pragma once

#include <string>
#include <vector>

#include "figure/gnuplot.hpp"
#include "place/simulate.hpp"

namespace pitot::cli {

/// What a predictor of a simulation is called in words: "Pitot" for embedding/128.
[[nodiscard]] std::string predictor_label(const std::string& method);

void print_simulation(const std::vector<place::SimulationResult>& results);
void print_simulation_json(const std::vector<place::SimulationResult>& results);

/// Error: kInput without the oracle's results.
[[nodiscard]] Result<figure::Plot> simulation_plot(const std::vector<place::SimulationResult>& results);

}  // namespace pitot::cli
