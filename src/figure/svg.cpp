#include "figure/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include <fmt/core.h>

#include "core/utf8.hpp"

namespace pitot::figure {
namespace {

// Fewer digits than a double has: a picture is not a table.
std::string pixels(double value) { return fmt::format("{:.6g}", std::round(value * 100.0) / 100.0); }

std::string title_of(std::string_view title) {
    return title.empty() ? std::string() : fmt::format("<title>{}</title>", escaped(title));
}

std::string with_title(std::string element, std::string_view title, const char* name) {
    return title.empty() ? element + "/>\n" : fmt::format("{}>{}</{}>\n", element, title_of(title), name);
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const core::CodePoint c = core::next_code_point(text);
        const std::string_view bytes = text.substr(0, c.bytes);
        if (!c.valid) {
            out += '?';
        } else if (c.code < 0x20U || (c.code >= 0x7FU && c.code < 0xA0U) || c.code == 0xFFFEU || c.code == 0xFFFFU) {
            out += ' ';
        } else if (bytes == "&") {
            out += "&amp;";
        } else if (bytes == "<") {
            out += "&lt;";
        } else if (bytes == ">") {
            out += "&gt;";
        } else if (bytes == "\"") {
            out += "&quot;";
        } else {
            out += bytes;
        }
        text.remove_prefix(c.bytes);
    }
    return out;
}

std::string svg_style() {
    return "svg text{font:12px system-ui,'DejaVu Sans',sans-serif}"
           ".ink{fill:#1d2733}.soft{fill:#5b6775}.axis{stroke:#5b6775;fill:none}.grid{stroke:#dfe4e9;fill:none}"
           ".line{stroke:#1f6fb4;fill:none;stroke-width:2}.mark{stroke:#c8501e;fill:none;stroke-width:2}"
           ".strong{stroke:#1d2733;fill:none;stroke-width:2}.faint{fill:#1f6fb4;fill-opacity:.2}"
           ".dot{fill:#1f6fb4;fill-opacity:.7}.warn{fill:#c8501e;fill-opacity:.9}.none{fill:#eceff2}\n"
           "@media (prefers-color-scheme:dark){"
           ".ink{fill:#e6e9ed}.soft{fill:#9aa5b1}.axis{stroke:#9aa5b1}.grid{stroke:#2c343d}"
           ".strong{stroke:#e6e9ed}.faint{fill:#6db3f2}.line{stroke:#6db3f2}.mark{stroke:#f08a5d}.dot{fill:#6db3f2}."
           "warn{fill:#f08a5d}.none{fill:#232a32}}\n";
}

void SvgCanvas::text(double x, double y, std::string_view words, Anchor anchor, std::string_view kind, double degrees) {
    const char* where = anchor == Anchor::kStart ? "start" : anchor == Anchor::kMiddle ? "middle" : "end";
    const std::string turned =
        degrees == 0.0 ? std::string()
                       : fmt::format(" transform=\"rotate({} {} {})\"", pixels(degrees), pixels(x), pixels(y));
    body_ += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\"{}>{}</text>\n", pixels(x), pixels(y),
                         kind, where, turned, escaped(words));
}

void SvgCanvas::line(double x1, double y1, double x2, double y2, std::string_view kind) {
    body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{}\"/>\n", pixels(x1), pixels(y1),
                         pixels(x2), pixels(y2), kind);
}

void SvgCanvas::circle(double x, double y, double radius, std::string_view kind, std::string_view title) {
    body_ += with_title(
        fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{}\"", pixels(x), pixels(y), pixels(radius), kind),
        title, "circle");
}

void SvgCanvas::rectangle(double x, double y, double width, double height, std::string_view kind,
                          std::string_view title) {
    body_ += with_title(fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"", pixels(x),
                                    pixels(y), pixels(width), pixels(height), kind),
                        title, "rect");
}

void SvgCanvas::curve(const std::vector<std::pair<double, double>>& points, std::string_view kind) {
    std::string path;
    for (const auto& point : points) {
        path += fmt::format("{}{} {}", path.empty() ? "M" : "L", pixels(point.first), pixels(point.second));
    }
    if (!path.empty()) {
        body_ += fmt::format("<path d=\"{}\" class=\"{}\"/>\n", path, kind);
    }
}

void SvgCanvas::squares(const std::vector<std::pair<double, double>>& corners, double size, const std::string& colour) {
    std::string path;
    for (const auto& corner : corners) {
        path += fmt::format("M{} {}h{}v{}h-{}z", pixels(corner.first), pixels(corner.second), pixels(size),
                            pixels(size), pixels(size));
    }
    if (!path.empty()) {
        body_ += fmt::format("<path d=\"{}\" fill=\"{}\" shape-rendering=\"crispEdges\"/>\n", path, colour);
    }
}

std::string SvgCanvas::element(std::string_view label, bool alone) const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
        "aria-label=\"{2}\">\n{3}{4}</svg>\n",
        pixels(width_), pixels(height_), escaped(label),
        alone ? fmt::format("<style>{}svg{{background:#fff}}@media (prefers-color-scheme:dark){{svg{{background:"
                            "#14181d}}}}</style>\n",
                            svg_style())
              : std::string(),
        body_);
}

double AxisScale::operator()(double value) const {
    const double share =
        logarithmic ? std::log(value / least) / std::log(most / least) : (value - least) / (most - least);
    return from + share * (to - from);
}

AxisScale decades_around(const std::vector<double>& values, double from, double to) {
    const auto ends = std::minmax_element(values.begin(), values.end());
    const double least = values.empty() ? 1.0 : std::pow(10.0, std::floor(std::log10(*ends.first)));
    double most = values.empty() ? 10.0 : std::pow(10.0, std::ceil(std::log10(*ends.second)));
    most = most > least * 5.0 ? most : least * 10.0;
    return {least, most, from, to, true};
}

std::vector<double> decades_of(const AxisScale& axis) {
    const int first = static_cast<int>(std::lround(std::log10(axis.least)));
    const int last = static_cast<int>(std::lround(std::log10(axis.most)));
    const int step = 1 + (last - first) / 10;
    std::vector<double> ticks;
    for (int power = first; power <= last; power += step) {
        ticks.push_back(std::pow(10.0, power));
    }
    return ticks;
}

std::vector<double> ticks_of(const AxisScale& axis, int count) {
    const double rough = (axis.most - axis.least) / count;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10.0 * power;
    for (const double factor : {5.0, 2.0, 1.0}) {
        step = factor * power >= rough * 0.99 ? factor * power : step;
    }
    std::vector<double> ticks;
    const double rounding = 1e-9 * step;
    for (double n = std::ceil((axis.least - rounding) / step); n * step <= axis.most + rounding; ++n) {
        ticks.push_back(n * step);
    }
    return ticks;
}

std::string heat_colour(double share) {
    constexpr std::array<std::array<double, 3>, 9> points{{{68, 1, 84},
                                                           {71, 44, 122},
                                                           {59, 81, 139},
                                                           {44, 113, 142},
                                                           {33, 144, 141},
                                                           {39, 173, 129},
                                                           {92, 200, 99},
                                                           {170, 220, 50},
                                                           {253, 231, 37}}};
    const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(points.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(place), points.size() - 2);
    const double part = place - static_cast<double>(below);
    std::array<int, 3> colour{};
    for (std::size_t c = 0; c < colour.size(); ++c) {
        colour[c] = static_cast<int>(std::lround((1.0 - part) * points[below][c] + part * points[below + 1][c]));
    }
    return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

}  // namespace pitot::figure
