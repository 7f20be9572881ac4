#include "place/predictors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/digest.hpp"
#include "experiment/matching_results.hpp"
#include "pitot/remedy.hpp"
#include "pitot/units.hpp"

namespace pitot::place {
namespace {

constexpr double kPercentile = 5.0;

// By linear interpolation between order statistics, as NumPy has it.
double percentile(std::vector<double> values, double q) {
    std::ranges::sort(values);
    const double place = q / 100.0 * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

Error unfit(const std::string& method, double share) {
    return {ErrorCode::kInput,
            fmt::format("the arrays of '{}' at share {} do not fit each other; make them again", method,
                        experiment::share_name(share)),
            Remedy::kRepeatAnyResults};
}

}  // namespace

Result<std::unique_ptr<ResultPredictor>> ResultPredictor::open(const std::filesystem::path& results,
                                                               const std::string& method, double share,
                                                               const Dataset& dataset) {
    const bool baseline = method == "C_bar";
    const std::string source = baseline ? "embedding/128" : method;
    PITOT_TRY(const auto found,
              experiment::open_matching_results(results, source, share, dataset, Remedy::kNameDataset));
    const formats::NpzReader& file = found.arrays;
    PITOT_TRY(auto pairs, experiment::read_array<float>(file, baseline ? "C_bar" : "C_hat", baseline ? 3 : 4));
    PITOT_TRY(auto test, experiment::read_array<std::int32_t>(file, "mf_test", 2));
    std::unique_ptr<ResultPredictor> made(new ResultPredictor(dataset));
    ResultPredictor& predictor = *made;
    predictor.logarithm_ = baseline || found.record.config.model.logarithm;
    predictor.replicates_ = pairs.shape[0];
    predictor.folds_ = baseline ? 1 : pairs.shape[1];
    predictor.platforms_ = dataset.platforms.size();
    predictor.modules_ = dataset.modules.size();
    predictor.pairs_ = std::move(pairs.values);
    predictor.test_rows_ = test.shape[1];
    predictor.test_ = std::move(test.values);
    const auto rows_fit = std::ranges::all_of(
        predictor.test_, [&](std::int32_t row) { return row >= 0 && row < dataset.pools[kAlone].rows; });
    if (static_cast<std::int64_t>(predictor.pairs_.size()) !=
            predictor.replicates_ * predictor.folds_ * predictor.platforms_ * predictor.modules_ ||
        predictor.replicates_ < 1 || predictor.folds_ < 1 || test.shape[0] != predictor.replicates_ ||
        predictor.test_rows_ < 1 || !rows_fit) {
        return Failure(unfit(source, share));
    }
    if (!baseline && file.contains("V_s")) {
        auto v_s = experiment::read_array<float>(file, "V_s", 5);
        auto v_g = v_s ? experiment::read_array<float>(file, "V_g", 5) : v_s;
        auto m = experiment::read_array<float>(file, "M", 4);
        if (!v_g || !m) {
            return Failure(v_g ? m.error() : v_g.error());
        }
        predictor.rank_ = v_s->shape[3];
        predictor.types_ = v_s->shape[4];
        const std::vector<std::int64_t> sides{predictor.replicates_, predictor.folds_, predictor.platforms_,
                                              predictor.rank_, predictor.types_};
        const std::vector<std::int64_t> embeddings{predictor.replicates_, predictor.folds_, predictor.modules_,
                                                   predictor.rank_};
        if (v_s->shape != sides || v_g->shape != sides || m->shape != embeddings) {
            return Failure(unfit(source, share));
        }
        predictor.v_s_ = std::move(v_s->values);
        predictor.v_g_ = std::move(v_g->values);
        predictor.module_ = std::move(m->values);
    }
    return made;
}

std::string ResultPredictor::interference_digest() const {
    core::Sha256 hash;
    for (const std::vector<float>* const array : {&v_s_, &v_g_, &module_}) {
        hash.array(std::span<const float>(*array));
    }
    return hash.finish();
}

PlacementPrediction ResultPredictor::replicate(std::int64_t r) const {
    const std::int64_t size = platforms_ * modules_;
    Matrix<double> y(platforms_, modules_);
    for (std::int64_t f = 0; f < folds_; ++f) {
        const float* const fold = &pairs_[static_cast<std::size_t>((r * folds_ + f) * size)];
        for (std::int64_t n = 0; n < size; ++n) {
            y.flat()[static_cast<std::size_t>(n)] += static_cast<double>(fold[n]) / static_cast<double>(folds_);
        }
    }
    if (!logarithm_) {
        for (double& v : y.flat()) {
            v = std::log(std::max(v, 1e-9));
        }
    }
    std::vector<double> errors;
    const ObservationView rows = dataset_.pool(kAlone);
    for (std::int64_t n = 0; n < test_rows_; ++n) {
        const auto row = static_cast<std::size_t>(test_[static_cast<std::size_t>(r * test_rows_ + n)]);
        errors.push_back(y(rows.platform[row], rows.module[row]) - to_log({rows.runtime_us[row]}).value);
    }
    const double margin = -percentile(std::move(errors), kPercentile);
    PlacementPrediction prediction;
    prediction.runtime_ms = Matrix<double>(platforms_, modules_);
    for (std::size_t n = 0; n < static_cast<std::size_t>(size); ++n) {
        prediction.runtime_ms.flat()[n] = to_time({y.flat()[n] + margin}).value / 1000.0;
    }
    if (types_ == 0) {
        return prediction;
    }
    prediction.slowdown = slowdown(r);
    return prediction;
}

ResultPredictor::Effects ResultPredictor::effects(std::int64_t r, const std::vector<float>& v) const {
    Effects out(static_cast<std::size_t>(folds_ * platforms_ * modules_ * types_));
    for (std::int64_t f = 0; f < folds_; ++f) {
        const std::int64_t model = r * folds_ + f;
        for (std::int64_t i = 0; i < platforms_; ++i) {
            for (std::int64_t j = 0; j < modules_; ++j) {
                const float* const m = &module_[static_cast<std::size_t>((model * modules_ + j) * rank_)];
                const float* const row = &v[static_cast<std::size_t>((model * platforms_ + i) * rank_ * types_)];
                float* const to = &out[static_cast<std::size_t>(((f * platforms_ + i) * modules_ + j) * types_)];
                for (std::int64_t c = 0; c < rank_; ++c) {
                    for (std::int64_t t = 0; t < types_; ++t) {
                        to[t] += m[c] * row[c * types_ + t];
                    }
                }
            }
        }
    }
    return out;
}

Slowdown ResultPredictor::slowdown(std::int64_t r) const {
    // Pairs of modules are then a few products each.
    const auto suffers = std::make_shared<const Effects>(effects(r, v_s_));
    const auto causes = std::make_shared<const Effects>(effects(r, v_g_));
    return [suffers, causes, types = types_, modules = modules_, folds = folds_, platforms = platforms_](
               std::int64_t device, std::int64_t module, std::span<const Neighbour> neighbours) {
        double sum = 0.0;
        for (const Neighbour& other : neighbours) {
            double effect = 0.0;
            for (std::int64_t f = 0; f < folds; ++f) {
                const std::int64_t base = (f * platforms + device) * modules;
                for (std::int64_t t = 0; t < types; ++t) {
                    effect +=
                        static_cast<double>((*suffers)[static_cast<std::size_t>((base + module) * types + t)]) *
                        static_cast<double>((*causes)[static_cast<std::size_t>((base + other.module) * types + t)]);
                }
            }
            sum += std::min(other.utilisation, 1.0) * effect / static_cast<double>(folds);
        }
        return std::exp(std::max(sum, 0.0));
    };
}

}  // namespace pitot::place
