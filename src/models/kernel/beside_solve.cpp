#include "models/kernel/beside_solve.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "backend/dense_algebra.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/device_terms.hpp"
#include "models/kernel/grid.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

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

// Products with the covariance of h, and of rows alone and beside others together.
class Products {
public:
    Products(const BesideTables& tables, const Runs& runs)
        : tables_(tables),
          runs_(runs),
          platforms_(tables.alone.platform_effect.rows()),
          modules_(tables.alone.module_effect.rows()) {
        first_.assign(static_cast<std::size_t>(platforms_) + 1, 0);
        for (std::size_t n = 0; n < runs.size(); ++n) {
            const auto set = runs.set(n);
            const double weight = tables.number[std::min(set.size(), kKinds - 1)];
            for (const std::int32_t k : set) {
                members_.push_back({n, runs.cells.platform[n], k, runs.cells.module[n], weight});
                ++first_[static_cast<std::size_t>(runs.cells.platform[n]) + 1];
            }
        }
        std::partial_sum(first_.begin(), first_.end(), first_.begin());
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
                        tables_.noise_of(runs_, n) / runs_.cells.count[n] * v[n];
        }
        const std::vector<double> weighed = weigh(v);
        dense::Workers(team).each(platforms_, [&](std::int64_t i) { add_row(i, weighed, result); });
        return result;
    }

    // h(i, j, k) of all co-runners k and modules j.
    void fill_grid(std::int64_t i, const std::vector<double>& weighed, MatrixView<float> to) const {
        core::Team alone(1);
        Matrix<double> half(modules_, modules_);
        Matrix<double> sum(modules_, modules_);
        for (std::size_t t = 1; t < kBesideTerms; ++t) {
            spread(t, i, weighed, half, alone);
            dense::multiply<double>(half.view(), tables_.module[t].value.view(), sum.view(), {1.0, 1.0}, alone);
        }
        const std::vector<double> common = common_part(i, weighed);
        for (std::int64_t k = 0; k < modules_; ++k) {
            for (std::int64_t j = 0; j < modules_; ++j) {
                to.data[k * to.stride + j] = static_cast<float>(sum(k, j) + common[static_cast<std::size_t>(j)]);
            }
        }
    }

    // v of every member of a row's set, times ρ.
    [[nodiscard]] std::vector<double> weigh(const std::vector<double>& v) const {
        std::vector<double> weighed;
        weighed.reserve(members_.size());
        for (const Member& member : members_) {
            weighed.push_back(member.weight * v[member.row]);
        }
        return weighed;
    }

private:
    struct Member {
        std::size_t row = 0;
        std::int32_t platform = 0, co_runner = 0, module = 0;
        double weight = 0.0;
    };

    // s_t Kc_t B with B(k, j) = Σ Kp_t(i, i') v over members of platforms i'.
    void spread(std::size_t t, std::int64_t i, const std::vector<double>& weighed, Matrix<double>& to,
                core::Team& alone) const {
        Matrix<double> table(modules_, modules_);
        const auto of_platform = tables_.platform[t].value.view().row(i);
        const std::span<double> flat = table.flat();
        for (std::size_t m = 0; m < members_.size(); ++m) {
            const Member& member = members_[m];
            flat[static_cast<std::size_t>(member.co_runner * modules_ + member.module)] +=
                of_platform[static_cast<std::size_t>(member.platform)] * weighed[m];
        }
        dense::multiply<double>(tables_.co_runner[t].value.view(), table.view(), to.view(), {tables_.scale[t], 0.0},
                                alone);
    }

    // Of term 0: what any co-runner does.
    [[nodiscard]] std::vector<double> common_part(std::int64_t i, const std::vector<double>& weighed) const {
        std::vector<double> sums(static_cast<std::size_t>(modules_), 0.0);
        const auto of_platform = tables_.platform[0].value.view().row(i);
        for (std::size_t m = 0; m < members_.size(); ++m) {
            sums[static_cast<std::size_t>(members_[m].module)] +=
                of_platform[static_cast<std::size_t>(members_[m].platform)] * weighed[m];
        }
        std::vector<double> common(sums.size(), 0.0);
        for (std::size_t j = 0; j < sums.size(); ++j) {
            const auto row = tables_.module[0].value.view().row(static_cast<std::int64_t>(j));
            common[j] = tables_.scale[0] * std::inner_product(row.begin(), row.end(), sums.begin(), 0.0);
        }
        return common;
    }

    // Adds the product's part of h to the rows of one platform.
    void add_row(std::int64_t i, const std::vector<double>& weighed, std::vector<double>& result) const {
        const auto [first, last] = members_of(i);
        if (first == last) {
            return;
        }
        core::Team alone(1);
        Matrix<double> half(modules_, modules_);
        for (std::size_t t = 1; t < kBesideTerms; ++t) {
            spread(t, i, weighed, half, alone);
            for (std::size_t m = first; m < last; ++m) {
                const Member& member = members_[m];
                const auto from = half.view().row(member.co_runner);
                const auto of_module = tables_.module[t].value.view().row(member.module);
                result[member.row] +=
                    member.weight * std::inner_product(from.begin(), from.end(), of_module.begin(), 0.0);
            }
        }
        const std::vector<double> common = common_part(i, weighed);
        for (std::size_t m = first; m < last; ++m) {
            result[members_[m].row] += members_[m].weight * common[static_cast<std::size_t>(members_[m].module)];
        }
    }

    [[nodiscard]] std::pair<std::size_t, std::size_t> members_of(std::int64_t platform) const {
        const auto at = static_cast<std::size_t>(platform);
        return {first_[at], first_[at + 1]};
    }

    const BesideTables& tables_;
    const Runs& runs_;
    std::int64_t platforms_, modules_;
    std::vector<Member> members_;     // by platform
    std::vector<std::size_t> first_;  // of each platform, and their end
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

// What to ask about a platform: modules alone, then beside each typical co-runner.
Runs questions_of(std::int64_t platform, std::span<const std::int32_t> modules, std::size_t width,
                  const std::vector<std::int32_t>& typical) {
    Runs asked;
    asked.width = width;
    const auto add = [&](std::int32_t co_runner) {
        for (const std::int32_t j : modules) {
            asked.cells.platform.push_back(static_cast<std::int32_t>(platform));
            asked.cells.module.push_back(j);
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

// Numbers of the rows of the platforms nearest one, then of its own rows, whose part of the inverse is that of the
// factor's last block; how many are the others'.
std::pair<std::vector<std::int64_t>, std::int64_t> rows_near(
    const std::vector<std::pair<std::size_t, std::size_t>>& pieces, const Matrix<double>& spread, std::int64_t platform,
    std::int64_t near_rows) {
    std::vector<std::size_t> others(pieces.size());
    std::iota(others.begin(), others.end(), std::size_t{0});
    std::ranges::stable_sort(others, {}, [&](std::size_t q) { return spread(platform, static_cast<std::int64_t>(q)); });
    std::vector<std::int64_t> numbers;
    const auto append_piece = [&](std::size_t q) {
        for (std::size_t n = pieces[q].first; n < pieces[q].second; ++n) {
            numbers.push_back(static_cast<std::int64_t>(n));
        }
    };
    for (const std::size_t q : others) {
        if (std::cmp_equal(q, platform)) {
            continue;
        }
        const auto count = static_cast<std::int64_t>(pieces[q].second - pieces[q].first);
        if (!numbers.empty() && std::ssize(numbers) + count > near_rows) {
            break;
        }
        append_piece(q);
    }
    const auto near = std::ssize(numbers);
    append_piece(static_cast<std::size_t>(platform));
    return {std::move(numbers), near};
}

// What deviations of platforms are computed from.
struct Neighbours {
    const BesideTables& tables;
    const Runs& runs;
    std::int64_t near_rows;
    std::vector<std::int32_t> typical;
    std::vector<std::pair<std::size_t, std::size_t>> pieces;
    Matrix<double> spread;
};

// Fills deviations of some modules on a platform from the variances of what is asked about them.
void set_deviations(const Neighbours& all, std::int64_t platform, std::span<const std::int32_t> modules,
                    std::span<const double> variance, BesideUncertainty& result) {
    const std::int64_t asked = std::ssize(modules);
    std::ranges::fill(result.alone.view().row(platform), 0.0);
    std::ranges::fill(result.beside.view().row(platform), 0.0);
    const auto each = 1.0 / static_cast<double>(std::max<std::size_t>(all.typical.size(), 1));
    for (std::int64_t u = 0; u < std::ssize(variance); ++u) {
        const double noise =
            all.tables.noise[u < asked ? 0 : 1] + all.tables.alone.noise_beyond(static_cast<std::int32_t>(platform));
        (u < asked ? result.alone : result.beside)(platform, modules[static_cast<std::size_t>(u % asked)]) +=
            (u < asked ? 1.0 : each) * std::max(variance[static_cast<std::size_t>(u)], noise);
    }
    for (Matrix<double>* grid : {&result.alone, &result.beside}) {
        for (double& v : grid->view().row(platform)) {
            v = std::sqrt(v);
        }
    }
}

// Fills deviations of some modules on a platform and its runs' precisions; false if the matrix is not positive
// definite.
bool deviations_on(const Neighbours& all, std::int64_t platform, const std::vector<std::int32_t>& modules,
                   BesideUncertainty& result) {
    const auto [numbers, near] = rows_near(all.pieces, all.spread, platform, all.near_rows);
    Runs some = subset_of(all.runs, numbers);
    const auto known = std::ssize(numbers);
    append(questions_of(platform, modules, all.runs.width, all.typical), some);
    Matrix<double> joint(std::ssize(some.cells.mean), std::ssize(some.cells.mean));
    core::Team alone(1);
    fill_covariance(all.tables, some, joint.view(), alone);
    const MatrixView<double> factor = joint.view().row_range(0, known).columns(0, known);
    if (dense::cholesky(factor, alone)) {
        return false;
    }
    const std::size_t own = all.pieces[static_cast<std::size_t>(platform)].first;
    std::ranges::copy(inverse_diagonal(joint.view().row_range(near, known - near).columns(near, known - near)),
                      result.precision.begin() + static_cast<std::ptrdiff_t>(own));
    const MatrixView<double> rest = joint.view().row_range(known, joint.rows() - known);
    dense::solve_lower_rows<double>(factor, rest.columns(0, known), alone);
    std::vector<double> variance;
    for (std::int64_t u = 0; u < rest.rows; ++u) {
        variance.push_back(joint(known + u, known + u));  // with a run's noise
        for (std::int64_t n = 0; n < known; ++n) {
            variance.back() -= rest(u, n) * rest(u, n);
        }
    }
    set_deviations(all, platform, modules, variance, result);
    return true;
}

// What a device is asked about some platforms, and the rows that it is asked of.
Result<void> deviations_on_device(backend::device::Device& device, const Neighbours& all,
                                  std::span<const std::int64_t> some,
                                  const std::function<std::span<const std::int32_t>(std::int64_t platform)>& modules_of,
                                  BesideUncertainty& result) {
    Runs with_asked = all.runs;
    std::vector<backend::device::Question> questions;
    std::vector<std::int64_t> platforms;
    for (const std::int64_t platform : some) {
        const auto modules = modules_of(platform);
        if (modules.empty()) {
            continue;
        }
        auto [numbers, near] = rows_near(all.pieces, all.spread, platform, all.near_rows);
        backend::device::Question question{std::move(numbers), 0, {}};
        question.own = std::ssize(question.known) - near;
        const std::size_t first = with_asked.size();
        append(questions_of(platform, modules, all.runs.width, all.typical), with_asked);
        question.asked.resize(with_asked.size() - first);
        std::iota(question.asked.begin(), question.asked.end(), static_cast<std::int64_t>(first));
        questions.push_back(std::move(question));
        platforms.push_back(platform);
    }
    const DeviceRows rows(all.tables, with_asked);
    PITOT_TRY(const auto answers, device.ask(device_covariance(all.tables), rows.view(), questions));
    if (!answers) {
        return indefinite();
    }
    for (std::size_t k = 0; k < platforms.size(); ++k) {
        const std::size_t own = all.pieces[static_cast<std::size_t>(platforms[k])].first;
        std::ranges::copy((*answers)[k].precision, result.precision.begin() + static_cast<std::ptrdiff_t>(own));
        set_deviations(all, platforms[k], modules_of(platforms[k]), (*answers)[k].variance, result);
    }
    return {};
}

Result<void> all_good(const std::vector<char>& good) {
    if (std::ranges::find(good, 0) != good.end()) {
        return indefinite();
    }
    return {};
}

Result<void> compute_deviations(const BesideTables& tables, const Runs& runs, std::int64_t near_rows,
                                std::span<const std::int64_t> some, BesideUncertainty& result, const Machine& machine) {
    const Neighbours all{tables,
                         runs,
                         near_rows,
                         typical_co_runners(tables),
                         pieces_by_platform(runs, tables.alone.platform_effect.rows()),
                         platform_spread(tables.alone)};
    std::vector<std::int32_t> every(static_cast<std::size_t>(tables.alone.module_effect.rows()));
    std::iota(every.begin(), every.end(), 0);
    if (machine.device() != nullptr) {
        return deviations_on_device(
            *machine.device(), all, some,
            [&](std::int64_t /*platform*/) { return std::span<const std::int32_t>(every); }, result);
    }
    std::vector<char> good(some.size(), 0);
    dense::Workers(machine.team()).each(std::ssize(some), [&](std::int64_t k) {
        const auto at = static_cast<std::size_t>(k);
        good[at] = deviations_on(all, some[at], every, result) ? 1 : 0;
    });
    return all_good(good);
}

}  // namespace

Result<Solution> solve(const BesideTables& tables, const Runs& runs, const std::vector<double>& target,
                       const SolveOptions& options, const Machine& machine, const std::function<bool()>& go_on,
                       const std::vector<double>& start) {
    if (machine.device() != nullptr) {
        const DeviceRows rows(tables, runs);
        return solve(*machine.device(), device_covariance(tables), rows.view(), platform_spread(tables.alone), target,
                     options, go_on, start);
    }
    core::Team& team = machine.team();
    const Products products(tables, runs);
    const auto fill = [&](std::span<const std::int64_t> rows, MatrixView<double> out, core::Team& workers) {
        fill_covariance(tables, subset_of(runs, rows), out, workers);
    };
    const auto times = [&](const std::vector<double>& v) { return products.times(v, team); };
    return solve({runs.cells.platform, platform_spread(tables.alone), fill, times}, target, options, team, go_on,
                 start);
}

double BesideGrid::operator()(std::int32_t platform, std::int32_t module,
                              std::span<const std::int32_t> co_runners) const {
    const std::int64_t first = platform * one.cols();
    double sum = 0.0;
    std::size_t count = 0;
    for (const std::int32_t k : co_runners) {
        if (k >= 0) {
            sum += static_cast<double>(one(first + k, module));
            ++count;
        }
    }
    return number[std::min(count, kKinds - 1)] * sum;
}

BesideGrid make_grid(const BesideTables& tables, const Runs& runs, const std::vector<double>& alpha, core::Team& team) {
    const std::int64_t platforms = tables.alone.platform_effect.rows();
    const std::int64_t modules = tables.alone.module_effect.rows();
    const Products products(tables, runs);
    const std::vector<double> weighed = products.weigh(alpha);
    BesideGrid grid{Matrix<float>(platforms * modules, modules), tables.number};
    dense::Workers(team).each(platforms, [&](std::int64_t i) {
        products.fill_grid(i, weighed, grid.one.view().row_range(i * modules, modules));
    });
    return grid;
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
                                            const Machine& machine) {
    const std::int64_t platforms = tables.alone.platform_effect.rows();
    const std::int64_t modules = tables.alone.module_effect.rows();
    BesideUncertainty result{Matrix<double>(platforms, modules), Matrix<double>(platforms, modules),
                             std::vector<double>(runs.size(), 0.0)};
    std::vector<std::int64_t> every(static_cast<std::size_t>(platforms));
    std::iota(every.begin(), every.end(), 0);
    if (auto ok = compute_deviations(tables, runs, near_rows, every, result, machine); !ok) {
        return Failure(ok.error());
    }
    return result;
}

Result<Matrix<double>> deviations_alone(const BesideTables& tables, const Runs& runs, std::int64_t near_rows,
                                        const std::vector<std::vector<std::int32_t>>& wanted, const Machine& machine) {
    const std::int64_t platforms = tables.alone.platform_effect.rows();
    const std::int64_t modules = tables.alone.module_effect.rows();
    const Neighbours all{
        tables, runs, near_rows, {}, pieces_by_platform(runs, platforms), platform_spread(tables.alone)};
    BesideUncertainty result{Matrix<double>(platforms, modules), Matrix<double>(platforms, modules),
                             std::vector<double>(runs.size(), 0.0)};
    if (machine.device() != nullptr) {
        std::vector<std::int64_t> some(wanted.size());
        std::iota(some.begin(), some.end(), 0);
        const auto modules_of = [&](std::int64_t platform) {
            return std::span<const std::int32_t>(wanted[static_cast<std::size_t>(platform)]);
        };
        if (auto ok = deviations_on_device(*machine.device(), all, some, modules_of, result); !ok) {
            return Failure(ok.error());
        }
        return std::move(result.alone);
    }
    std::vector<char> good(wanted.size(), 1);
    dense::Workers(machine.team()).each(std::ssize(wanted), [&](std::int64_t p) {
        const auto at = static_cast<std::size_t>(p);
        good[at] = wanted[at].empty() || deviations_on(all, p, wanted[at], result) ? 1 : 0;
    });
    if (auto ok = all_good(good); !ok) {
        return Failure(ok.error());
    }
    return std::move(result.alone);
}

Result<void> update_deviations(const BesideTables& tables, const Runs& runs, std::int64_t near_rows,
                               std::span<const std::int64_t> some, Matrix<double>& alone, Matrix<double>& beside,
                               core::Team& team) {
    BesideUncertainty result{std::move(alone), std::move(beside), std::vector<double>(runs.size(), 0.0)};
    auto done = compute_deviations(tables, runs, near_rows, some, result, team);
    alone = std::move(result.alone);
    beside = std::move(result.beside);
    return done;
}

}  // namespace pitot::models::kernel
