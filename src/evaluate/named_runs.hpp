// A dataset's runs by combination, with a model's numbers for names.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "predict/calibration_rows.hpp"

namespace pitot::evaluation {

/// A model's numbers of a side's names, -1 of those that it does not have.
[[nodiscard]] std::vector<std::int32_t> platform_numbers(const Side& platforms, const Predictor& predictor);
[[nodiscard]] std::vector<std::int32_t> module_numbers(const Side& modules, const Predictor& predictor);

struct NamedRuns {
    std::map<predict::Combination, std::vector<double>> runtime_us{};  ///< of each, in the order of the rows
    std::int64_t unknown_runs = 0;                                     ///< of names that the model does not have
    std::int64_t unknown_combinations = 0;                             ///< that these are runs of
    std::vector<std::string> unknown_platforms{};                      ///< those of them that have runs
    std::vector<std::string> unknown_modules{};                        ///< the same, as what ran or beside
};

/// Combinations are as the model numbers them.
[[nodiscard]] NamedRuns named_runs(const Predictor& predictor, const Dataset& dataset);

/// That a model knows none of these runs by name. kInput.
[[nodiscard]] Failure none_known(const NamedRuns& runs);

}  // namespace pitot::evaluation
