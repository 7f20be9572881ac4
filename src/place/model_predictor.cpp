#include "place/model_predictor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/digest.hpp"
#include "predict/parts.hpp"

namespace pitot::place {
namespace {

constexpr double kConfidence = 0.95;

}  // namespace

bool names_model(const std::string& method) { return std::filesystem::path(method).extension() == ".pitot"; }

ModelPredictor::ModelPredictor(Predictor predictor, std::vector<std::int32_t> platforms,
                               std::vector<std::int32_t> modules)
    : predictor_(std::move(predictor)), platforms_(std::move(platforms)), modules_(std::move(modules)) {}

Result<std::unique_ptr<ModelPredictor>> ModelPredictor::open(const std::filesystem::path& file,
                                                             const Dataset& dataset) {
    PITOT_TRY(auto predictor, Predictor::load(file));
    auto platforms = predictor.find_platforms(dataset.platforms.names);
    auto modules = platforms ? predictor.find_modules(dataset.modules.names) : platforms;
    if (!modules) {
        return fail(modules.error(), fmt::format("{} and the dataset do not fit", file.string()));
    }
    return std::unique_ptr<ModelPredictor>(
        new ModelPredictor(std::move(predictor), std::move(*platforms), std::move(*modules)));
}

Result<std::string> ModelPredictor::digest() const {
    PITOT_TRY(const auto bytes, predictor_.to_bytes());
    core::Sha256 hash;
    hash.array(std::span<const std::byte>(bytes));
    return hash.finish();
}

PlacementPrediction ModelPredictor::replicate(std::int64_t /*r*/) const {
    PlacementPrediction prediction;
    prediction.runtime_ms = Matrix<double>(std::ssize(platforms_), std::ssize(modules_));
    std::vector<double> runtime_us(modules_.size());
    Matrix<double> bound_us(std::ssize(modules_), 1);
    PredictScratch scratch;
    for (std::size_t i = 0; i < platforms_.size(); ++i) {
        const std::vector<std::int32_t> platform(modules_.size(), platforms_[i]);
        const auto done = predictor_.predict_into({platform, modules_, {}, 0}, {&kConfidence, 1},
                                                  {runtime_us, bound_us.view(), {}}, &scratch);
        PITOT_CHECK(done.has_value());
        for (std::size_t j = 0; j < modules_.size(); ++j) {
            const double bound = bound_us(static_cast<std::int64_t>(j), 0);
            prediction.runtime_ms(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) =
                (std::isnan(bound) ? runtime_us[j] : bound) / 1000.0;
        }
    }
    if (!predictor_.parts().model->tells_co_runners()) {
        return prediction;
    }
    prediction.slowdown = [model = predictor_, platforms = platforms_, modules = modules_](
                              std::int64_t device, std::int64_t module, std::span<const Neighbour> neighbours) {
        const std::int32_t i = platforms[static_cast<std::size_t>(device)];
        const std::int32_t j = modules[static_cast<std::size_t>(module)];
        const double alone = model.predict_pair(i, j).value().runtime_us;
        double sum = 0.0;
        for (const Neighbour& other : neighbours) {
            const std::int32_t k = modules[static_cast<std::size_t>(other.module)];
            const double beside = model.predict_pair(i, j, {}, {&k, 1}).value().runtime_us;
            sum += std::min(other.utilisation, 1.0) * std::log(beside / alone);
        }
        return std::exp(std::max(sum, 0.0));
    };
    return prediction;
}

}  // namespace pitot::place
