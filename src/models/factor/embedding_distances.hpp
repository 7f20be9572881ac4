// How unlike rows of a side are to a factorization that was trained on residuals.
#pragma once

#include <cstdint>
#include <span>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::models {

/// Observed pairs and what is to be explained of each; borrowed. A pair may occur more than once.
struct ResidualRows {
    std::span<const std::int32_t> platform;  ///< row numbers of the sides
    std::span<const std::int32_t> module;
    std::span<const double> residual;  ///< y less the additive part that the caller has taken out
};

/// One matrix a side, rows × rows: symmetric, 0 on the diagonal, from 0 to 4 elsewhere.
struct EmbeddingDistances {
    Matrix<double> platform;
    Matrix<double> module;
};

/// 2 - 2 corr(e_i, e_j) between the embeddings of two rows of a side, averaged over the folds of `config`, each trained
/// on the residuals: residual ≈ alpha p_i . m_j without a baseline. Embeddings are the towers' outputs less their mean
/// over the side, r numbers a row, and corr is taken over these r. A row never measured has the embedding that its
/// tower gives its features with average learned inputs; one that does not vary has distance 2 to all others.
///
/// `config`: a factorization, such as the preset "factor/wide"; its baseline and interference are left out, and a side
/// without features is a learned table. The same to the bit for any number of threads. Errors: kUsage (`config` is no
/// factorization or not valid), kInput (no rows, a residual that is not finite, training diverged), kEnvironment,
/// kCancelled.
[[nodiscard]] Result<EmbeddingDistances> embedding_distances(const Side& platforms, const Side& modules,
                                                             const ResidualRows& rows, const FitConfig& config,
                                                             const Context& context);

}  // namespace pitot::models
