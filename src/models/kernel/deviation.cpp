#include "models/kernel/deviation.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "backend/dense_algebra.hpp"
#include "models/kernel/device_terms.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// Which cells lie where, and which platforms near which.
struct Neighbourhood {
    std::vector<std::vector<std::int64_t>> cells_of;  // numbers of each platform's cells
    Matrix<double> spread;
};

Neighbourhood neighbourhood_of(const Tables& tables, const Cells& cells) {
    Neighbourhood all{std::vector<std::vector<std::int64_t>>(static_cast<std::size_t>(tables.platform_effect.rows())),
                      platform_spread(tables)};
    for (std::size_t n = 0; n < cells.size(); ++n) {
        all.cells_of[static_cast<std::size_t>(cells.platform[n])].push_back(static_cast<std::int64_t>(n));
    }
    return all;
}

// Other platforms whose cells tell of one.
std::vector<std::size_t> platforms_near(const Neighbourhood& all, std::int64_t platform, std::int64_t near_cells) {
    std::vector<std::size_t> others;
    for (std::size_t p = 0; p < all.cells_of.size(); ++p) {
        if (std::cmp_not_equal(p, platform) && !all.cells_of[p].empty()) {
            others.push_back(p);
        }
    }
    std::ranges::stable_sort(others, {},
                             [&](std::size_t p) { return all.spread(platform, static_cast<std::int64_t>(p)); });
    std::int64_t count = 0;
    std::size_t last = 0;
    for (; last < others.size(); ++last) {
        const std::int64_t more = std::ssize(all.cells_of[others[last]]);
        if (count > 0 && count + more > near_cells) {
            break;
        }
        count += more;
    }
    others.resize(last);
    return others;
}

std::vector<std::int64_t> cells_near(const Neighbourhood& all, std::int64_t platform, std::int64_t near_cells) {
    std::vector<std::int64_t> near;
    for (const std::size_t p : platforms_near(all, platform, near_cells)) {
        near.insert(near.end(), all.cells_of[p].begin(), all.cells_of[p].end());
    }
    return near;
}

// Appends the cells of a platform's modules that were not observed.
void append_unobserved(std::int64_t platform, std::int64_t modules, std::span<const std::int64_t> own,
                       const Cells& cells, Cells& to) {
    std::vector<bool> observed(static_cast<std::size_t>(modules), false);
    for (const std::int64_t n : own) {
        observed[static_cast<std::size_t>(cells.module[static_cast<std::size_t>(n)])] = true;
    }
    for (std::int64_t j = 0; j < modules; ++j) {
        if (!observed[static_cast<std::size_t>(j)]) {
            to.platform.push_back(static_cast<std::int32_t>(platform));
            to.module.push_back(static_cast<std::int32_t>(j));
            to.mean.push_back(0.0);
            to.count.push_back(1.0);
        }
    }
}

// Of a new run of a cell that was observed, given [K⁻¹]_nn.
double observed_deviation(double noise, double of_run, double precision) {
    return std::sqrt(std::max(noise - noise * noise * precision, 0.0) + of_run);
}

// Fills a platform's row of deviations and its cells' precisions; false if the matrix is not positive definite.
bool one_platform(const Tables& tables, const Cells& cells, const Neighbourhood& all, std::int64_t platform,
                  std::int64_t near_cells, Uncertainty& result) {
    const std::vector<std::int64_t>& own = all.cells_of[static_cast<std::size_t>(platform)];
    std::vector<std::int64_t> numbers = cells_near(all, platform, near_cells);
    const std::int64_t near = std::ssize(numbers);
    numbers.insert(numbers.end(), own.begin(), own.end());
    const std::int64_t known = std::ssize(numbers);
    Cells some = subset_of(cells, numbers);
    append_unobserved(platform, result.deviation.cols(), own, cells, some);
    Matrix<double> joint(std::ssize(some.mean), std::ssize(some.mean));
    core::Team alone(1);
    fill_covariance(tables, some, joint.view(), alone);
    for (std::int64_t n = 0; n < known; ++n) {
        joint(n, n) +=
            tables.noise_of(some.platform[static_cast<std::size_t>(n)]) / some.count[static_cast<std::size_t>(n)];
    }
    const MatrixView<double> factor = joint.view().row_range(0, known).columns(0, known);
    if (dense::cholesky(factor, alone)) {
        return false;
    }
    const MatrixView<double> rest = joint.view().row_range(known, joint.rows() - known);
    dense::solve_lower_rows<double>(factor, rest.columns(0, known), alone);
    const double of_run = tables.noise_of(static_cast<std::int32_t>(platform));
    for (std::int64_t u = 0; u < rest.rows; ++u) {
        double variance = joint(known + u, known + u) + of_run;
        for (std::int64_t n = 0; n < known; ++n) {
            variance -= rest(u, n) * rest(u, n);
        }
        result.deviation(platform, some.module[static_cast<std::size_t>(known + u)]) =
            std::sqrt(std::max(variance, of_run));
    }
    const std::vector<double> of_own =
        inverse_diagonal(joint.view().row_range(near, known - near).columns(near, known - near));
    for (std::size_t n = 0; n < of_own.size(); ++n) {
        const double precision = of_own[n];
        const auto number = static_cast<std::size_t>(own[n]);
        const double noise = of_run / cells.count[number];
        result.precision[number] = precision;
        result.deviation(platform, cells.module[number]) = observed_deviation(noise, of_run, precision);
    }
    return true;
}

// The same as one_platform() of some platforms on a device.
Result<void> compute_on(backend::device::Device& device, const Tables& tables, const Cells& cells,
                        std::int64_t near_cells, std::span<const std::int64_t> some, Uncertainty& result) {
    const Neighbourhood all = neighbourhood_of(tables, cells);
    Cells with_asked = cells;
    std::vector<backend::device::Question> questions;
    for (const std::int64_t platform : some) {
        const std::vector<std::int64_t>& own = all.cells_of[static_cast<std::size_t>(platform)];
        backend::device::Question question{cells_near(all, platform, near_cells), std::ssize(own), {}};
        question.known.insert(question.known.end(), own.begin(), own.end());
        const std::size_t first = with_asked.size();
        append_unobserved(platform, result.deviation.cols(), own, cells, with_asked);
        question.asked.resize(with_asked.size() - first);
        std::iota(question.asked.begin(), question.asked.end(), static_cast<std::int64_t>(first));
        questions.push_back(std::move(question));
    }
    const DeviceRows rows(tables, with_asked);
    PITOT_TRY(const auto answers, device.ask(device_covariance(tables), rows.view(), questions));
    if (!answers) {
        return indefinite();
    }
    for (std::size_t k = 0; k < some.size(); ++k) {
        const auto platform = static_cast<std::int32_t>(some[k]);
        const double of_run = tables.noise_of(platform);
        const backend::device::Answers& of = (*answers)[k];
        for (std::size_t u = 0; u < of.variance.size(); ++u) {
            const auto at = static_cast<std::size_t>(questions[k].asked[u]);
            result.deviation(platform, with_asked.module[at]) = std::sqrt(std::max(of.variance[u], of_run));
        }
        const std::vector<std::int64_t>& own = all.cells_of[static_cast<std::size_t>(platform)];
        for (std::size_t n = 0; n < own.size(); ++n) {
            const auto number = static_cast<std::size_t>(own[n]);
            result.precision[number] = of.precision[n];
            result.deviation(platform, cells.module[number]) =
                observed_deviation(of_run / cells.count[number], of_run, of.precision[n]);
        }
    }
    return {};
}

Result<void> compute(const Tables& tables, const Cells& cells, std::int64_t near_cells,
                     std::span<const std::int64_t> some, Uncertainty& result, const Machine& machine) {
    if (machine.device() != nullptr) {
        return compute_on(*machine.device(), tables, cells, near_cells, some, result);
    }
    const Neighbourhood all = neighbourhood_of(tables, cells);
    std::vector<char> good(some.size(), 0);
    dense::Workers(machine.team()).each(std::ssize(some), [&](std::int64_t k) {
        const auto at = static_cast<std::size_t>(k);
        good[at] = one_platform(tables, cells, all, some[at], near_cells, result) ? 1 : 0;
    });
    if (std::ranges::find(good, 0) != good.end()) {
        return indefinite();
    }
    return {};
}

}  // namespace

std::vector<double> inverse_diagonal(MatrixView<const double> factor) {
    Matrix<double> inverse(factor.rows, factor.rows);
    for (std::int64_t n = 0; n < factor.rows; ++n) {
        inverse(n, n) = 1.0;
    }
    dense::solve_lower_columns<double>(factor, inverse.view(), 1);
    std::vector<double> diagonal;
    for (std::int64_t n = 0; n < factor.rows; ++n) {
        double sum = 0.0;
        for (std::int64_t k = n; k < factor.rows; ++k) {
            sum += inverse(k, n) * inverse(k, n);
        }
        diagonal.push_back(sum);
    }
    return diagonal;
}

Result<Uncertainty> local_uncertainty(const Tables& tables, const Cells& cells, std::int64_t near_cells,
                                      const Machine& machine) {
    const std::int64_t platforms = tables.platform_effect.rows();
    Uncertainty result{Matrix<double>(platforms, tables.module_effect.rows()), std::vector<double>(cells.size(), 0.0)};
    std::vector<std::int64_t> every(static_cast<std::size_t>(platforms));
    std::iota(every.begin(), every.end(), 0);
    if (auto ok = compute(tables, cells, near_cells, every, result, machine); !ok) {
        return Failure(ok.error());
    }
    return result;
}

Result<void> update_deviation(const Tables& tables, const Cells& cells, std::int64_t near_cells,
                              std::span<const std::int64_t> some, Matrix<double>& deviation, core::Team& team) {
    Uncertainty result{std::move(deviation), std::vector<double>(cells.size(), 0.0)};
    auto done = compute(tables, cells, near_cells, some, result, team);
    deviation = std::move(result.deviation);
    return done;
}

std::vector<std::int64_t> platforms_affected(const Tables& tables, const Cells& before, const Cells& after,
                                             const std::vector<bool>& changed, std::int64_t near_cells) {
    const Neighbourhood then = neighbourhood_of(tables, before);
    const Neighbourhood now = neighbourhood_of(tables, after);
    std::vector<bool> touched(now.cells_of.size(), false);
    for (std::size_t n = 0; n < after.size(); ++n) {
        if (changed[n]) {
            touched[static_cast<std::size_t>(after.platform[n])] = true;
        }
    }
    std::vector<std::int64_t> affected;
    for (std::size_t p = 0; p < touched.size(); ++p) {
        const auto platform = static_cast<std::int64_t>(p);
        const std::vector<std::size_t> near = platforms_near(now, platform, near_cells);
        if (touched[p] || std::ranges::any_of(near, [&](std::size_t k) { return touched[k]; }) ||
            near != platforms_near(then, platform, near_cells)) {
            affected.push_back(platform);
        }
    }
    return affected;
}

}  // namespace pitot::models::kernel
