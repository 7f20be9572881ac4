// One trained model (one fold), ready to predict: immutable after construction, safe to use from many threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "models/fitted_model.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models {

/// A named block of a fold's flat parameter array.
struct ParameterInfo {
    std::string name;  ///< "platform.layer0.weight"
    std::int64_t offset = 0;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
};

/// Names, shapes and places of a model's parameters, in the order of the flat array.
[[nodiscard]] std::vector<ParameterInfo> parameter_layout(const ModelConfig& config, const Side& platforms,
                                                          const Side& modules);

/// What a factorization computes from, with r its rank and s its types of interference: for platform i, module j and
/// co-runners k, y = baseline + scale p_i . m_j + interference_scale Σ_t,k (v_s,t(i) . m_j) (v_g,t(i) . m_k).
struct Factors {
    Matrix<float> platform;  ///< platforms × r (2 s + 1): p, then v_s,0 … v_s,s-1, then v_g,0 … v_g,s-1
    Matrix<float> module;    ///< modules × r
    double scale = 0.0;
    double interference_scale = 0.0;
};

class FoldModel {
public:
    /// `parameters` as parameter_layout() describes them. A row of a side that training never saw (an unseen platform
    /// or module appended to the side) has its learned inputs in `parameters` like any other row.
    FoldModel(const ModelConfig& config, const Side& platforms, const Side& modules, const LinearScaling& baseline,
              std::span<const float> parameters);
    FoldModel(FoldModel&&) noexcept;
    FoldModel& operator=(FoldModel&&) noexcept;
    FoldModel(const FoldModel&) = delete;
    FoldModel& operator=(const FoldModel&) = delete;
    ~FoldModel();

    /// y of every pair on the model's scale (ln(t / 25 ms), or t / 25 ms without the logarithm). out.size() = size().
    /// Thread-safe.
    void predict(const PairQuery& query, std::span<double> out) const;
    /// The same, without allocation once `scratch` was given for as many rows (Executor::predict).
    void predict(const PairQuery& query, std::span<double> out,
                 std::unique_ptr<backend::Executor::Scratch>& scratch) const;

    /// Of Family::kFactorization alone.
    [[nodiscard]] Factors factors() const;

private:
    struct Impl;
    std::unique_ptr<const Impl> impl_;
};

/// Parameters, which `layout` describes, for sides with `extra_platforms` and `extra_modules` appended rows: learned
/// inputs of a new row are the mean over the rows that were there. kInput error if the model cannot predict a new row
/// of that side (a side that is a learned table has nothing to say of it).
[[nodiscard]] Result<std::vector<float>> extend_parameters(const ModelConfig& config,
                                                           std::span<const ParameterInfo> layout,
                                                           std::int64_t extra_platforms, std::int64_t extra_modules,
                                                           std::span<const float> parameters);

}  // namespace pitot::models
