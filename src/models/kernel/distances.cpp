#include "models/kernel/distances.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

namespace pitot::models::kernel {
namespace {

constexpr double kStandardLimit = 4.0;

// Squared Euclidean distances of a matrix's rows over `divisor`.
Matrix<double> squared_distances(MatrixView<const double> points, double divisor) {
    Matrix<double> distances(points.rows, points.rows);
    for (std::int64_t i = 0; i < points.rows; ++i) {
        const auto a = points.row(i);
        for (std::int64_t j = 0; j < i; ++j) {
            const auto b = points.row(j);
            double sum = 0.0;
            for (std::size_t c = 0; c < a.size(); ++c) {
                sum += (a[c] - b[c]) * (a[c] - b[c]);
            }
            distances(i, j) = distances(j, i) = sum / divisor;
        }
    }
    return distances;
}

double largest(const Matrix<double>& values, std::int64_t reference) {
    double most = 0.0;
    for (std::int64_t i = 0; i < reference; ++i) {
        for (std::int64_t j = 0; j < i; ++j) {
            most = std::max(most, values(i, j));
        }
    }
    return most;
}

// Every column less its mean over the reference rows, over its standard deviation there (1 where it does not vary), and
// limited.
void standardise(Matrix<double>& values, std::int64_t reference, double limit) {
    const auto n = static_cast<double>(std::max<std::int64_t>(reference, 1));
    for (std::int64_t c = 0; c < values.cols(); ++c) {
        double mean = 0.0;
        for (std::int64_t i = 0; i < reference; ++i) {
            mean += values(i, c) / n;
        }
        double square = 0.0;
        for (std::int64_t i = 0; i < reference; ++i) {
            square += (values(i, c) - mean) * (values(i, c) - mean) / n;
        }
        const double deviation = square > 0.0 ? std::sqrt(square) : 1.0;
        for (std::int64_t i = 0; i < values.rows(); ++i) {
            values(i, c) = std::clamp((values(i, c) - mean) / deviation, -limit, limit);
        }
    }
}

// Logarithms below 0 are of no count.
double count_of(double log) { return std::max(std::expm1(log), 0.0); }

enum class Kind { kRuntime, kArchitecture, kOther };

Kind kind_of(std::string_view feature) {
    const std::string_view key = feature.substr(0, feature.find('='));
    if (key.size() == feature.size()) {
        return Kind::kOther;
    }
    constexpr std::array<std::string_view, 3> runtimes{"runtime", "rt", "engine"};
    constexpr std::array<std::string_view, 4> architectures{"uarch", "microarchitecture", "architecture", "arch"};
    return std::ranges::find(runtimes, key) != runtimes.end()             ? Kind::kRuntime
           : std::ranges::find(architectures, key) != architectures.end() ? Kind::kArchitecture
                                                                          : Kind::kOther;
}

Matrix<double> columns_of(const Side& side, Kind kind) {
    std::vector<std::int64_t> chosen;
    for (std::int64_t c = 0; c < side.features.cols(); ++c) {
        if (kind_of(side.feature_names[static_cast<std::size_t>(c)]) == kind) {
            chosen.push_back(c);
        }
    }
    Matrix<double> columns(side.size(), std::ssize(chosen));
    for (std::int64_t i = 0; i < side.size(); ++i) {
        for (std::int64_t c = 0; c < columns.cols(); ++c) {
            columns(i, c) = side.features(i, chosen[static_cast<std::size_t>(c)]);
        }
    }
    return columns;
}

}  // namespace

SideDistances platform_distances(const Side& platforms, std::int64_t reference, bool use) {
    SideDistances side;
    side.rows = platforms.size();
    for (const Kind kind : {Kind::kRuntime, Kind::kArchitecture, Kind::kOther}) {
        Matrix<double> columns = columns_of(platforms, kind);
        if (!use || columns.cols() == 0) {
            continue;
        }
        if (kind == Kind::kOther) {
            standardise(columns, reference, kStandardLimit);
        }
        Matrix<double> distances = squared_distances(columns.view(), 1.0);
        const double most = largest(distances, reference);
        if (most <= 0.0) {
            continue;
        }
        // Rows of different kinds lie as far apart as any do; numbers differ by 2 a column in the mean.
        const double divisor = kind == Kind::kOther ? static_cast<double>(columns.cols()) : most;
        for (double& d : distances.flat()) {
            d /= divisor;
        }
        side.first_is_runtime = side.first_is_runtime || kind == Kind::kRuntime;
        side.groups.push_back(std::move(distances));
    }
    side.features = std::ssize(side.groups);
    return side;
}

SideDistances module_distances(const Side& modules, std::int64_t reference, bool use) {
    SideDistances side;
    side.rows = modules.size();
    const std::int64_t rows = modules.size();
    const std::int64_t opcodes = modules.features.cols();
    if (!use || opcodes == 0) {
        return side;
    }
    Matrix<double> logs = modules.features.clone();
    Matrix<double> relative(rows, opcodes);
    Matrix<double> total(rows, 1);
    Matrix<double> roots(rows, opcodes);
    for (std::int64_t j = 0; j < rows; ++j) {
        double sum = 0.0;
        for (std::int64_t o = 0; o < opcodes; ++o) {
            sum += count_of(logs(j, o));
        }
        total(j, 0) = std::log1p(sum);
        for (std::int64_t o = 0; o < opcodes; ++o) {
            relative(j, o) = logs(j, o) - total(j, 0);
            roots(j, o) = sum > 0.0 ? std::sqrt(count_of(logs(j, o)) / sum) : 0.0;
        }
    }
    constexpr double kNoLimit = 1e3;
    standardise(logs, reference, kStandardLimit);
    standardise(relative, reference, kStandardLimit);
    standardise(total, reference, kNoLimit);
    const auto columns = static_cast<double>(opcodes);
    side.groups.push_back(squared_distances(logs.view(), columns));
    side.groups.push_back(squared_distances(relative.view(), columns));
    side.groups.push_back(squared_distances(total.view(), 1.0));
    side.groups.push_back(squared_distances(roots.view(), 1.0));
    side.features = std::ssize(side.groups);
    side.size_products = Matrix<double>(rows, rows);
    for (std::int64_t j = 0; j < rows; ++j) {
        for (std::int64_t k = 0; k < rows; ++k) {
            side.size_products(j, k) = total(j, 0) * total(k, 0);
        }
    }
    return side;
}

void add_product_distances(MatrixView<const double> product, std::int64_t reference, SideDistances& side) {
    const std::int64_t rows = product.rows;
    const auto n = static_cast<double>(std::max<std::int64_t>(reference, 1));
    Matrix<double> centred(rows, product.cols);
    for (std::int64_t c = 0; c < product.cols; ++c) {
        double mean = 0.0;
        for (std::int64_t i = 0; i < reference; ++i) {
            mean += product(i, c) / n;
        }
        for (std::int64_t i = 0; i < rows; ++i) {
            centred(i, c) = product(i, c) - mean;
        }
    }
    Matrix<double> euclidean = squared_distances(product, 1.0);
    double sum = 0.0;
    for (std::int64_t i = 0; i < reference; ++i) {
        for (std::int64_t j = 0; j < reference; ++j) {
            sum += euclidean(i, j);
        }
    }
    for (double& d : euclidean.flat()) {
        d = sum > kLeastSquares ? d * n * n / sum : 0.0;
    }
    // Rows of length 1 lie 2 - 2 correlation apart; a row without any deviation is like no other.
    for (std::int64_t i = 0; i < rows; ++i) {
        double square = 0.0;
        for (const double v : centred.view().row(i)) {
            square += v * v;
        }
        for (double& v : centred.view().row(i)) {
            v = square > 0.0 ? v / std::sqrt(square) : 0.0;
        }
    }
    side.groups.push_back(squared_distances(centred.view(), 1.0));
    side.groups.push_back(std::move(euclidean));
}

}  // namespace pitot::models::kernel
