// What the pictures of a model share, and who draws each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "figure/model_pictures.hpp"
#include "figure/svg.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::figure {

using Points = std::vector<std::pair<double, double>>;

inline constexpr double kPictureWidth = 760.0;
inline constexpr double kPictureHeight = 440.0;
inline constexpr double kLeftEdge = 84.0;
inline constexpr double kRightEdge = 30.0;
inline constexpr double kLowerEdge = 56.0;
inline constexpr double kMargin = 16.0;
/// More dots than this hide each other, and their names make a page large.
inline constexpr std::size_t kManyDots = 2000;
/// Names beside rows, up to so many characters and in pixels a character.
inline constexpr std::size_t kNameLetters = 34;
inline constexpr double kLetterWidth = 6.6;

[[nodiscard]] const std::string& row_name(const Side& side, std::int64_t row);

/// A name as long as there is room for, cut between characters.
[[nodiscard]] std::string short_name(const std::string& name, std::size_t letters = kNameLetters);

/// The pixels that the longest of short names takes.
[[nodiscard]] double name_room(const std::vector<std::string>& names);

/// "module on platform beside others", each name cut to so many characters.
[[nodiscard]] std::string place_name(const Predictor& predictor, std::int32_t platform, std::int32_t module,
                                     const std::vector<std::int32_t>& with = {},
                                     std::size_t letters = std::string::npos);

/// The same where there is room for so many characters; if it is too long, every name has an equal share of it.
[[nodiscard]] std::string place_label(const Predictor& predictor, std::int32_t platform, std::int32_t module,
                                      const std::vector<std::int32_t>& with, std::size_t room);

[[nodiscard]] std::string percent_text(double share, int decimals = 0);

/// Row numbers in ascending order of their values.
[[nodiscard]] std::vector<std::int64_t> order_by(const std::vector<double>& values);

/// Why there are no errors to draw.
[[nodiscard]] Failure nothing_tested();

/// Axes of times and shares with their grids.
void time_axis_below(SvgCanvas& canvas, const AxisScale& x, double y, double top, const char* title);
void time_axis_left(SvgCanvas& canvas, const AxisScale& y, double x, double right, const char* title);
void percent_axis_left(SvgCanvas& canvas, const AxisScale& y, double x, double right, const char* title);

/// A row with a dot and a line.
struct NamedRange {
    std::string name;
    double low;
    double value;
    double high;
    std::string title;
};

inline constexpr double kNoNominal = std::numeric_limits<double>::quiet_NaN();

/// Ranges from the left to the right, one a row; `nominal` is a line across, kNoNominal for none.
[[nodiscard]] SvgCanvas draw_ranges(const std::vector<NamedRange>& ranges, const AxisScale& limits, double nominal,
                                    const char* title, const std::function<std::string(double)>& tick_text);

// What was measured.
[[nodiscard]] Result<ModelPicture> draw_matrix(const PictureSource& source);
// Predictions against measurements.
[[nodiscard]] Result<ModelPicture> draw_predicted(const PictureSource& source);
[[nodiscard]] Result<ModelPicture> draw_error(const PictureSource& source);
[[nodiscard]] Result<ModelPicture> draw_coverage(const PictureSource& source);
// What the model knows of the fleet.
[[nodiscard]] Result<ModelPicture> draw_speeds(const PictureSource& source);
[[nodiscard]] Result<ModelPicture> draw_platforms(const PictureSource& source);
[[nodiscard]] Result<ModelPicture> draw_modules(const PictureSource& source);
// Where it is worst, and what to do.
[[nodiscard]] Result<ModelPicture> draw_worst(const PictureSource& source);
[[nodiscard]] Result<ModelPicture> draw_next(const PictureSource& source);

}  // namespace pitot::figure
