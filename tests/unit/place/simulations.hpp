// Simulations small enough for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "place/simulate.hpp"
#include "support/temp_folder.hpp"

namespace pitot::test {

/// Of results below the folder, at share 0.5, into its `out`.
inline place::SimulateOptions small(const TempFolder& folder, std::vector<std::string> methods) {
    place::SimulateOptions options;
    options.results = folder / "results";
    options.out = folder / "out";
    options.methods = std::move(methods);
    options.share = 0.5;
    options.jobs = {5, 20};
    options.job_sets = 3;
    return options;
}

}  // namespace pitot::test
