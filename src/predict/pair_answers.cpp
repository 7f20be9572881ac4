#include "predict/pair_answers.hpp"

#include <utility>

namespace pitot {
namespace {

// Multiply-adds of one fold for one pair, towers ready. A tanh between layers is small beside the layers.
double pair_cost(const ModelConfig& config, const PredictorParts& parts) {
    double cost = 1.0;
    switch (config.family) {
        case Family::kLinearScaling:
            break;
        case Family::kFactorization:
            cost += static_cast<double>(config.layers.back() * (1 + 2 * config.interference_types));
            break;
        case Family::kPlatformNetwork:
            cost += static_cast<double>(parts.modules.features.cols() * config.layers.front());
            [[fallthrough]];
        case Family::kNetwork:
            for (std::size_t l = 1; l < config.layers.size(); ++l) {
                cost += static_cast<double>(config.layers[l - 1] * config.layers[l]);
            }
    }
    return cost;
}

bool wants_table(const PredictorParts& parts, const TableLimits& limits) {
    const ModelConfig& config = parts.config.model;
    if (parts.folds.empty()) {
        return false;  // two terms, added
    }
    const std::int64_t cells = parts.platforms.size() * parts.modules.size();
    const auto folds = static_cast<std::int64_t>(parts.folds.size());
    const std::int64_t types = config.family == Family::kFactorization ? config.interference_types : 0;
    return static_cast<double>(cells * folds) * pair_cost(config, parts) <= limits.multiply_adds &&
           AnswerTable::bytes(cells, folds * types) <= limits.bytes;
}

std::variant<AnswerTable, JoinedFactors, Ensemble> make(const PredictorParts& parts, const TableLimits& limits) {
    const bool table = wants_table(parts, limits);
    if (parts.folds.empty() || parts.config.model.family == Family::kFactorization) {
        JoinedFactors factors(parts);
        if (table) {
            return AnswerTable(factors);
        }
        return factors;
    }
    Ensemble ensemble(parts.config.model, parts.platforms, parts.modules, parts.baseline, parts.folds, parts.limits);
    if (table) {
        return AnswerTable(ensemble, parts.config.model, parts.platforms.size(), parts.modules.size());
    }
    return ensemble;
}

}  // namespace

PairAnswers::PairAnswers(const PredictorParts& parts, const TableLimits& limits) : source_(make(parts, limits)) {}

void PairAnswers::predict(const PairQuery& query, std::span<double> out, Ensemble::Scratch& scratch) const {
    if (const auto* ensemble = std::get_if<Ensemble>(&source_)) {
        ensemble->predict(query, out, scratch);
        return;
    }
    if (const auto* table = std::get_if<AnswerTable>(&source_)) {
        table->predict(query, out);
        return;
    }
    const auto& factors = std::get<JoinedFactors>(source_);
    const auto width = static_cast<std::size_t>(query.width);
    for (std::size_t n = 0; n < out.size(); ++n) {
        out[n] = factors(query.platform[n], query.module[n], query.co_runner.subspan(n * width, width));
    }
}

}  // namespace pitot
