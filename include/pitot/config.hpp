// What to fit and how. Every field has a default and a reason; JSON saves it beside what it produced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/export.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// Which shape a model has.
enum class Family {
    kLinearScaling,    ///< the rank-1 baseline alone: y = a_i + b_j
    kFactorization,    ///< y = baseline + alpha p_i . m_j (+ interference)
    kNetwork,          ///< one network on both sides' features
    kPlatformNetwork,  ///< one network a platform on the module's features
    kKernel,           ///< a Gaussian process on the platform × module grid
};

enum class Loss {
    kSquared,   ///< mean (prediction - target)^2, what every published preset trains on
    kRelative,  ///< mean ((prediction - target) / target)^2, for models without the logarithm
    kHuber,     ///< mean Huber loss (Huber 1964) of e = prediction - target: e^2 / 2 where |e| <= delta, else
                ///< delta (|e| - delta / 2): single wild runs pull no harder than errors of delta
};

/// How the learning rate goes on from step to step.
enum class Schedule {
    kConstant,  ///< it stays, as every published preset has it
    kCosine,    ///< it stays for a share of the steps and then falls along half a cosine, to 0 after the last
};

enum class Keep {
    kLast,  ///< parameters after the last step (what the published numbers come from)
    kBest,  ///< parameters of the checkpoint with the lowest validation loss
};

/// What goes to one side of a split as a whole: tested on, calibrated with, validated on or trained on.
enum class SplitUnit {
    kCombination,  ///< platform, module and set of co-runners, with all its runs: bounds then hold for pairs never
                   ///< measured
    kRow,          ///< a single run (as published; the same where no combination was measured twice)
};

/// Which rows upper bounds are calibrated on.
enum class BoundsFrom {
    kAuto,         ///< rows set aside; where too few can be for a bound of 90 %, leave-one-out rows of families that
                   ///< have them
    kSplit,        ///< rows set aside: the bound holds whatever the model is worth
    kLeaveOneOut,  ///< nothing is set aside: rows learned from, each answered without itself. Close in practice, not
                   ///< proven
};

/// Within what bounds hold, beside the fleet as a whole: those of a small part rest on the whole.
enum class BoundsBy {
    kFleet,
    kPlatform,
    kMicroarchitecture,  ///< by the platforms' columns uarch=NAME
    kRuntime,            ///< by tenth of predicted runtimes
};

struct BoundsConfig {
    BoundsFrom from = BoundsFrom::kAuto;
    BoundsBy by = BoundsBy::kFleet;
};

struct ModelConfig {
    Family family = Family::kFactorization;
    /// Widths of a tower's layers after its input. Factorization: the last is the rank r; a side without
    /// features is a table of width r. Networks: hidden widths and the output, which must be 1.
    std::vector<std::int64_t> layers{128, 128};
    std::int64_t learned_features = 4;  ///< q, learned inputs a row beside its side information
    double alpha = 0.002;               ///< scale of the learned part: keeps it small beside the baseline at the start
    double beta = 0.001;                ///< scale of each interference matrix
    std::int64_t interference_types = 0;  ///< s; 0 = co-runners are ignored
    bool platform_features = true;        ///< false: the platform side is a learned table
    bool module_features = true;          ///< false: the module side is a learned table
    bool baseline = true;                 ///< add the linear-scaling baseline
    bool logarithm = true;                ///< work on ln(t / 25 ms); false: on t / 25 ms
    Loss loss = Loss::kSquared;
    double huber_delta = 0.05;         ///< of Loss::kHuber, on the model's scale: with the logarithm, 0.05 is 5 %
    std::int64_t kernel_steps = 100;   ///< of learning the hyper-parameters of Family::kKernel, each pass
    std::int64_t kernel_cells = 1800;  ///< observed cells whose likelihood such a step takes
    /// Whether distances between embeddings of a factorization ("factor/wide") join those of the second pass.
    bool kernel_embeddings = false;
};

/// One term of the training loss: the mean error over a batch of one pool's rows, times a weight.
struct PoolObjective {
    std::string pool;        ///< name of the pool (Dataset::pools)
    std::int64_t batch = 0;  ///< rows a step, drawn with replacement; 0 = all rows in every step, none drawn
    double weight = 1.0;     ///< of the objective in the sum of all; 0 = the pool is not trained on
    std::int64_t rows = 0;   ///< splits take only the first so many rows of the pool; 0 = all
};

struct TrainConfig {
    std::int64_t folds = 10;  ///< k, models a replicate; their mean predicts
    /// Each fold validates on a k-th of the rows and trains on the others. false: all train on all rows, and differ in
    /// where they start and in what they draw; there are no validation losses then.
    bool validation = true;
    std::int64_t replicates = 25;        ///< random splits an evaluation averages over
    std::int64_t checkpoints = 100;      ///< validations a fit; steps = checkpoints * int(epoch_samples * share / 100)
    std::int64_t epoch_samples = 25000;  ///< a hundred times the steps between checkpoints at share 1
    std::int64_t steps = 0;              ///< so many steps whatever the share; 0 = as the two fields above say
    /// One a pool at most, the pool "alone" among them. A pool without an objective is not trained on.
    std::vector<PoolObjective> objectives{{"alone", 2048, 1.0}, {"together", 128, 0.0}};
    double learning_rate = 1e-3;  ///< Adam
    Schedule schedule = Schedule::kConstant;
    double flat_share = 0.3;  ///< of the steps, before Schedule::kCosine lowers the learning rate
    double beta1 = 0.9;       ///< Adam
    double beta2 = 0.999;     ///< Adam
    double epsilon = 1e-8;    ///< Adam
    Keep keep = Keep::kLast;

    /// The objective of a pool; null if there is none.
    [[nodiscard]] PITOT_API const PoolObjective* find_objective(std::string_view pool) const;
    /// The same, added with weight 0 and batches of 128 if there is none.
    [[nodiscard]] PITOT_API PoolObjective& objective(std::string_view pool);
    /// Whether rows of a pool are trained on: it has an objective of some weight.
    [[nodiscard]] PITOT_API bool learns_from(std::string_view pool) const;
};

struct FitConfig {
    std::string preset = "embedding/128";  ///< where the fields came from, for the record
    ModelConfig model;
    TrainConfig train;
    double share = 0.9;              ///< training share p (training + validation) of an evaluation
    double calibration_share = 0.1;  ///< of the combinations that do not test, set aside for the bound
    SplitUnit split = SplitUnit::kCombination;
    BoundsConfig bounds;
    std::uint64_t seed = 42;

    /// Checks every field; the error names field, value and limit.
    [[nodiscard]] PITOT_API Result<void> validate() const;
};

/// The preset of that name. Unknown names are kUsage errors that suggest the nearest.
[[nodiscard]] PITOT_API Result<FitConfig> preset(std::string_view name);

struct PresetInfo {
    std::string name;
    std::string summary;  ///< what it changes, one line
};
[[nodiscard]] PITOT_API std::vector<PresetInfo> presets();

/// JSON text of a configuration, keys as the fields above ("model", "train", …), stable order. Objectives are an object
/// with a key a pool, in the order of their names: {"train": {"objectives": {"alone": {"batch": 2048, …}, …}}}.
[[nodiscard]] PITOT_API std::string to_json(const FitConfig& config);

/// Overrides fields of `config` from JSON text; unknown keys and wrong types are errors naming them, and so is a list
/// `objectives`, as records of results have it, that says otherwise than the fields. `config` is left as it was on
/// error. Fields that older versions had instead of objectives are read: `train.batch` and `train.alone_weight` of the
/// pool "alone", `train.together_batch`, `train.together_weight` and `train.together_rows` of the pool "together".
[[nodiscard]] PITOT_API Result<void> apply_json(FitConfig& config, std::string_view json);

/// The preset that JSON text of a configuration names, if it names one: what its other fields start from.
[[nodiscard]] PITOT_API Result<std::optional<std::string>> preset_in_json(std::string_view json);

/// Overrides one field: "model.alpha=0.01", "train.folds=5", "model.layers=128,64",
/// "train.objectives.together.weight=1" (or "train.together_weight=1").
[[nodiscard]] PITOT_API Result<void> apply_override(FitConfig& config, std::string_view assignment);

}  // namespace pitot
