// y of any pair, from whatever was prepared for a predictor.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "models/factor/answer_table.hpp"
#include "models/factor/joined_factors.hpp"
#include "models/folds/ensemble.hpp"
#include "models/folds/folded_parts.hpp"

namespace pitot::models {

/// Up to which fleets every pair's answer is prepared.
struct TableLimits {
    /// Preparing costs so many at most: some 50 ms on one core. The published fleet of 174 × 176 needs 2^25.2 for
    /// embedding/128 and 2^27.5 for interference/2, but 2^32.3 for a network of baseline/mlp's size.
    double multiply_adds = 0x1p29;
    std::int64_t bytes = std::int64_t{64} << 20U;
};

/// Mean over the folds of y. A table where it is cheap; else the folds' joined factors; else, for networks on fleets
/// that are not small, the folds themselves. Immutable, safe to use from many threads. What a row is answered does not
/// depend on the rows beside it.
class PairAnswers {
public:
    PairAnswers(const FoldedParts& parts, const Side& platforms, const Side& modules, const TableLimits& limits = {});

    /// out.size() = query.size(). Indices in range. Allocates only where the folds themselves answer, and there not
    /// once `scratch` was given for as many rows.
    void predict(const PairQuery& query, std::span<double> out, std::unique_ptr<ModelScratch>& scratch) const;

    [[nodiscard]] bool is_table() const { return std::holds_alternative<AnswerTable>(source_); }

private:
    std::variant<AnswerTable, JoinedFactors, Ensemble> source_;
};

}  // namespace pitot::models
