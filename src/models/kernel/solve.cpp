#include "models/kernel/solve.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "backend/dense_algebra.hpp"
#include "backend/dense_vectors.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/likelihood.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

Failure indefinite() {
    return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
}

// A platform's cells given those of its neighbours: y_p - B y_S has the covariance L Lᵀ.
struct Conditional {
    std::int64_t first = 0;  // of the platform's cells
    std::int64_t count = 0;
    std::vector<std::int64_t> given{};  // numbers of its neighbours' cells
    Matrix<float> weight{};             // B, count × given
    Matrix<float> inverse{};            // L⁻¹, lower, count × count
};

// A neighbour's columns of another platform's B.
struct Dependent {
    std::size_t conditional = 0;
    std::int64_t column = 0;
};

// M⁻¹ = Σ_p (I - B)ᵀ (L Lᵀ)⁻¹ (I - B): symmetric and positive definite whatever B and L are.
class Preconditioner {
public:
    [[nodiscard]] static std::optional<Preconditioner> make(const System& system, std::int64_t neighbour_cells,
                                                            core::Team& team);
    void apply(const std::vector<double>& r, std::vector<double>& z, core::Team& team) const;

private:
    std::vector<Conditional> conditionals_;
    std::vector<std::vector<Dependent>> dependents_;  // of each conditional's cells
};

// Platforms from coarse to fine: each the farthest from those before it.
std::vector<std::size_t> coarse_to_fine(const Matrix<double>& spread, const std::vector<std::int64_t>& platforms) {
    std::vector<double> nearest(platforms.size(), std::numeric_limits<double>::infinity());
    std::vector<std::size_t> order;
    std::size_t next = 0;
    while (order.size() < platforms.size()) {
        order.push_back(next);
        nearest[next] = -1.0;
        for (std::size_t p = 0; p < platforms.size(); ++p) {
            nearest[p] = std::min(nearest[p], spread(platforms[p], platforms[order.back()]));
        }
        next = static_cast<std::size_t>(std::ranges::max_element(nearest) - nearest.begin());
    }
    return order;
}

std::optional<Preconditioner> Preconditioner::make(const System& system, std::int64_t neighbour_cells,
                                                   core::Team& team) {
    Preconditioner made;
    std::vector<std::int64_t> platforms;
    for (std::size_t n = 0; n < system.platform.size(); ++n) {
        if (platforms.empty() || platforms.back() != system.platform[n]) {
            platforms.push_back(system.platform[n]);
            made.conditionals_.push_back({.first = static_cast<std::int64_t>(n)});
        }
        ++made.conditionals_.back().count;
    }
    const Matrix<double>& spread = system.spread;
    const std::vector<std::size_t> order = coarse_to_fine(spread, platforms);
    made.dependents_.resize(platforms.size());
    for (std::size_t at = 0; at < order.size(); ++at) {
        Conditional& own = made.conditionals_[order[at]];
        std::vector<std::size_t> before(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(at));
        std::ranges::stable_sort(before, {}, [&](std::size_t p) { return spread(platforms[order[at]], platforms[p]); });
        for (const std::size_t p : before) {
            const Conditional& other = made.conditionals_[p];
            if (!own.given.empty() && std::ssize(own.given) + other.count > neighbour_cells) {
                break;
            }
            made.dependents_[p].push_back({order[at], std::ssize(own.given)});
            for (std::int64_t n = 0; n < other.count; ++n) {
                own.given.push_back(other.first + n);
            }
        }
    }
    std::vector<char> failed(platforms.size(), 0);
    dense::Workers(team).each(std::ssize(platforms), [&](std::int64_t p) {
        Conditional& own = made.conditionals_[static_cast<std::size_t>(p)];
        std::vector<std::int64_t> numbers = own.given;
        numbers.resize(numbers.size() + static_cast<std::size_t>(own.count));
        std::iota(numbers.end() - own.count, numbers.end(), own.first);
        const std::int64_t given = std::ssize(own.given);
        Matrix<double> joint(std::ssize(numbers), std::ssize(numbers));
        core::Team alone(1);
        system.fill(numbers, joint.view(), alone);
        if (dense::cholesky(joint.view(), alone)) {
            failed[static_cast<std::size_t>(p)] = 1;
            return;
        }
        const MatrixView<double> below = joint.view().row_range(given, own.count);
        if (given > 0) {
            dense::solve_lower_transposed_rows(joint.view().row_range(0, given).columns(0, given),
                                               below.columns(0, given), alone);
        }
        Matrix<double> inverse(own.count, own.count);
        for (std::int64_t n = 0; n < own.count; ++n) {
            inverse(n, n) = 1.0;
        }
        dense::solve_lower_columns(below.columns(given, own.count), inverse.view(), alone);
        own.weight = Matrix<float>(own.count, given);
        own.inverse = Matrix<float>(own.count, own.count);
        for (std::int64_t n = 0; n < own.count; ++n) {
            for (std::int64_t k = 0; k < given; ++k) {
                own.weight(n, k) = static_cast<float>(below(n, k));
            }
            for (std::int64_t k = 0; k < own.count; ++k) {
                own.inverse(n, k) = static_cast<float>(inverse(n, k));
            }
        }
    });
    if (std::ranges::find(failed, 1) != failed.end()) {
        return {};
    }
    return made;
}

void Preconditioner::apply(const std::vector<double>& r, std::vector<double>& z, core::Team& team) const {
    // Of each platform: x = (L Lᵀ)⁻¹ (r_p - B r_S), then z_p = x_p - Σ B_qᵀ x_q over those that depend on it.
    std::vector<float> x(r.size());
    dense::Workers(team).each(std::ssize(conditionals_), [&](std::int64_t p) {
        const Conditional& own = conditionals_[static_cast<std::size_t>(p)];
        std::vector<float> given(own.given.size());
        for (std::size_t k = 0; k < given.size(); ++k) {
            given[k] = static_cast<float>(r[static_cast<std::size_t>(own.given[k])]);
        }
        std::vector<float> rest(static_cast<std::size_t>(own.count));
        for (std::size_t n = 0; n < rest.size(); ++n) {
            rest[n] = static_cast<float>(r[static_cast<std::size_t>(own.first) + n]);
        }
        dense::add_product(own.weight.view(), given, -1.0F, rest);
        std::vector<float> half(rest.size());
        dense::add_product(own.inverse.view(), rest, 1.0F, half);
        dense::add_transposed_product(own.inverse.view(), half, 1.0F,
                                      std::span(x).subspan(static_cast<std::size_t>(own.first), rest.size()));
    });
    dense::Workers(team).each(std::ssize(conditionals_), [&](std::int64_t p) {
        const Conditional& own = conditionals_[static_cast<std::size_t>(p)];
        const auto first = static_cast<std::size_t>(own.first);
        std::vector<float> sum(x.begin() + own.first, x.begin() + own.first + own.count);
        for (const Dependent& dependent : dependents_[static_cast<std::size_t>(p)]) {
            const Conditional& other = conditionals_[dependent.conditional];
            const std::span<const float> from =
                std::span(x).subspan(static_cast<std::size_t>(other.first), static_cast<std::size_t>(other.count));
            dense::add_transposed_product(other.weight.view().columns(dependent.column, own.count), from, -1.0F, sum);
        }
        std::ranges::copy(sum, z.begin() + static_cast<std::ptrdiff_t>(first));
    });
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0.0;
    for (std::size_t n = 0; n < a.size(); ++n) {
        sum += a[n] * b[n];
    }
    return sum;
}

// (K + D) v for cells.
std::vector<double> covariance_times(const Tables& tables, const Cells& cells, const std::vector<double>& v,
                                     core::Team& team) {
    Matrix<double> grid(tables.platform_effect.rows(), tables.module_effect.rows());
    for (std::size_t n = 0; n < v.size(); ++n) {
        grid(cells.platform[n], cells.module[n]) = v[n];
    }
    const Matrix<double> product = covariance_product(tables, grid.view(), team);
    std::vector<double> result(v.size());
    for (std::size_t n = 0; n < v.size(); ++n) {
        result[n] = product(cells.platform[n], cells.module[n]) + (tables.white + tables.noise / cells.count[n]) * v[n];
    }
    return result;
}

Result<Solution> solve_dense(const System& system, const std::vector<double>& target, core::Team& team) {
    const std::int64_t n = std::ssize(target);
    Matrix<double> matrix(n, n);
    std::vector<std::int64_t> all(target.size());
    std::iota(all.begin(), all.end(), 0);
    system.fill(all, matrix.view(), team);
    if (dense::cholesky(matrix.view(), team)) {
        return indefinite();
    }
    Solution solution{.alpha = target};
    dense::solve_lower(matrix.view(), std::span(solution.alpha));
    dense::solve_lower_transposed(matrix.view(), std::span(solution.alpha));
    return solution;
}

Result<Solution> solve_iteratively(const System& system, const std::vector<double>& target, const SolveOptions& options,
                                   core::Team& team, const std::function<bool()>& go_on,
                                   const std::vector<double>& start) {
    const auto preconditioner = Preconditioner::make(system, options.neighbour_cells, team);
    if (!preconditioner) {
        return indefinite();
    }
    Solution solution;
    std::vector<double>& x = solution.alpha;
    x = start.empty() ? std::vector<double>(target.size(), 0.0) : start;
    std::vector<double> r = target;
    if (!start.empty()) {
        const std::vector<double> product = system.times(x);
        std::ranges::transform(r, product, r.begin(), std::minus<>());
    }
    const double norm = std::sqrt(dot(target, target));
    std::vector<double> z(r.size());
    preconditioner->apply(r, z, team);
    std::vector<double> p = z;
    double rz = dot(r, z);
    solution.residual = norm > 0.0 ? std::sqrt(dot(r, r)) / norm : 0.0;
    for (; solution.residual > options.tolerance; ++solution.iterations) {
        if (!go_on()) {
            return fail(ErrorCode::kCancelled, "stopped before the observations were solved for");
        }
        if (solution.iterations == options.iterations) {
            return fail(ErrorCode::kInput,
                        fmt::format("conjugate gradients did not converge: a residual of {:.1e} is left after {} steps",
                                    solution.residual, options.iterations));
        }
        const std::vector<double> q = system.times(p);
        const double step = rz / dot(p, q);
        std::vector<double> before = r;
        for (std::size_t n = 0; n < x.size(); ++n) {
            x[n] += step * p[n];
            r[n] -= step * q[n];
        }
        preconditioner->apply(r, z, team);
        // The preconditioner rounds: the flexible form of the method (Notay 2000) does not mind.
        const double next = dot(r, z);
        const double turn = (next - dot(before, z)) / rz;
        rz = next;
        for (std::size_t n = 0; n < p.size(); ++n) {
            p[n] = z[n] + turn * p[n];
        }
        solution.residual = std::sqrt(dot(r, r)) / norm;
    }
    return solution;
}

}  // namespace

Matrix<double> platform_spread(const Tables& tables) {
    const std::int64_t rows = tables.platform_effect.rows();
    Matrix<double> covariance = tables.platform_effect.clone();
    for (std::size_t q = 0; q < tables.terms; ++q) {
        const auto of_modules = tables.module[q].value.flat();
        const double mean =
            std::accumulate(of_modules.begin(), of_modules.end(), 0.0) / static_cast<double>(of_modules.size());
        for (std::size_t n = 0; n < covariance.flat().size(); ++n) {
            covariance.flat()[n] += tables.scale[q] * mean * tables.platform[q].value.flat()[n];
        }
    }
    Matrix<double> spread(rows, rows);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t k = 0; k < rows; ++k) {
            spread(i, k) = covariance(i, i) + covariance(k, k) - 2.0 * covariance(i, k);
        }
    }
    return spread;
}

Result<Solution> solve(const System& system, const std::vector<double>& target, const SolveOptions& options,
                       core::Team& team, const std::function<bool()>& go_on, const std::vector<double>& start) {
    return std::ssize(target) <= options.dense_cells ? solve_dense(system, target, team)
                                                     : solve_iteratively(system, target, options, team, go_on, start);
}

Result<Solution> solve(const Tables& tables, const Cells& cells, const std::vector<double>& target,
                       const SolveOptions& options, core::Team& team, const std::function<bool()>& go_on,
                       const std::vector<double>& start) {
    const auto fill = [&](std::span<const std::int64_t> rows, MatrixView<double> out, core::Team& workers) {
        const Cells some = subset_of(cells, rows);
        fill_covariance(tables, some, out, workers);
        for (std::int64_t n = 0; n < out.rows; ++n) {
            out.data[n * out.stride + n] += tables.noise / some.count[static_cast<std::size_t>(n)];
        }
    };
    const auto times = [&](const std::vector<double>& v) { return covariance_times(tables, cells, v, team); };
    return solve({cells.platform, platform_spread(tables), fill, times}, target, options, team, go_on, start);
}

}  // namespace pitot::models::kernel
