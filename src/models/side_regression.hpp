// The baseline term of a row that was never measured, from its side information.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pitot/matrix_view.hpp"

namespace pitot::models {

/// Ridge regression of `known_terms` on standardised features, its penalty chosen by leave-one-out error over a grid
/// that ends in "the mean alone". Features that do not vary over the known rows are left out.
class SideRegression {
public:
    /// known: known rows × features (finite); terms: one a known row. Without known rows everything is 0.
    SideRegression(MatrixView<const double> known, std::span<const double> terms);

    /// features: one row.
    [[nodiscard]] double operator()(std::span<const double> features) const;

    /// Root mean squared leave-one-out error of the chosen penalty; infinite with fewer than two known rows.
    [[nodiscard]] double leave_one_out_error() const { return error_; }
    /// Whether features help at all by that measure.
    [[nodiscard]] bool uses_features() const { return !weights_.empty(); }

private:
    double mean_term_ = 0.0;
    std::vector<double> centre_;   // of each feature
    std::vector<double> weights_;  // of each feature, deviations scaled in; empty = the mean alone
    double error_ = 0.0;
};

}  // namespace pitot::models
