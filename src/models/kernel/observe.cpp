#include "models/kernel/observe.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "models/kernel/deviation.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

// Runs of one combination.
struct CellRuns {
    double count = 0.0;
    double mean = 0.0;
    double squares = 0.0;  // of deviations from the mean

    // Two sets of runs as one (Chan, Golub and LeVeque 1979).
    [[nodiscard]] CellRuns joined(const CellRuns& other) const {
        const double all = count + other.count;
        const double apart = other.mean - mean;
        return {all, mean + apart * other.count / all,
                squares + other.squares + apart * apart * count * other.count / all};
    }
};

// A combination: platform, module and co-runners, ascending, then -1.
using Place = std::tuple<std::int32_t, std::int32_t, std::vector<std::int32_t>>;

std::map<Place, CellRuns> by_combination(const NewRuns& runs, std::size_t width) {
    std::map<Place, CellRuns> combinations;
    const auto own = static_cast<std::size_t>(runs.width);
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        std::vector<std::int32_t> beside;
        std::ranges::copy_if(runs.co_runner.subspan(n * own, own), std::back_inserter(beside),
                             [](std::int32_t k) { return k >= 0; });
        std::ranges::sort(beside);
        beside.resize(width, -1);
        CellRuns& known = combinations[{runs.platform[n], runs.module[n], std::move(beside)}];
        known = known.joined({1.0, runs.target[n], 0.0});
    }
    return combinations;
}

// Takes combinations in their order.
class Merger {
public:
    Merger(const Runs& before, std::size_t width) : before_(before) {
        to_.runs.width = width;
        to_.runs.within_squares = before.within_squares;
        to_.runs.within_freedom = before.within_freedom;
    }

    [[nodiscard]] Place place(std::size_t n) const {
        const auto set = before_.set(n);
        std::vector<std::int32_t> beside(set.begin(), set.end());
        beside.resize(to_.runs.width, -1);
        return {before_.cells.platform[n], before_.cells.module[n], std::move(beside)};
    }
    // One that was known, with more runs or without.
    void keep(const Place& place, std::size_t n, const CellRuns* more) {
        const CellRuns known{before_.cells.count[n], before_.cells.mean[n], 0.0};
        const CellRuns all = more == nullptr ? known : known.joined(*more);
        add(place, all, static_cast<std::int64_t>(n), more != nullptr);
        if (more != nullptr) {
            tell(all.squares, more->count);
        }
    }
    void add_new(const Place& place, const CellRuns& runs) {
        add(place, runs, -1, true);
        tell(runs.squares, runs.count - 1.0);
    }
    [[nodiscard]] MergedRuns finished() && { return std::move(to_); }

private:
    void add(const Place& place, const CellRuns& all, std::int64_t from, bool changed) {
        const auto& [platform, module, beside] = place;
        to_.runs.cells.platform.push_back(platform);
        to_.runs.cells.module.push_back(module);
        to_.runs.cells.mean.push_back(all.mean);
        to_.runs.cells.count.push_back(all.count);
        to_.runs.co_runner.insert(to_.runs.co_runner.end(), beside.begin(), beside.end());
        to_.from.push_back(from);
        to_.changed.push_back(changed);
    }
    // What runs within the combination added last tell of the noise.
    void tell(double squares, double freedom) {
        const std::size_t kind = to_.runs.kind(to_.runs.size() - 1);
        to_.runs.within_squares[kind] += squares;
        to_.runs.within_freedom[kind] += freedom;
    }

    const Runs& before_;
    MergedRuns to_;
};

// Values of combinations where they are now; new ones have 0.
std::vector<double> moved(const std::vector<double>& values, const std::vector<std::int64_t>& from) {
    std::vector<double> result(from.size(), 0.0);
    for (std::size_t n = 0; n < from.size(); ++n) {
        result[n] = from[n] < 0 ? 0.0 : values[static_cast<std::size_t>(from[n])];
    }
    return result;
}

// A grid with rows and columns of 0 behind it.
Matrix<double> grown(const Matrix<double>& grid, const Matrix<double>& like) {
    Matrix<double> more(like.rows(), like.cols());
    for (std::int64_t i = 0; i < grid.rows(); ++i) {
        std::ranges::copy(grid.view().row(i), more.view().row(i).begin());
    }
    return more;
}

// Platforms whose deviations are computed again: with a new module, every platform has a pair more.
std::vector<std::int64_t> affected_platforms(const KernelState& state, const KernelAnswers& before,
                                             const FoldedIn& after, const Tables& tables,
                                             const std::vector<bool>& changed) {
    const bool beside = knows_co_runners(state);
    std::vector<std::int64_t> affected;
    if (after.answers.mean.cols() > before.mean.cols()) {
        affected.resize(static_cast<std::size_t>(after.answers.mean.rows()));
        std::iota(affected.begin(), affected.end(), 0);
        return affected;
    }
    affected = platforms_affected(tables, beside ? state.beside.runs.cells : state.cells,
                                  beside ? after.state.beside.runs.cells : after.state.cells, changed, kNearCells);
    std::erase_if(affected, [&](std::int64_t p) { return p >= before.mean.rows(); });
    for (std::int64_t p = before.mean.rows(); p < after.answers.mean.rows(); ++p) {
        affected.push_back(p);
    }
    return affected;
}

// α of the state that learned from all runs, and what follows of means.
Result<void> solve_for(const PreparedTables& prepared, MergedRuns& merged, const SolveOptions& options,
                       core::Team& team, FoldedIn& after) {
    KernelState& state = after.state;
    const bool beside = knows_co_runners(state);
    std::vector<double> target;
    target.reserve(merged.runs.size());
    for (const double mean : merged.runs.cells.mean) {
        target.push_back(mean - state.constant);
    }
    const std::vector<double> start = moved(beside ? state.beside.alpha : state.alpha, merged.from);
    const auto go_on = [] { return true; };
    if (!beside) {
        state.cells = cells_of(merged.runs);
        PITOT_TRY(auto solution, solve(prepared.tables.alone, state.cells, target, options, team, go_on, start));
        state.alpha = std::move(solution.alpha);
        state.residual = solution.residual;
        after.answers.mean = mean_grid(state, prepared.tables.alone, team);
        return {};
    }
    PITOT_TRY(auto solution, solve(prepared.tables, merged.runs, target, options, team, go_on, start));
    state.beside.alpha = std::move(solution.alpha);
    state.beside.residual = solution.residual;
    if (!state.beside.first_alpha.empty()) {  // distances stay: new runs say nothing of them
        state.beside.first_alpha = moved(state.beside.first_alpha, merged.from);
    }
    state.beside.runs = std::move(merged.runs);
    take_alone(state);
    after.answers = means_beside(state, prepared.tables, team);
    return {};
}

// Deviations of platforms that have new runs near them; the others' stay.
Result<void> update_answers(const KernelState& state, const KernelAnswers& before, const PreparedTables& prepared,
                            const std::vector<bool>& changed, FoldedIn& after, core::Team& team) {
    KernelAnswers& answers = after.answers;
    const Tables& tables = prepared.tables.alone;
    const std::vector<std::int64_t> affected = affected_platforms(state, before, after, tables, changed);
    answers.deviation = grown(before.deviation, answers.mean);
    if (!knows_co_runners(state)) {
        return update_deviation(tables, after.state.cells, kNearCells, affected, answers.deviation, team);
    }
    answers.beside_deviation = grown(before.beside_deviation, answers.mean);
    return update_deviations(prepared.tables, after.state.beside.runs, kNearCells, affected, answers.deviation,
                             answers.beside_deviation, team);
}

}  // namespace

Runs runs_of(const Cells& cells) {
    Runs runs;
    runs.cells = cells;
    runs.within_squares[0] = cells.within_squares;
    runs.within_freedom[0] = cells.within_freedom;
    return runs;
}

Cells cells_of(const Runs& runs) {
    Cells cells = runs.cells;
    cells.within_squares = runs.within_squares[0];
    cells.within_freedom = runs.within_freedom[0];
    return cells;
}

MergedRuns merge_runs(const Runs& before, const NewRuns& more) {
    const std::size_t width = std::max(before.width, static_cast<std::size_t>(more.width));
    const std::map<Place, CellRuns> added = by_combination(more, width);
    Merger merger(before, width);
    auto next = added.begin();
    for (std::size_t n = 0; n < before.size(); ++n) {
        const Place place = merger.place(n);
        for (; next != added.end() && next->first < place; ++next) {
            merger.add_new(next->first, next->second);
        }
        const bool again = next != added.end() && next->first == place;
        merger.keep(place, n, again ? &next->second : nullptr);
        if (again) {
            ++next;
        }
    }
    for (; next != added.end(); ++next) {
        merger.add_new(next->first, next->second);
    }
    return std::move(merger).finished();
}

Result<FoldedIn> fold_in(const KernelState& state, const KernelAnswers& before, const PreparedTables& prepared,
                         const NewRuns& runs, core::Team& team, const SolveOptions& options) {
    MergedRuns merged = merge_runs(knows_co_runners(state) ? state.beside.runs : runs_of(state.cells), runs);
    FoldedIn after{clone_state(state), {}};
    if (auto ok = solve_for(prepared, merged, options, team, after); !ok) {
        return Failure(ok.error());
    }
    if (auto ok = update_answers(state, before, prepared, merged.changed, after, team); !ok) {
        return Failure(ok.error());
    }
    return after;
}

}  // namespace pitot::models::kernel
