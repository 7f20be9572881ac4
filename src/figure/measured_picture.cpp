#include "figure/picture_parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

#include "core/readable.hpp"
#include "dataset/pair_means.hpp"

namespace pitot::figure {
namespace {

// Means of what each row measured, less what the columns it measured have on average: the order of speeds.
std::vector<double> effects(const Matrix<double>& logs, bool rows) {
    const std::int64_t count = rows ? logs.rows() : logs.cols();
    const std::int64_t others = rows ? logs.cols() : logs.rows();
    const auto at = [&](std::int64_t a, std::int64_t b) { return rows ? logs(a, b) : logs(b, a); };
    std::vector<double> own(static_cast<std::size_t>(count), 0.0);
    std::vector<double> other(static_cast<std::size_t>(others), 0.0);
    constexpr int sweeps = 30;
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        const auto fit_means = [](std::vector<double>& means, const std::vector<double>& given, const auto& value) {
            for (std::size_t a = 0; a < means.size(); ++a) {
                double sum = 0.0;
                double seen = 0.0;
                for (std::size_t b = 0; b < given.size(); ++b) {
                    const double y = value(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
                    if (!std::isnan(y)) {
                        sum += y - given[b];
                        seen += 1.0;
                    }
                }
                means[a] = seen > 0.0 ? sum / seen : 0.0;
            }
        };
        fit_means(other, own, [&](std::int64_t b, std::int64_t a) { return at(a, b); });
        fit_means(own, other, at);
    }
    return own;
}

}  // namespace

using core::count_text;
using core::duration_text;

Result<ModelPicture> draw_matrix(const PictureSource& source) {
    if (source.runs == nullptr) {
        return fail(ErrorCode::kInput, "the matrix shows what was measured: give a dataset");
    }
    Matrix<double> logs = dataset::pair_means_us(*source.runs);
    std::vector<double> seen;
    for (double& cell : logs.flat()) {
        cell = std::log(cell);
        if (!std::isnan(cell)) {
            seen.push_back(cell);
        }
    }
    if (seen.empty()) {
        return fail(ErrorCode::kInput, "the dataset has no runs alone, which are what the matrix shows");
    }
    const Side& platforms = source.runs->platforms;
    const Side& modules = source.runs->modules;
    const std::vector<std::int64_t> rows = order_by(effects(logs, true));
    const std::vector<std::int64_t> columns = order_by(effects(logs, false));
    // Names need room; fleets beyond any page's are drawn without.
    constexpr std::int64_t most_named = 400;
    constexpr std::int64_t few = 40;
    const std::int64_t larger = std::max(logs.rows(), logs.cols());
    const bool named = larger <= most_named;
    const double cell = larger <= few ? 18.0 : named ? 13.0 : std::max(1.0, std::floor(1600.0 / double(larger)));
    const double left = named ? name_room(platforms.names) : kMargin;
    const double top = 52.0;
    const double width = left + cell * static_cast<double>(columns.size()) + kMargin;
    const double names_below = named ? name_room(modules.names) : kMargin;
    ModelPicture picture{
        "What was measured",
        fmt::format("Each square is the mean runtime of a module (columns, the shortest on the left) on "
                    "a platform (rows, the fastest at the top), alone; {} of {} pairs ({}) were "
                    "measured, the others are left grey. Columns and rows that change colour evenly "
                    "are easy to predict.",
                    count_text(std::ssize(seen)), count_text(logs.rows() * logs.cols()),
                    percent_text(double(seen.size()) / double(logs.rows() * logs.cols()), 1)),
        SvgCanvas(std::max(width, 420.0), top + cell * static_cast<double>(rows.size()) + names_below)};
    SvgCanvas& canvas = picture.canvas;
    const auto ends = std::ranges::minmax_element(seen);
    const double least = *ends.min;
    const double span = std::max(*ends.max - least, 1e-9);
    constexpr std::size_t shades = 32;
    // The legend: runtimes of colours.
    for (std::size_t shade = 0; shade < shades; ++shade) {
        canvas.squares({{kMargin + 8.0 * double(shade), 8.0}}, 8.0, heat_colour(double(shade) / double(shades - 1)));
    }
    canvas.text(kMargin, 32.0, duration_text(std::exp(least)), Anchor::kStart, "soft");
    canvas.text(kMargin + 8.0 * double(shades), 32.0, duration_text(std::exp(least + span)), Anchor::kEnd, "soft");
    std::array<Points, shades> squares;
    canvas.rectangle(left, top, cell * double(columns.size()), cell * double(rows.size()), "none");
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const double value = logs(rows[r], columns[c]);
            if (!std::isnan(value)) {
                const auto shade = static_cast<std::size_t>(std::lround((value - least) / span * double(shades - 1)));
                squares[shade].emplace_back(left + cell * double(c), top + cell * double(r));
            }
        }
    }
    for (std::size_t shade = 0; shade < shades; ++shade) {
        canvas.squares(squares[shade], cell, heat_colour(double(shade) / double(shades - 1)));
    }
    for (std::size_t r = 0; named && r < rows.size(); ++r) {
        canvas.text(left - 6.0, top + cell * (double(r) + 0.5) + 4.0, short_name(row_name(platforms, rows[r])),
                    Anchor::kEnd);
    }
    for (std::size_t c = 0; named && c < columns.size(); ++c) {
        canvas.text(left + cell * (double(c) + 0.5) + 4.0, top + cell * double(rows.size()) + 6.0,
                    short_name(row_name(modules, columns[c])), Anchor::kEnd, "ink", -90.0);
    }
    return picture;
}

}  // namespace pitot::figure
