// What every explanation of a pair has to fulfil.
#pragma once

#include <gtest/gtest.h>

#include "pitot/explain.hpp"

namespace pitot::test {

/// Terms sum up to the answer and parts, none below 0, to the variance of a new run.
inline void expect_sums(const PairExplanation& told, double tolerance) {
    double sum = 0.0;
    for (const auto& term : told.terms) {
        sum += term.value;
    }
    EXPECT_NEAR(sum, told.answer, tolerance);
    double variance = 0.0;
    for (const auto& part : told.parts) {
        EXPECT_GE(part.variance, 0.0) << part.name;
        variance += part.variance;
    }
    EXPECT_NEAR(variance, told.deviation * told.deviation, 1e-12);
}

}  // namespace pitot::test
