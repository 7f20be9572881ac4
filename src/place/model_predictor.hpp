// A fitted model as placement wants it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "place/placement_predictor.hpp"

namespace pitot::place {

/// Runtimes are upper bounds at 95 %, and predictions where a pair has no bound; slowdowns are what the model predicts
/// beside one other module, over its prediction alone, multiplied over neighbours by the share of the device that each
/// takes.
class ModelPredictor final : public PlacementPredictor {
public:
    /// Errors: as Predictor::load(); kInput naming a platform or module of the dataset that the model does not know.
    [[nodiscard]] static Result<std::unique_ptr<ModelPredictor>> open(const std::filesystem::path& file,
                                                                      const Dataset& dataset);

    /// SHA-256 of the model.
    [[nodiscard]] Result<std::string> digest() const;

    [[nodiscard]] std::int64_t replicates() const override { return 1; }
    [[nodiscard]] PlacementPrediction replicate(std::int64_t r) const override;

private:
    ModelPredictor(Predictor predictor, std::vector<std::int32_t> platforms, std::vector<std::int32_t> modules);

    Predictor predictor_;
    std::vector<std::int32_t> platforms_;  // of the dataset, as the model numbers them
    std::vector<std::int32_t> modules_;
};

/// Whether a method of a simulation names a model file: by its extension .pitot.
[[nodiscard]] bool names_model(const std::string& method);

}  // namespace pitot::place
