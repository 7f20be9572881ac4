#include "models/folds/ensemble.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace pitot::models {
namespace {

// Rows at a time: bounds the scratch space of a query of any size.
constexpr std::int64_t kChunk = 16384;

PairQuery slice(const PairQuery& query, std::int64_t first, std::int64_t count) {
    const auto at = static_cast<std::size_t>(first);
    const auto n = static_cast<std::size_t>(count);
    const auto width = static_cast<std::size_t>(query.width);
    return {query.platform.subspan(at, n), query.module.subspan(at, n), query.co_runner.subspan(at * width, n * width),
            query.width};
}

}  // namespace

Ensemble::Ensemble(const ModelConfig& config, const Side& platforms, const Side& modules, const LinearScaling& baseline,
                   std::span<const train::FoldFit> folds, const AnswerLimits& limits)
    : baseline_(baseline), adds_baseline_(config.baseline), mean_(config), limits_(limits) {
    folds_.reserve(folds.size());
    for (const train::FoldFit& fold : folds) {
        folds_.emplace_back(config, platforms, modules, baseline, fold.parameters);
    }
}

void Ensemble::predict(const PairQuery& query, std::span<double> out, Scratch& scratch) const {
    PITOT_CHECK(static_cast<std::int64_t>(out.size()) == query.size());
    const auto rows_at_once = static_cast<std::size_t>(std::min(kChunk, query.size()));
    scratch.folds.resize(folds_.size() * rows_at_once);
    const FoldValues values(folds_.size());
    for (std::int64_t first = 0; first < query.size(); first += kChunk) {
        const PairQuery part = slice(query, first, std::min(kChunk, query.size() - first));
        const auto rows = static_cast<std::size_t>(part.size());
        for (std::size_t f = 0; f < folds_.size(); ++f) {
            folds_[f].predict(part, std::span(scratch.folds).subspan(f * rows_at_once, rows), scratch.executor);
        }
        for (std::size_t n = 0; n < rows; ++n) {
            const double base = adds_baseline_ ? baseline_(part.platform[n], part.module[n]) : 0.0;
            for (std::size_t f = 0; f < folds_.size(); ++f) {
                values[f] = limits_.learned(scratch.folds[f * rows_at_once + n] - base);
            }
            out[static_cast<std::size_t>(first) + n] = base + mean_(values.all());
        }
    }
}

}  // namespace pitot::models
