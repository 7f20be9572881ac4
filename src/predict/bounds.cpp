#include "predict/bounds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "models/gathered_rows.hpp"
#include "models/row_basis.hpp"
#include "models/scale.hpp"
#include "predict/predictor_file.hpp"

namespace pitot::predict {
namespace {

using calibrate::Newness;
using calibrate::PoolKey;
using calibrate::ScoredRows;
using calibrate::ScorePool;
using calibrate::ScoreSource;

// Leave-one-out rows stand in for so few set aside.
constexpr std::size_t kPlenty = 999;
constexpr std::string_view kMicroarchitecture = "uarch=";

std::int32_t co_runners_of(std::span<const std::int32_t> beside) {
    return static_cast<std::int32_t>(std::ranges::count_if(beside, [](std::int32_t k) { return k >= 0; }));
}

// Rows of a dataset's pool, as the model answers them. Rows whose like has no bound bound nothing.
ScoredRows answered(const PredictorParts& parts, const Dataset& dataset, std::size_t pool, core::RowNumbers rows) {
    std::unique_ptr<models::ModelScratch> scratch;
    ScoredRows scored;
    for (std::size_t first = 0; first < rows.size(); first += models::GatheredRows::kPiece) {
        const std::size_t count = std::min(models::GatheredRows::kPiece, rows.size() - first);
        const models::GatheredRows gathered(dataset.pool(pool), rows.piece(first, count), parts.config.model);
        std::vector<double> y(count);
        std::vector<double> deviation(count);
        parts.model->predict(gathered.query(), {y, deviation}, scratch);
        for (std::size_t i = 0; i < count; ++i) {
            const auto beside = gathered.co_runners(i);
            if (pair_basis(parts, gathered.platform[i], gathered.module[i], beside) == Basis::kMeasured) {
                scored.platform.push_back(gathered.platform[i]);
                scored.module.push_back(gathered.module[i]);
                scored.co_runners.push_back(co_runners_of(beside));
                scored.predicted.push_back(y[i]);
                scored.deviation.push_back(deviation[i]);
                scored.residual.push_back(gathered.target[i] - y[i]);
            }
        }
    }
    return scored;
}

// One run of each combination that a model learned from: the same whatever the order of answers.
class LearnedRuns {
public:
    LearnedRuns(const PredictorParts& parts, const Dataset& dataset, const train::ReplicateRows& rows)
        : dataset_(&dataset), scale_(parts.config.model) {
        for (std::size_t p = 0; p < rows.pools.size(); ++p) {
            const ObservationView table = dataset.pool(p);
            Pool& pool = pools_.emplace_back(Pool{make_combination_set(table, dataset.platforms.size()), {}});
            pool.run.assign(static_cast<std::size_t>(pool.combinations.size()), -1);
            if (!models::learns_from(dataset, parts.config, p)) {
                continue;
            }
            const auto width = static_cast<std::size_t>(table.width);
            for (const std::int64_t row : rows.pools[p].rest) {
                const auto at = static_cast<std::size_t>(row);
                const auto beside = table.co_runner.subspan(at * width, width);
                std::int64_t& run = pool.run[static_cast<std::size_t>(
                    pool.combinations.find(table.platform[at], table.module[at], beside).value())];
                run = run < 0 || lot(row) < lot(run) ? row : run;
            }
        }
    }

    // ln t or what the model's scale is, of a run of the combination; nothing if it was not learned from.
    [[nodiscard]] std::optional<double> target(std::int32_t platform, std::int32_t module,
                                               std::span<const std::int32_t> beside) const {
        const bool alone = co_runners_of(beside) == 0;
        for (std::size_t p = alone ? kAlone : kAlone + 1; p < (alone ? kAlone + 1 : pools_.size()); ++p) {
            const auto found = pools_[p].combinations.find(platform, module, beside);
            if (const std::int64_t row = found ? pools_[p].run[static_cast<std::size_t>(*found)] : -1; row >= 0) {
                return scale_.target(dataset_->pool(p).runtime_us[static_cast<std::size_t>(row)]);
            }
        }
        return std::nullopt;
    }

private:
    struct Pool {
        CombinationSet combinations;
        std::vector<std::int64_t> run;  // row of each, -1 = not learned from
    };
    // Rows in an order that has nothing to do with when they were measured: first runs are often slow ones.
    static std::uint64_t lot(std::int64_t row) {
        std::uint64_t x = static_cast<std::uint64_t>(row) + 0x9E3779B97F4A7C15U;
        x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
        x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
        return x ^ (x >> 31U);
    }

    const Dataset* dataset_;
    models::Scale scale_;
    std::vector<Pool> pools_;
};

// What the model says of rows without themselves, or without their platform or module.
ScoredRows withheld(const models::WithheldAnswers& answers, const LearnedRuns& runs, Newness newness) {
    const bool no_platform = newness == Newness::kPlatform || newness == Newness::kBoth;
    const bool no_module = newness == Newness::kModule || newness == Newness::kBoth;
    const auto width = static_cast<std::size_t>(answers.width);
    ScoredRows scored;
    for (std::size_t n = 0; n < answers.platform.size(); ++n) {
        const auto beside = std::span(answers.co_runner).subspan(n * width, width);
        const auto y = runs.target(answers.platform[n], answers.module[n], beside);
        if (y) {
            scored.platform.push_back(no_platform ? -1 : answers.platform[n]);
            scored.module.push_back(no_module ? -1 : answers.module[n]);
            scored.co_runners.push_back(co_runners_of(beside));
            scored.predicted.push_back(answers.mean[n]);
            scored.deviation.push_back(answers.deviation[n]);
            scored.residual.push_back(*y - answers.mean[n]);
        }
    }
    return scored;
}

std::string count_name(std::int32_t co_runners) {
    constexpr std::array<const char*, 4> names{"alone", "one co-runner", "two co-runners", "three co-runners"};
    return names.at(static_cast<std::size_t>(co_runners));
}

// The microarchitecture of each platform, by name; empty = not known.
std::vector<std::string> microarchitectures(const Side& platforms) {
    std::vector<std::string> names(platforms.names.size());
    for (std::size_t c = 0; c < platforms.feature_names.size(); ++c) {
        if (!platforms.feature_names[c].starts_with(kMicroarchitecture)) {
            continue;
        }
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (platforms.features(static_cast<std::int64_t>(i), static_cast<std::int64_t>(c)) > 0.0) {
                names[i] = platforms.feature_names[c];
            }
        }
    }
    return names;
}

struct Groups {
    calibrate::Grouping grouping;
    std::vector<std::string> names;  // "on 'p1'", "in part 3 of 10 of predicted runtimes"
};

// Tenths of predictions for rows that the model learned from, at most so many.
std::vector<double> tenths(const PredictorParts& parts, const Dataset& dataset, const train::ReplicateRows& rows) {
    constexpr std::size_t enough = 100'000;
    std::vector<double> predicted;
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const core::RowNumbers rest = rows.pools[p].rest;
        if (models::learns_from(dataset, parts.config, p)) {
            const ScoredRows learned = answered(parts, dataset, p, rest.piece(0, std::min(enough, rest.size())));
            predicted.insert(predicted.end(), learned.predicted.begin(), learned.predicted.end());
        }
    }
    std::ranges::sort(predicted);
    std::vector<double> edges;
    for (std::size_t tenth = 1; tenth < 10 && predicted.size() >= 10; ++tenth) {
        const double edge = predicted[tenth * predicted.size() / 10];
        if (edges.empty() || edge > edges.back()) {
            edges.push_back(edge);
        }
    }
    return edges;
}

Groups make_groups(const PredictorParts& parts, const Dataset& dataset, const train::ReplicateRows& rows) {
    Groups groups;
    const auto platforms = static_cast<std::size_t>(parts.platforms.size());
    switch (parts.config.bounds.by) {
        case BoundsBy::kFleet:
            break;
        case BoundsBy::kPlatform:
            for (std::size_t i = 0; i < platforms; ++i) {
                groups.grouping.platform_group.push_back(static_cast<std::int32_t>(i));
                groups.names.push_back(fmt::format("on {}", parts.platforms.names[i]));
            }
            break;
        case BoundsBy::kMicroarchitecture: {
            std::map<std::string, std::int32_t> numbers;
            for (const std::string& name : microarchitectures(parts.platforms)) {
                const auto [known, added] = numbers.try_emplace(name, static_cast<std::int32_t>(numbers.size()));
                if (added) {
                    groups.names.push_back("on " + name);
                }
                groups.grouping.platform_group.push_back(name.empty() ? -1 : known->second);
            }
            break;
        }
        case BoundsBy::kRuntime:
            groups.grouping.edges = tenths(parts, dataset, rows);
            for (std::size_t tenth = 0; tenth <= groups.grouping.edges.size(); ++tenth) {
                groups.names.push_back(
                    fmt::format("in part {} of {} of predicted runtimes", tenth + 1, groups.grouping.edges.size() + 1));
            }
            break;
    }
    return groups;
}

// Makes pools of scored rows.
class Pools {
public:
    explicit Pools(calibrate::CalibrationParts& into) : into_(&into), scale_(into.scale) {}

    void add(PoolKey key, std::string name, const ScoredRows& rows, ScoreSource source,
             std::optional<std::int64_t> units = {}) {
        ScorePool pool{key, std::move(name), {}, units.value_or(static_cast<std::int64_t>(rows.size())), source};
        for (std::size_t n = 0; n < rows.size(); ++n) {
            pool.scores.push_back(rows.score(scale_, n));
        }
        into_->pools.push_back(std::move(pool));
    }

private:
    calibrate::CalibrationParts* into_;
    calibrate::ScoreScale scale_;
};

template <typename Wanted>
ScoredRows subset(const ScoredRows& rows, Wanted wanted) {
    ScoredRows some;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        if (wanted(n)) {
            some.add(rows, n);
        }
    }
    return some;
}

bool usable(const ScoredRows& rows, bool deviations) {
    const auto finite = [](double x) { return std::isfinite(x); };
    return std::ranges::all_of(rows.residual, finite) &&
           (!deviations || std::ranges::all_of(rows.deviation, [](double s) { return std::isfinite(s) && s > 0.0; }));
}

void add_counts(const ScoredRows& rows, ScoreSource source, Pools& pools) {
    for (std::int32_t count = 1; count <= 3; ++count) {
        const ScoredRows some = subset(rows, [&](std::size_t n) { return rows.co_runners[n] == count; });
        if (some.size() > 0 && some.size() < rows.size()) {
            pools.add({PoolKey::Kind::kCount, count, 0}, count_name(count), some, source);
        }
    }
}

void add_groups(const ScoredRows& rows, std::size_t pool, const Groups& groups, const std::string& name,
                ScoreSource source, Pools& pools) {
    for (std::size_t g = 0; g < groups.names.size(); ++g) {
        const auto group = static_cast<std::int32_t>(g);
        const ScoredRows some =
            subset(rows, [&](std::size_t n) { return groups.grouping(rows.platform[n], rows.predicted[n]) == group; });
        if (some.size() > 0) {
            pools.add({PoolKey::Kind::kGroup, static_cast<std::int32_t>(pool), group}, name + " " + groups.names[g],
                      some, source);
        }
    }
}

// Rows answered without their platform or module. What holds for a new one is learned from as many as were left out,
// not from as many as they have rows.
Result<void> add_new(const PredictorParts& parts, const LearnedRuns& runs, const Context& context, Pools& pools) {
    PITOT_TRY(const auto held_out, parts.model->answers_held_out(parts.platforms, parts.modules, context));
    if (!held_out) {
        return {};
    }
    const std::array kinds{std::pair{&held_out->module, Newness::kModule},
                           std::pair{&held_out->platform, Newness::kPlatform},
                           std::pair{&held_out->both, Newness::kBoth}};
    constexpr std::array names{"", "new module", "new platform", "new platform and module"};
    for (const auto& kind : kinds) {
        const models::WithheldAnswers* const answers = kind.first;
        const ScoredRows rows = withheld(*answers, runs, kind.second);
        if (!usable(rows, parts.model->has_deviation())) {
            return fail(ErrorCode::kInput, "answers for platforms or modules left out are not finite");
        }
        for (const bool beside : {false, true}) {
            std::set<std::int32_t> platforms, modules;
            for (std::int64_t n = 0; n < answers->size(); ++n) {
                const auto at = static_cast<std::size_t>(n);
                const auto width = static_cast<std::size_t>(answers->width);
                if ((co_runners_of(std::span(answers->co_runner).subspan(at * width, width)) > 0) == beside) {
                    platforms.insert(answers->platform[at]);
                    modules.insert(answers->module[at]);
                }
            }
            const ScoredRows some = subset(rows, [&](std::size_t n) { return (rows.co_runners[n] > 0) == beside; });
            const std::int64_t units = kind.second == Newness::kModule ? std::ssize(modules)
                                       : kind.second == Newness::kPlatform
                                           ? std::ssize(platforms)
                                           : std::min(std::ssize(platforms), std::ssize(modules));
            const auto number = static_cast<std::int32_t>(kind.second);
            if (some.size() > 0) {
                pools.add({PoolKey::Kind::kNew, number, beside ? 1 : 0},
                          std::string(names.at(static_cast<std::size_t>(number))) + (beside ? " with co-runners" : ""),
                          some, ScoreSource::kHeldOut, units);
            }
        }
    }
    return {};
}

Failure diverged() {
    return fail(ErrorCode::kInput, "training diverged (predictions are not finite): lower train.learning_rate");
}

}  // namespace

double share_set_aside(const FitConfig& config) {
    return config.bounds.from == BoundsFrom::kLeaveOneOut ? 0.0 : config.calibration_share;
}

Result<void> check_bounds(const Dataset& dataset, const FitConfig& config) {
    if (config.bounds.from == BoundsFrom::kLeaveOneOut && !models::family_of(config.model).leaves_one_out(config)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("bounds.from cannot be leave-one-out: models of {} do not tell what they would answer "
                                "without a row; set rows aside (split)",
                                config.preset));
    }
    if (config.bounds.by == BoundsBy::kMicroarchitecture &&
        std::ranges::none_of(dataset.platforms.feature_names,
                             [](const std::string& name) { return name.starts_with(kMicroarchitecture); })) {
        return fail(ErrorCode::kInput,
                    "bounds.by cannot be microarchitecture: no platform feature is called "
                    "uarch=NAME; add such columns, or take bounds by platform or by runtime");
    }
    return {};
}

Result<calibrate::Calibration> make_calibration(const PredictorParts& parts, const Dataset& dataset,
                                                const train::ReplicateRows& rows, const Context& context) {
    const BoundsConfig& asked = parts.config.bounds;
    const bool deviations = parts.model->has_deviation();
    std::vector<ScoredRows> aside(parts.pools.size());
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const ScoredRows scored = answered(parts, dataset, p, rows.pools[p].calibration);
        if (!usable(scored, deviations)) {
            return diverged();
        }
        for (std::size_t n = 0; n < scored.size(); ++n) {
            aside[calibrate::pool_beside(scored.co_runners[n], aside.size())].add(scored, n);
        }
    }
    // Each row learned from, without itself: to choose a scale on, and where rows set aside are few.
    std::optional<models::WithheldAnswers> answers;
    if (deviations || asked.from == BoundsFrom::kLeaveOneOut) {
        answers = parts.model->answers_left_out();
    }
    calibrate::CalibrationParts made;
    std::optional<LearnedRuns> runs;
    std::vector<ScoredRows> left_out(parts.pools.size());
    if (deviations || answers) {
        runs.emplace(parts, dataset, rows);
    }
    if (answers) {
        const ScoredRows scored = withheld(*answers, *runs, Newness::kNone);
        if (!usable(scored, deviations)) {
            return diverged();
        }
        if (deviations) {
            made.choice = calibrate::choose_scale(scored, parts.platforms.size(), parts.modules.size());
            made.scale = made.choice->tables;
        }
        for (std::size_t n = 0; n < scored.size(); ++n) {
            left_out[calibrate::pool_beside(scored.co_runners[n], left_out.size())].add(scored, n);
        }
    } else if (deviations) {
        made.scale.kind = calibrate::ScoreKind::kStandardised;
    }
    const Groups groups = make_groups(parts, dataset, rows);
    made.grouping = groups.grouping;
    Pools pools(made);
    const auto source_of = [&](std::size_t p) {
        const bool instead = aside[p].size() == 0 && left_out[p].size() > 0 && asked.from != BoundsFrom::kSplit;
        return instead ? ScoreSource::kLeaveOneOut : ScoreSource::kSetAside;
    };
    for (std::size_t p = 0; p < parts.pools.size(); ++p) {
        pools.add({PoolKey::Kind::kDataset, static_cast<std::int32_t>(p), 0}, model_file::pool_name(parts.pools, p),
                  source_of(p) == ScoreSource::kLeaveOneOut ? left_out[p] : aside[p], source_of(p));
    }
    for (std::size_t p = 0; p < parts.pools.size(); ++p) {
        const ScoreSource source = source_of(p);
        const ScoredRows& of_pool = source == ScoreSource::kLeaveOneOut ? left_out[p] : aside[p];
        if (deviations && p == parts.pools.size() - 1) {
            add_counts(of_pool, source, pools);
        }
        add_groups(of_pool, p, groups, model_file::pool_name(parts.pools, p), source, pools);
        if (source == ScoreSource::kSetAside && asked.from == BoundsFrom::kAuto && aside[p].size() < kPlenty &&
            left_out[p].size() > aside[p].size()) {
            pools.add({PoolKey::Kind::kLeaveOneOut, static_cast<std::int32_t>(p), 0},
                      model_file::pool_name(parts.pools, p) + ", learned from", left_out[p], ScoreSource::kLeaveOneOut);
        }
    }
    if (deviations) {
        if (auto ok = add_new(parts, *runs, context, pools); !ok) {
            return Failure(ok.error());
        }
    }
    return calibrate::Calibration(std::move(made));
}

}  // namespace pitot::predict
