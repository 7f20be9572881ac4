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

namespace pitot::predict {

/// The combinations of a pool that were measured.
struct MeasuredPool {
    CombinationSet combinations;
    std::vector<Evidence> use{};  ///< what became of each of them; empty: unknown, in older files
};

/// Rows that were set aside and calibrate bounds. With some runs of a combination, a row each.
struct CalibrationRows {
    std::vector<std::int32_t> platform{};
    std::vector<std::int32_t> module{};
    std::vector<double> target{};           ///< on the model's scale
    bool known = false;                     ///< not in older files
    std::vector<std::int32_t> co_runner{};  ///< rows × width, descending, -1 = none comes last
    std::int32_t width = 0;                 ///< 0: rows beside others there are none, or they are not known

    [[nodiscard]] std::span<const std::int32_t> beside(std::size_t row) const {
        return std::span(co_runner).subspan(row * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
    }
};

}  // namespace pitot::predict

namespace pitot {

struct PredictorParts {
    FitConfig config;
    Side platforms;
    Side modules;
    std::vector<Basis> platform_basis;  ///< what predictions for a platform rest on
    std::vector<Basis> module_basis;
    std::vector<Basis> co_runner_basis;  ///< what a module's effect on those beside it rests on
    std::shared_ptr<const models::FittedModel> model;
    /// Names of the pools, kAlone first. There are two at least: bounds beside others are known to be missing where
    /// nothing of the kind was measured.
    std::vector<std::string> pools{"alone", "together"};
    calibrate::Calibration calibration;  ///< of these pools
    std::string dataset_digest;
    /// Of these pools; of kAlone alone in older files, which do not know what ran beside others.
    std::vector<predict::MeasuredPool> measured;
    std::optional<std::int32_t> calibrated_co_runners{};  ///< the most a calibration row had; unknown in older files
    std::vector<std::int32_t> platform_part{};            ///< see Connections::parts(); empty in older files
    std::vector<std::int32_t> module_part{};              ///< the same
    models::Disagreement disagreement{};                  ///< may be empty
    std::vector<std::int64_t> platform_runs{};            ///< learned from, of each platform; empty in older files
    std::vector<std::int64_t> module_runs{};              ///< the same of each module
    predict::CalibrationRows calibration_rows{};          ///< of models that learn on, else none are known
    std::int64_t folded_in = 0;                           ///< runs learned from since the fit
    std::int64_t fitted_pairs = 0;  ///< pairs that the fit learned from; 0 until runs are folded in

    /// Combinations measured outside kAlone; nothing if it is not known.
    [[nodiscard]] std::optional<std::int64_t> measured_beside_others() const;
};

}  // namespace pitot

namespace pitot::predict {

/// What a prediction rests on: the weakest of platform, module and co-runners (-1 = none). Indices in range.
[[nodiscard]] Basis pair_basis(const PredictorParts& parts, std::int32_t platform, std::int32_t module,
                               std::span<const std::int32_t> co_runners);

/// Newest model file this program writes and reads. Older ones load; newer ones are refused.
inline constexpr std::int64_t kModelSchema = 3;

[[nodiscard]] Result<void> write_parts(const PredictorParts& parts, const std::filesystem::path& file);
[[nodiscard]] Result<PredictorParts> read_parts(const std::filesystem::path& file);
[[nodiscard]] Result<std::vector<std::byte>> parts_to_bytes(const PredictorParts& parts);
[[nodiscard]] Result<PredictorParts> parts_from_bytes(std::span<const std::byte> bytes);

[[nodiscard]] Side clone_side(const Side& side);
[[nodiscard]] PredictorParts clone_parts(const PredictorParts& parts);

}  // namespace pitot::predict
