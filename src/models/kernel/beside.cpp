#include "models/kernel/beside.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <tuple>

#include "backend/dense_algebra.hpp"
#include "models/kernel/device_terms.hpp"
#include "models/kernel/weighed_covariance.hpp"
#include "models/scale.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// One run of a combination, before runs are joined.
struct Run {
    std::int32_t platform = 0;
    std::int32_t module = 0;
    std::vector<std::int32_t> beside{};  // ascending, then -1
    double target = 0.0;

    [[nodiscard]] auto key() const { return std::tie(platform, module, beside); }
};

// Entries of a set of co-runners are laid out as those of a module that runs with weight ρ for each of them.
struct SetTable {
    std::array<Matrix<double>, kBesideTerms> value;  // sets × sets: Kc_t of two sets
    std::array<Matrix<double>, kBesideTerms> half;   // sets × modules: one side summed; empty of term 0
};

double weight_of(const BesideTables& tables, std::size_t members) {
    return tables.number[std::min(members, kKinds - 1)];
}

SetTable make_set_table(const BesideTables& tables, const CoRunnerSets& sets, core::Team& team) {
    const std::int64_t count = std::ssize(sets.sets);
    SetTable table;
    for (Matrix<double>& value : table.value) {
        value = Matrix<double>(count, count);
    }
    const std::int64_t modules = tables.alone.module_effect.rows();
    for (std::size_t t = 1; t < kBesideTerms; ++t) {
        table.half[t] = Matrix<double>(count, modules);
    }
    dense::Workers(team).each(count, [&](std::int64_t s) {
        const auto& own = sets.sets[static_cast<std::size_t>(s)];
        const double weight = weight_of(tables, own.size());
        for (std::size_t t = 1; t < kBesideTerms; ++t) {
            const std::span<double> half = table.half[t].view().row(s);
            for (const std::int32_t k : own) {
                const auto from = tables.co_runner[t].value.view().row(k);
                for (std::size_t m = 0; m < half.size(); ++m) {
                    half[m] += weight * from[m];
                }
            }
        }
        for (std::int64_t r = 0; r < count; ++r) {
            const auto& other = sets.sets[static_cast<std::size_t>(r)];
            const double of_other = weight_of(tables, other.size());
            table.value[0](s, r) =
                weight * static_cast<double>(own.size()) * of_other * static_cast<double>(other.size());
            for (std::size_t t = 1; t < kBesideTerms; ++t) {
                double sum = 0.0;
                for (const std::int32_t k : other) {
                    sum += table.half[t](s, k);
                }
                table.value[t](s, r) = of_other * sum;
            }
        }
    });
    return table;
}

// Rows beside others by what they share, so that each table's row is the work of one task.
std::vector<std::vector<std::size_t>> rows_by(const std::vector<std::int32_t>& of_row,
                                              const std::vector<std::int64_t>& rows, std::int64_t count) {
    std::vector<std::vector<std::size_t>> by(static_cast<std::size_t>(count));
    for (const std::int64_t n : rows) {
        const auto at = static_cast<std::size_t>(n);
        by[static_cast<std::size_t>(of_row[at])].push_back(at);
    }
    return by;
}

// Of tr(W K), without s_t.
struct BesideGradient {
    std::array<Matrix<double>, kBesideTerms> platform, module, co_runner;  // no co_runner[0]
    std::array<std::array<double, kKinds>, kBesideTerms> number{};         // of ln ρ, by number of co-runners
};

// Adds up W times the other two factors for one of three.
template <typename TableOf, typename First, typename Second>
void accumulate(MatrixView<const double> weight, const std::vector<std::int64_t>& beside,
                const std::vector<std::int32_t>& own, std::int64_t count, const TableOf& table_of, const First& first,
                const Second& second, core::Team& team) {
    const auto rows = rows_by(own, beside, count);
    dense::Workers(team).each(count, [&](std::int64_t owner) {
        for (const std::size_t u : rows[static_cast<std::size_t>(owner)]) {
            const double* w = weight.data + static_cast<std::ptrdiff_t>(u) * weight.stride;
            for (std::size_t t = 0; t < kBesideTerms; ++t) {
                const std::span<double> to = table_of(t).view().row(owner);
                const auto [a, of_a] = first(t, u);
                const auto [b, of_b] = second(t, u);
                for (const std::int64_t n : beside) {
                    const auto v = static_cast<std::size_t>(n);
                    to[static_cast<std::size_t>(own[v])] +=
                        w[v] * a[static_cast<std::size_t>(of_a[v])] * b[static_cast<std::size_t>(of_b[v])];
                }
            }
        }
    });
}

// The gradient of the table of single co-runners from that of sets.
Matrix<double> of_single(const Matrix<double>& of_sets, const BesideTables& tables, const CoRunnerSets& sets,
                         std::int64_t modules) {
    Matrix<double> single(modules, modules);
    for (std::size_t s = 0; s < sets.sets.size(); ++s) {
        std::vector<double> row(static_cast<std::size_t>(modules), 0.0);
        const auto from = of_sets.view().row(static_cast<std::int64_t>(s));
        for (std::size_t r = 0; r < sets.sets.size(); ++r) {
            for (const std::int32_t k : sets.sets[r]) {
                row[static_cast<std::size_t>(k)] += weight_of(tables, sets.sets[r].size()) * from[r];
            }
        }
        for (const std::int32_t k : sets.sets[s]) {
            const std::span<double> to = single.view().row(k);
            for (std::size_t m = 0; m < to.size(); ++m) {
                to[m] += weight_of(tables, sets.sets[s].size()) * row[m];
            }
        }
    }
    return single;
}

double inner(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

BesideGradient beside_gradient(MatrixView<const double> weight, const BesideTables& tables, const Runs& runs,
                               const CoRunnerSets& sets, const SetTable& set_table, core::Team& team) {
    BesideGradient gradient;
    std::array<Matrix<double>, kBesideTerms> of_sets;
    const std::int64_t platforms = tables.alone.platform_effect.rows();
    const std::int64_t modules = tables.alone.module_effect.rows();
    const std::int64_t count = std::ssize(sets.sets);
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        gradient.platform[t] = Matrix<double>(platforms, platforms);
        gradient.module[t] = Matrix<double>(modules, modules);
        of_sets[t] = Matrix<double>(count, count);
    }
    using Row = std::pair<const double*, const std::int32_t*>;
    const auto of_platform = [&](std::size_t t, std::size_t u) {
        return Row(&tables.platform[t].value(runs.cells.platform[u], 0), runs.cells.platform.data());
    };
    const auto of_module = [&](std::size_t t, std::size_t u) {
        return Row(&tables.module[t].value(runs.cells.module[u], 0), runs.cells.module.data());
    };
    const auto of_set = [&](std::size_t t, std::size_t u) {
        return Row(&set_table.value[t](sets.of_row[u], 0), sets.of_row.data());
    };
    accumulate(
        weight, sets.beside, runs.cells.platform, platforms,
        [&](std::size_t t) -> Matrix<double>& { return gradient.platform[t]; }, of_module, of_set, team);
    accumulate(
        weight, sets.beside, runs.cells.module, modules,
        [&](std::size_t t) -> Matrix<double>& { return gradient.module[t]; }, of_platform, of_set, team);
    accumulate(
        weight, sets.beside, sets.of_row, count, [&](std::size_t t) -> Matrix<double>& { return of_sets[t]; },
        of_platform, of_module, team);
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        if (t > 0) {
            gradient.co_runner[t] = of_single(of_sets[t], tables, sets, modules);
        }
        for (std::size_t s = 0; s < sets.sets.size(); ++s) {
            const auto at = static_cast<std::int64_t>(s);
            gradient.number[t][std::min(sets.sets[s].size(), kKinds - 1)] +=
                2.0 * inner(of_sets[t].view().row(at), set_table.value[t].view().row(at));
        }
    }
    return gradient;
}

void chain_rule(const BesideLayout& layout, const BesideTables& tables, const BesideGradient& gradient,
                const SideDistances& platforms, const SideDistances& modules, std::vector<double>& result) {
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        const double scale = tables.scale[t];
        factor_gradient(layout.platform(t), tables.platform[t], gradient.platform[t], scale, platforms, result);
        factor_gradient(layout.module(t), tables.module[t], gradient.module[t], scale, modules, result);
        result[layout.scale(t)] += scale * inner(gradient.platform[t].flat(), tables.platform[t].value.flat());
        if (t > 0) {
            factor_gradient(layout.co_runner(t), tables.co_runner[t], gradient.co_runner[t], scale, modules, result);
        }
        for (std::size_t kind = 2; kind < kKinds; ++kind) {
            result[layout.number(kind)] += scale * gradient.number[t][kind];
        }
    }
}

void fill(const BesideTables& tables, const Runs& runs, const CoRunnerSets& sets, const SetTable& set_table,
          MatrixView<double> out, core::Team& team) {
    fill_covariance(tables.alone, runs.cells, out, team);
    dense::Workers(team).each(std::ssize(sets.beside), [&](std::int64_t task) {
        const std::int64_t last = std::ssize(sets.beside) - 1 - task;
        const auto u = static_cast<std::size_t>(sets.beside[static_cast<std::size_t>(last)]);
        double* to = out.data + static_cast<std::ptrdiff_t>(u) * out.stride;
        for (std::size_t t = 0; t < kBesideTerms; ++t) {
            const auto of_platform = tables.platform[t].value.view().row(runs.cells.platform[u]);
            const auto of_module = tables.module[t].value.view().row(runs.cells.module[u]);
            const auto of_set = set_table.value[t].view().row(sets.of_row[u]);
            for (std::int64_t b = 0; b <= last; ++b) {
                const auto v = static_cast<std::size_t>(sets.beside[static_cast<std::size_t>(b)]);
                to[v] += tables.scale[t] * of_platform[static_cast<std::size_t>(runs.cells.platform[v])] *
                         of_module[static_cast<std::size_t>(runs.cells.module[v])] *
                         of_set[static_cast<std::size_t>(sets.of_row[v])];
            }
        }
    });
    for (std::size_t u = 0; u < runs.size(); ++u) {
        const auto at = static_cast<std::int64_t>(u);
        out.data[at * out.stride + at] += tables.noise_of(runs, u) / runs.cells.count[u];
    }
}

// From the gradients of the tables, all but that of the noise, and the diagonal of W.
template <typename DiagonalOf>
Likelihood join(const BesideLayout& layout, std::span<const double> values, const BesideTables& tables,
                TableGradient& of_alone, const BesideGradient& of_beside, const GaussianTerms& terms,
                const DiagonalOf& diagonal, const SideDistances& platforms, const SideDistances& modules,
                const Runs& runs, double whole, core::Team& team) {
    Likelihood result;
    result.value = 0.5 * terms.square + terms.half_log_determinant;
    std::array<double, kKinds> of_noise{};
    for (std::size_t u = 0; u < runs.size(); ++u) {
        of_noise[runs.kind(u)] += diagonal(u) / runs.cells.count[u];
    }
    of_alone.noise = of_noise[0];
    result.gradient = hyper_gradient(layout.alone(), values, tables.alone, of_alone, platforms, modules, team);
    result.gradient.resize(layout.size(), 0.0);
    chain_rule(layout, tables, of_beside, platforms, modules, result.gradient);
    const auto size = static_cast<double>(runs.size());
    result.value = result.value / size + 0.5 * std::log(2.0 * std::numbers::pi);
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        const std::size_t place = kind == 0 ? layout.alone().noise() : layout.noise(kind);
        result.gradient[place] += kind == 0 ? 0.0 : tables.noise[kind] * of_noise[kind];
    }
    for (double& g : result.gradient) {
        g /= size;
    }
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        const double within = runs.within_squares[kind] / tables.noise[kind];
        const std::size_t place = kind == 0 ? layout.alone().noise() : layout.noise(kind);
        result.value += 0.5 * (runs.within_freedom[kind] * std::log(tables.noise[kind]) + within) / whole;
        result.gradient[place] += 0.5 * (runs.within_freedom[kind] - within) / whole;
    }
    return result;
}

}  // namespace

Runs gather_runs(const Dataset& dataset, std::span<const core::RowNumbers> rows) {
    Runs runs;
    for (std::size_t p = 0; p < rows.size(); ++p) {
        runs.width = std::max(runs.width, static_cast<std::size_t>(rows[p].empty() ? 0 : dataset.pool(p).width));
    }
    const Scale scale = Scale::logarithmic();
    std::vector<Run> all;
    for (std::size_t p = 0; p < rows.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        for (std::size_t n = 0; n < rows[p].size(); ++n) {
            const auto at = static_cast<std::size_t>(rows[p][n]);
            Run run{table.platform[at], table.module[at], {}, scale.target(table.runtime_us[at])};
            for (const std::int32_t k : table.co_runner.subspan(at * width, width)) {
                if (k >= 0) {
                    run.beside.push_back(k);
                }
            }
            std::ranges::sort(run.beside);
            run.beside.resize(runs.width, -1);
            all.push_back(std::move(run));
        }
    }
    std::ranges::stable_sort(all, [](const Run& a, const Run& b) { return a.key() < b.key(); });
    for (std::size_t first = 0; first < all.size();) {
        std::size_t last = first;
        double sum = 0.0;
        for (; last < all.size() && all[last].key() == all[first].key(); ++last) {
            sum += all[last].target;
        }
        const auto count = static_cast<double>(last - first);
        runs.cells.platform.push_back(all[first].platform);
        runs.cells.module.push_back(all[first].module);
        runs.cells.mean.push_back(sum / count);
        runs.cells.count.push_back(count);
        runs.co_runner.insert(runs.co_runner.end(), all[first].beside.begin(), all[first].beside.end());
        const std::size_t kind = runs.kind(runs.size() - 1);
        for (std::size_t n = first; n < last && count > 1.0; ++n) {
            runs.within_squares[kind] += (all[n].target - sum / count) * (all[n].target - sum / count);
        }
        runs.within_freedom[kind] += count - 1.0;
        first = last;
    }
    return runs;
}

Runs subset_of(const Runs& runs, std::span<const std::int64_t> numbers) {
    Runs some;
    some.cells = subset_of(runs.cells, numbers);
    some.width = runs.width;
    for (const std::int64_t number : numbers) {
        const auto first = runs.co_runner.begin() + number * static_cast<std::int64_t>(runs.width);
        some.co_runner.insert(some.co_runner.end(), first, first + static_cast<std::int64_t>(runs.width));
    }
    some.within_squares = runs.within_squares;
    some.within_freedom = runs.within_freedom;
    return some;
}

BesideLayout::BesideLayout(const SideDistances& platforms, const SideDistances& modules)
    : alone_(platforms, modules, true) {
    size_ = alone_.size();
    const auto factor = [this](const SideDistances& side, std::size_t term) {
        // The last term is smooth: φ(E) = exp(-E).
        const Layout::FactorPlace place{size_, side.groups.size(), size_ + side.groups.size(), term + 1 < kBesideTerms};
        size_ = place.white + 1;
        return place;
    };
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        platform_[t] = factor(platforms, t);
        module_[t] = factor(modules, t);
        if (t > 0) {
            co_runner_[t] = factor(modules, t);
        }
    }
    scale_ = size_;
    number_ = scale_ + kBesideTerms;
    noise_ = number_ + kKinds - 2;
    size_ = noise_ + kKinds - 1;
}

std::vector<double> BesideLayout::start(core::Key key) const {
    // What rows of two public fleets learned, about: distances count for less in h than in f.
    constexpr double kTheta = -2.5;
    constexpr double kWhite = -3.0;
    constexpr double kFirstScale = -4.2;
    constexpr double kScale = -5.0;
    constexpr double kNoise = -7.0;
    // Which of several share a core is chance: from a low noise, learning would not find out that it is high.
    constexpr double kNoiseOfMore = -4.0;
    constexpr double kAloneTheta = -2.0;
    constexpr double kAloneScale = -3.5;
    constexpr double kAloneNoise = -8.0;
    core::Stream draws(key);
    std::vector<double> values = alone_.start(key.fold("alone"));
    values.resize(size_, 0.0);
    const auto factor = [&](const Layout::FactorPlace& place, double theta) {
        for (std::size_t g = 0; g < place.distances; ++g) {
            values[place.theta + g] = theta + 0.3 * draws.normal();
        }
        values[place.white] = kWhite;
    };
    for (std::size_t q = 0; q < kTerms; ++q) {
        factor(alone_.platform(q).value(), kAloneTheta);
        factor(alone_.module(q).value(), kAloneTheta);
        values[alone_.scale(q)] = kAloneScale + 0.1 * draws.normal();
    }
    values[alone_.noise()] = kAloneNoise;
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        factor(platform_[t], kTheta);
        factor(module_[t], kTheta);
        if (t > 0) {
            factor(co_runner_[t], kTheta);
        }
        values[scale(t)] = (t == 0 ? kFirstScale : kScale) + 0.1 * draws.normal();
    }
    for (std::size_t kind = 1; kind < kKinds; ++kind) {
        values[noise(kind)] = kind == 1 ? kNoise : kNoiseOfMore;
    }
    return values;
}

BesideTables make_tables(const BesideLayout& layout, std::span<const double> values, const SideDistances& platforms,
                         const SideDistances& modules, core::Team& team) {
    BesideTables tables;
    tables.alone = make_tables(layout.alone(), values, platforms, modules, team);
    team.share(kBesideTerms * 3, 1, [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t task = first; task < first + count; ++task) {
            const auto t = static_cast<std::size_t>(task / 3);
            if (task % 3 == 0) {
                tables.platform[t] = make_factor(layout.platform(t), values, platforms);
            } else if (task % 3 == 1) {
                tables.module[t] = make_factor(layout.module(t), values, modules);
            } else if (t > 0) {
                tables.co_runner[t] = make_factor(layout.co_runner(t), values, modules);
            }
        }
    });
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        tables.scale[t] = std::exp(values[layout.scale(t)]);
    }
    tables.number[1] = 1.0;
    tables.noise[0] = tables.alone.noise;
    for (std::size_t kind = 1; kind < kKinds; ++kind) {
        tables.noise[kind] = std::exp(values[layout.noise(kind)]);
        if (kind >= 2) {
            tables.number[kind] = std::exp(values[layout.number(kind)]);
        }
    }
    return tables;
}

CoRunnerSets sets_of(const Runs& runs) {
    CoRunnerSets sets;
    sets.of_row.assign(runs.size(), -1);
    std::map<std::vector<std::int32_t>, std::int32_t> numbers;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        const auto set = runs.set(n);
        if (set.empty()) {
            continue;
        }
        sets.beside.push_back(static_cast<std::int64_t>(n));
        const auto [place, fresh] =
            numbers.try_emplace({set.begin(), set.end()}, static_cast<std::int32_t>(sets.sets.size()));
        if (fresh) {
            sets.sets.push_back(place->first);
        }
        sets.of_row[n] = place->second;
    }
    return sets;
}

void fill_covariance(const BesideTables& tables, const Runs& runs, MatrixView<double> out, core::Team& team) {
    const CoRunnerSets sets = sets_of(runs);
    fill(tables, runs, sets, make_set_table(tables, sets, team), out, team);
}

std::optional<Likelihood> likelihood(const BesideLayout& layout, std::span<const double> values,
                                     const SideDistances& platforms, const SideDistances& modules, const Runs& runs,
                                     std::span<const double> target, double whole, core::Team& team) {
    const BesideTables tables = make_tables(layout, values, platforms, modules, team);
    const CoRunnerSets sets = sets_of(runs);
    const SetTable set_table = make_set_table(tables, sets, team);
    const std::int64_t n = std::ssize(target);
    Matrix<double> matrix(n, n);
    fill(tables, runs, sets, set_table, matrix.view(), team);
    const auto terms = weigh_covariance(matrix.view(), target, team);
    if (!terms) {
        return {};
    }
    TableGradient of_alone = table_gradient(matrix.view(), tables.alone, runs.cells, team);
    const BesideGradient of_beside = beside_gradient(matrix.view(), tables, runs, sets, set_table, team);
    const auto diagonal = [&](std::size_t u) {
        return matrix(static_cast<std::int64_t>(u), static_cast<std::int64_t>(u));
    };
    return join(layout, values, tables, of_alone, of_beside, *terms, diagonal, platforms, modules, runs, whole, team);
}

Result<std::optional<Likelihood>> likelihood(const BesideLayout& layout, std::span<const double> values,
                                             const SideDistances& platforms, const SideDistances& modules,
                                             const Runs& runs, std::span<const double> target, double whole,
                                             const Machine& machine) {
    if (machine.device() == nullptr) {
        return likelihood(layout, values, platforms, modules, runs, target, whole, machine.team());
    }
    const BesideTables tables = make_tables(layout, values, platforms, modules, machine);
    const DeviceRows rows(tables, runs);
    PITOT_TRY(auto weighed, machine.device()->weigh(device_covariance(tables), rows.view(), target));
    if (!weighed) {
        return std::optional<Likelihood>();
    }
    TableGradient of_alone = take_table_gradient(tables.alone, *weighed);
    BesideGradient of_beside;
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        auto& from = weighed->terms[tables.alone.terms + 2 + t];
        of_beside.platform[t] = std::move(from.platform);
        of_beside.module[t] = std::move(from.module);
        of_beside.co_runner[t] = std::move(from.co_runner);
        for (std::size_t u = 0; u < runs.size(); ++u) {
            of_beside.number[t][runs.kind(u)] += 2.0 * from.of_row[u];
        }
    }
    return join(
        layout, values, tables, of_alone, of_beside, {weighed->half_log_determinant, weighed->square},
        [&](std::size_t u) { return weighed->diagonal[u]; }, platforms, modules, runs, whole, machine);
}

}  // namespace pitot::models::kernel
