// A fitted model with its calibration: every runtime of the matrix, and a bound that holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/export.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// What a prediction rests on.
enum class Basis : std::uint8_t {
    kMeasured = 0,  ///< the model learned from runtimes of both platform and module, not necessarily as this pair
    kFeatures = 1,  ///< from none of platform or module: side information alone
    kAverage = 2,   ///< from none, and without side information the model uses: the average of the others
    kApart = 3,     ///< from both, but in parts of the fleet that no common platform or module connects: the scale of
                    ///< one against the other is a guess
};

/// "measured", "features", "average" or "apart".
[[nodiscard]] PITOT_API std::string_view to_string(Basis basis);

/// What is known of one combination of platform, module and co-runners.
enum class Evidence : std::uint8_t {
    kNone = 0,      ///< never measured
    kLearned = 1,   ///< the model learned from it
    kSetAside = 2,  ///< measured, and kept from the model to calibrate its bounds
    kUnused = 3,    ///< measured, and neither: the configuration leaves rows of its kind out
};

/// "none", "learned", "set aside" or "unused".
[[nodiscard]] PITOT_API std::string_view to_string(Evidence evidence);

/// Why there is no bound.
enum class NoBound : std::uint8_t {
    kNothing = 0,             ///< there is one
    kNeverMeasured = 1,       ///< platform, module or a co-runner: no calibration row speaks for it
    kApart = 2,               ///< platform and module lie in parts of the fleet that no measurement connects
    kFewCalibrationRows = 3,  ///< too few combinations were set aside for the confidence
};

/// Where the scores come from that a bound rests on.
enum class BoundFrom : std::uint8_t {
    kSetAside = 0,     ///< combinations measured and kept from the model: the confidence is proven
    kLeaveOneOut = 1,  ///< combinations learned from, each answered without itself: close in practice, no proof
    kHeldOut = 2,      ///< combinations learned from, each answered without its platform or module: the same
};

/// "set aside", "leave-one-out" or "held out".
[[nodiscard]] PITOT_API std::string_view to_string(BoundFrom from);

/// What one bound rests on.
struct BoundSource {
    NoBound missing = NoBound::kNothing;  ///< the rest means nothing without a bound
    std::string pool;       ///< the rows whose scores it rests on: "alone", "two co-runners", "new module"
    std::int64_t rows = 0;  ///< how many they are
    BoundFrom from = BoundFrom::kSetAside;
    std::string
        narrower;  ///< rows more like the one asked for, but too few for the confidence; empty if there are none
};

/// Fewer runs of a platform or module learned from than this are thin evidence.
inline constexpr std::int64_t kThinRuns = 5;

/// Whether one new run in a hundred is expected to be off by a factor of ten or more, for a standard deviation of ln t
/// (see Predictions::deviation): such a prediction is a guess. False of NaN.
[[nodiscard]] inline bool is_guess(double deviation) { return deviation > 0.8939; }  // ln 10 / 2.576

/// "nothing", "never measured", "apart" or "few calibration rows".
[[nodiscard]] PITOT_API std::string_view to_string(NoBound reason);

/// The pairs asked for, by row number of their side. Borrowed.
struct Query {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;     ///< as many as platforms
    std::span<const std::int32_t> co_runner;  ///< rows × width, row-major, module row numbers, -1 = none
    std::int32_t width = 0;                   ///< co-runners a row has room for

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
};

/// One answer a row of the query.
struct Predictions {
    std::vector<double> runtime_us;  ///< point predictions, > 0, finite
    /// rows × confidences: the runtime that is not exceeded with that confidence, over pairs drawn as the measured
    /// ones were; the higher the confidence, the higher the bound. NaN where no calibration row speaks for the row
    /// (Basis::kAverage and kApart, and kFeatures but for models that tell what they would answer without a platform or
    /// module) and where such rows are too few for the confidence (Predictor::bound_source).
    Matrix<double> bound_us;
    std::vector<Basis> basis;
    /// Standard deviation of ln t of a new run, as the model expects it; NaN of models that do not tell.
    std::vector<double> deviation;
    /// rows × confidences if asked for: the runtime that a new run does not fall below with that confidence.
    Matrix<double> lower_us;
};

/// Which bounds to give.
enum class Sides : std::uint8_t { kUpper, kBoth };

/// Where predict_into() writes the same, in memory of the caller's.
struct PredictionSpans {
    std::span<double> runtime_us;   ///< rows
    MatrixView<double> bound_us;    ///< rows × confidences
    std::span<Basis> basis;         ///< rows, or empty when not wanted
    std::span<double> deviation{};  ///< the same
    MatrixView<double> lower_us{};  ///< rows × confidences, or no memory when not wanted
};

/// One pair's answer.
struct Prediction {
    double runtime_us = 0.0;
    double bound_us = 0.0;  ///< NaN where there is none, as in Predictions
    Basis basis = Basis::kMeasured;
};

/// Memory that queries work in, for one thread at a time and any number of predictors. Only networks on fleets too
/// large to prepare every pair's answer need it; given again for as many rows, it spares them every allocation.
class PredictScratch {
public:
    PITOT_API PredictScratch();
    PITOT_API PredictScratch(PredictScratch&&) noexcept;
    PITOT_API PredictScratch& operator=(PredictScratch&&) noexcept;
    PredictScratch(const PredictScratch&) = delete;
    PredictScratch& operator=(const PredictScratch&) = delete;
    PITOT_API ~PredictScratch();

private:
    friend class Predictor;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// pitot/observe.hpp, pitot/advise.hpp and pitot/explain.hpp have these.
struct Observed;
struct AdviseOptions;
struct Advice;
struct PairExplanation;

/// What a Predictor is made of, for those who make one (src/predict/parts.hpp).
struct PredictorParts;

/// Immutable and safe to use from many threads, without locks; copies share their content. What can be computed before
/// a pair is known is computed on construction: where fleet and model are not large, the answer of every pair (some
/// tens of milliseconds for 174 × 176). What a pair is answered does not depend on the pairs asked for beside it.
class Predictor {
public:
    PITOT_API explicit Predictor(PredictorParts parts);

    /// Reads a model file. Errors: kEnvironment if it cannot be opened; kInput naming file and array if it is damaged,
    /// not a model, or written by a newer Pitot.
    [[nodiscard]] PITOT_API static Result<Predictor> load(const std::filesystem::path& file);

    /// Writes one .npz archive (by custom with the extension .pitot), whole or not at all; equal predictors give equal
    /// bytes. Its members: docs/model-file.md.
    [[nodiscard]] PITOT_API Result<void> save(const std::filesystem::path& file) const;

    /// The same from and into memory: the bytes of such a file.
    [[nodiscard]] PITOT_API static Result<Predictor> from_bytes(std::span<const std::byte> bytes);
    [[nodiscard]] PITOT_API Result<std::vector<std::byte>> to_bytes() const;

    [[nodiscard]] PITOT_API const FitConfig& config() const;
    [[nodiscard]] PITOT_API const Side& platforms() const;
    [[nodiscard]] PITOT_API const Side& modules() const;
    [[nodiscard]] PITOT_API const std::string& dataset_digest() const;  ///< of the dataset it was fitted on

    /// Row number of a name; kInput errors suggest the nearest names.
    [[nodiscard]] PITOT_API Result<std::int32_t> find_platform(std::string_view name) const;
    [[nodiscard]] PITOT_API Result<std::int32_t> find_module(std::string_view name) const;
    /// Row numbers of many names; the error is that of the first that is not known.
    [[nodiscard]] PITOT_API Result<std::vector<std::int32_t>> find_platforms(std::span<const std::string> names) const;
    [[nodiscard]] PITOT_API Result<std::vector<std::int32_t>> find_modules(std::span<const std::string> names) const;

    /// Whether this pair was measured alone. Of a row that does not exist nothing was, here and below.
    [[nodiscard]] PITOT_API bool measured(std::int32_t platform, std::int32_t module) const;
    [[nodiscard]] PITOT_API std::int64_t measured_pairs() const;
    /// What is known of this combination: the pair beside exactly these co-runners, in any order (-1 = none; without
    /// any: alone). Nothing if the model's file is of a Pitot that did not note combinations; files that did not note
    /// what was set aside say kLearned of all that was measured.
    [[nodiscard]] PITOT_API std::optional<Evidence> evidence(std::int32_t platform, std::int32_t module,
                                                             std::span<const std::int32_t> co_runners = {}) const;
    /// The best there is of this pair beside whatever others (learned, then set aside); nothing as above.
    [[nodiscard]] PITOT_API std::optional<Evidence> evidence_beside_others(std::int32_t platform,
                                                                           std::int32_t module) const;
    /// What predictions for a platform rest on; kAverage for one that does not exist.
    [[nodiscard]] PITOT_API Basis platform_basis(std::int32_t platform) const;
    /// Of the module itself: having been a co-runner alone is no measurement of it.
    [[nodiscard]] PITOT_API Basis module_basis(std::int32_t module) const;
    /// Of what the module does to those that it runs beside.
    [[nodiscard]] PITOT_API Basis co_runner_basis(std::int32_t module) const;

    /// How many parts the fleet falls into: between two of them there is no chain of measurements with common platforms
    /// or modules, so that their scales cannot be compared. 0 if nothing was learned from, or in older files.
    [[nodiscard]] PITOT_API std::int32_t parts_apart() const;
    /// A platform's and a module's part, from 0; -1 without any measurement.
    [[nodiscard]] PITOT_API std::int32_t platform_part(std::int32_t platform) const;
    [[nodiscard]] PITOT_API std::int32_t module_part(std::int32_t module) const;

    /// Share of a platform's (a module's) pairs in which some fold of the model is off from the folds' median by more
    /// than a factor of two. Such folds are held back, and more measurements would help. 0 where it was not noted: in
    /// models of fewer than three folds, of very large fleets, and in older files.
    [[nodiscard]] PITOT_API double platform_disagreement(std::int32_t platform) const;
    [[nodiscard]] PITOT_API double module_disagreement(std::int32_t module) const;

    /// Calibration rows (one a combination) that bounds beside so many co-runners rest on.
    [[nodiscard]] PITOT_API std::int64_t calibration_rows(int co_runners) const;
    /// The most co-runners a calibration row had: bounds beside more rest on rows unlike those asked for. Nothing if
    /// the model's file is of a Pitot that did not note it.
    [[nodiscard]] PITOT_API std::optional<std::int32_t> calibrated_co_runners() const;

    /// Whether there are bounds of this confidence beside so many co-runners. Errors: kUsage for a confidence
    /// outside (0, 1); kInput when calibration rows are too few, with how many are needed.
    [[nodiscard]] PITOT_API Result<void> check_bound(int co_runners, double confidence) const;
    /// Why a row of this basis has no bound of a confidence, kNothing if it has one. The confidence is in (0, 1).
    [[nodiscard]] PITOT_API NoBound why_no_bound(Basis basis, int co_runners, double confidence) const;

    /// What the bound of a combination rests on, or why there is none. Errors: kUsage for indices out of range or a
    /// confidence outside (0, 1).
    [[nodiscard]] PITOT_API Result<BoundSource> bound_source(std::int32_t platform, std::int32_t module,
                                                             double confidence,
                                                             std::span<const std::int32_t> co_runners = {}) const;
    /// Whether the model tells how far off it may be (Predictions::deviation).
    [[nodiscard]] PITOT_API bool has_deviation() const;
    /// Runs that the model learned from of a platform, or of a module as what ran and not beside; nothing in models of
    /// older files. 0 of a row that does not exist.
    [[nodiscard]] PITOT_API std::optional<std::int64_t> platform_runs(std::int32_t platform) const;
    [[nodiscard]] PITOT_API std::optional<std::int64_t> module_runs(std::int32_t module) const;

    /// Point predictions and, for each of `confidences`, bounds. Upper and lower bounds of confidence 0.95 enclose a
    /// new run with 90 %. Errors: kUsage for indices out of range, spans of different length or a confidence outside
    /// (0, 1).
    [[nodiscard]] PITOT_API Result<Predictions> predict(const Query& query, std::span<const double> confidences = {},
                                                        Sides sides = Sides::kUpper) const;

    /// The same into spans given. Allocates nothing when it succeeds, except for networks on large fleets, whose
    /// allocations a reused `scratch` spares. Errors: as predict(), and kUsage for spans of another size than the
    /// answers; what was written before an error means nothing.
    [[nodiscard]] PITOT_API Result<void> predict_into(const Query& query, std::span<const double> confidences,
                                                      const PredictionSpans& out,
                                                      PredictScratch* scratch = nullptr) const;

    /// One pair beside any number of co-runners (module row numbers, -1 = none), the same to the bit as in a query of
    /// many. Without a confidence there is no bound. Allocates and errs like predict_into().
    [[nodiscard]] PITOT_API Result<Prediction> predict_pair(std::int32_t platform, std::int32_t module,
                                                            std::optional<double> confidence = {},
                                                            std::span<const std::int32_t> co_runners = {},
                                                            PredictScratch* scratch = nullptr) const;

    /// A predictor with rows appended to either side, predicted from side information alone. Columns are matched by
    /// name, in any order. Errors (kInput): a name that is known already, given twice or none (empty, not UTF-8,
    /// control characters), missing or unknown feature names, features that are not names × feature names or beyond
    /// 1e30, or a model that cannot say anything about a new row of that side.
    [[nodiscard]] PITOT_API Result<Predictor> with_rows(const Side& platforms, const Side& modules) const;

    /// Whether the model has observe(), advise() and explain().
    [[nodiscard]] PITOT_API bool learns_on() const;

    /// A predictor that learned from more runs, too, and what they told (pitot/observe.hpp).
    [[nodiscard]] PITOT_API Result<Observed> observe(const Dataset& runs) const;

    /// Which pairs to measure next (pitot/advise.hpp).
    [[nodiscard]] PITOT_API Result<Advice> advise(const AdviseOptions& options) const;

    /// Where the answer for a pair alone comes from (pitot/explain.hpp).
    [[nodiscard]] PITOT_API Result<PairExplanation> explain(std::int32_t platform, std::int32_t module,
                                                            std::int64_t most = 10) const;

    [[nodiscard]] PITOT_API const PredictorParts& parts() const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace pitot
