// Predictions of a part of the matrix, printed platform by platform so that memory does not grow with its size.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// In which order predictions are printed.
enum class PredictionOrder : std::uint8_t {
    kAsked,     ///< platform by platform, as they were asked for
    kRuntime,   ///< the shortest predicted first
    kBound,     ///< the lowest bound of the highest confidence first, those without one last
    kPlatform,  ///< by names of platforms, then of modules
    kModule,    ///< the other way round
};

/// Every platform with every module, beside the same co-runners.
struct Selection {
    std::vector<std::int32_t> platforms;
    std::vector<std::int32_t> modules;
    std::vector<std::int32_t> with;    ///< co-runners; empty = alone
    bool unmeasured_only = false;      ///< leave out what was measured: the pairs alone, or beside these co-runners
    std::vector<double> confidences;   ///< empty = no bounds
    std::optional<double> interval{};  ///< share of new runs that a two-sided interval holds; nothing = none wanted
    /// Leave out what is not known to take less: by its bound of the highest confidence or, where no bounds are asked
    /// for, by its prediction.
    std::optional<double> below_us{};
    PredictionOrder order = PredictionOrder::kAsked;
    std::int64_t limit = 0;  ///< rows to print at most, 0 = all; what is left out is said
};

/// Columns platform, module, with, runtime_us, deviation (of models that tell), one bound_CONFIDENCE_us a confidence
/// (empty = no bound), low_INTERVAL_us and high_INTERVAL_us if asked for, basis, measured: whether the pair was, beside
/// exactly these co-runners (empty if the model does not say).
[[nodiscard]] Result<void> print_predictions_csv(const Predictor& predictor, const Selection& selection);

/// An array of objects with the same content; a bound that there is none of is null. With co-runners and bounds,
/// calibrated_co_runners is the most that a calibration row had, null if the model does not say; measured_alone is
/// there with co-runners. Also deviation (null of models that do not tell), bound_source: what each bound rests on, the
/// interval if asked for, the runs learned from of platform and module, whether either is thin, and nearest: what the
/// table calls BASIS.
[[nodiscard]] Result<void> print_predictions_json(const Predictor& predictor, const Selection& selection);

/// Readable units, what bounds rest on and the runs of platform and module (a mark at few).
[[nodiscard]] Result<void> print_predictions_table(const Predictor& predictor, const Selection& selection);

/// The numbers of all rows of a side.
[[nodiscard]] std::vector<std::int32_t> all_rows(const Side& side);

/// Notes the platforms and modules among these on which the model's folds contradict each other.
void note_disagreement(const Predictor& predictor, std::span<const std::int32_t> platforms,
                       std::span<const std::int32_t> modules);

}  // namespace pitot::cli
