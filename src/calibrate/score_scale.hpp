// What a residual is divided by before it is ranked: nothing, or the deviation that the model expects, times factors
// that say where the model is surer of itself than it should be.
//
// A bound is prediction + q * scale, q a quantile of the scores (y - prediction) / scale of other rows. Any scale that
// looks at no calibration row keeps the promise of split conformal prediction; a good one gives each row the margin it
// needs (Lei et al. 2018, section 5.2; Papadopoulos et al. 2008).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pitot::calibrate {

enum class ScoreKind : std::uint8_t {
    kResidual = 0,      ///< y - prediction
    kStandardised = 1,  ///< the same over the model's deviation
};

/// "residual" or "residual over deviation".
[[nodiscard]] std::string_view to_string(ScoreKind kind);

/// Factors of the scale. Empty tables are 1 everywhere.
struct ScaleTables {
    ScoreKind kind = ScoreKind::kResidual;
    std::vector<double> platform;  ///< of each platform, > 0
    std::vector<double> module;    ///< of each module, > 0
    std::vector<double> knots;     ///< predictions on the model's scale, ascending
    std::vector<double> runtime;   ///< factors there, > 0; straight between them, level beyond
    /// Residuals of rows whose deviation is larger than this are divided by how many times it is: no row like them told
    /// how far off the model is there. 0: none are.
    double widest_deviation = 0.0;

    [[nodiscard]] bool operator==(const ScaleTables&) const = default;
};

class ScoreScale {
public:
    ScoreScale() = default;
    explicit ScoreScale(ScaleTables tables);

    [[nodiscard]] const ScaleTables& tables() const { return tables_; }
    [[nodiscard]] bool needs_deviation() const {
        return tables_.kind == ScoreKind::kStandardised || tables_.widest_deviation > 0.0;
    }
    /// Whether the scale is 1 for every row.
    [[nodiscard]] bool plain() const { return plain_; }

    /// Of a row; -1 and rows that the tables do not have: never measured, with the factor 1. > 0; NaN if the deviation,
    /// which is not looked at unless needed, is.
    [[nodiscard]] double operator()(std::int32_t platform, std::int32_t module, double predicted,
                                    double deviation) const;

private:
    [[nodiscard]] double of_runtime(double predicted) const;

    ScaleTables tables_;
    bool plain_ = true;
};

/// Rows with their answers and what came of them, a value each.
struct ScoredRows {
    std::vector<std::int32_t> platform;    ///< -1: answered as if it had never been measured
    std::vector<std::int32_t> module;      ///< the same
    std::vector<std::int32_t> co_runners;  ///< how many
    std::vector<double> predicted;         ///< on the model's scale
    std::vector<double> deviation;         ///< NaN of models without any
    std::vector<double> residual;          ///< y - prediction

    [[nodiscard]] std::size_t size() const { return residual.size(); }
    void add(const ScoredRows& other, std::size_t row);
    [[nodiscard]] double score(const ScoreScale& scale, std::size_t row) const {
        return residual[row] / scale(platform[row], module[row], predicted[row], deviation[row]);
    }
};

/// What chose a scale.
struct ScaleChoice {
    ScaleTables tables;
    double over_provisioning = 0.0;  ///< of the scale chosen, mean of max(0, bound / runtime - 1) at kChoiceConfidence
    double residual_over_provisioning = 0.0;  ///< of plain residuals
    std::int64_t rows = 0;
};

inline constexpr double kChoiceConfidence = 0.95;
/// Rows to choose on, without which residuals are divided by the deviation and nothing else.
inline constexpr std::size_t kLeastChoiceRows = 40;
/// Rows without which no factors are tried.
inline constexpr std::size_t kLeastFactorRows = 1000;

/// The scale for rows of a model that has deviations, from rows that neither trained the model's answers for them nor
/// calibrate: of residuals and standardised residuals, without factors and with ever less shrunken ones, the one of the
/// least over-provisioning of 95 % bounds, which counts a quarter more for every point that the coverage of 90 % bounds
/// is off in parts of the fleet, on average: outside 82 to 97 % of a platform and 86 to 94 % of a tenth of predictions.
/// Factors are tried on rows that they were not estimated from; those of platforms are at least so large that 86 % of
/// their rows keep to 90 % bounds.
[[nodiscard]] ScaleChoice choose_scale(const ScoredRows& rows, std::int64_t platforms, std::int64_t modules);

}  // namespace pitot::calibrate
