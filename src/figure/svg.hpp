// Pictures as SVG, drawn here so that they stand in a page, in light and in dark, without any program.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pitot::figure {

/// A text made fit for HTML and SVG: markup escaped, control characters as spaces, bytes that are not UTF-8 as '?'.
[[nodiscard]] std::string escaped(std::string_view text);

/// What classes of a picture look like, in light and in dark; once in a page, or in a picture that stands alone.
[[nodiscard]] std::string svg_style();

enum class Anchor { kStart, kMiddle, kEnd };

/// Elements one after the other; x to the right and y down, in pixels. Classes: ink, soft (texts), axis, grid, line,
/// mark, strong (strokes), dot, faint, warn, none (fills).
class SvgCanvas {
public:
    SvgCanvas(double width, double height) : width_(width), height_(height) {}

    void text(double x, double y, std::string_view words, Anchor anchor = Anchor::kStart, std::string_view kind = "ink",
              double degrees = 0.0);
    void line(double x1, double y1, double x2, double y2, std::string_view kind);
    /// Shows `title` when pointed at, if there is one.
    void circle(double x, double y, double radius, std::string_view kind, std::string_view title = {});
    void rectangle(double x, double y, double width, double height, std::string_view kind, std::string_view title = {});
    /// A line through points.
    void curve(const std::vector<std::pair<double, double>>& points, std::string_view kind);
    /// Squares of one colour, "#rrggbb": x, y of each.
    void squares(const std::vector<std::pair<double, double>>& corners, double size, const std::string& colour);

    /// The whole element. `label` says what it shows to those who do not see it. Alone: a file of its own.
    [[nodiscard]] std::string element(std::string_view label, bool alone) const;

private:
    double width_;
    double height_;
    std::string body_;
};

/// A number's place on an axis, linear or logarithmic, from pixels `from` to `to`.
struct AxisScale {
    double least;
    double most;
    double from;
    double to;
    bool logarithmic = false;

    [[nodiscard]] double operator()(double value) const;
};

/// An axis around positive values: whole powers of ten that hold them all.
[[nodiscard]] AxisScale decades_around(const std::vector<double>& values, double from, double to);
/// Powers of ten on such an axis, at most about ten of them.
[[nodiscard]] std::vector<double> decades_of(const AxisScale& axis);
/// About `count` round numbers on a linear axis.
[[nodiscard]] std::vector<double> ticks_of(const AxisScale& axis, int count = 5);

/// Dark blue to yellow for 0 to 1, told apart by the colour-blind and in grey ("#rrggbb"; viridis by S. van der Walt
/// and N. Smith, at nine points).
[[nodiscard]] std::string heat_colour(double share);

}  // namespace pitot::figure
