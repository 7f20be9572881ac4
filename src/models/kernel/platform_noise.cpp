#include "models/kernel/platform_noise.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <utility>

#include "models/kernel/held_out.hpp"
#include "models/scale.hpp"

namespace pitot::models::kernel {
namespace {

constexpr double kChiSquareMedian = 0.4549;  // of one degree of freedom
constexpr std::size_t kManyCells = 2000;
constexpr std::size_t kFewCells = 5;  // held out: no platform of fewer is told apart

// Of a platform's cells held out, each times the runs that its mean is of: noise counts as that of one run.
struct Residuals {
    std::vector<double> square;
    std::vector<double> expected;  // the variance of what is left out, as the state has it

    // How many times as large as expected squares are.
    [[nodiscard]] double ratio() const;
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::ranges::nth_element(values, middle);
    return *middle;
}

double Residuals::ratio() const {
    std::vector<double> ratios;
    std::ranges::transform(square, expected, std::back_inserter(ratios), std::divides<>());
    return median(std::move(ratios)) / kChiSquareMedian;
}

// Whether nine in ten platforms with cells enough to tell have as many held out.
bool enough(const std::vector<Residuals>& residuals, const std::vector<std::size_t>& cells_of) {
    std::size_t could = 0;
    std::size_t has = 0;
    for (std::size_t p = 0; p < residuals.size(); ++p) {
        could += cells_of[p] >= kFewCells ? 1U : 0U;
        has += residuals[p].square.size() >= kFewCells ? 1U : 0U;
    }
    return 10 * has >= 9 * could;
}

// By platform. A seventh of the cells is held out at a time, until they are enough.
Result<std::vector<Residuals>> residuals_held_out(const KernelState& state, const KernelAnswers& answers,
                                                  const Side& platforms, const Side& modules, core::Key key,
                                                  const Machine& machine, const std::function<bool()>& go_on) {
    constexpr std::uint64_t kParts = 7;
    std::vector<Residuals> residuals(static_cast<std::size_t>(platforms.size()));
    std::vector<std::size_t> cells_of(residuals.size(), 0);
    for (const std::int32_t platform : state.cells.platform) {
        ++cells_of[static_cast<std::size_t>(platform)];
    }
    const bool few = state.cells.size() < kManyCells;  // these have every part's turn
    for (std::uint64_t part = 0; part < kParts && (few || !enough(residuals, cells_of)); ++part) {
        const HeldOut split(state.cells.size(), kParts, part, key.fold("held out"));
        if (split.out.empty() || split.kept.empty()) {
            continue;
        }
        PITOT_TRY(const auto solved, solve_again(without(state, split.kept), state, platforms, modules,
                                                 key.fold("factors"), machine, go_on));
        const Matrix<double> mean = mean_of_pairs(solved, platforms, modules, machine);
        for (const std::int64_t number : split.out) {
            const auto n = static_cast<std::size_t>(number);
            Residuals& of = residuals[static_cast<std::size_t>(state.cells.platform[n])];
            const double off = state.cells.mean[n] - mean(state.cells.platform[n], state.cells.module[n]);
            of.square.push_back(state.cells.count[n] * off * off);
            of.expected.push_back(state.cells.count[n] / answers.precision[n]);
        }
    }
    return residuals;
}

// What the residuals of a platform ask for beyond σ², which is `noise`.
double missing(const Residuals& of, const RunScatter& scatter, double noise) {
    constexpr double kFewRuns = 5.0;
    const double beyond = median(of.square) / kChiSquareMedian - median(of.expected);
    const double most = scatter.freedom < kFewRuns ? beyond : scatter.squares / scatter.freedom - noise;
    return std::max(std::min(beyond, most), 0.0);
}

}  // namespace

std::vector<RunScatter> scatter_by_platform(const ObservationView& table, core::RowNumbers rows, const Cells& cells,
                                            std::int64_t platforms) {
    std::vector<RunScatter> scatter(static_cast<std::size_t>(platforms));
    const std::int64_t modules = cells.module.empty() ? 0 : std::ranges::max(cells.module) + 1;
    const Matrix<double> mean = on_grid(cells, cells.mean, platforms, modules);
    const Scale scale = Scale::logarithmic();
    for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        const double off = scale.target(table.runtime_us[at]) - mean(table.platform[at], table.module[at]);
        RunScatter& of = scatter[static_cast<std::size_t>(table.platform[at])];
        of.squares += off * off;
        of.freedom += 1.0;
    }
    for (const std::int32_t platform : cells.platform) {
        scatter[static_cast<std::size_t>(platform)].freedom -= 1.0;
    }
    return scatter;
}

Result<std::vector<double>> platform_noise(const KernelState& state, const KernelAnswers& answers,
                                           const std::vector<RunScatter>& scatter, const Side& platforms,
                                           const Side& modules, core::Key key, const Machine& machine,
                                           const std::function<bool()>& go_on) {
    constexpr double kStandOut = 8.0;
    // Of the logarithm of a median of squares of normal variables, times the root of their number.
    constexpr double kMedianDeviation = 2.3;
    PITOT_TRY(const auto residuals, residuals_held_out(state, answers, platforms, modules, key, machine, go_on));
    std::vector<std::size_t> known;
    std::vector<double> ratios;
    for (std::size_t p = 0; p < residuals.size(); ++p) {
        if (residuals[p].square.size() >= kFewCells) {
            known.push_back(p);
            ratios.push_back(residuals[p].ratio());
        }
    }
    std::vector<double> noise;
    const double usual = ratios.empty() ? 1.0 : std::max(median(ratios), 1.0);
    for (std::size_t k = 0; k < known.size(); ++k) {
        const Residuals& of = residuals[known[k]];
        const double by_chance = 2.0 * kMedianDeviation / std::sqrt(static_cast<double>(of.square.size()));
        if (ratios[k] > usual * kStandOut * std::exp(by_chance)) {
            noise.resize(residuals.size(), 0.0);
            noise[known[k]] = missing(of, scatter[known[k]], std::exp(last_hyper(state).back()));
        }
    }
    const bool none = std::ranges::all_of(noise, [](double e) { return e == 0.0; });
    return none ? std::vector<double>() : noise;
}

}  // namespace pitot::models::kernel
