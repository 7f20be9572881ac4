// The arrays that a published experiment keeps of a model of folds.
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "core/team.hpp"
#include "models/folds/folded_model.hpp"
#include "models/gathered_rows.hpp"
#include "models/model_family.hpp"

namespace pitot::models {
namespace {

// Every pair of a platform, for all modules.
class PlatformPairs {
public:
    explicit PlatformPairs(std::int64_t modules)
        : platform_(static_cast<std::size_t>(modules)), module_(platform_.size()) {
        for (std::size_t j = 0; j < module_.size(); ++j) {
            module_[j] = static_cast<std::int32_t>(j);
        }
    }
    PairQuery of(std::int64_t i) {
        std::ranges::fill(platform_, static_cast<std::int32_t>(i));
        return {platform_, module_, {}, 0};
    }

private:
    std::vector<std::int32_t> platform_, module_;
};

// What a factorization computes from, rows one after the other.
struct FactorArrays {
    std::vector<float> p, m, v_s, v_g;

    void add(const Factors& factors, std::int64_t rank, std::int64_t types) {
        // Each interference matrix takes its half of the scale: V_s . V_g is what pairs are multiplied with.
        const auto beta = static_cast<float>(std::sqrt(factors.interference_scale));
        for (std::int64_t i = 0; i < factors.platform.rows(); ++i) {
            const auto row = factors.platform.view().row(i);
            p.insert(p.end(), row.begin(), row.begin() + rank);
            for (std::int64_t c = 0; c < rank; ++c) {
                for (std::int64_t t = 0; t < types; ++t) {
                    v_s.push_back(beta * row[static_cast<std::size_t>((1 + t) * rank + c)]);
                    v_g.push_back(beta * row[static_cast<std::size_t>((1 + types + t) * rank + c)]);
                }
            }
        }
        for (std::int64_t j = 0; j < factors.module.rows(); ++j) {
            const auto row = factors.module.view().row(j);
            m.insert(m.end(), row.begin(), row.end());
        }
    }
};

// What is kept of one fold.
struct FoldArrays : FactorArrays {
    std::vector<float> pairs, beside;

    FoldArrays() = default;
    // `tested`: rows beside others.
    FoldArrays(const FoldedParts& parts, const train::FoldFit& fold, const Dataset& dataset,
               std::span<const GatheredRows> tested) {
        const FoldModel model(parts.config, dataset.platforms, dataset.modules, parts.baseline, fold.parameters);
        std::vector<double> y(static_cast<std::size_t>(dataset.modules.size()));
        PlatformPairs queries(dataset.modules.size());
        for (std::int64_t i = 0; i < dataset.platforms.size(); ++i) {
            model.predict(queries.of(i), y);
            pairs.insert(pairs.end(), y.begin(), y.end());
        }
        for (const GatheredRows& of_pool : tested) {
            std::vector<double> answers(of_pool.target.size());
            model.predict(of_pool.query(), answers);
            beside.insert(beside.end(), answers.begin(), answers.end());
        }
        if (parts.config.family == Family::kFactorization) {
            add(model.factors(), parts.config.layers.back(), parts.config.interference_types);
        }
    }
};

}  // namespace

Result<void> FoldedModel::keep_losses(const KeepArray& put) const {
    const auto folds = std::ssize(parts_.folds);
    const auto transposed = [&](std::vector<float> train::FoldFit::*member) {
        std::vector<float> out;
        const std::size_t checkpoints = (parts_.folds.front().*member).size();
        for (std::size_t e = 0; e < checkpoints; ++e) {
            for (const train::FoldFit& fold : parts_.folds) {
                out.push_back((fold.*member)[e]);
            }
        }
        return out;
    };
    std::vector<float> training = transposed(&train::FoldFit::train_loss);
    std::vector<float> validation = transposed(&train::FoldFit::validation_loss);
    const std::int64_t trained = std::ssize(training) / folds;
    const std::int64_t validated = std::ssize(validation) / folds;
    return put("train_loss", std::move(training), {trained, folds}).and_then([&] {
        return validated > 0 ? put("val_loss", std::move(validation), {validated, folds}) : Result<void>();
    });
}

Result<void> FoldedModel::keep(const Dataset& dataset, const train::ReplicateRows& rows, int threads,
                               const KeepArray& put) const {
    const auto folds = std::ssize(parts_.folds);
    const std::int64_t platforms = dataset.platforms.size();
    const std::int64_t modules = dataset.modules.size();
    const bool has_factors = parts_.config.family == Family::kFactorization;
    const std::int64_t types = parts_.config.interference_types;
    const std::int64_t rank = parts_.config.layers.back();
    std::vector<GatheredRows> tested;
    for (std::size_t p = kAlone + 1; p < rows.pools.size(); ++p) {
        tested.emplace_back(dataset.pool(p), rows.pools[p].test, parts_.config);
    }
    std::vector<FoldArrays> arrays(parts_.folds.size());
    core::Team team(static_cast<int>(std::min<std::int64_t>(threads, folds)));
    team.share(folds, 1, [&](std::int64_t first, std::int64_t count) {
        for (auto f = static_cast<std::size_t>(first); f < static_cast<std::size_t>(first + count); ++f) {
            arrays[f] = FoldArrays(parts_, parts_.folds[f], dataset, tested);
        }
    });
    // The folds one after the other.
    const auto put_all = [&](const char* name, std::vector<float> FoldArrays::*member,
                             std::vector<std::int64_t> shape) {
        std::vector<float> values;
        values.reserve(arrays.size() * (arrays.front().*member).size());
        for (const FoldArrays& fold : arrays) {
            values.insert(values.end(), (fold.*member).begin(), (fold.*member).end());
        }
        return put(name, std::move(values), std::move(shape));
    };
    auto ok = keep_losses(put).and_then([&] {
        return put_all("C_hat", &FoldArrays::pairs, {folds, platforms, modules});
    });
    if (ok && has_factors) {
        ok = put_all("P", &FoldArrays::p, {folds, platforms, rank}).and_then([&] {
            return put_all("M", &FoldArrays::m, {folds, modules, rank});
        });
    }
    if (ok && has_factors && types > 0) {
        ok = put_all("V_s", &FoldArrays::v_s, {folds, platforms, rank, types}).and_then([&] {
            return put_all("V_g", &FoldArrays::v_g, {folds, platforms, rank, types});
        });
    }
    if (ok && dataset.rows_beside_others() > 0) {
        ok = put_all("C_ijk_hat", &FoldArrays::beside, {folds, std::ssize(arrays.front().beside)});
    }
    return ok;
}

ArrayShapes folded_shapes(const FitConfig& config, std::int64_t platforms, std::int64_t modules) {
    const std::int64_t folds = config.train.folds;
    ArrayShapes shapes{{"C_hat", {folds, platforms, modules}}};
    if (config.model.family == Family::kFactorization) {
        const std::int64_t rank = config.model.layers.back();
        const std::int64_t types = config.model.interference_types;
        shapes["P"] = {folds, platforms, rank};
        shapes["M"] = {folds, modules, rank};
        if (types > 0) {
            shapes["V_s"] = shapes["V_g"] = {folds, platforms, rank, types};
        }
    }
    return shapes;
}

}  // namespace pitot::models
