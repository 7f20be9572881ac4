#include "models/scaling/scaling_family.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "backend/backend.hpp"
#include "core/parallel.hpp"
#include "models/row_basis.hpp"
#include "models/side_terms.hpp"

namespace pitot::models {
namespace {

class ScalingModel final : public FittedModel {
public:
    explicit ScalingModel(LinearScaling scaling) : scaling_(std::move(scaling)) {}

    void predict(const PairQuery& query, const Answer& answer,
                 std::unique_ptr<ModelScratch>& /*scratch*/) const override {
        std::ranges::transform(query.platform, query.module, answer.mean.begin(),
                               [this](std::int32_t i, std::int32_t j) { return scaling_(i, j); });
        std::ranges::fill(answer.deviation, std::numeric_limits<double>::quiet_NaN());
    }

    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> with_rows(const AppendedRows& rows) const override {
        return make_scaling_model(extend_scaling(scaling_, rows));
    }

    [[nodiscard]] bool tells_co_runners() const override { return false; }

    [[nodiscard]] ModelFacts describe() const override {
        return {.kind = "linear scaling (every platform a speed, every module a size)",
                .parameters = std::ssize(scaling_.platform) + std::ssize(scaling_.module),
                .co_runners = "ignored"};
    }

    void save(formats::NpzWriter& npz) const override { save_scaling(scaling_, npz); }

    // Its own only fold.
    [[nodiscard]] Result<void> keep(const Dataset& dataset, const train::ReplicateRows& rows, int /*threads*/,
                                    const KeepArray& put) const override {
        std::vector<float> pairs;
        pairs.reserve(scaling_.platform.size() * scaling_.module.size());
        for (const double a : scaling_.platform) {
            for (const double b : scaling_.module) {
                pairs.push_back(static_cast<float>(a + b));
            }
        }
        std::vector<float> beside;
        for (std::size_t p = kAlone + 1; p < rows.pools.size(); ++p) {
            const ObservationView table = dataset.pool(p);
            for (const std::int64_t row : rows.pools[p].test) {
                const auto at = static_cast<std::size_t>(row);
                beside.push_back(static_cast<float>(scaling_(table.platform[at], table.module[at])));
            }
        }
        const auto tested = std::ssize(beside);
        return put("C_hat", std::move(pairs), {1, dataset.platforms.size(), dataset.modules.size()}).and_then([&] {
            return tested > 0 ? put("C_ijk_hat", std::move(beside), {1, tested}) : Result<void>();
        });
    }

private:
    LinearScaling scaling_;
};

void extend_terms(const Side& side, std::span<const Basis> basis, std::vector<double>& terms) {
    std::vector<bool> known(static_cast<std::size_t>(side.size()), false);
    std::transform(basis.begin(), basis.end(), known.begin(), [](Basis b) { return b == Basis::kMeasured; });
    std::vector<double> filled = terms;
    filled.resize(known.size());
    fill_baseline(side, known, filled);
    // Rows that were there keep their terms, however they came by them.
    terms.insert(terms.end(), filled.begin() + std::ssize(terms), filled.end());
}

}  // namespace

std::shared_ptr<const FittedModel> make_scaling_model(LinearScaling scaling) {
    return std::make_shared<const ScalingModel>(std::move(scaling));
}

Result<void> check_pools(const Dataset& dataset, const FitConfig& config) {
    if (dataset.pools[kAlone].rows == 0 && dataset.rows_beside_others() > 0) {
        return fail(ErrorCode::kInput,
                    fmt::format("all {} observations of the dataset have co-runners, but models start from runtimes of "
                                "modules alone: measure modules alone too, or add a file that has such rows",
                                dataset.rows_beside_others()));
    }
    for (const PoolObjective& objective : config.train.objectives) {
        const auto pool = std::ranges::find(dataset.pools, objective.pool, &Pool::name);
        const bool there = pool != dataset.pools.end() && (pool == dataset.pools.begin() || pool->rows > 0);
        if (objective.weight > 0.0 && !there) {
            return fail(ErrorCode::kInput,
                        objective.pool == "together" && dataset.rows_beside_others() == 0
                            ? fmt::format("preset '{}' trains on rows with co-runners and the dataset has none; add a "
                                          "file that has them or choose a preset such as embedding/128",
                                          config.preset)
                            : fmt::format("the configuration trains on rows of the pool '{}' and the dataset has none; "
                                          "add some or leave its objective out",
                                          objective.pool));
        }
    }
    return {};
}

LinearScaling fit_scaling(const FitTask& task, const train::ReplicateRows& rows) {
    const Dataset& dataset = task.dataset;
    const ObservationView alone = dataset.pool(kAlone);
    const core::RowNumbers learned = rows.alone().rest;
    LinearScaling scaling = fit_linear_scaling(alone, learned, dataset.platforms.size(), dataset.modules.size());
    if (task.untrained == Untrained::kPublished) {
        return scaling;
    }
    std::vector<bool> platform_known(scaling.platform.size(), false);
    std::vector<bool> module_known(scaling.module.size(), false);
    for (const std::int64_t n : learned) {
        const auto row = static_cast<std::size_t>(n);
        platform_known[static_cast<std::size_t>(alone.platform[row])] = true;
        module_known[static_cast<std::size_t>(alone.module[row])] = true;
    }
    fill_baseline(dataset.platforms, platform_known, scaling.platform);
    fill_baseline(dataset.modules, module_known, scaling.module);
    return scaling;
}

LinearScaling extend_scaling(const LinearScaling& scaling, const AppendedRows& rows) {
    LinearScaling more = scaling;
    extend_terms(rows.platforms, rows.platform_basis, more.platform);
    extend_terms(rows.modules, rows.module_basis, more.module);
    return more;
}

void save_scaling(const LinearScaling& scaling, formats::NpzWriter& npz) {
    npz.add<double>("baseline_platform", scaling.platform);
    npz.add<double>("baseline_module", scaling.module);
}

Result<LinearScaling> load_scaling(const ModelArchive& archive, const Side& platforms, const Side& modules) {
    auto platform = archive.read<double>("baseline_platform", {platforms.size()});
    auto module = platform ? archive.read<double>("baseline_module", {modules.size()}) : platform;
    if (!module) {
        return Failure(module.error());
    }
    return LinearScaling{std::move(*platform), std::move(*module)};
}

Result<void> ScalingFamily::check(const Dataset& dataset, const FitConfig& config) const {
    return check_pools(dataset, config);
}

std::int64_t ScalingFamily::folds(const FitConfig& /*config*/) const { return 1; }

std::optional<std::int64_t> ScalingFamily::steps(const FitConfig& /*config*/, double /*share*/) const { return {}; }

Result<void> ScalingFamily::fit(const FitTask& task, const TakeFitted& take) const {
    if (auto ok = check(task.dataset, task.config); !ok) {
        return ok;
    }
    if (auto backend = backend::find_backend(task.context); !backend) {  // nothing runs on it, but it is recorded
        return Failure(backend.error());
    }
    const auto produce = [&](std::int64_t replicate) -> Result<Fitted> {
        if (task.context.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped before all replicates were fitted");
        }
        Fitted fitted{replicate, task.rows(replicate), {}, nullptr};
        if (auto ok = train::check_rows_left(fitted.rows, 0, 1, task.dataset.pool(kAlone).size(), task.share); !ok) {
            return Failure(ok.error());
        }
        fitted.scaling = fit_scaling(task, fitted.rows);
        fitted.model = make_scaling_model(fitted.scaling);
        return fitted;
    };
    Result<void> outcome;
    const auto collect = [&](std::int64_t /*replicate*/, Result<Fitted>&& fitted) {
        outcome = fitted ? take(std::move(*fitted)) : Result<void>(Failure(fitted.error()));
        return outcome.has_value();
    };
    core::parallel_ordered(core::threads_for(task.context.threads, task.replicates), task.replicates, produce, collect);
    return outcome;
}

Result<std::shared_ptr<const FittedModel>> ScalingFamily::load(const ModelArchive& archive, const FitConfig& /*config*/,
                                                               const Side& platforms, const Side& modules) const {
    return load_scaling(archive, platforms, modules).map([](LinearScaling&& scaling) {
        return make_scaling_model(std::move(scaling));
    });
}

ArrayShapes ScalingFamily::kept_shapes(const FitConfig& /*config*/, std::int64_t platforms,
                                       std::int64_t modules) const {
    return {{"C_hat", {1, platforms, modules}}};
}

}  // namespace pitot::models
