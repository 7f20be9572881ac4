#include "figure/picture_parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>

#include <fmt/core.h>

#include "figure/tsne.hpp"

namespace pitot::figure {
namespace {

using Logs = std::shared_ptr<const Matrix<double>>;

Result<Logs> logs_of(const PictureSource& source) {
    if (source.logs) {
        return source.logs;
    }
    PITOT_TRY(auto logs, predicted_logs(source.predictor));
    return std::make_shared<const Matrix<double>>(std::move(logs));
}

double quantile_of(std::vector<double>& sorted, double share) {
    return sorted[static_cast<std::size_t>(std::lround(share * double(sorted.size() - 1)))];
}

struct Box {
    double left = 0.0;
    double right = 0.0;
    double top = 0.0;
    double bottom = 0.0;
};

bool meet(const Box& a, const Box& b) {
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

// Writes a dot's name above or below it, preferably to the `left`, where nothing is yet. False if there is no room.
bool write_beside(const std::string& name, double x, double y, bool left, std::vector<Box>& taken, SvgCanvas& canvas) {
    constexpr double gap = 7.0;
    constexpr double height = 12.0;
    const double width = kLetterWidth * static_cast<double>(name.size());
    for (const bool on_left : {left, !left}) {
        for (const double foot : {y - 6.0, y + 4.0, y + 15.0}) {
            const double from = on_left ? x - gap - width : x + gap;
            const Box box{from, from + width, foot - height + 2.0, foot + 2.0};
            if (box.left < 0.0 || box.right > kPictureWidth ||
                std::ranges::any_of(taken, [&](const Box& other) { return meet(box, other); })) {
                continue;
            }
            canvas.text(on_left ? x - gap : x + gap, foot, name, on_left ? Anchor::kEnd : Anchor::kStart);
            taken.push_back(box);
            return true;
        }
    }
    return false;
}

// One side on a plane: rows of predictions less their means of both sides.
Result<ModelPicture> draw_map(const PictureSource& source, bool platforms) {
    PITOT_TRY(const Logs shared, logs_of(source));
    const Matrix<double>& logs = *shared;
    const Side& side = platforms ? source.predictor.platforms() : source.predictor.modules();
    const std::int64_t rows = side.size();
    const std::int64_t columns = platforms ? logs.cols() : logs.rows();
    constexpr std::int64_t least = 3;
    if (rows < least || columns < least) {
        return fail(ErrorCode::kInput, fmt::format("a map needs {} platforms and {} modules; the model has {} and {}",
                                                   least, least, logs.rows(), logs.cols()));
    }
    Matrix<double> points(rows, columns);
    std::vector<double> own(static_cast<std::size_t>(rows), 0.0);
    std::vector<double> other(static_cast<std::size_t>(columns), 0.0);
    double all = 0.0;
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
            points(i, j) = platforms ? logs(i, j) : logs(j, i);
            own[static_cast<std::size_t>(i)] += points(i, j) / double(columns);
            other[static_cast<std::size_t>(j)] += points(i, j) / double(rows);
            all += points(i, j) / double(rows * columns);
        }
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
            points(i, j) += all - own[static_cast<std::size_t>(i)] - other[static_cast<std::size_t>(j)];
        }
    }
    const Matrix<double> plane = principal_components(points, 2);
    const char* kind = platforms ? "platform" : "module";
    // Both axes have one scale; the picture is as high as the second needs.
    double reach = 1e-9;
    double reach_up = 0.0;
    for (std::int64_t i = 0; i < rows; ++i) {
        reach = std::max(reach, std::abs(plane(i, 0)));
        reach_up = std::max(reach_up, plane.cols() < 2 ? 0.0 : std::abs(plane(i, 1)));
    }
    const double centre_x = 0.5 * kPictureWidth;
    const double scale = (centre_x - 8.0 * kMargin) / std::max(reach, reach_up);
    const double centre_y = 5.0 * kMargin + scale * reach_up;  // with room for names
    ModelPicture picture{
        platforms ? "Map of platforms" : "Map of modules",
        fmt::format("Each dot is a {0}; near ones behave alike once speeds and sizes are taken out: {1}. Axes are the "
                    "first two principal components of what is left of the predictions (ln t); {0}s at the edges are "
                    "the odd ones.",
                    kind, platforms ? "they suit the same modules" : "they run well and badly on the same platforms"),
        SvgCanvas(kPictureWidth, 2.0 * centre_y)};
    picture.canvas.line(kMargin, centre_y, kPictureWidth - kMargin, centre_y, "grid");
    picture.canvas.line(centre_x, kMargin, centre_x, 2.0 * centre_y - kMargin, "grid");
    const auto place = [&](std::int64_t i) {
        return std::array{centre_x + scale * plane(i, 0), centre_y - (plane.cols() < 2 ? 0.0 : scale * plane(i, 1))};
    };
    std::vector<Box> taken;
    std::vector<double> distance;
    for (std::int64_t i = 0; i < rows; ++i) {
        constexpr double radius = 4.0;
        const auto [x, y] = place(i);
        picture.canvas.circle(x, y, radius, "dot", row_name(side, i));
        taken.push_back({x - radius, x + radius, y - radius, y + radius});
        distance.push_back(-std::hypot(x - centre_x, y - centre_y));
    }
    // Names of the outermost first, as far as they cover neither each other nor dots.
    std::size_t names = 0;
    for (const std::int64_t i : order_by(distance)) {
        constexpr std::size_t most_names = 40;
        const auto [x, y] = place(i);
        const std::string name = short_name(row_name(side, i));
        if (names < most_names && write_beside(name, x, y, x > centre_x, taken, picture.canvas)) {
            ++names;
        }
    }
    return picture;
}

}  // namespace

Result<Matrix<double>> predicted_logs(const Predictor& predictor) {
    Matrix<double> logs(predictor.platforms().size(), predictor.modules().size());
    std::vector<std::int32_t> module(static_cast<std::size_t>(logs.cols()));
    std::iota(module.begin(), module.end(), 0);
    for (std::int64_t i = 0; i < logs.rows(); ++i) {
        const std::vector<std::int32_t> platform(module.size(), static_cast<std::int32_t>(i));
        PITOT_TRY(const auto answer, predictor.predict({platform, module, {}, 0}));
        for (std::int64_t j = 0; j < logs.cols(); ++j) {
            logs(i, j) = std::log(answer.runtime_us[static_cast<std::size_t>(j)]);
        }
    }
    return logs;
}

Result<ModelPicture> draw_speeds(const PictureSource& source) {
    PITOT_TRY(const Logs shared, logs_of(source));
    const Matrix<double>& logs = *shared;
    if (logs.rows() == 0 || logs.cols() == 0) {
        return fail(ErrorCode::kInput, "the model has no platforms or no modules");
    }
    // How much longer each module takes than on the fastest platform, by its mean over modules.
    std::vector<double> means;
    for (std::int64_t i = 0; i < logs.rows(); ++i) {
        const auto row = logs.view().row(i);
        means.push_back(std::accumulate(row.begin(), row.end(), 0.0) / double(logs.cols()));
    }
    const std::vector<std::int64_t> order = order_by(means);
    const std::int64_t fastest = order.front();
    std::vector<NamedRange> ranges;
    std::vector<double> all;
    for (const std::int64_t i : order) {
        std::vector<double> factors;
        for (std::int64_t j = 0; j < logs.cols(); ++j) {
            factors.push_back(std::exp(logs(i, j) - logs(fastest, j)));
        }
        std::ranges::sort(factors);
        const std::string& name = row_name(source.predictor.platforms(), i);
        ranges.push_back({name, quantile_of(factors, 0.05), quantile_of(factors, 0.5), quantile_of(factors, 0.95),
                          fmt::format("{}: × {:#.3g}", name, quantile_of(factors, 0.5))});
        all.insert(all.end(), {ranges.back().low, ranges.back().high});
    }
    return ModelPicture{
        "Speeds of platforms",
        fmt::format("How many times as long modules are predicted to take as on {}, the fastest: the dot is the module "
                    "in the middle, the line holds nine of ten. Long lines are platforms that some modules suit and "
                    "others do not.",
                    row_name(source.predictor.platforms(), fastest)),
        draw_ranges(ranges, decades_around(all, 0.0, 1.0), kNoNominal, "times as long as on the fastest",
                    [](double tick) { return fmt::format("× {:g}", tick); })};
}

Result<ModelPicture> draw_platforms(const PictureSource& source) { return draw_map(source, true); }
Result<ModelPicture> draw_modules(const PictureSource& source) { return draw_map(source, false); }

}  // namespace pitot::figure
