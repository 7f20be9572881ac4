// One-sided split conformal prediction: a bound that holds without assumptions about the model, from rows that
// nothing else has seen.
//
// With n exchangeable calibration scores r = (y - prediction) / scale, the ceil((n + 1) c)-th smallest of them, times
// the scale of a prediction, added to it, bounds a further exchangeable y with probability at least c (exactly ceil((n
// + 1) c) / (n + 1) when no two scores are equal). Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random
// World"; Lei et al. 2018. Scores of parts of the rows, such as a platform's, hold within it: Mondrian prediction,
// ibid.
//
// Scores that were not set aside have no such proof: leave-one-out scores (the jackknife of Barber et al. 2021 with
// mean(x) in place of the means without row n, and scaled) and scores of rows answered without their platform or
// module.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/ranks.hpp"
#include "calibrate/score_scale.hpp"
#include "pitot/result.hpp"

namespace pitot::calibrate {

/// The pool, of so many, that combinations of so many co-runners are calibrated with: the one of that number, or the
/// last.
[[nodiscard]] std::size_t pool_beside(std::int64_t co_runners, std::size_t pools);

/// The same of some co-runners (-1 = none).
[[nodiscard]] std::size_t pool_of(std::span<const std::int32_t> co_runners, std::size_t pools);

/// Where scores come from.
enum class ScoreSource : std::uint8_t {
    kSetAside = 0,     ///< rows that nothing else has seen
    kLeaveOneOut = 1,  ///< rows learned from, each answered without itself
    kHeldOut = 2,      ///< rows learned from, each answered without any of its platform or module
};

/// Which of a row's platform and module was never measured.
enum class Newness : std::uint8_t { kNone = 0, kModule = 1, kPlatform = 2, kBoth = 3 };

/// Whose scores a pool has.
struct PoolKey {
    enum class Kind : std::uint8_t {
        kDataset = 0,  ///< rows of the dataset's pool `a`
        kCount = 1,    ///< rows with `a` co-runners
        kNew = 2,      ///< rows of Newness `a`, alone (b = 0) or beside others (b = 1)
        kGroup = 3,    ///< rows of the dataset's pool `a` in group `b`
        kLeaveOneOut =
            4,  ///< rows of the dataset's pool `a` learned from, for confidences that kDataset is too small for
    };
    Kind kind = Kind::kDataset;
    std::int32_t a = 0;
    std::int32_t b = 0;

    [[nodiscard]] bool operator==(const PoolKey&) const = default;
};

struct ScorePool {
    PoolKey key;
    std::string name;            ///< for people: "alone", "two co-runners"
    std::vector<double> scores;  ///< finite, ascending
    std::int64_t units = 0;      ///< exchangeable ones: as many as scores, or platforms and modules that were held out
    ScoreSource source = ScoreSource::kSetAside;
};

/// How rows are put into groups; all of one without.
struct Grouping {
    std::vector<std::int32_t> platform_group;  ///< of each platform, -1 = none; or empty
    std::vector<double> edges;                 ///< or of predictions, ascending: group g is between edges g - 1 and g

    /// -1: no group.
    [[nodiscard]] std::int32_t operator()(std::int32_t platform, double predicted) const;
    [[nodiscard]] bool none() const { return platform_group.empty() && edges.empty(); }
};

/// What a Calibration is made of, and a model file keeps.
struct CalibrationParts {
    std::vector<ScorePool> pools;  ///< first those of the dataset in order, then others, no key twice
    ScaleTables scale;
    Grouping grouping;
    /// What the scale was chosen by: mean over-provisioning at kChoiceConfidence on rows that neither train nor
    /// calibrate, of the scale and of plain residuals. Nothing where there was no choice.
    std::optional<ScaleChoice> choice;
};

/// A row that is asked for.
struct RowKind {
    std::int32_t co_runners = 0;
    Newness newness = Newness::kNone;
    std::int32_t group = -1;
};

/// Pools that bound a row, from the narrowest that is like it to the widest.
struct PoolChain {
    std::array<std::int32_t, 4> pool{};
    std::size_t size = 0;

    [[nodiscard]] bool empty() const { return size == 0; }
    void add(std::int32_t number) { pool[size++] = number; }
};

/// A quantile of scores.
struct Margin {
    double score = 0.0;      ///< NaN if no pool is large enough
    std::int32_t pool = -1;  ///< the first of the chain that is; -1 if none is
};

/// Scores of calibration rows, ascending, pool by pool: rows of one pool say nothing of another's errors. Immutable.
class Calibration {
public:
    Calibration() = default;
    /// Of each of the dataset's pools, the residuals y - prediction on the model's scale, finite, in any order.
    explicit Calibration(std::vector<std::vector<double>> pools);
    /// The scores of pools in any order.
    explicit Calibration(CalibrationParts parts);

    /// The dataset's pools.
    [[nodiscard]] std::size_t pools() const { return dataset_pools_; }
    /// Scores of one of them. Empty of a pool that does not exist.
    [[nodiscard]] std::span<const double> residuals(std::size_t pool) const;
    [[nodiscard]] const CalibrationParts& parts() const { return parts_; }
    [[nodiscard]] const ScorePool& pool(std::int32_t number) const {
        return parts_.pools[static_cast<std::size_t>(number)];
    }
    [[nodiscard]] const ScoreScale& scale() const { return scale_; }
    /// Whether the dataset's pools and a scale of 1 are all there is.
    [[nodiscard]] bool plain() const { return plain_; }

    /// What to add to a prediction so that it is not exceeded with this confidence. May be negative. Errors: kUsage
    /// for a confidence outside (0, 1); kInput when the pool has too few rows, naming how many are needed.
    [[nodiscard]] Result<double> margin(std::size_t pool, double confidence) const;
    /// The same, or `none` where there is no such bound. 0 < confidence < 1. Does not allocate.
    [[nodiscard]] double margin_or(std::size_t pool, double confidence, double none) const;

    /// The pools for a row; empty if no score speaks for it.
    [[nodiscard]] PoolChain chain(const RowKind& row) const;
    /// The scores' quantile for an upper bound, from the first pool of a chain that has enough, but no less than the
    /// largest scores of those before it: so bounds ascend with their confidence whatever pool they rest on. 0 <
    /// confidence < 1. Does not allocate.
    [[nodiscard]] Margin upper(const PoolChain& chain, double confidence) const;
    /// The same for a lower bound: what y - prediction over the scale falls below with at most 1 - confidence.
    [[nodiscard]] Margin lower(const PoolChain& chain, double confidence) const;
    /// The same error as margin() gives, if no pool of the chain is large enough.
    [[nodiscard]] Result<void> check(const PoolChain& chain, double confidence) const;

private:
    void index();
    [[nodiscard]] Failure too_few(const ScorePool& pool, double confidence) const;

    CalibrationParts parts_;
    ScoreScale scale_;
    std::size_t dataset_pools_ = 0;
    bool plain_ = true;
    // Numbers of pools, -1 = none.
    std::vector<std::int32_t> of_count_;
    std::array<std::array<std::int32_t, 4>, 2> of_new_{{{-1, -1, -1, -1}, {-1, -1, -1, -1}}};  // beside others, Newness
    std::vector<std::int32_t> of_group_;  // dataset's pool × groups_
    std::size_t groups_ = 0;
    std::vector<std::int32_t> of_leave_one_out_;  // by the dataset's pool
};

/// Whether scores are enough for a confidence.
[[nodiscard]] bool suffices(const ScorePool& pool, double confidence);

}  // namespace pitot::calibrate
