#include "figure/model_pictures.hpp"

#include <array>

#include "figure/picture_parts.hpp"

namespace pitot::figure {

std::span<const PictureKind> picture_kinds() {
    static constexpr std::array kinds{
        PictureKind{"matrix", "what was measured, with names", draw_matrix},
        PictureKind{"predicted", "predicted against measured runtimes, of what was not learned from", draw_predicted},
        PictureKind{"error", "errors by predicted runtime", draw_error},
        PictureKind{"coverage", "how often bounds hold, by platform", draw_coverage},
        PictureKind{"speeds", "speeds of platforms", draw_speeds},
        PictureKind{"platforms", "a map of platforms that behave alike", draw_platforms},
        PictureKind{"modules", "a map of modules that behave alike", draw_modules},
        PictureKind{"worst", "the worst predictions", draw_worst},
        PictureKind{"next", "what to measure next", draw_next},
    };
    return kinds;
}

}  // namespace pitot::figure
