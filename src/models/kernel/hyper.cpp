#include "models/kernel/hyper.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace pitot::models::kernel {
namespace {

// Below this, the slope of exp(-√E) at E = 0 would be infinite.
constexpr double kRootFloor = 1e-8;

double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double bell(double e) { return std::exp(-e); }
double root_of(double e) { return std::sqrt(e + kRootFloor); }

// A factor of its own, or the Gram matrix in its place.
Factor make_term(const std::optional<Layout::FactorPlace>& place, std::span<const double> values,
                 const SideDistances& side) {
    return place ? make_factor(*place, values, side) : Factor{side.gram.clone(), {}};
}

// E of the runtime group, or of the other groups of features, times its slope φ'(E) where wanted.
struct Part {
    std::size_t first = 0;
    std::size_t last = 0;
};

Part runtime_part(const SideDistances& platforms) { return {0, platforms.first_is_runtime ? 1U : 0U}; }
Part hardware_part(const SideDistances& platforms) {
    return {platforms.first_is_runtime ? 1U : 0U, static_cast<std::size_t>(platforms.features)};
}

double exponent(const Part& part, const Factor& factor, const SideDistances& side, std::size_t n) {
    double e = 0.0;
    for (std::size_t g = part.first; g < part.last; ++g) {
        e += factor.weight[g] * side.groups[g].flat()[n];
    }
    return e;
}

void add_part(const Part& part, double scale, const Factor& factor, const SideDistances& side, Matrix<double>& effect) {
    if (part.first == part.last) {
        return;
    }
    const std::span<double> to = effect.flat();
    for (std::size_t n = 0; n < to.size(); ++n) {
        to[n] += scale * std::exp(-root_of(exponent(part, factor, side, n)));
    }
}

double sum_of_products(std::span<const double> a, std::span<const double> b) {
    double sum = 0.0;
    for (std::size_t n = 0; n < a.size(); ++n) {
        sum += a[n] * b[n];
    }
    return sum;
}

// Of a part of Ka: its scale's gradient, and what it adds to those of θ.
void part_gradient(const Part& part, std::size_t scale_at, double scale, const Factor& factor,
                   const Matrix<double>& table, const SideDistances& side, std::size_t theta,
                   std::vector<double>& gradient) {
    if (part.first == part.last) {
        return;
    }
    const std::span<const double> from = table.flat();
    for (std::size_t n = 0; n < from.size(); ++n) {
        const double root = root_of(exponent(part, factor, side, n));
        const double phi = std::exp(-root);
        gradient[scale_at] += scale * from[n] * phi;
        for (std::size_t g = part.first; g < part.last; ++g) {
            gradient[theta + g] -= scale * from[n] * phi / (2.0 * root) * factor.weight[g] * side.groups[g].flat()[n];
        }
    }
}

}  // namespace

Factor make_factor(const Layout::FactorPlace& place, std::span<const double> values, const SideDistances& side) {
    Factor factor{Matrix<double>(side.rows, side.rows), Matrix<double>(side.rows, side.rows),
                  logistic(values[place.white])};
    const std::span<double> e = factor.value.flat();
    for (std::size_t g = 0; g < place.distances; ++g) {
        factor.weight.push_back(std::exp(values[place.theta + g]));
        const std::span<const double> distance = side.groups[g].flat();
        for (std::size_t n = 0; n < e.size(); ++n) {
            e[n] += factor.weight[g] * distance[n];
        }
    }
    const double kept = 1.0 - factor.white;
    for (std::int64_t i = 0; i < side.rows; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
            const double root = place.root ? root_of(factor.value(i, j)) : 0.0;
            const double phi = place.root ? std::exp(-root) : bell(factor.value(i, j));
            factor.slope(i, j) = factor.slope(j, i) = place.root ? -kept * phi / (2.0 * root) : -kept * phi;
            factor.value(i, j) = factor.value(j, i) = kept * phi + (i == j ? factor.white : 0.0);
        }
    }
    return factor;
}

void factor_gradient(const Layout::FactorPlace& place, const Factor& factor, const Matrix<double>& table, double scale,
                     const SideDistances& side, std::vector<double>& gradient) {
    Matrix<double> inner(side.rows, side.rows);
    double diagonal = 0.0;
    double phi = 0.0;
    const double kept = 1.0 - factor.white;
    for (std::int64_t i = 0; i < side.rows; ++i) {
        for (std::int64_t j = 0; j < side.rows; ++j) {
            inner(i, j) = factor.slope(i, j) * table(i, j);
            phi += table(i, j) * (factor.value(i, j) - (i == j ? factor.white : 0.0)) / kept;
        }
        diagonal += table(i, i);
    }
    for (std::size_t g = 0; g < place.distances; ++g) {
        gradient[place.theta + g] += scale * factor.weight[g] * sum_of_products(inner.flat(), side.groups[g].flat());
    }
    gradient[place.white] += scale * factor.white * kept * (diagonal - phi);
}

Layout::Layout(const SideDistances& platforms, const SideDistances& modules, bool roots)
    : platforms_(platforms.groups.size()),
      modules_(modules.groups.size()),
      term_size_(platforms_ + modules_ + 3),
      first_root_(roots ? 0 : kTerms / 2),
      gram_(platforms.gram.rows() > 0 && modules.gram.rows() > 0) {
    const auto effect = [&](std::size_t at, std::int64_t features) {
        const auto distances = static_cast<std::size_t>(features);
        return FactorPlace{at, distances, at + distances, true};
    };
    // Of a factor beside a Gram matrix: θ, w and s.
    const std::size_t beside = gram_ ? platforms_ + modules_ + 4 : 0;
    platform_effect_ = effect(kTerms * term_size_ + beside, platforms.features);
    module_effect_ = effect(platform_scale() + 1, modules.features);
    size_ = module_scale() + 5;
}

std::optional<Layout::FactorPlace> Layout::platform(std::size_t term) const {
    const std::size_t first = term * term_size_;
    if (term == kTerms) {
        return FactorPlace{first, platforms_, first + platforms_, true};
    }
    if (term > kTerms) {
        return {};
    }
    return FactorPlace{first, platforms_, first + platforms_ + modules_, term >= first_root_};
}

std::optional<Layout::FactorPlace> Layout::module(std::size_t term) const {
    const std::size_t first = term * term_size_;
    if (term == kTerms) {
        return {};
    }
    if (term > kTerms) {
        const std::size_t after = scale(kTerms) + 1;
        return FactorPlace{after, modules_, after + modules_, true};
    }
    return FactorPlace{first + platforms_, modules_, first + platforms_ + modules_ + 1, term >= first_root_};
}

std::size_t Layout::scale(std::size_t term) const {
    const std::size_t of_platforms = kTerms * term_size_ + platforms_ + 1;
    return term < kTerms    ? term * term_size_ + term_size_ - 1
           : term == kTerms ? of_platforms
                            : of_platforms + modules_ + 2;
}

std::vector<double> Layout::start(core::Key key) const {
    constexpr double kTheta = -1.0;
    constexpr double kWhite = -1.0;
    constexpr double kScale = -2.0;
    constexpr double kLowScale = -4.0;  // where Gram matrices tell most of the products
    constexpr double kBesideScale = -3.0;
    constexpr double kNoise = -6.0;
    core::Stream draws(key);
    std::vector<double> values(size_, 0.0);
    const auto factor = [&](const FactorPlace& place) {
        for (std::size_t g = 0; g < place.distances; ++g) {
            values[place.theta + g] = kTheta + 0.3 * draws.normal();
        }
        values[place.white] = kWhite;
    };
    for (std::size_t q = 0; q < terms(); ++q) {
        for (const std::optional<FactorPlace>& place : {platform(q), module(q)}) {
            if (place) {
                factor(*place);
            }
        }
        values[scale(q)] = (q < kTerms ? (gram_ ? kLowScale : kScale) : kBesideScale) + 0.1 * draws.normal();
    }
    factor(platform_effect_);
    factor(module_effect_);
    values[platform_scale()] = 0.5;
    values[module_scale()] = 1.0;
    values[noise()] = kNoise;
    return values;
}

Tables make_tables(const Layout& layout, std::span<const double> values, const SideDistances& platforms,
                   const SideDistances& modules, core::Team& team) {
    Tables tables;
    const auto effects = [&] {
        tables.platform_factor = make_factor(layout.platform_effect(), values, platforms);
        tables.platform_effect = Matrix<double>(platforms.rows, platforms.rows);
        const double scale = std::exp(values[layout.platform_scale()]);
        std::ranges::transform(tables.platform_factor.value.flat(), tables.platform_effect.flat().begin(),
                               [&](double v) { return scale * v; });
        add_part(runtime_part(platforms), std::exp(values[layout.runtime_scale()]), tables.platform_factor, platforms,
                 tables.platform_effect);
        add_part(hardware_part(platforms), std::exp(values[layout.hardware_scale()]), tables.platform_factor, platforms,
                 tables.platform_effect);
    };
    const auto sizes = [&] {
        tables.module_factor = make_factor(layout.module_effect(), values, modules);
        tables.module_effect = Matrix<double>(modules.rows, modules.rows);
        const double scale = std::exp(values[layout.module_scale()]);
        const double counts = std::exp(values[layout.count_scale()]);
        const std::span<const double> products = modules.size_products.flat();
        const std::span<double> effect = tables.module_effect.flat();
        for (std::size_t n = 0; n < effect.size(); ++n) {
            effect[n] = scale * tables.module_factor.value.flat()[n] + (products.empty() ? 0.0 : counts * products[n]);
        }
    };
    tables.terms = layout.terms();
    team.share(2 * static_cast<std::int64_t>(tables.terms) + 2, 1, [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t task = first; task < first + count; ++task) {
            const auto q = static_cast<std::size_t>(task / 2);
            if (q == tables.terms) {
                task % 2 == 0 ? effects() : sizes();
            } else if (task % 2 == 0) {
                tables.platform[q] = make_term(layout.platform(q), values, platforms);
            } else {
                tables.module[q] = make_term(layout.module(q), values, modules);
            }
        }
    });
    for (std::size_t q = 0; q < tables.terms; ++q) {
        tables.scale[q] = std::exp(values[layout.scale(q)]);
        tables.white += tables.scale[q] * tables.platform[q].white * tables.module[q].white;
    }
    tables.noise = std::exp(values[layout.noise()]);
    tables.more_noise = platforms.more_noise;
    return tables;
}

TableGradient::TableGradient(std::size_t terms, std::int64_t platforms, std::int64_t modules)
    : platform_effect(platforms, platforms), module_effect(modules, modules) {
    for (std::size_t q = 0; q < terms; ++q) {
        platform[q] = Matrix<double>(platforms, platforms);
        module[q] = Matrix<double>(modules, modules);
    }
}

std::vector<double> hyper_gradient(const Layout& layout, std::span<const double> values, const Tables& tables,
                                   const TableGradient& gradient, const SideDistances& platforms,
                                   const SideDistances& modules, core::Team& team) {
    std::vector<double> result(layout.size(), 0.0);
    // No two tasks write to the same places.
    const auto term = [&](std::size_t q) {
        if (const auto place = layout.platform(q)) {
            factor_gradient(*place, tables.platform[q], gradient.platform[q], tables.scale[q], platforms, result);
        }
        if (const auto place = layout.module(q)) {
            factor_gradient(*place, tables.module[q], gradient.module[q], tables.scale[q], modules, result);
        }
        result[layout.scale(q)] =
            tables.scale[q] * sum_of_products(gradient.platform[q].flat(), tables.platform[q].value.flat());
    };
    const auto effects = [&] {
        const double scale = std::exp(values[layout.platform_scale()]);
        const Factor& factor = tables.platform_factor;
        const Matrix<double>& table = gradient.platform_effect;
        factor_gradient(layout.platform_effect(), factor, table, scale, platforms, result);
        result[layout.platform_scale()] = scale * sum_of_products(table.flat(), factor.value.flat());
        part_gradient(runtime_part(platforms), layout.runtime_scale(), std::exp(values[layout.runtime_scale()]), factor,
                      table, platforms, layout.platform_effect().theta, result);
        part_gradient(hardware_part(platforms), layout.hardware_scale(), std::exp(values[layout.hardware_scale()]),
                      factor, table, platforms, layout.platform_effect().theta, result);
    };
    const auto sizes = [&] {
        const double scale = std::exp(values[layout.module_scale()]);
        const Matrix<double>& table = gradient.module_effect;
        factor_gradient(layout.module_effect(), tables.module_factor, table, scale, modules, result);
        result[layout.module_scale()] = scale * sum_of_products(table.flat(), tables.module_factor.value.flat());
        if (modules.size_products.rows() > 0) {
            result[layout.count_scale()] =
                std::exp(values[layout.count_scale()]) * sum_of_products(table.flat(), modules.size_products.flat());
        }
    };
    team.share(static_cast<std::int64_t>(tables.terms) + 2, 1, [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t task = first; task < first + count; ++task) {
            const auto q = static_cast<std::size_t>(task);
            q < tables.terms ? term(q) : q == tables.terms ? effects() : sizes();
        }
    });
    result[layout.noise()] = tables.noise * gradient.noise;
    return result;
}

}  // namespace pitot::models::kernel
