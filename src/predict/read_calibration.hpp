// Reading what bounds rest on from a model file.
#pragma once

#include "models/model_archive.hpp"
#include "predict/parts.hpp"

namespace pitot::predict {

/// `parts` have their pools and sides. kInput naming the array that is wrong.
[[nodiscard]] Result<void> read_calibration(const models::ModelArchive& archive, PredictorParts& parts);

}  // namespace pitot::predict
