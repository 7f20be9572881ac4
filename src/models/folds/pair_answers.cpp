#include "models/folds/pair_answers.hpp"

#include <utility>

namespace pitot::models {
namespace {

// Multiply-adds of one fold for one pair, towers ready. A tanh between layers is small beside the layers.
double pair_cost(const ModelConfig& config, const Side& modules) {
    double cost = 1.0;
    switch (config.family) {
        case Family::kLinearScaling:
        case Family::kKernel:
            break;
        case Family::kFactorization:
            cost += static_cast<double>(config.layers.back() * (1 + 2 * config.interference_types));
            break;
        case Family::kPlatformNetwork:
            cost += static_cast<double>(modules.features.cols() * config.layers.front());
            [[fallthrough]];
        case Family::kNetwork:
            for (std::size_t l = 1; l < config.layers.size(); ++l) {
                cost += static_cast<double>(config.layers[l - 1] * config.layers[l]);
            }
    }
    return cost;
}

bool wants_table(const FoldedParts& parts, const Side& platforms, const Side& modules, const TableLimits& limits) {
    const ModelConfig& config = parts.config;
    const std::int64_t cells = platforms.size() * modules.size();
    const auto folds = static_cast<std::int64_t>(parts.folds.size());
    const std::int64_t types = config.family == Family::kFactorization ? config.interference_types : 0;
    return static_cast<double>(cells * folds) * pair_cost(config, modules) <= limits.multiply_adds &&
           AnswerTable::bytes(cells, folds * types) <= limits.bytes;
}

std::variant<AnswerTable, JoinedFactors, Ensemble> make(const FoldedParts& parts, const Side& platforms,
                                                        const Side& modules, const TableLimits& limits) {
    const bool table = wants_table(parts, platforms, modules, limits);
    if (parts.config.family == Family::kFactorization) {
        JoinedFactors factors(parts, platforms, modules);
        if (table) {
            return AnswerTable(factors);
        }
        return factors;
    }
    Ensemble ensemble(parts.config, platforms, modules, parts.baseline, parts.folds, parts.limits);
    if (table) {
        return AnswerTable(ensemble, parts.config, platforms.size(), modules.size());
    }
    return ensemble;
}

}  // namespace

PairAnswers::PairAnswers(const FoldedParts& parts, const Side& platforms, const Side& modules,
                         const TableLimits& limits)
    : source_(make(parts, platforms, modules, limits)) {}

void PairAnswers::predict(const PairQuery& query, std::span<double> out, std::unique_ptr<ModelScratch>& scratch) const {
    if (const auto* ensemble = std::get_if<Ensemble>(&source_)) {
        if (dynamic_cast<Ensemble::Scratch*>(scratch.get()) == nullptr) {
            scratch = std::make_unique<Ensemble::Scratch>();
        }
        ensemble->predict(query, out, dynamic_cast<Ensemble::Scratch&>(*scratch));
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

}  // namespace pitot::models
