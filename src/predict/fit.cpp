#include "pitot/fit.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <optional>
#include <unordered_set>

#include "core/border.hpp"
#include "core/check.hpp"
#include "models/row_basis.hpp"
#include "predict/bounds.hpp"
#include "predict/fit_steps.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace {

// Evidence of every combination of a table: kLearned if one of its rows trained the model, else kSetAside if one of its
// rows calibrates, else kUnused. With a split by rows, runs of one combination can be on both sides.
std::vector<Evidence> use_of(std::int64_t combinations, const ObservationView& table, const dataset::Split& split,
                             bool learned, const std::function<std::int64_t(std::int64_t row)>& combination_of) {
    std::vector<Evidence> use(static_cast<std::size_t>(combinations), Evidence::kUnused);
    PITOT_CHECK(split.test.empty() && table.size() >= static_cast<std::int64_t>(split.rest.size()));
    for (const std::int64_t row : split.set_aside) {
        use[static_cast<std::size_t>(combination_of(row))] = Evidence::kSetAside;
    }
    if (learned) {
        for (const std::int64_t row : split.rest) {
            use[static_cast<std::size_t>(combination_of(row))] = Evidence::kLearned;
        }
    }
    return use;
}

// Sets of the combinations measured, alone and with co-runners, and their evidence: for `parts`.
void note_measured(const Dataset& dataset, const train::ReplicateRows& rows, PredictorParts& parts) {
    for (std::size_t p = 0; p < parts.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        predict::MeasuredPool& pool = parts.measured.emplace_back(
            predict::MeasuredPool{predict::make_combination_set(table, dataset.platforms.size())});
        if (p >= rows.pools.size()) {
            continue;
        }
        pool.use = use_of(pool.combinations.size(), table, rows.pools[p], models::learns_from(dataset, parts.config, p),
                          [&](std::int64_t row) {
                              const auto at = static_cast<std::size_t>(row);
                              const auto beside = table.co_runner.subspan(at * width, width);
                              return pool.combinations.find(table.platform[at], table.module[at], beside).value();
                          });
    }
}

// Whether observations have at most `most` different pairs of platform and module. Columns may differ in length:
// default_config() takes datasets that were not validated.
bool pairs_at_most(const ObservationView& alone, std::int64_t most) {
    std::unordered_set<std::uint64_t> pairs;
    for (std::size_t n = 0; n < std::min(alone.platform.size(), alone.module.size()); ++n) {
        const auto platform = static_cast<std::uint64_t>(static_cast<std::uint32_t>(alone.platform[n]));
        pairs.insert(platform << 32U | static_cast<std::uint32_t>(alone.module[n]));
        if (std::ssize(pairs) > most) {
            return false;
        }
    }
    return true;
}

// Has all rows of every pool beside others learned from as the preset learns from those "together".
void learn_from_all(const Dataset& dataset, TrainConfig& train) {
    const PoolObjective usual = train.objective("together");
    train.objective("together").weight = 0.0;
    for (std::size_t p = kAlone + 1; p < dataset.pools.size(); ++p) {
        if (dataset.pools[p].rows > 0) {
            PoolObjective& objective = train.objective(dataset.pools[p].name);
            objective.batch = usual.batch;
            objective.weight = usual.weight;
        }
    }
    for (PoolObjective& objective : train.objectives) {
        objective.rows = 0;
    }
}

// Whether a Gaussian process on its grid takes minutes at most.
bool suits_kernel(const Dataset& dataset) {
    const std::int64_t modules = dataset.modules.size();
    const std::int64_t beside = dataset.rows_beside_others();
    return dataset.platforms.size() <= kMostKernelRows && modules <= kMostKernelRows && beside <= kMostKernelBeside &&
           (beside == 0 || dataset.platforms.size() * modules * modules <= kMostKernelTriples) &&
           pairs_at_most(dataset.pool(kAlone), kMostKernelCombinations);
}

}  // namespace

FitConfig default_config(const Dataset& dataset) {
    const bool together = dataset.rows_beside_others() > 0;
    const bool platforms = dataset.platforms.features.cols() > 0;
    const bool modules = dataset.modules.features.cols() > 0;
    // Linear scaling has one parameter a platform and one a module. It explains that many pairs, and nothing is left
    // for a larger model to learn.
    const bool few = pairs_at_most(dataset.pool(kAlone), dataset.platforms.size() + dataset.modules.size());
    const char* name = few                     ? "baseline/linear_scaling"
                       : suits_kernel(dataset) ? "kernel"
                       : together              ? "interference/2"
                       : platforms && modules  ? "embedding/128"
                       : platforms             ? "baseline/platform_only"
                       : modules               ? "baseline/module_only"
                                               : "linear/128";
    auto config = preset(name);
    PITOT_CHECK(config.has_value());
    if (!few) {
        config->model.platform_features = platforms;
        config->model.module_features = modules;
    }
    learn_from_all(dataset, config->train);
    // A batch larger than the dataset draws rows several times a step, which takes time and teaches nothing.
    const auto enough = static_cast<std::int64_t>(
        std::bit_ceil(static_cast<std::uint64_t>(std::clamp<std::int64_t>(dataset.pool(kAlone).size(), 64, 2048))));
    PoolObjective& alone = config->train.objective("alone");
    alone.batch = std::min(alone.batch, enough);
    return std::move(*config);
}

Result<Predictor> predict::fit(const Dataset& dataset, const FitConfig& config, const Context& context, Bounds bounds) {
    return core::at_border("fitting", [&]() -> Result<Predictor> {
        if (auto ok = config.validate().and_then([&] { return dataset.validate(); }); !ok) {
            return Failure(ok.error());
        }
        if (auto ok = predict::check_bounds(dataset, config); !ok) {
            return Failure(ok.error());
        }
        const double aside = predict::share_set_aside(config);
        const train::RowDraw draw(dataset, config);
        std::optional<models::Fitted> fitted;
        // All rows that are not set aside train: the draw gets the training share 1.
        const models::FitTask task{.dataset = dataset,
                                   .config = config,
                                   .share = 1.0 - aside,
                                   .context = predict::guarded(context),
                                   .rows = [&](std::int64_t replicate) { return draw(1.0, aside, replicate); }};
        // The model outlives this call, the memory of training does not: the sets of measured pairs take its place.
        const auto done = models::family_of(config.model).fit(task, [&](models::Fitted&& made) -> Result<void> {
            fitted = std::move(made);
            return {};
        });
        if (!done) {
            return Failure(done.error());
        }
        PITOT_CHECK(fitted.has_value());
        PITOT_TRY(auto parts, predict::make_parts(dataset, config, *fitted, context, bounds));
        note_measured(dataset, fitted->rows, parts);
        parts.disagreement = parts.model->disagreement(parts.platforms, parts.modules);
        parts.dataset_digest = dataset_digest(dataset);
        return Predictor(std::move(parts));
    });
}

Result<Predictor> fit(const Dataset& dataset, const FitConfig& config, const Context& context) {
    return predict::fit(dataset, config, context, predict::Bounds::kWanted);
}

}  // namespace pitot
