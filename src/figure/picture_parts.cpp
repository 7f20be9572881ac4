#include "figure/picture_parts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/core.h>

#include "core/readable.hpp"
#include "pitot/remedy.hpp"

namespace pitot::figure {

using core::duration_text;

const std::string& row_name(const Side& side, std::int64_t row) { return side.names[static_cast<std::size_t>(row)]; }

std::string short_name(const std::string& name, std::size_t letters) {
    if (name.size() <= letters) {
        return name;
    }
    std::size_t end = letters - 1;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return name.substr(0, end) + "…";
}

double name_room(const std::vector<std::string>& names) {
    std::size_t longest = 0;
    for (const std::string& name : names) {
        longest = std::max(longest, std::min(name.size(), kNameLetters));
    }
    return kLetterWidth * static_cast<double>(longest) + kMargin;
}

std::string place_name(const Predictor& predictor, std::int32_t platform, std::int32_t module,
                       const std::vector<std::int32_t>& with, std::size_t letters) {
    std::string text = short_name(row_name(predictor.modules(), module), letters) + " on " +
                       short_name(row_name(predictor.platforms(), platform), letters);
    for (std::size_t n = 0; n < with.size(); ++n) {
        text += (n == 0 ? " beside " : ", ") + short_name(row_name(predictor.modules(), with[n]), letters);
    }
    return text;
}

std::string place_label(const Predictor& predictor, std::int32_t platform, std::int32_t module,
                        const std::vector<std::int32_t>& with, std::size_t room) {
    std::string whole = place_name(predictor, platform, module, with);
    constexpr std::size_t least = 8;
    const std::size_t names = 2 + with.size();
    const std::size_t words = 4 + (with.empty() ? 0 : 6 + 2 * with.size());
    const std::size_t share = std::max(least, (std::max(room, words) - words) / names);
    return whole.size() <= room ? std::move(whole) : place_name(predictor, platform, module, with, share);
}

std::string percent_text(double share, int decimals) {
    return fmt::format("{:.{}f} %", 100.0 * share + 0.0, decimals);  // no minus before 0
}

std::vector<std::int64_t> order_by(const std::vector<double>& values) {
    std::vector<std::int64_t> order(values.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::ranges::stable_sort(order, {}, [&](std::int64_t n) { return values[static_cast<std::size_t>(n)]; });
    return order;
}

Failure nothing_tested() {
    return fail(
        ErrorCode::kInput,
        "there is no measured combination here that the model did not learn from: give further runs, or the "
        "dataset that it was fitted on if it was not; what a configuration is worth on splits of that dataset, an "
        "evaluation tells",
        Remedy::kEvaluate);
}

void time_axis_below(SvgCanvas& canvas, const AxisScale& x, double y, double top, const char* title) {
    for (const double tick : decades_of(x)) {
        canvas.line(x(tick), y, x(tick), top, "grid");
        canvas.text(x(tick), y + 18.0, duration_text(tick), Anchor::kMiddle, "soft");
    }
    canvas.line(x.from, y, x.to, y, "axis");
    canvas.text(0.5 * (x.from + x.to), y + 42.0, title, Anchor::kMiddle, "ink");
}

void time_axis_left(SvgCanvas& canvas, const AxisScale& y, double x, double right, const char* title) {
    for (const double tick : decades_of(y)) {
        canvas.line(x, y(tick), right, y(tick), "grid");
        canvas.text(x - 8.0, y(tick) + 4.0, duration_text(tick), Anchor::kEnd, "soft");
    }
    canvas.line(x, y.from, x, y.to, "axis");
    canvas.text(18.0, 0.5 * (y.from + y.to), title, Anchor::kMiddle, "ink", -90.0);
}

void percent_axis_left(SvgCanvas& canvas, const AxisScale& y, double x, double right, const char* title) {
    for (const double tick : ticks_of(y)) {
        canvas.line(x, y(tick), right, y(tick), "grid");
        canvas.text(x - 8.0, y(tick) + 4.0, percent_text(tick, std::abs(y.most - y.least) < 0.08 ? 1 : 0), Anchor::kEnd,
                    "soft");
    }
    canvas.line(x, y.from, x, y.to, "axis");
    canvas.text(18.0, 0.5 * (y.from + y.to), title, Anchor::kMiddle, "ink", -90.0);
}

SvgCanvas draw_ranges(const std::vector<NamedRange>& ranges, const AxisScale& limits, double nominal, const char* title,
                      const std::function<std::string(double)>& tick_text) {
    constexpr double row_height = 18.0;
    std::vector<std::string> names;
    names.reserve(ranges.size());
    for (const NamedRange& range : ranges) {
        names.push_back(range.name);
    }
    const double left = name_room(names);
    const double bottom = kMargin + row_height * double(ranges.size());
    SvgCanvas canvas(kPictureWidth, bottom + kLowerEdge);
    AxisScale x = limits;
    x.from = left;
    x.to = kPictureWidth - 2.0 * kMargin;
    for (const double tick : x.logarithmic ? decades_of(x) : ticks_of(x)) {
        canvas.line(x(tick), bottom, x(tick), kMargin, "grid");
        canvas.text(x(tick), bottom + 18.0, tick_text(tick), Anchor::kMiddle, "soft");
    }
    canvas.line(x.from, bottom, x.to, bottom, "axis");
    canvas.text(0.5 * (x.from + x.to), bottom + 42.0, title, Anchor::kMiddle);
    if (!std::isnan(nominal)) {
        canvas.line(x(nominal), bottom, x(nominal), kMargin, "mark");
    }
    for (std::size_t n = 0; n < ranges.size(); ++n) {
        const double y = kMargin + row_height * (double(n) + 0.5);
        canvas.text(left - 8.0, y + 4.0, short_name(ranges[n].name), Anchor::kEnd);
        canvas.line(x(ranges[n].low), y, x(ranges[n].high), y, "line");
        canvas.circle(x(ranges[n].value), y, 3.6, "dot", ranges[n].title);
    }
    return canvas;
}

}  // namespace pitot::figure
