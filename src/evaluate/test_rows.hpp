// The combinations of a replicate that are tested, and what predictors answer for them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/absolute_errors.hpp"
#include "evaluate/bound_tally.hpp"
#include "evaluate/held_out_rows.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::evaluation {

/// Rows of one pool. The weights of a combination's runs are 1 together.
struct TestRows {
    std::int32_t width = 0;
    std::vector<std::int32_t> platform{}, module{}, co_runner{};
    std::vector<double> runtime_us{}, weight{};
    std::vector<std::size_t> combination{};  ///< place in HeldOutDraw::held

    [[nodiscard]] Query query() const { return {platform, module, co_runner, width}; }
};

/// All held-out combinations of a pool.
[[nodiscard]] TestRows test_rows(const Dataset& dataset, const HeldOutDraw& draw, std::size_t pool);

/// Answers for rows, of one predictor and of linear scaling.
struct TestAnswers {
    std::vector<double> model_us, baseline_us;
    std::vector<std::vector<double>> bound_us{};      ///< of each confidence; NaN: none
    std::vector<std::vector<BoundSource>> sources{};  ///< what each rests on
};

[[nodiscard]] Result<TestAnswers> answers_of(const Predictor& predictor, const Predictor& baseline,
                                             const TestRows& rows, std::span<const double> confidences);

/// Places of the rows whose combinations are not `learned`.
[[nodiscard]] std::vector<std::size_t> tested_places(const TestRows& rows, const std::vector<bool>& learned);

/// Adds the errors of the rows at `places` as a replicate's.
[[nodiscard]] Result<void> add_errors(const TestRows& rows, std::span<const double> predicted_us,
                                      std::span<const std::size_t> places, AbsoluteErrors& errors);

/// Adds how bounds fared at `places`; a tally of each confidence.
void add_bounds(const TestRows& rows, const TestAnswers& answers, std::span<const std::size_t> places,
                std::vector<BoundTally>& tallies);

}  // namespace pitot::evaluation
