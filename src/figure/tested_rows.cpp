#include "figure/tested_rows.hpp"

#include <map>
#include <numeric>
#include <utility>

#include "evaluate/named_runs.hpp"
#include "models/scale.hpp"
#include "predict/calibration_rows.hpp"
#include "predict/parts.hpp"

namespace pitot::figure {

Result<std::vector<TestedRow>> tested_rows(const Predictor& predictor, const Dataset* runs, double confidence) {
    std::map<predict::Combination, std::pair<double, bool>> measured;  // runtime, whether set aside
    const PredictorParts& parts = predictor.parts();
    const models::Scale scale(parts.config.model);
    const predict::CalibrationRows& kept = parts.calibration_rows;
    for (std::size_t n = 0; n < kept.target.size(); ++n) {
        // One run of each combination is there.
        measured[predict::combination(kept.platform[n], kept.module[n], kept.beside(n))] = {
            scale.runtime_us(kept.target[n]), true};
    }
    if (runs != nullptr) {
        const evaluation::NamedRuns named = evaluation::named_runs(predictor, *runs);
        if (named.runtime_us.empty()) {
            return evaluation::none_known(named);
        }
        for (const auto& entry : named.runtime_us) {
            const auto& [platform, module, with] = entry.first;
            // Older model files do not say what was measured beside others: it may have been learned from.
            const Evidence evidence = predictor.evidence(platform, module, with).value_or(Evidence::kLearned);
            if (evidence != Evidence::kLearned) {
                const double sum = std::accumulate(entry.second.begin(), entry.second.end(), 0.0);
                measured[entry.first] = {sum / static_cast<double>(entry.second.size()),
                                         evidence == Evidence::kSetAside};
            }
        }
    }
    std::vector<TestedRow> rows;
    for (const auto& entry : measured) {
        const auto& [platform, module, with] = entry.first;
        TestedRow row{platform, module, with, entry.second.first};
        PITOT_TRY(const auto answer, predictor.predict_pair(row.platform, row.module, confidence, row.with));
        row.predicted_us = answer.runtime_us;
        row.bound_us = answer.bound_us;
        row.set_aside = entry.second.second;
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace pitot::figure
