#include "models/kernel/observe.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "models/kernel/deviation.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

// Runs of one cell.
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

using Place = std::pair<std::int32_t, std::int32_t>;

std::map<Place, CellRuns> by_cell(const NewRuns& runs) {
    std::map<Place, CellRuns> cells;
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        CellRuns& cell = cells[{runs.platform[n], runs.module[n]}];
        cell = cell.joined({1.0, runs.target[n], 0.0});
    }
    return cells;
}

void append(Cells& cells, Place place, const CellRuns& runs) {
    cells.platform.push_back(place.first);
    cells.module.push_back(place.second);
    cells.mean.push_back(runs.mean);
    cells.count.push_back(runs.count);
}

// Cells after runs, with a guess of each cell's α and whether it changed.
struct Merged {
    Cells cells{};
    std::vector<double> alpha{};
    std::vector<bool> changed{};
};

Merged merge(const Cells& before, const std::vector<double>& alpha, const NewRuns& runs) {
    const std::map<Place, CellRuns> more = by_cell(runs);
    Merged after;
    after.cells.within_squares = before.within_squares;
    after.cells.within_freedom = before.within_freedom;
    auto next = more.begin();
    const auto add = [&](Place place, const CellRuns& all, double guess, bool changed) {
        append(after.cells, place, all);
        after.alpha.push_back(guess);
        after.changed.push_back(changed);
    };
    const auto add_new = [&] {
        add(next->first, next->second, 0.0, true);
        after.cells.within_squares += next->second.squares;
        after.cells.within_freedom += next->second.count - 1.0;
        ++next;
    };
    for (std::size_t n = 0; n < before.size(); ++n) {
        const Place place{before.platform[n], before.module[n]};
        while (next != more.end() && next->first < place) {
            add_new();
        }
        const double guess = alpha.empty() ? 0.0 : alpha[n];
        const CellRuns known{before.count[n], before.mean[n], 0.0};
        if (next == more.end() || next->first != place) {
            add(place, known, guess, false);
            continue;
        }
        const CellRuns all = known.joined(next->second);
        add(place, all, guess, true);
        after.cells.within_squares += all.squares;
        after.cells.within_freedom += next->second.count;
        ++next;
    }
    while (next != more.end()) {
        add_new();
    }
    return after;
}

// Platforms whose deviations are computed again: with a new module, every platform has a pair more.
std::vector<std::int64_t> affected_platforms(const KernelState& state, const KernelAnswers& before,
                                             const FoldedIn& after, const Tables& tables,
                                             const std::vector<bool>& changed) {
    std::vector<std::int64_t> affected;
    if (after.answers.mean.cols() > before.mean.cols()) {
        affected.resize(static_cast<std::size_t>(after.answers.mean.rows()));
        std::iota(affected.begin(), affected.end(), 0);
        return affected;
    }
    affected = platforms_affected(tables, state.cells, after.state.cells, changed, kNearCells);
    std::erase_if(affected, [&](std::int64_t p) { return p >= before.mean.rows(); });
    for (std::int64_t p = before.mean.rows(); p < after.answers.mean.rows(); ++p) {
        affected.push_back(p);
    }
    return affected;
}

}  // namespace

Cells merge_runs(const Cells& cells, const NewRuns& runs) { return merge(cells, {}, runs).cells; }

Result<FoldedIn> fold_in(const KernelState& state, const KernelAnswers& before, const PreparedTables& prepared,
                         const NewRuns& runs, core::Team& team, const SolveOptions& options) {
    const Tables& tables = prepared.tables;
    Merged merged = merge(state.cells, state.alpha, runs);
    FoldedIn after{clone_state(state), {}};
    after.state.cells = std::move(merged.cells);
    std::vector<double> target;
    target.reserve(after.state.cells.size());
    for (const double mean : after.state.cells.mean) {
        target.push_back(mean - state.constant);
    }
    PITOT_TRY(auto solution, solve(
                                 tables, after.state.cells, target, options, team, [] { return true; }, merged.alpha));
    after.state.alpha = std::move(solution.alpha);
    after.state.residual = solution.residual;
    after.answers.mean = mean_grid(after.state, tables, team);
    after.answers.deviation = Matrix<double>(after.answers.mean.rows(), after.answers.mean.cols());
    for (std::int64_t i = 0; i < before.deviation.rows(); ++i) {
        std::ranges::copy(before.deviation.view().row(i), after.answers.deviation.view().row(i).begin());
    }
    const std::vector<std::int64_t> affected = affected_platforms(state, before, after, tables, merged.changed);
    if (auto ok = update_deviation(tables, after.state.cells, kNearCells, affected, after.answers.deviation, team);
        !ok) {
        return Failure(ok.error());
    }
    return after;
}

}  // namespace pitot::models::kernel
