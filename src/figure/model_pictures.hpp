// Pictures of a fitted model and of runs held against it, each with a sentence that explains it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "figure/svg.hpp"
#include "figure/tested_rows.hpp"
#include "pitot/advise.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::figure {

struct ModelPicture {
    std::string title;
    std::string sentence;  ///< what it shows and how to read it
    SvgCanvas canvas;
};

/// What pictures are drawn from.
struct PictureSource {
    const Predictor& predictor;
    const Dataset* runs = nullptr;  ///< measured, or none
    double confidence = 0.9;        ///< of bounds
    std::vector<TestedRow> tested;  ///< tested_rows() of them
    /// predicted_logs(), for pictures to share; nothing: each that needs them asks the model.
    std::shared_ptr<const Matrix<double>> logs{};
};

/// ln of predicted runtimes, platforms × modules.
[[nodiscard]] Result<Matrix<double>> predicted_logs(const Predictor& predictor);

/// A kind of picture: how it is called, what it shows in a few words, and who draws it. Errors of `draw`: kInput where
/// there is nothing to draw, in a sentence that says why.
struct PictureKind {
    std::string_view name;
    std::string_view shows;
    Result<ModelPicture> (*draw)(const PictureSource& source);
};

/// matrix, predicted, coverage, error, speeds, platforms, modules, worst, next.
[[nodiscard]] std::span<const PictureKind> picture_kinds();

}  // namespace pitot::figure
