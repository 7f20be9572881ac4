#include "models/factor/joined_factors.hpp"

#include <algorithm>
#include <utility>

#include <Eigen/Core>

#include "core/check.hpp"
#include "models/folds/product.hpp"

namespace pitot::models {
namespace {

using Vector = Eigen::Map<const Eigen::VectorXf>;

double dot(const float* a, const float* b, std::int64_t n) {
    return static_cast<double>(Vector(a, n).dot(Vector(b, n)));
}

// Rows begin on cache lines: the same row is summed in the same order wherever the matrix lies.
std::int64_t whole_lines(std::int64_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace

JoinedFactors::JoinedFactors(const FoldedParts& parts, const Side& platforms, const Side& modules)
    : mean_(parts.config), limits_(parts.limits) {
    PITOT_CHECK(parts.config.family == Family::kFactorization && !parts.folds.empty());
    platform_term_.resize(static_cast<std::size_t>(platforms.size()));
    module_term_.resize(static_cast<std::size_t>(modules.size()));
    if (parts.config.baseline) {
        platform_term_ = parts.baseline.platform;
        module_term_ = parts.baseline.module;
    }
    folds_ = static_cast<std::int64_t>(parts.folds.size());
    for (std::int64_t f = 0; f < folds_; ++f) {
        const FoldModel fold(parts.config, platforms, modules, parts.baseline,
                             parts.folds[static_cast<std::size_t>(f)].parameters);
        add_fold(fold.factors(), f);
    }
}

void JoinedFactors::add_fold(const Factors& factors, std::int64_t fold) {
    if (fold == 0) {
        rank_ = factors.module.cols();
        types_ = (factors.platform.cols() / rank_ - 1) / 2;
        left_ = Matrix<float>(platforms(), whole_lines((1 + 2 * types_) * folds_ * rank_));
        right_ = Matrix<float>(modules(), whole_lines(folds_ * rank_));
    }
    for (std::int64_t block = 0; block < 1 + 2 * types_; ++block) {
        // Interference is a product of two blocks: the first carries the scales of both.
        const auto scale = static_cast<float>(block == 0        ? factors.scale
                                              : block <= types_ ? factors.interference_scale
                                                                : 1.0);
        for (std::int64_t i = 0; i < platforms(); ++i) {
            std::ranges::transform(factors.platform.view().columns(block * rank_, rank_).row(i),
                                   left_.view().row(i).begin() + column(block, fold),
                                   [scale](float x) { return scale * x; });
        }
    }
    for (std::int64_t j = 0; j < modules(); ++j) {
        std::ranges::copy(factors.module.view().row(j), right_.view().row(j).begin() + fold * rank_);
    }
}

double JoinedFactors::learned(const FoldValues& values) const {
    for (double& value : values.all()) {
        value = limits_.learned(value);
    }
    return mean_(values.all());
}

double JoinedFactors::operator()(std::int32_t platform, std::int32_t module,
                                 std::span<const std::int32_t> co_runners) const {
    const double terms =
        platform_term_[static_cast<std::size_t>(platform)] + module_term_[static_cast<std::size_t>(module)];
    const float* left = left_.view().row(platform).data();
    const float* right = right_.view().row(module).data();
    const FoldValues values(static_cast<std::size_t>(folds_));
    for (std::int64_t f = 0; f < folds_; ++f) {
        values[static_cast<std::size_t>(f)] = dot(left + column(0, f), right + f * rank_, rank_);
    }
    const double y = terms + learned(values);
    const auto beside = std::ranges::count_if(co_runners, [](std::int32_t k) { return k >= 0; });
    if (types_ == 0 || beside == 0) {
        return y;
    }
    for (std::int64_t f = 0; f < folds_; ++f) {
        double slowdown = 0.0;
        for (std::int64_t t = 0; t < types_; ++t) {
            double magnitude = 0.0;
            for (const std::int32_t k : co_runners) {
                if (k >= 0) {
                    magnitude += dot(left + column(1 + types_ + t, f), right_.view().row(k).data() + f * rank_, rank_);
                }
            }
            slowdown += dot(left + column(1 + t, f), right + f * rank_, rank_) * magnitude;
        }
        values[static_cast<std::size_t>(f)] = slowdown;
    }
    return y + limits_.slowdown(mean_(values.all()), static_cast<int>(beside));
}

Matrix<double> JoinedFactors::pairs() const {
    constexpr std::int64_t at_once = 256;  // platforms: bounds the room for what every fold says
    Matrix<double> out(platforms(), modules());
    const FoldValues values(static_cast<std::size_t>(folds_));
    for (std::int64_t first = 0; first < platforms(); first += at_once) {
        const std::int64_t count = std::min(at_once, platforms() - first);
        std::vector<Matrix<float>> products;
        for (std::int64_t f = 0; f < folds_; ++f) {
            products.push_back(product_by_rows(left_.view().row_range(first, count).columns(column(0, f), rank_),
                                               right_.view().columns(f * rank_, rank_)));
        }
        for (std::int64_t n = 0; n < count; ++n) {
            const std::int64_t i = first + n;
            for (std::int64_t j = 0; j < modules(); ++j) {
                std::ranges::transform(products, values.all().begin(),
                                       [&](const Matrix<float>& p) { return static_cast<double>(p(n, j)); });
                out(i, j) = platform_term_[static_cast<std::size_t>(i)] + module_term_[static_cast<std::size_t>(j)] +
                            learned(values);
            }
        }
    }
    return out;
}

Matrix<float> JoinedFactors::interference(std::int64_t fold) const {
    Matrix<float> blocks(2 * types_ * platforms(), rank_);
    for (std::int64_t block = 0; block < 2 * types_; ++block) {
        const auto from = left_.view().columns(column(1 + block, fold), rank_);
        for (std::int64_t i = 0; i < platforms(); ++i) {
            std::ranges::copy(from.row(i), blocks.view().row(block * platforms() + i).begin());
        }
    }
    return product_by_rows(std::as_const(blocks).view(), right_.view().columns(fold * rank_, rank_));
}

}  // namespace pitot::models
