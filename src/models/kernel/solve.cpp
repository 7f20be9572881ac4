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
#include "models/kernel/device_terms.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/likelihood.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

Failure stopped() { return fail(ErrorCode::kCancelled, "stopped before the observations were solved for"); }

Failure no_convergence(double residual, const SolveOptions& options) {
    return fail(ErrorCode::kInput,
                fmt::format("conjugate gradients did not converge: a residual of {:.1e} is left after {} steps",
                            residual, options.iterations));
}

// A platform's cells given those of its neighbours: y_p - B y_S has the covariance L Lᵀ.
struct Conditional : backend::device::Conditional {
    Matrix<float> whitening{};  // W = L⁻¹ [-B, I], count × (given + count)
};

// Where a platform's cells are among those that another's are given.
struct Dependent {
    std::size_t conditional = 0;
    std::size_t first = 0;
};

// M⁻¹ = Σ_p Wᵀ W: symmetric and positive definite whatever B and L are.
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

// Every platform's cells, in the order of platforms, and what they are given.
struct Conditionals {
    std::vector<backend::device::Conditional> by_platform{};
    std::vector<std::size_t> order{};  // from coarse to fine
};

Conditionals conditionals_of(std::span<const std::int32_t> platform, const Matrix<double>& spread,
                             std::int64_t neighbour_cells) {
    Conditionals made;
    std::vector<backend::device::Conditional>& conditionals = made.by_platform;
    std::vector<std::int64_t> platforms;
    for (std::size_t n = 0; n < platform.size(); ++n) {
        if (platforms.empty() || platforms.back() != platform[n]) {
            platforms.push_back(platform[n]);
            conditionals.push_back({.first = static_cast<std::int64_t>(n)});
        }
        ++conditionals.back().count;
    }
    made.order = coarse_to_fine(spread, platforms);
    const std::vector<std::size_t>& order = made.order;
    for (std::size_t at = 0; at < order.size(); ++at) {
        backend::device::Conditional& own = conditionals[order[at]];
        std::vector<std::size_t> before(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(at));
        std::ranges::stable_sort(before, {}, [&](std::size_t p) { return spread(platforms[order[at]], platforms[p]); });
        for (const std::size_t p : before) {
            const backend::device::Conditional& other = conditionals[p];
            if (!own.given.empty() && std::ssize(own.given) + other.count > neighbour_cells) {
                break;
            }
            for (std::int64_t n = 0; n < other.count; ++n) {
                own.given.push_back(other.first + n);
            }
        }
    }
    return made;
}

std::optional<Preconditioner> Preconditioner::make(const System& system, std::int64_t neighbour_cells,
                                                   core::Team& team) {
    Preconditioner made;
    std::vector<std::size_t> of_first(system.platform.size());  // conditionals by their first cells
    Conditionals all = conditionals_of(system.platform, system.spread, neighbour_cells);
    for (auto& conditional : all.by_platform) {
        of_first[static_cast<std::size_t>(conditional.first)] = made.conditionals_.size();
        made.conditionals_.push_back({std::move(conditional), {}});
    }
    const std::size_t platforms = made.conditionals_.size();
    made.dependents_.resize(platforms);
    for (const std::size_t p : all.order) {
        const std::vector<std::int64_t>& given = made.conditionals_[p].given;
        for (std::size_t at = 0; at < given.size();) {
            const std::size_t other = of_first[static_cast<std::size_t>(given[at])];
            made.dependents_[other].push_back({p, at});
            at += static_cast<std::size_t>(made.conditionals_[other].count);
        }
    }
    std::vector<char> failed(platforms, 0);
    dense::Workers(team).each(std::ssize(failed), [&](std::int64_t p) {
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
        // W is the last rows of the joint factor's inverse.
        Matrix<double> whitening(own.count, std::ssize(numbers));
        for (std::int64_t n = 0; n < own.count; ++n) {
            whitening(n, given + n) = 1.0;
        }
        dense::solve_lower_transposed_rows(joint.view(), whitening.view(), alone);
        own.whitening = Matrix<float>(whitening.rows(), whitening.cols());
        std::ranges::transform(whitening.flat(), own.whitening.flat().begin(),
                               [](double value) { return static_cast<float>(value); });
    });
    if (std::ranges::find(failed, 1) != failed.end()) {
        return {};
    }
    return made;
}

void Preconditioner::apply(const std::vector<double>& r, std::vector<double>& z, core::Team& team) const {
    // Each W is read from memory once: for W r and, while it lies in a cache, for its transposed product.
    std::vector<std::vector<float>> shares(conditionals_.size());  // of z, as W's columns
    dense::Workers(team).each(std::ssize(conditionals_), [&](std::int64_t p) {
        const Conditional& own = conditionals_[static_cast<std::size_t>(p)];
        std::vector<float> columns(static_cast<std::size_t>(own.whitening.cols()));
        for (std::size_t k = 0; k < own.given.size(); ++k) {
            columns[k] = static_cast<float>(r[static_cast<std::size_t>(own.given[k])]);
        }
        for (std::size_t n = 0; n < static_cast<std::size_t>(own.count); ++n) {
            columns[own.given.size() + n] = static_cast<float>(r[static_cast<std::size_t>(own.first) + n]);
        }
        std::vector<float> white(static_cast<std::size_t>(own.count));
        dense::add_product(own.whitening.view(), columns, 1.0F, white);
        std::ranges::fill(columns, 0.0F);
        dense::add_transposed_product(own.whitening.view(), white, 1.0F, columns);
        shares[static_cast<std::size_t>(p)] = std::move(columns);
    });
    for (std::size_t p = 0; p < conditionals_.size(); ++p) {
        const Conditional& own = conditionals_[p];
        const auto sum = std::span(z).subspan(static_cast<std::size_t>(own.first), static_cast<std::size_t>(own.count));
        std::ranges::copy(std::span(shares[p]).subspan(own.given.size()), sum.begin());
        for (const Dependent& dependent : dependents_[p]) {
            const auto share = std::span(shares[dependent.conditional]).subspan(dependent.first, sum.size());
            std::ranges::transform(sum, share, sum.begin(), [](double a, float b) { return a + b; });
        }
    }
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
        result[n] = product(cells.platform[n], cells.module[n]) +
                    (tables.white + tables.noise_of(cells.platform[n]) / cells.count[n]) * v[n];
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
            return stopped();
        }
        if (solution.iterations == options.iterations) {
            return no_convergence(solution.residual, options);
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

Failure indefinite() {
    return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
}

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

Result<Solution> solve(backend::device::Device& device, const backend::device::Covariance& covariance,
                       const backend::device::Rows& rows, const Matrix<double>& spread,
                       const std::vector<double>& target, const SolveOptions& options,
                       const std::function<bool()>& go_on, const std::vector<double>& start) {
    if (std::ssize(target) <= options.dense_cells) {
        PITOT_TRY(auto alpha, device.solve_dense(covariance, rows, target));
        if (!alpha) {
            return indefinite();
        }
        return Solution{.alpha = *std::move(alpha)};
    }
    const Conditionals conditionals = conditionals_of(rows.platform, spread, options.neighbour_cells);
    PITOT_TRY(auto solved, device.solve(covariance, rows, conditionals.by_platform, target, start,
                                        {options.tolerance, options.iterations}, go_on));
    using End = backend::device::Solved::End;
    if (solved.end == End::kIndefinite) {
        return indefinite();
    }
    if (solved.end == End::kStopped) {
        return stopped();
    }
    if (solved.end == End::kTooLong) {
        return no_convergence(solved.residual, options);
    }
    return Solution{std::move(solved.x), solved.residual, solved.iterations};
}

Result<Solution> solve(const Tables& tables, const Cells& cells, const std::vector<double>& target,
                       const SolveOptions& options, const Machine& machine, const std::function<bool()>& go_on,
                       const std::vector<double>& start) {
    if (machine.device() != nullptr) {
        const DeviceRows rows(tables, cells);
        return solve(*machine.device(), device_covariance(tables), rows.view(), platform_spread(tables), target,
                     options, go_on, start);
    }
    core::Team& team = machine.team();
    const auto fill = [&](std::span<const std::int64_t> rows, MatrixView<double> out, core::Team& workers) {
        const Cells some = subset_of(cells, rows);
        fill_covariance(tables, some, out, workers);
        for (std::int64_t n = 0; n < out.rows; ++n) {
            out.data[n * out.stride + n] +=
                tables.noise_of(some.platform[static_cast<std::size_t>(n)]) / some.count[static_cast<std::size_t>(n)];
        }
    };
    const auto times = [&](const std::vector<double>& v) { return covariance_times(tables, cells, v, team); };
    return solve({cells.platform, platform_spread(tables), fill, times}, target, options, team, go_on, start);
}

}  // namespace pitot::models::kernel
