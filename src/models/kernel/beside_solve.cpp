#include "models/kernel/beside_solve.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "backend/dense_algebra.hpp"
#include "models/kernel/grid.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

constexpr std::int64_t kMostColumns = 96;
constexpr double kLeastPivot = 1e-4;  // of the largest diagonal element

// Columns of a pivoted Cholesky factor with pivots among the first `reference` rows.
Matrix<double> pivoted_factor(const Matrix<double>& table, std::int64_t reference, std::vector<double>& rest) {
    const std::int64_t rows = table.rows();
    rest.resize(static_cast<std::size_t>(rows));
    for (std::int64_t k = 0; k < rows; ++k) {
        rest[static_cast<std::size_t>(k)] = table(k, k);
    }
    const double largest = *std::max_element(rest.begin(), rest.begin() + reference);
    Matrix<double> wide(std::min(kMostColumns, reference), rows);  // transposed
    std::int64_t rank = 0;
    for (; rank < wide.rows(); ++rank) {
        const auto pivot = std::max_element(rest.begin(), rest.begin() + reference) - rest.begin();
        const double value = rest[static_cast<std::size_t>(pivot)];
        if (value <= kLeastPivot * largest) {
            break;
        }
        const auto column = wide.view().row(rank);
        for (std::int64_t k = 0; k < rows; ++k) {
            double sum = table(k, pivot);
            for (std::int64_t c = 0; c < rank; ++c) {
                sum -= wide(c, k) * wide(c, pivot);
            }
            column[static_cast<std::size_t>(k)] = sum / std::sqrt(value);
        }
        for (std::size_t k = 0; k < rest.size(); ++k) {
            rest[k] = std::max(rest[k] - column[k] * column[k], 0.0);
        }
        rest[static_cast<std::size_t>(pivot)] = 0.0;
    }
    Matrix<double> factor(rows, rank);
    for (std::int64_t k = 0; k < rows; ++k) {
        for (std::int64_t c = 0; c < rank; ++c) {
            factor(k, c) = wide(c, k);
        }
    }
    return factor;
}

// Rows of a platform, one after another.
std::vector<std::pair<std::size_t, std::size_t>> pieces_by_platform(const Runs& runs, std::int64_t platforms) {
    std::vector<std::pair<std::size_t, std::size_t>> pieces(static_cast<std::size_t>(platforms), {0, 0});
    for (std::size_t n = 0; n < runs.size(); ++n) {
        auto& piece = pieces[static_cast<std::size_t>(runs.cells.platform[n])];
        if (piece.second == 0) {
            piece.first = n;
        }
        piece.second = n + 1;
    }
    return pieces;
}

// Grids of α by columns of the loadings and back.
class ColumnGrids {
public:
    ColumnGrids(const BesideTables& tables, const Loadings& loadings, const Runs& runs)
        : tables_(tables),
          runs_(runs),
          platforms_(tables.alone.platform_effect.rows()),
          modules_(tables.alone.module_effect.rows()),
          pieces_(pieces_by_platform(runs, platforms_)),
          sets_(sets_of(runs)),
          own_(runs.size(), 0.0) {
        for (std::size_t t = 0; t < kBesideTerms; ++t) {
            weight_[t] = Matrix<double>(std::ssize(sets_.sets), loadings.columns[t].cols());
            std::vector<double> rest;
            for (std::size_t s = 0; s < sets_.sets.size(); ++s) {
                const auto& set = sets_.sets[s];
                const double number = tables.number[std::min(set.size(), kKinds - 1)];
                const auto to = weight_[t].view().row(static_cast<std::int64_t>(s));
                rest.push_back(0.0);
                for (const std::int32_t k : set) {
                    const auto from = loadings.columns[t].view().row(k);
                    for (std::size_t c = 0; c < to.size(); ++c) {
                        to[c] += number * from[c];
                    }
                    rest.back() += number * number * loadings.rest[t][static_cast<std::size_t>(k)];
                }
            }
            for (const std::int64_t n : sets_.beside) {
                const auto at = static_cast<std::size_t>(n);
                const std::int32_t i = runs.cells.platform[at];
                const std::int32_t j = runs.cells.module[at];
                own_[at] += tables.scale[t] * tables.platform[t].value(i, i) * tables.module[t].value(j, j) *
                            rest[static_cast<std::size_t>(sets_.of_row[at])];
            }
        }
    }

    // s_t Kp_t A_c Km_t of one term, platforms × (columns · modules).
    [[nodiscard]] Matrix<double> spread(std::size_t t, const std::vector<double>& alpha, core::Team& team) const {
        const std::int64_t columns = weight_[t].cols();
        Matrix<double> grid(platforms_, columns * modules_);
        dense::Workers(team).each(platforms_, [&](std::int64_t i) {
            const auto to = grid.view().row(i);
            const auto [first, last] = pieces_[static_cast<std::size_t>(i)];
            for (std::size_t n = first; n < last; ++n) {
                if (sets_.of_row[n] < 0) {
                    continue;
                }
                const auto weight = weight_[t].view().row(sets_.of_row[n]);
                auto at = static_cast<std::size_t>(runs_.cells.module[n]);
                for (const double w : weight) {
                    to[at] += alpha[n] * w;
                    at += static_cast<std::size_t>(modules_);
                }
            }
        });
        Matrix<double> half(platforms_, columns * modules_);
        dense::multiply(tables_.platform[t].value.view(), grid.view(), half.view(), {tables_.scale[t], 0.0},
                        dense::Workers(team));
        dense::multiply(by_columns(half, columns), tables_.module[t].value.view(), by_columns(grid, columns),
                        {1.0, 0.0}, dense::Workers(team));
        return grid;
    }

    // Adds what rows take from a term's grid.
    void gather(std::size_t t, const Matrix<double>& grid, std::vector<double>& to, core::Team& team) const {
        dense::Workers(team).each(platforms_, [&](std::int64_t i) {
            const auto from = grid.view().row(i);
            const auto [first, last] = pieces_[static_cast<std::size_t>(i)];
            for (std::size_t n = first; n < last; ++n) {
                if (sets_.of_row[n] < 0) {
                    continue;
                }
                double sum = 0.0;
                auto at = static_cast<std::size_t>(runs_.cells.module[n]);
                for (const double w : weight_[t].view().row(sets_.of_row[n])) {
                    sum += w * from[at];
                    at += static_cast<std::size_t>(modules_);
                }
                to[n] += sum;
            }
        });
    }

    // (K + D) v.
    [[nodiscard]] std::vector<double> times(const std::vector<double>& v, core::Team& team) const {
        const Matrix<double> alone = sum_by_pair(runs_, v, platforms_, modules_);
        const Matrix<double> product = covariance_product(tables_.alone, alone.view(), team);
        std::vector<double> result(v.size());
        for (std::size_t n = 0; n < v.size(); ++n) {
            const std::int32_t i = runs_.cells.platform[n];
            const std::int32_t j = runs_.cells.module[n];
            result[n] = product(i, j) + tables_.alone.white * alone(i, j) +
                        (own_[n] + tables_.noise[runs_.kind(n)] / runs_.cells.count[n]) * v[n];
        }
        for (std::size_t t = 0; t < kBesideTerms; ++t) {
            gather(t, spread(t, v, team), result, team);
        }
        return result;
    }

    // Elements of K + D as times() has them.
    void fill(std::span<const std::int64_t> rows, MatrixView<double> out, core::Team& team) const {
        const Runs some = subset_of(runs_, rows);
        fill_covariance(tables_.alone, some.cells, out, team);
        dense::Workers(team).each(std::ssize(rows), [&](std::int64_t u) {
            const auto at = static_cast<std::size_t>(rows[static_cast<std::size_t>(u)]);
            double* to = out.data + u * out.stride;
            for (std::size_t t = 0; t < kBesideTerms && sets_.of_row[at] >= 0; ++t) {
                add_row(t, at, rows.first(static_cast<std::size_t>(u) + 1), to);
            }
            to[u] += own_[at] + tables_.noise[runs_.kind(at)] / runs_.cells.count[at];
        });
    }

private:
    static MatrixView<double> by_columns(Matrix<double>& grid, std::int64_t columns) {
        const std::int64_t modules = columns > 0 ? grid.cols() / columns : 0;
        return {grid.flat().data(), grid.rows() * columns, modules, modules};
    }

    void add_row(std::size_t t, std::size_t u, std::span<const std::int64_t> rows, double* to) const {
        const auto of_platform = tables_.platform[t].value.view().row(runs_.cells.platform[u]);
        const auto of_module = tables_.module[t].value.view().row(runs_.cells.module[u]);
        const auto own = weight_[t].view().row(sets_.of_row[u]);
        // Kc of this row's set and every other, when it is first asked for.
        std::vector<double> of_set(sets_.sets.size(), 0.0);
        std::vector<bool> known(sets_.sets.size(), false);
        for (std::size_t n = 0; n < rows.size(); ++n) {
            const auto v = static_cast<std::size_t>(rows[n]);
            if (sets_.of_row[v] < 0) {
                continue;
            }
            const auto s = static_cast<std::size_t>(sets_.of_row[v]);
            if (!known[s]) {
                const auto other = weight_[t].view().row(sets_.of_row[v]);
                of_set[s] = std::inner_product(own.begin(), own.end(), other.begin(), 0.0);
                known[s] = true;
            }
            to[n] += tables_.scale[t] * of_platform[static_cast<std::size_t>(runs_.cells.platform[v])] *
                     of_module[static_cast<std::size_t>(runs_.cells.module[v])] * of_set[s];
        }
    }

    const BesideTables& tables_;
    const Runs& runs_;
    std::int64_t platforms_, modules_;
    std::vector<std::pair<std::size_t, std::size_t>> pieces_;
    CoRunnerSets sets_;
    std::vector<double> own_;                          // a row's variance that loadings leave out
    std::array<Matrix<double>, kBesideTerms> weight_;  // sets × columns
};

// The modules that are like most others as co-runners, and like the middle one.
std::vector<std::int32_t> typical_co_runners(const BesideTables& tables) {
    const Matrix<double>& table = tables.co_runner[1].value;
    std::vector<double> likeness(static_cast<std::size_t>(table.rows()));
    for (std::int64_t k = 0; k < table.rows(); ++k) {
        const auto row = table.view().row(k);
        likeness[static_cast<std::size_t>(k)] = std::accumulate(row.begin(), row.end(), 0.0);
    }
    std::vector<std::int32_t> order(likeness.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::int32_t k) { return -likeness[static_cast<std::size_t>(k)]; });
    return {order.front(), order[order.size() / 2]};
}

// What to ask about a platform: every module alone, then beside each typical co-runner.
Runs questions(std::int64_t platform, std::int64_t modules, std::size_t width,
               const std::vector<std::int32_t>& typical) {
    Runs asked;
    asked.width = width;
    const auto add = [&](std::int32_t co_runner) {
        for (std::int64_t j = 0; j < modules; ++j) {
            asked.cells.platform.push_back(static_cast<std::int32_t>(platform));
            asked.cells.module.push_back(static_cast<std::int32_t>(j));
            asked.cells.mean.push_back(0.0);
            asked.cells.count.push_back(1.0);
            asked.co_runner.push_back(co_runner);
            asked.co_runner.resize(asked.cells.size() * width, -1);
        }
    };
    add(-1);
    for (const std::int32_t k : typical) {
        add(k);
    }
    return asked;
}

void append(const Runs& more, Runs& to) {
    const auto add = [](const auto& from, auto& behind) { behind.insert(behind.end(), from.begin(), from.end()); };
    add(more.cells.platform, to.cells.platform);
    add(more.cells.module, to.cells.module);
    add(more.cells.mean, to.cells.mean);
    add(more.cells.count, to.cells.count);
    add(more.co_runner, to.co_runner);
}

}  // namespace

Loadings make_loadings(const BesideTables& tables, std::int64_t reference) {
    Loadings loadings;
    const std::int64_t modules = tables.alone.module_effect.rows();
    loadings.columns[0] = Matrix<double>(modules, 1);
    std::ranges::fill(loadings.columns[0].flat(), 1.0);
    loadings.rest[0].assign(static_cast<std::size_t>(modules), 0.0);
    for (std::size_t t = 1; t < kBesideTerms; ++t) {
        loadings.columns[t] = pivoted_factor(tables.co_runner[t].value, reference, loadings.rest[t]);
    }
    return loadings;
}

Result<Solution> solve(const BesideTables& tables, const Loadings& loadings, const Runs& runs,
                       const std::vector<double>& target, const SolveOptions& options, core::Team& team,
                       const std::function<bool()>& go_on) {
    const ColumnGrids grids(tables, loadings, runs);
    const auto fill = [&](std::span<const std::int64_t> rows, MatrixView<double> out, core::Team& workers) {
        grids.fill(rows, out, workers);
    };
    const auto times = [&](const std::vector<double>& v) { return grids.times(v, team); };
    return solve({runs.cells.platform, platform_spread(tables.alone), fill, times}, target, options, team, go_on, {});
}

double BesideGrid::operator()(std::int32_t platform, std::int32_t module_at,
                              std::span<const std::int32_t> co_runners) const {
    const auto own = pair.view().row(static_cast<std::int64_t>(platform) * module.rows() + module_at);
    double sum = 0.0;
    std::size_t count = 0;
    for (const std::int32_t k : co_runners) {
        if (k >= 0) {
            const auto other = module.view().row(k);
            float product = 0.0F;
            for (std::size_t c = 0; c < own.size(); ++c) {
                product += own[c] * other[c];
            }
            sum += static_cast<double>(product);
            ++count;
        }
    }
    return number[std::min(count, kKinds - 1)] * sum;
}

BesideGrid make_grid(const BesideTables& tables, const Loadings& loadings, const Runs& runs,
                     const std::vector<double>& alpha, core::Team& team) {
    const std::int64_t platforms = tables.alone.platform_effect.rows();
    const std::int64_t modules = tables.alone.module_effect.rows();
    const ColumnGrids grids(tables, loadings, runs);
    BesideGrid made{Matrix<float>(platforms * modules, loadings.size()), Matrix<float>(modules, loadings.size()),
                    tables.number};
    std::int64_t first = 0;
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        const Matrix<double> grid = grids.spread(t, alpha, team);
        const std::int64_t columns = loadings.columns[t].cols();
        for (std::int64_t c = 0; c < columns; ++c) {
            for (std::int64_t i = 0; i < platforms; ++i) {
                for (std::int64_t j = 0; j < modules; ++j) {
                    made.pair(i * modules + j, first + c) = static_cast<float>(grid(i, c * modules + j));
                }
            }
            for (std::int64_t k = 0; k < modules; ++k) {
                made.module(k, first + c) = static_cast<float>(loadings.columns[t](k, c));
            }
        }
        first += columns;
    }
    return made;
}

Matrix<double> sum_by_pair(const Runs& runs, const std::vector<double>& alpha, std::int64_t platforms,
                           std::int64_t modules) {
    Matrix<double> sum(platforms, modules);
    for (std::size_t n = 0; n < alpha.size(); ++n) {
        sum(runs.cells.platform[n], runs.cells.module[n]) += alpha[n];
    }
    return sum;
}

Result<BesideUncertainty> local_uncertainty(const BesideTables& tables, const Runs& runs, std::int64_t near_rows,
                                            core::Team& team) {
    const std::int64_t platforms = tables.alone.platform_effect.rows();
    const std::int64_t modules = tables.alone.module_effect.rows();
    const std::vector<std::int32_t> typical = typical_co_runners(tables);
    const auto pieces = pieces_by_platform(runs, platforms);
    const Matrix<double> spread = platform_spread(tables.alone);
    BesideUncertainty result{Matrix<double>(platforms, modules), Matrix<double>(platforms, modules)};
    std::vector<char> good(static_cast<std::size_t>(platforms), 0);
    dense::Workers(team).each(platforms, [&](std::int64_t p) {
        std::vector<std::size_t> others(pieces.size());
        std::iota(others.begin(), others.end(), std::size_t{0});
        // The platform itself is the first, for nothing is nearer.
        std::ranges::stable_sort(others, {}, [&](std::size_t q) {
            return std::cmp_equal(q, p) ? -1.0 : spread(p, static_cast<std::int64_t>(q));
        });
        std::vector<std::int64_t> numbers;
        std::int64_t near = 0;
        for (const std::size_t q : others) {
            const auto [first, last] = pieces[q];
            const auto count = static_cast<std::int64_t>(last - first);
            if (std::cmp_not_equal(q, p) && near > 0 && near + count > near_rows) {
                break;
            }
            near += std::cmp_equal(q, p) ? 0 : count;
            numbers.resize(numbers.size() + static_cast<std::size_t>(count));
            std::iota(numbers.end() - count, numbers.end(), static_cast<std::int64_t>(first));
        }
        Runs some = subset_of(runs, numbers);
        const auto known = std::ssize(numbers);
        append(questions(p, modules, runs.width, typical), some);
        Matrix<double> joint(std::ssize(some.cells.mean), std::ssize(some.cells.mean));
        core::Team alone(1);
        fill_covariance(tables, some, joint.view(), alone);
        const MatrixView<double> factor = joint.view().row_range(0, known).columns(0, known);
        if (dense::cholesky(factor, alone)) {
            return;
        }
        good[static_cast<std::size_t>(p)] = 1;
        const MatrixView<double> rest = joint.view().row_range(known, joint.rows() - known);
        dense::solve_lower_rows<double>(factor, rest.columns(0, known), alone);
        const auto each = 1.0 / static_cast<double>(typical.size());
        for (std::int64_t u = 0; u < rest.rows; ++u) {
            double variance = joint(known + u, known + u);  // with a run's noise
            const double noise = tables.noise[u < modules ? 0 : 1];
            for (std::int64_t n = 0; n < known; ++n) {
                variance -= rest(u, n) * rest(u, n);
            }
            (u < modules ? result.alone : result.beside)(p, u % modules) +=
                (u < modules ? 1.0 : each) * std::max(variance, noise);
        }
    });
    if (std::ranges::find(good, 0) != good.end()) {
        return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
    }
    for (Matrix<double>* grid : {&result.alone, &result.beside}) {
        for (double& v : grid->flat()) {
            v = std::sqrt(v);
        }
    }
    return result;
}

}  // namespace pitot::models::kernel
