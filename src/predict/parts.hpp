// What a Predictor is made of, and the file it is kept in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformal/calibration.hpp"
#include "model/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"
#include "predict/combination_set.hpp"
#include "train/train.hpp"

namespace pitot {

/// A set of (platform, module) pairs, compressed by platform.
struct PairSet {
    std::vector<std::int64_t> offsets;  ///< platforms + 1; platform i's modules are modules[offsets[i] … offsets[i+1])
    std::vector<std::int32_t> modules;  ///< ascending within a platform

    [[nodiscard]] bool contains(std::int32_t platform, std::int32_t module) const;
};

/// The pairs of `observations`.
[[nodiscard]] PairSet make_pair_set(const ObservationView& observations, std::int64_t platforms);

struct PredictorParts {
    FitConfig config;
    Side platforms;
    Side modules;
    std::vector<Basis> platform_basis;  ///< what predictions for a platform rest on
    std::vector<Basis> module_basis;
    std::vector<Basis> co_runner_basis;  ///< what a module's effect on those beside it rests on
    LinearScaling baseline;              ///< a term for every row of both sides
    std::vector<FoldFit> folds;          ///< empty for Family::kLinearScaling
    Calibration calibration;
    std::string dataset_digest;
    PairSet measured;                                     ///< pairs measured alone
    std::optional<CombinationSet> measured_together{};    ///< with co-runners; unknown in older files
    std::optional<std::int32_t> calibrated_co_runners{};  ///< the most a calibration row had; unknown in older files
};

/// Newest model file this program writes and reads. Older ones load; newer ones are refused.
inline constexpr std::int64_t kModelSchema = 1;

[[nodiscard]] Result<void> write_parts(const PredictorParts& parts, const std::filesystem::path& file);
[[nodiscard]] Result<PredictorParts> read_parts(const std::filesystem::path& file);

[[nodiscard]] Side clone_side(const Side& side);
[[nodiscard]] PredictorParts clone_parts(const PredictorParts& parts);

}  // namespace pitot
