#include "models/factor/answer_table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace pitot::models {
namespace {

constexpr std::int64_t kLanes = 4;  // floats of Eigen's aligned maps
constexpr std::int64_t kLine = 16;  // floats of a cache line
constexpr std::size_t kAhead = 8;   // rows asked for before they are used

std::int64_t padded(std::int64_t floats) { return (floats + kLanes - 1) / kLanes * kLanes; }

}  // namespace

AnswerTable::AnswerTable(const JoinedFactors& factors)
    : pairs_(factors.pairs()),
      mean_(factors.mean()),
      limits_(factors.limits()),
      folds_(factors.folds()),
      types_(factors.types()),
      depth_(padded(factors.folds() * factors.types())) {
    if (depth_ == 0) {
        return;
    }
    const std::int64_t cells = pairs_.rows() * pairs_.cols();
    susceptibility_ = Matrix<float>(cells, depth_);
    magnitude_ = Matrix<float>(cells, depth_);
    std::vector<Matrix<float>> folds;
    for (std::int64_t f = 0; f < factors.folds(); ++f) {
        folds.push_back(factors.interference(f));
    }
    // Platform by platform, so that what is woven together stays in the cache.
    for (std::int64_t i = 0; i < pairs_.rows(); ++i) {
        for (std::int64_t f = 0; f < factors.folds(); ++f) {
            for (std::int64_t block = 0; block < 2 * factors.types(); ++block) {
                Matrix<float>& to = block < factors.types() ? susceptibility_ : magnitude_;
                const auto from = folds[static_cast<std::size_t>(f)].view().row(block * pairs_.rows() + i);
                float* at = to.view().row(cell(static_cast<std::int32_t>(i), 0)).data() + f * factors.types() +
                            block % factors.types();
                for (std::size_t j = 0; j < from.size(); ++j) {
                    at[static_cast<std::int64_t>(j) * depth_] = from[j];
                }
            }
        }
    }
}

AnswerTable::AnswerTable(const Ensemble& ensemble, const ModelConfig& config, std::int64_t platforms,
                         std::int64_t modules)
    : pairs_(platforms, modules), mean_(config) {
    Ensemble::Scratch scratch;
    std::vector<std::int32_t> module(static_cast<std::size_t>(modules));
    std::iota(module.begin(), module.end(), 0);
    for (std::int64_t i = 0; i < platforms; ++i) {
        const std::vector<std::int32_t> platform(module.size(), static_cast<std::int32_t>(i));
        ensemble.predict({platform, module, {}, 0}, pairs_.view().row(i), scratch);
    }
}

std::int64_t AnswerTable::bytes(std::int64_t cells, std::int64_t folds_and_types) {
    return cells * static_cast<std::int64_t>(sizeof(double) +
                                             2 * sizeof(float) * static_cast<std::size_t>(padded(folds_and_types)));
}

void AnswerTable::predict(const PairQuery& query, std::span<double> out) const {
    if (depth_ == 0 || query.width == 0) {
        std::ranges::transform(query.platform, query.module, out.begin(),
                               [&](std::int32_t i, std::int32_t j) { return pairs_(i, j); });
        return;
    }
    const auto width = static_cast<std::size_t>(query.width);
    for (std::size_t n = 0; n < out.size(); ++n) {
        if (const std::size_t next = n + kAhead; next < out.size()) {
            prefetch(query.platform[next], query.module[next], query.co_runner.subspan(next * width, width));
        }
        out[n] = pairs_(query.platform[n], query.module[n]) +
                 interference(query.platform[n], query.module[n], query.co_runner.subspan(n * width, width));
    }
}

void AnswerTable::prefetch(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> co_runners) const {
    const auto row = [this](const Matrix<float>& table, std::int64_t of) {
        const float* at = table.view().row(of).data();
        for (std::int64_t c = 0; c < depth_; c += kLine) {
            __builtin_prefetch(at + c);
        }
        __builtin_prefetch(at + depth_ - 1);
    };
    __builtin_prefetch(&pairs_(platform, module));
    row(susceptibility_, cell(platform, module));
    for (const std::int32_t k : co_runners) {
        if (k >= 0) {
            row(magnitude_, cell(platform, k));
        }
    }
}

double AnswerTable::interference(std::int32_t platform, std::int32_t module,
                                 std::span<const std::int32_t> co_runners) const {
    const float* susceptibility = susceptibility_.view().row(cell(platform, module)).data();
    const FoldValues values(static_cast<std::size_t>(folds_));
    std::ranges::fill(values.all(), 0.0);
    int beside = 0;
    for (const std::int32_t k : co_runners) {
        if (k < 0) {
            continue;
        }
        ++beside;
        const float* magnitude = magnitude_.view().row(cell(platform, k)).data();
        for (std::int64_t f = 0; f < folds_; ++f) {
            float sum = 0.0F;
            for (std::int64_t t = f * types_; t < (f + 1) * types_; ++t) {
                sum += susceptibility[t] * magnitude[t];
            }
            values[static_cast<std::size_t>(f)] += static_cast<double>(sum);
        }
    }
    return beside == 0 ? 0.0 : limits_.slowdown(mean_(values.all()), beside);
}

}  // namespace pitot::models
