#include "models/factor/embedding_distances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "models/folds/fold_model.hpp"
#include "models/folds/step_program.hpp"
#include "models/folds/untrained_rows.hpp"
#include "train/train.hpp"

namespace pitot::models {
namespace {

// The model of residuals that a configuration stands for.
FitConfig residual_config(const FitConfig& config, const Side& platforms, const Side& modules) {
    FitConfig c = config;
    c.model.baseline = false;
    c.model.interference_types = 0;
    c.model.platform_features = c.model.platform_features && platforms.features.cols() > 0;
    c.model.module_features = c.model.module_features && modules.features.cols() > 0;
    return c;
}

Result<void> check_residuals(const ResidualRows& rows, const FitConfig& config) {
    if (auto ok = config.validate(); !ok) {
        return ok;
    }
    if (config.model.family != Family::kFactorization) {
        return fail(ErrorCode::kUsage, fmt::format("preset '{}' has no embeddings to take distances between: it is no "
                                                   "factorization; choose one, such as factor/wide",
                                                   config.preset));
    }
    if (rows.residual.empty()) {
        return fail(ErrorCode::kInput, "no rows are left to train embeddings on; measure more pairs");
    }
    const auto wrong = std::ranges::find_if(rows.residual, [](double y) { return !std::isfinite(y); });
    if (wrong != rows.residual.end()) {
        return fail(ErrorCode::kInput, fmt::format("residual {} of {} is not finite", wrong - rows.residual.begin(),
                                                   rows.residual.size()));
    }
    return {};
}

std::vector<Basis> basis_of(std::span<const std::int32_t> measured, std::int64_t rows) {
    std::vector<Basis> basis(static_cast<std::size_t>(rows), Basis::kFeatures);
    for (const std::int32_t row : measured) {
        basis[static_cast<std::size_t>(row)] = Basis::kMeasured;
    }
    return basis;
}

// Rows less the mean of all, then each less the mean over its columns and of length 1 (0 where it does not vary): the
// correlation of two rows is their product.
Matrix<double> standardised(const Matrix<float>& from) {
    Matrix<double> to(from.rows(), from.cols());
    const MatrixView<double> x = to.view();
    for (std::int64_t c = 0; c < x.cols; ++c) {
        double mean = 0.0;
        for (std::int64_t i = 0; i < x.rows; ++i) {
            mean += static_cast<double>(from.view()(i, c)) / static_cast<double>(x.rows);
        }
        for (std::int64_t i = 0; i < x.rows; ++i) {
            x(i, c) = static_cast<double>(from.view()(i, c)) - mean;
        }
    }
    for (std::int64_t i = 0; i < x.rows; ++i) {
        double mean = 0.0;
        double squares = 0.0;
        for (const double v : x.row(i)) {
            mean += v / static_cast<double>(x.cols);
        }
        for (const double v : x.row(i)) {
            squares += (v - mean) * (v - mean);
        }
        const double scale = squares > 0.0 ? 1.0 / std::sqrt(squares) : 0.0;
        for (double& v : x.row(i)) {
            v = (v - mean) * scale;
        }
    }
    return to;
}

// sum += weight (2 - 2 corr) of all pairs of rows.
void add_distances(const Matrix<float>& embedding, double weight, MatrixView<double> sum) {
    const Matrix<double> rows = standardised(embedding);
    for (std::int64_t i = 0; i < sum.rows; ++i) {
        for (std::int64_t j = 0; j < i; ++j) {
            double corr = 0.0;
            for (std::int64_t c = 0; c < rows.cols(); ++c) {
                corr += rows.view()(i, c) * rows.view()(j, c);
            }
            sum(i, j) += weight * (2.0 - 2.0 * std::clamp(corr, -1.0, 1.0));
            sum(j, i) = sum(i, j);
        }
    }
}

}  // namespace

Result<EmbeddingDistances> embedding_distances(const Side& platforms, const Side& modules, const ResidualRows& rows,
                                               const FitConfig& config, const Context& context) {
    PITOT_CHECK(rows.platform.size() == rows.residual.size() && rows.module.size() == rows.residual.size());
    if (auto ok = check_residuals(rows, config); !ok) {
        return Failure(ok.error());
    }
    const FitConfig of_residuals = residual_config(config, platforms, modules);
    const ModelConfig& model = of_residuals.model;
    const std::vector<float> target(rows.residual.begin(), rows.residual.end());
    PITOT_TRY(auto folds, train::train_on_targets({rows.platform, rows.module, target}, of_residuals,
                                                  build_model(model, platforms, modules).program, context));
    average_untrained_rows(model, platforms, modules, basis_of(rows.platform, platforms.size()),
                           basis_of(rows.module, modules.size()), folds);
    EmbeddingDistances out{{platforms.size(), platforms.size()}, {modules.size(), modules.size()}};
    const double weight = 1.0 / static_cast<double>(folds.size());
    for (const train::FoldFit& fold : folds) {
        const Factors factors = FoldModel(model, platforms, modules, {}, fold.parameters).factors();
        add_distances(factors.platform, weight, out.platform.view());
        add_distances(factors.module, weight, out.module.view());
    }
    return out;
}

}  // namespace pitot::models
