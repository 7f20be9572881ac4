// What a Predictor is made of, and the file it is kept in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/calibration.hpp"
#include "models/fitted_model.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"
#include "predict/combination_set.hpp"

namespace pitot {

/// A set of (platform, module) pairs, compressed by platform.
struct PairSet {
    std::vector<std::int64_t> offsets;  ///< platforms + 1; platform i's modules are modules[offsets[i] … offsets[i+1])
    std::vector<std::int32_t> modules;  ///< ascending within a platform

    /// Its place in `modules`, or nothing if it is not one of them.
    [[nodiscard]] std::optional<std::int64_t> find(std::int32_t platform, std::int32_t module) const;
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
    std::shared_ptr<const FittedModel> model;
    Calibration calibration;
    std::string dataset_digest;
    PairSet measured;                                     ///< pairs measured alone
    std::optional<CombinationSet> measured_together{};    ///< with co-runners; unknown in older files
    std::optional<std::int32_t> calibrated_co_runners{};  ///< the most a calibration row had; unknown in older files
    std::vector<Evidence> measured_use{};       ///< what became of each of `measured`; empty: unknown, in older files
    std::vector<Evidence> together_use{};       ///< of each of `measured_together`; the same
    std::vector<std::int32_t> platform_part{};  ///< see Connections::parts(); empty in older files
    std::vector<std::int32_t> module_part{};    ///< the same
    Disagreement disagreement{};                ///< may be empty
};

/// What a prediction rests on: the weakest of platform, module and co-runners (-1 = none). Indices in range.
[[nodiscard]] Basis pair_basis(const PredictorParts& parts, std::int32_t platform, std::int32_t module,
                               std::span<const std::int32_t> co_runners);

/// Newest model file this program writes and reads. Older ones load; newer ones are refused.
inline constexpr std::int64_t kModelSchema = 2;

[[nodiscard]] Result<void> write_parts(const PredictorParts& parts, const std::filesystem::path& file);
[[nodiscard]] Result<PredictorParts> read_parts(const std::filesystem::path& file);
[[nodiscard]] Result<std::vector<std::byte>> parts_to_bytes(const PredictorParts& parts);
[[nodiscard]] Result<PredictorParts> parts_from_bytes(std::span<const std::byte> bytes);

[[nodiscard]] Side clone_side(const Side& side);
[[nodiscard]] PredictorParts clone_parts(const PredictorParts& parts);

}  // namespace pitot
