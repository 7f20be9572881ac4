// What results on disk predict, as placement wants it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "place/placement_predictor.hpp"

namespace pitot::place {

/// Each replicate's predictions, shifted by the margin that its test rows ask for. Reads METHOD/SHARE.npz, which must
/// be of `dataset`; "C_bar" stands for the linear-scaling baseline in embedding/128's results.
class ResultPredictor final : public PlacementPredictor {
public:
    /// The dataset must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<ResultPredictor>> open(const std::filesystem::path& results,
                                                                       const std::string& method, double share,
                                                                       const Dataset& dataset);
    [[nodiscard]] std::int64_t replicates() const override { return replicates_; }
    [[nodiscard]] bool knows_interference() const { return types_ > 0; }
    /// SHA-256 of what its slowdowns are computed from.
    [[nodiscard]] std::string interference_digest() const;
    [[nodiscard]] PlacementPrediction replicate(std::int64_t r) const override;

private:
    explicit ResultPredictor(const Dataset& dataset) : dataset_(dataset) {}

    using Effects = std::vector<float>;  // fold × platform × module × type
    // m_j . v_t of replicate r, with one of the interference matrices.
    [[nodiscard]] Effects effects(std::int64_t r, const std::vector<float>& v) const;
    [[nodiscard]] Slowdown slowdown(std::int64_t r) const;

    const Dataset& dataset_;
    std::int64_t replicates_ = 0, folds_ = 0, platforms_ = 0, modules_ = 0, rank_ = 0, types_ = 0;
    bool logarithm_ = true;
    std::vector<float> pairs_;               // replicate × fold × platform × module
    std::vector<float> v_s_, v_g_, module_;  // of interference
    std::vector<std::int32_t> test_;         // replicate × rows
    std::int64_t test_rows_ = 0;
};

}  // namespace pitot::place
