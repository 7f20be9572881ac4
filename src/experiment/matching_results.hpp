// Results that are of the dataset at hand.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/results.hpp"
#include "formats/npz.hpp"
#include "pitot/dataset.hpp"
#include "pitot/remedy.hpp"

namespace pitot::experiment {

/// Arrays of METHOD/SHARE.npz, and how they were made.
struct MatchingResults {
    formats::NpzReader arrays;
    ResultRecord record;
};

/// Opens METHOD's results at `share` if they were made with `dataset`. `remedy` is that of an error about another
/// dataset. Errors: those of open_results() and read_record(); kInput naming the dataset that they were made with.
[[nodiscard]] Result<MatchingResults> open_matching_results(const std::filesystem::path& results,
                                                            const std::string& method, double share,
                                                            const Dataset& dataset, Remedy remedy);

}  // namespace pitot::experiment
