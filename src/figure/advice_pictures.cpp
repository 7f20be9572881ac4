#include "figure/picture_parts.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "core/readable.hpp"

namespace pitot::figure {

using core::count_text;
using core::duration_text;

Result<ModelPicture> draw_worst(const PictureSource& source) {
    if (source.tested.empty()) {
        return nothing_tested();
    }
    std::vector<const TestedRow*> worst;
    for (const TestedRow& row : source.tested) {
        worst.push_back(&row);
    }
    const auto size = [](const TestedRow* row) { return std::abs(std::log(row->predicted_us / row->runtime_us)); };
    std::ranges::stable_sort(worst, [&](const auto* a, const auto* b) { return size(a) > size(b); });
    constexpr std::size_t most = 15;
    worst.resize(std::min(worst.size(), most));
    constexpr double row_height = 34.0;
    constexpr std::size_t name_letters = 70;  // what the numbers leave of the width
    ModelPicture picture{"Worst predictions",
                         "The combinations not learned from whose predictions (rings) are furthest from what was "
                         "measured (dots). Where one platform or module recurs, more measurements of it would help; "
                         "single ones are worth a look at the measurement.",
                         SvgCanvas(kPictureWidth, kMargin + row_height * double(worst.size()) + kLowerEdge)};
    std::vector<double> times;
    for (const TestedRow* row : worst) {
        times.insert(times.end(), {row->runtime_us, row->predicted_us});
    }
    const AxisScale x = decades_around(times, kMargin + 24.0, kPictureWidth - 2.0 * kMargin);
    const double bottom = kMargin + row_height * double(worst.size());
    time_axis_below(picture.canvas, x, bottom, kMargin, "runtime");
    for (std::size_t n = 0; n < worst.size(); ++n) {
        const TestedRow& row = *worst[n];
        const double y = kMargin + row_height * double(n) + 24.0;
        const std::string name = place_name(source.predictor, row.platform, row.module, row.with);
        const double factor = row.predicted_us / row.runtime_us;
        const std::string words =
            fmt::format("{} for {} measured, {}", duration_text(row.predicted_us), duration_text(row.runtime_us),
                        place_label(source.predictor, row.platform, row.module, row.with, name_letters));
        picture.canvas.text(kMargin, y - 8.0, fmt::format("× {:#.3g}: {}", factor, words));
        picture.canvas.line(x(row.runtime_us), y, x(row.predicted_us), y, "mark");
        picture.canvas.circle(x(row.runtime_us), y, 3.6, "dot", name);
        picture.canvas.circle(x(row.predicted_us), y, 3.6, "mark", name);
    }
    return picture;
}

Result<ModelPicture> draw_next(const PictureSource& source) {
    PITOT_TRY(const auto advice, source.predictor.advise({.budget = 15}));
    constexpr double row_height = 20.0;
    std::vector<std::string> names;
    for (const AdvisedPair& pair : advice.pairs) {
        names.push_back(place_name(source.predictor, pair.platform, pair.module));
    }
    constexpr double left = 2.0 * kLetterWidth * double(kNameLetters) + kMargin;
    const double bottom = kMargin + row_height * (double(names.size()) + 1.0);
    ModelPicture picture{
        "What to measure next",
        fmt::format("Pairs in the order to measure them, each given those before it, and the mean error that is then "
                    "expected of the {} pairs not learned from (now: {}). The steeper the line falls, the more a "
                    "measurement is worth.",
                    count_text(advice.targets), percent_text(advice.error, 1)),
        SvgCanvas(kPictureWidth, bottom + kLowerEdge)};
    const double top_error = 1.05 * std::max(advice.error, 1e-6);
    const double least_error = advice.pairs.empty() ? 0.0 : 0.95 * advice.pairs.back().error;
    const AxisScale x{least_error, top_error, left, kPictureWidth - 3.0 * kMargin};
    for (const double tick : ticks_of(x, 4)) {
        picture.canvas.line(x(tick), bottom, x(tick), kMargin, "grid");
        picture.canvas.text(x(tick), bottom + 18.0, percent_text(tick, 1), Anchor::kMiddle, "soft");
    }
    picture.canvas.line(x.from, bottom, x.to, bottom, "axis");
    picture.canvas.text(0.5 * (x.from + x.to), bottom + 42.0, "expected error", Anchor::kMiddle);
    Points curve{{x(advice.error), kMargin + 0.5 * row_height}};
    picture.canvas.text(left - 10.0, kMargin + 0.5 * row_height + 4.0, "now", Anchor::kEnd, "soft");
    for (std::size_t n = 0; n < names.size(); ++n) {
        const double y = kMargin + row_height * (double(n) + 1.5);
        curve.emplace_back(x(advice.pairs[n].error), y);
        const std::string name =
            place_label(source.predictor, advice.pairs[n].platform, advice.pairs[n].module, {}, 2 * kNameLetters);
        picture.canvas.text(left - 10.0, y + 4.0, name, Anchor::kEnd);
        picture.canvas.circle(curve.back().first, y, 3.6, "dot",
                              fmt::format("{}: predicted {}", names[n], duration_text(advice.pairs[n].runtime_us)));
    }
    picture.canvas.curve(curve, "line");
    return picture;
}

}  // namespace pitot::figure
