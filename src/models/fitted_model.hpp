// A model that was fitted, whatever its family: what the rooms after this one know of models.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/npz.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/explain.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"
#include "train/row_draw.hpp"

namespace pitot::models {

/// Combinations asked for. Indices must be in range.
struct PairQuery {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const std::int32_t> co_runner;  ///< rows × width, -1 = none
    std::int32_t width = 0;

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
};

/// Where a model writes what it says of a query's rows, on its scale (see Scale).
struct Answer {
    std::span<double> mean;
    std::span<double> deviation{};  ///< standard deviation of the answer; empty: not wanted. NaN of models without any
    MatrixView<double> heads{};     ///< rows × FittedModel::quantiles(), the model's own estimates of them; or no data
};

/// Memory that predict() may need, for one thread at a time; each family has its own.
struct ModelScratch {
    ModelScratch() = default;
    ModelScratch(const ModelScratch&) = delete;
    ModelScratch& operator=(const ModelScratch&) = delete;
    virtual ~ModelScratch() = default;
};

/// Sides with rows appended, for FittedModel::with_rows().
struct AppendedRows {
    const Side& platforms;  ///< the model's rows, then new ones
    const Side& modules;
    std::int64_t new_platforms = 0;
    std::int64_t new_modules = 0;
    std::span<const Basis> platform_basis;  ///< of the model's rows
    std::span<const Basis> module_basis;
};

/// What `pitot info` tells of a model.
struct ModelFacts {
    std::string kind;             ///< "factorization"
    std::int64_t folds = 0;       ///< models whose mean answers; 0: there is one, without folds
    std::int64_t parameters = 0;  ///< numbers learned
    std::string co_runners;       ///< what they do: "ignored", "2 types of interference"
    std::optional<double> training_loss{};
    std::optional<double> validation_loss{};
};

/// Where the parts of a model contradict each other: a share of a row's pairs, one for every platform and module; empty
/// of models that cannot tell.
struct Disagreement {
    std::vector<float> platform{};
    std::vector<float> module{};
};

/// Combinations that a model learned from, each answered as a model would that had done without something, its
/// hyper-parameters kept; a value each, no combination twice.
struct WithheldAnswers {
    std::vector<std::int32_t> platform{};
    std::vector<std::int32_t> module{};
    std::vector<std::int32_t> co_runner{};  ///< combinations × width, -1 = none
    std::int32_t width = 0;
    std::vector<double> mean{};       ///< on the model's scale
    std::vector<double> deviation{};  ///< standard deviation of a new run, > 0

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
};

/// Combinations that a model learned from, each answered from features where the model says new.
struct HeldOutAnswers {
    WithheldAnswers module{};    ///< without any run of their module
    WithheldAnswers platform{};  ///< without any run of their platform
    WithheldAnswers both{};      ///< without any run of either
};

/// Takes an array of what experiments keep of a model.
using KeepArray =
    std::function<Result<void>(const std::string& name, std::vector<float> values, std::vector<std::int64_t> shape)>;

/// Runs that a model has not learned from, for FittedModel::observe(); a value each.
struct NewRuns {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const double> target;             ///< on the model's scale
    std::span<const std::int32_t> co_runner{};  ///< runs × width, in any order, -1 = none
    std::int32_t width = 0;                     ///< 0 for models that tells_co_runners() is false of

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
};

/// What is known of some pairs together, given what was learned from.
struct JointPosterior {
    Matrix<double> covariance;  ///< pairs × pairs: of what new runs scatter about
    std::vector<double> noise;  ///< a pair: the variance of a run about it
};

/// Immutable, safe to use from many threads, without locks. What predict() needs it keeps itself.
class FittedModel {
public:
    FittedModel() = default;
    FittedModel(const FittedModel&) = delete;
    FittedModel& operator=(const FittedModel&) = delete;
    virtual ~FittedModel() = default;

    /// Answers every row of a query; spans have its size or are empty. What a row is answered does not depend on the
    /// rows beside it. Allocates nothing, or nothing once `scratch` was given for as many rows.
    virtual void predict(const PairQuery& query, const Answer& answer,
                         std::unique_ptr<ModelScratch>& scratch) const = 0;

    /// Whether Answer::deviation is filled with numbers > 0: the standard deviation of a new run's answer, what is not
    /// known of the mean and what runs scatter.
    [[nodiscard]] virtual bool has_deviation() const { return false; }

    /// Answers for all or some of the combinations learned from, each without its own runs: leave-one-out (for a
    /// Gaussian process in closed form, y - α_n / [K⁻¹]_nn). Nothing of families that cannot (the default) and of
    /// models that no longer have what it takes: called while bounds are calibrated, of models just fitted.
    [[nodiscard]] virtual std::optional<WithheldAnswers> answers_left_out() const;

    /// The same without a platform, a module or both, as with_rows() answers for rows of which features are all that is
    /// known; empty where features do not tell a new row of the side. Several may be held out at once. `platforms` and
    /// `modules` are those that the model was fitted with. Errors: kInput, kCancelled.
    [[nodiscard]] virtual Result<std::optional<HeldOutAnswers>> answers_held_out(const Side& platforms,
                                                                                 const Side& modules,
                                                                                 const Context& context) const;

    /// Which quantiles of the answer it estimates by itself, ascending in (0, 1); most models none.
    [[nodiscard]] virtual std::span<const double> quantiles() const { return {}; }

    /// A model that answers for appended rows too, from their features alone. kInput if the family or its configuration
    /// has nothing to say of a row never seen.
    [[nodiscard]] virtual Result<std::shared_ptr<const FittedModel>> with_rows(const AppendedRows& rows) const = 0;

    /// Whether observe(), posterior() and explain() answer. The others fail with kInput, naming families that do.
    [[nodiscard]] virtual bool learns_on() const { return false; }

    /// A model that learned from more runs, as a fit with the same hyper-parameters would have; beside others, if
    /// tells_co_runners(). The sides are the model's, here and below; to observe() rows may have been appended to them.
    [[nodiscard]] virtual Result<std::shared_ptr<const FittedModel>> observe(const NewRuns& runs, const Side& platforms,
                                                                             const Side& modules) const;

    /// The joint posterior of pairs alone (no pair twice), mostly those of one platform or one module.
    [[nodiscard]] virtual Result<JointPosterior> posterior(std::span<const std::int32_t> platform,
                                                           std::span<const std::int32_t> module, const Side& platforms,
                                                           const Side& modules) const;

    /// Where the answer for a pair comes from, with at most `most` measured pairs.
    [[nodiscard]] virtual Result<PairExplanation> explain(std::int32_t platform, std::int32_t module, std::int64_t most,
                                                          const Side& platforms, const Side& modules) const;

    /// Whether co-runners change its answers.
    [[nodiscard]] virtual bool tells_co_runners() const = 0;

    [[nodiscard]] virtual ModelFacts describe() const = 0;
    /// The sides are those it was made with, here and below.
    [[nodiscard]] virtual Disagreement disagreement(const Side& platforms, const Side& modules) const;

    /// Adds the members of a model file that ModelFamily::load() reads.
    virtual void save(formats::NpzWriter& npz) const = 0;

    /// Hands on the arrays of a published experiment, which ModelFamily::kept_shapes() names: predictions for every
    /// pair and for test rows outside the pool kAlone, losses, embeddings. Computed on up to `threads` threads.
    [[nodiscard]] virtual Result<void> keep(const Dataset& dataset, const train::ReplicateRows& rows, int threads,
                                            const KeepArray& put) const = 0;
};

}  // namespace pitot::models
