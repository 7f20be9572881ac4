// What the reference published, beside what results here say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::experiment {

enum class Measure {
    kMape,    ///< mean absolute relative error
    kRatio,   ///< that over another preset's
    kMargin,  ///< minus the 5th percentile of the signed errors
};

/// One number of docs/published.csv.
struct PublishedNumber {
    std::string preset;   ///< "linear scaling" is the baseline of embedding/128's results
    std::string dataset;  ///< file name of the public 2023 datasets
    std::string objective;
    Measure measure = Measure::kMape;
    std::string relative_to;  ///< of a ratio
    double share = 0.0;
    double value = 0.0;  ///< errors and margins as shares: 0.026 = 2.6 %
    std::string source;  ///< the figure of the 2023 release that it was read off
};

/// All of them, from the copy in this program.
[[nodiscard]] const std::vector<PublishedNumber>& published_numbers();

/// Ours, from the summaries below `results`; nothing where there are none at that share.
[[nodiscard]] std::optional<double> our_number(const std::filesystem::path& results, const PublishedNumber& number);

}  // namespace pitot::experiment
