// Fleets made up to be unlike the one that presets were tuned on, whose truth is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::bench {

/// A fleet and what it was made of.
struct StudyFleet {
    Dataset dataset;              ///< runs alone
    Matrix<double> truth;         ///< platforms × modules: median of ln(runtime / us)
    ObservationTable unmeasured;  ///< further runs, alone, of pairs that the dataset has none of; may be empty
};

struct StudyFleetInfo {
    std::string name;
    std::string summary;
};

/// rank3: 100 × 100 without features, all measured; ln t = a_i + b_j + a product of rank 3; noise 0.05.
/// small: 10 × 50 without features, all measured; a product of rank 2; noise 0.05.
/// wild: 40 × 60 with features, nine tenths measured; three platforms that these do not describe: one with noise 1, one
/// whose runtimes depend on nothing else, one with noise 0.3 and a product five times that of the others.
/// heavy: 30 × 40 with features, one to nine runs of a pair; noise 0.03, and every tenth run is stretched by e^x,
/// x exponential with mean 0.7.
/// halves: two halves of 20 × 30 each with features, which two platforms measured on all modules connect; unmeasured
/// are pairs across.
[[nodiscard]] std::vector<StudyFleetInfo> study_fleets();

/// The same to the bit for a seed. kUsage for a name that there is not.
[[nodiscard]] Result<StudyFleet> study_fleet(const std::string& name, std::uint64_t seed);

}  // namespace pitot::bench
