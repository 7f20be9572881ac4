// What a predictor knows of single combinations.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "pitot/predictor.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace {

// What became of a measured combination of a pool. Older files do not say: then it was learned from if its kind was.
Evidence evidence_of(const PredictorParts& parts, std::size_t pool, std::int64_t combination) {
    const predict::MeasuredPool& measured = parts.measured[pool];
    if (measured.use.empty()) {
        return parts.config.train.learns_from(parts.pools[pool]) ? Evidence::kLearned : Evidence::kUnused;
    }
    return measured.use[static_cast<std::size_t>(combination)];
}

// The better of two: learned from, then set aside, then not used, then never measured.
Evidence better(Evidence a, Evidence b) {
    const Evidence worse = std::max(a, b);
    const Evidence best = std::min(a, b);
    return best == Evidence::kNone ? worse : best;
}

}  // namespace

std::optional<Evidence> Predictor::evidence(std::int32_t platform, std::int32_t module,
                                            std::span<const std::int32_t> co_runners) const {
    const PredictorParts& parts = this->parts();
    const bool alone = std::ranges::all_of(co_runners, [](std::int32_t k) { return k == -1; });
    if (!alone && !parts.measured_beside_others()) {
        return std::nullopt;
    }
    Evidence best = Evidence::kNone;
    for (std::size_t p = alone ? kAlone : kAlone + 1; p < (alone ? kAlone + 1 : parts.measured.size()); ++p) {
        if (const auto found = parts.measured[p].combinations.find(platform, module, co_runners)) {
            best = better(best, evidence_of(parts, p, *found));
        }
    }
    return best;
}

std::optional<Evidence> Predictor::evidence_beside_others(std::int32_t platform, std::int32_t module) const {
    const PredictorParts& parts = this->parts();
    if (!parts.measured_beside_others()) {
        return std::nullopt;
    }
    Evidence best = Evidence::kNone;
    for (std::size_t p = kAlone + 1; p < parts.measured.size(); ++p) {
        const auto [first, last] = parts.measured[p].combinations.of_pair(platform, module);
        for (std::int64_t combination = first; combination < last; ++combination) {
            best = better(best, evidence_of(parts, p, combination));
        }
    }
    return best;
}

}  // namespace pitot
