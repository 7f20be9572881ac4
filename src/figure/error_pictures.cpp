#include "figure/picture_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/core.h>

#include "core/readable.hpp"
#include "evaluate/significance.hpp"

namespace pitot::figure {

using core::count_text;
using core::duration_text;

Result<ModelPicture> draw_predicted(const PictureSource& source) {
    if (source.tested.empty()) {
        return nothing_tested();
    }
    std::vector<double> all;
    std::vector<double> errors;
    std::int64_t above = 0;
    std::int64_t bounded = 0;
    for (const TestedRow& row : source.tested) {
        all.insert(all.end(), {row.runtime_us, row.predicted_us});
        errors.push_back(std::abs(row.predicted_us / row.runtime_us - 1.0));
        bounded += std::isnan(row.bound_us) ? 0 : 1;
        above += row.runtime_us > row.bound_us ? 1 : 0;
    }
    const double mean = std::accumulate(errors.begin(), errors.end(), 0.0) / double(errors.size());
    std::string sentence = fmt::format(
        "Each dot is a combination that the model did not learn from ({} of them); on the line, it is "
        "predicted exactly. On average they are off by {}.",
        count_text(std::ssize(source.tested)), percent_text(mean, 1));
    if (bounded > 0) {
        sentence += fmt::format(" Orange ones exceed their {} bound: {} of {}.", percent_text(source.confidence),
                                count_text(above), count_text(bounded));
    }
    ModelPicture picture{"Predicted against measured", std::move(sentence), SvgCanvas(kPictureWidth, 520.0)};
    const AxisScale x = decades_around(all, kLeftEdge, kPictureWidth - kRightEdge);
    const AxisScale y{x.least, x.most, 520.0 - kLowerEdge, kMargin, true};
    time_axis_below(picture.canvas, x, y.from, y.to, "measured");
    time_axis_left(picture.canvas, y, x.from, x.to, "predicted");
    picture.canvas.line(x(x.least), y(x.least), x(x.most), y(x.most), "axis");
    const bool titles = source.tested.size() <= kManyDots;
    for (const bool exceeding : {false, true}) {
        for (const TestedRow& row : source.tested) {
            if ((row.runtime_us > row.bound_us) == exceeding) {
                picture.canvas.circle(
                    x(row.runtime_us), y(row.predicted_us), 2.6, exceeding ? "warn" : "dot",
                    titles ? fmt::format("{}: measured {}, predicted {}",
                                         place_name(source.predictor, row.platform, row.module, row.with),
                                         duration_text(row.runtime_us), duration_text(row.predicted_us))
                           : std::string());
            }
        }
    }
    return picture;
}

Result<ModelPicture> draw_coverage(const PictureSource& source) {
    std::map<std::int32_t, std::pair<double, double>> counts;  // within, of
    for (const TestedRow& row : source.tested) {
        if (!std::isnan(row.bound_us)) {
            auto& [within, of] = counts[row.platform];
            within += row.runtime_us <= row.bound_us ? 1.0 : 0.0;
            of += 1.0;
        }
    }
    if (counts.empty()) {
        return source.tested.empty()
                   ? nothing_tested()
                   : fail(ErrorCode::kInput, "none of the combinations that the model did not learn from has a bound");
    }
    std::vector<NamedRange> ranges;
    for (const auto& entry : counts) {
        const double of = entry.second.second;
        const double share = entry.second.first / of;
        // Wilson's interval of 95 %.
        constexpr double z = 1.96;
        const double centre = (share + z * z / (2.0 * of)) / (1.0 + z * z / of);
        const double half = z * std::sqrt(share * (1.0 - share) / of + z * z / (4.0 * of * of)) / (1.0 + z * z / of);
        const std::string& name = row_name(source.predictor.platforms(), entry.first);
        ranges.push_back({name, std::max(centre - half, 0.0), share, std::min(centre + half, 1.0),
                          fmt::format("{}: {:.0f} of {:.0f} within", name, entry.second.first, of)});
    }
    std::ranges::stable_sort(ranges, {}, &NamedRange::value);
    const auto bounded = [](const TestedRow& row) { return !std::isnan(row.bound_us); };
    const auto of = std::ranges::count_if(source.tested, bounded);
    const auto aside =
        std::ranges::count_if(source.tested, [&](const TestedRow& row) { return bounded(row) && row.set_aside; });
    return ModelPicture{
        "Coverage by platform",
        fmt::format("The share of combinations not learned from whose runtime lies within its {} bound, with an "
                    "interval of 95 %, the worst platform first. A bound promises its confidence (the line) for the "
                    "fleet, not for each platform{}.",
                    percent_text(source.confidence),
                    aside > 0 ? fmt::format("; {} of these {} are the very combinations that bounds were calibrated "
                                            "with, for which on average the confidence is met as a matter of course",
                                            aside == of ? "all" : count_text(aside), count_text(of))
                              : ""),
        draw_ranges(ranges, {0.0, 1.0, 0.0, 0.0}, source.confidence, "share within the bound",
                    [](double tick) { return percent_text(tick); })};
}

Result<ModelPicture> draw_error(const PictureSource& source) {
    if (source.tested.empty()) {
        return nothing_tested();
    }
    std::vector<std::pair<double, double>> errors;  // predicted, |error|
    std::vector<double> predicted;
    for (const TestedRow& row : source.tested) {
        errors.emplace_back(row.predicted_us, std::abs(row.predicted_us / row.runtime_us - 1.0));
        predicted.push_back(row.predicted_us);
    }
    std::ranges::sort(errors);
    // Neighbours in runtime, about a tenth of all a group.
    const std::size_t groups = std::clamp<std::size_t>(errors.size() / 8, 1, 10);
    Points middle, most;
    const AxisScale x = decades_around(predicted, kLeftEdge, kPictureWidth - kRightEdge);
    std::vector<double> limits;
    for (std::size_t g = 0; g < groups; ++g) {
        std::vector<double> own;
        double place = 0.0;
        const std::size_t last = (g + 1) * errors.size() / groups;
        for (std::size_t n = g * errors.size() / groups; n < last; ++n) {
            own.push_back(errors[n].second);
            place += std::log(errors[n].first);
        }
        place = std::exp(place / double(own.size()));
        middle.emplace_back(place, evaluation::median_of(own));
        std::ranges::sort(own);
        most.emplace_back(place, own[9 * (own.size() - 1) / 10]);
        limits.push_back(most.back().second);
    }
    const double top = std::max(1.6 * std::ranges::max(limits), 0.01);
    const auto outside = std::ranges::count_if(errors, [&](const auto& error) { return error.second > top; });
    ModelPicture picture{
        "Error by runtime",
        fmt::format("How far predictions of combinations not learned from are off, by their predicted runtime: half of "
                    "those of about a runtime lie below the lower line, nine of ten below the upper one.{}",
                    outside > 0 ? fmt::format(" {} beyond the upper edge {} drawn on it.", count_text(outside),
                                              outside == 1 ? "is" : "are")
                                : ""),
        SvgCanvas(kPictureWidth, kPictureHeight)};
    const AxisScale y{0.0, top, kPictureHeight - kLowerEdge, kMargin};
    time_axis_below(picture.canvas, x, y.from, y.to, "predicted runtime");
    percent_axis_left(picture.canvas, y, x.from, x.to, "error");
    for (const auto& error : errors) {
        picture.canvas.circle(x(error.first), y(std::min(error.second, top)), 2.0,
                              errors.size() > kManyDots ? "faint" : "dot");
    }
    const auto on_page = [&](Points& points) {
        for (auto& point : points) {
            point = {x(point.first), y(point.second)};
        }
        return points;
    };
    picture.canvas.curve(on_page(middle), "strong");
    picture.canvas.curve(on_page(most), "mark");
    return picture;
}

}  // namespace pitot::figure
