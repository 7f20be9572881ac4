// A page about a model: every picture of it, and what they say.
#pragma once

#include <string>

#include "figure/model_pictures.hpp"

namespace pitot::figure {

/// What stands above the pictures.
struct ReportHead {
    std::string title;
    std::string model;    ///< file it was read from
    std::string dataset;  ///< files, or empty
    std::string facts;    ///< what predict::describe_model() tells
};

/// One HTML page with everything inside (SVG, no script, nothing from elsewhere), light or dark as the reader's screen
/// is. A picture that there is nothing to draw for is replaced by the reason.
[[nodiscard]] std::string report_page(const PictureSource& source, const ReportHead& head);

}  // namespace pitot::figure
