// Kinds of models behind one interface, and the table of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/fitted_model.hpp"
#include "models/model_archive.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "train/train.hpp"

namespace pitot::models {

/// What becomes of rows that nothing trains.
enum class Untrained {
    kAnswered,   ///< they answer from features or the average of others, and the model is ready to predict
    kPublished,  ///< they stay where training starts, as in the published experiments; the model can keep() alone
};

/// Some models to fit on one dataset; dataset and configuration must outlive it.
struct FitTask {
    const Dataset& dataset;
    const FitConfig& config;
    double share = 1.0;  ///< training share, which decides the number of steps
    std::int64_t replicates = 1;
    Untrained untrained = Untrained::kAnswered;
    Context context{};
    std::function<train::ReplicateRows(std::int64_t replicate)> rows;  ///< called from several threads at once
};

/// One of them.
struct Fitted {
    std::int64_t replicate = 0;
    train::ReplicateRows rows;
    LinearScaling scaling;  ///< linear scaling on the same rows, which every model is compared with
    std::shared_ptr<const FittedModel> model;
};

using TakeFitted = std::function<Result<void>(Fitted&& fitted)>;

/// Shapes of arrays, by name.
using ArrayShapes = std::map<std::string, std::vector<std::int64_t>>;

/// One kind of model. Stateless.
class ModelFamily {
public:
    ModelFamily() = default;
    ModelFamily(const ModelFamily&) = delete;
    ModelFamily& operator=(const ModelFamily&) = delete;
    virtual ~ModelFamily() = default;

    /// Whether a dataset, valid by itself, has what the configuration learns from. kInput error naming what is missing.
    [[nodiscard]] virtual Result<void> check(const Dataset& dataset, const FitConfig& config) const = 0;

    /// Models whose mean answers, each trained on a fold of the split, the first ones of it: splits are drawn for
    /// `config.train.folds` whatever the family.
    [[nodiscard]] virtual std::int64_t folds(const FitConfig& config) const = 0;
    /// Training steps of one fold at a share; nothing of a family that is not trained in steps.
    [[nodiscard]] virtual std::optional<std::int64_t> steps(const FitConfig& config, double share) const = 0;

    /// Whether its models learn on (FittedModel::learns_on).
    [[nodiscard]] virtual bool learns_on() const { return false; }

    /// Whether models just fitted answer FittedModel::answers_left_out().
    [[nodiscard]] virtual bool leaves_one_out(const FitConfig& /*config*/) const { return false; }

    /// Fits models and hands each on, in order and one at a time. The same to the bit for any number of threads.
    /// Errors: as check(), kUsage, kInput (no rows left, training diverged), kEnvironment, kCancelled, or what `take`
    /// returns.
    [[nodiscard]] virtual Result<void> fit(const FitTask& task, const TakeFitted& take) const = 0;

    /// What FittedModel::save() wrote. kInput error naming the array that is wrong.
    [[nodiscard]] virtual Result<std::shared_ptr<const FittedModel>> load(const ModelArchive& archive,
                                                                          const FitConfig& config,
                                                                          const Side& platforms,
                                                                          const Side& modules) const = 0;

    /// The arrays of one replicate that FittedModel::keep() always hands on, without losses and predictions beside
    /// others, whose shapes follow from the split.
    [[nodiscard]] virtual ArrayShapes kept_shapes(const FitConfig& config, std::int64_t platforms,
                                                  std::int64_t modules) const = 0;
};

/// The family that a configuration names.
[[nodiscard]] const ModelFamily& family_of(const ModelConfig& config);

}  // namespace pitot::models
