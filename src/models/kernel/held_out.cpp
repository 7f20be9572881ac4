#include "models/kernel/held_out.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

// Scores are ranked: more digits would change nothing.
constexpr double kTolerance = 1e-4;

// The part that holds out each row of a side, -1 = none: parts as large as each other, drawn at random.
std::vector<std::int64_t> draw_parts(std::int64_t rows, std::int64_t folds, bool held_out, core::Key key) {
    std::vector<std::int64_t> part(static_cast<std::size_t>(rows), -1);
    std::vector<std::size_t> order(part.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t n = 0; n < order.size() && held_out; ++n) {
        std::swap(order[n], order[n + key.below(n, order.size() - n)]);
        part[order[n]] = static_cast<std::int64_t>(n) % folds;
    }
    return part;
}

template <typename T>
std::vector<T> elements(const std::vector<T>& all, const std::vector<std::int64_t>& numbers) {
    std::vector<T> some;
    some.reserve(numbers.size());
    for (const std::int64_t n : numbers) {
        some.push_back(all[static_cast<std::size_t>(n)]);
    }
    return some;
}

void add(const Cells& cells, std::size_t n, const KernelAnswers& from, WithheldAnswers& to) {
    to.platform.push_back(cells.platform[n]);
    to.module.push_back(cells.module[n]);
    to.mean.push_back(from.mean(cells.platform[n], cells.module[n]));
    to.deviation.push_back(from.deviation(cells.platform[n], cells.module[n]));
}

// Which rows of a side a part holds out.
std::vector<bool> rows_of(const std::vector<std::int64_t>& part_of, std::int64_t part) {
    std::vector<bool> out;
    out.reserve(part_of.size());
    std::ranges::transform(part_of, std::back_inserter(out), [&](std::int64_t of) { return of == part; });
    return out;
}

// The state without some of its cells, their α still where all cells led.
KernelState without(const KernelState& state, const std::vector<std::int64_t>& kept) {
    KernelState less;
    less.reference_platforms = state.reference_platforms;
    less.reference_modules = state.reference_modules;
    less.platform_features = state.platform_features;
    less.module_features = state.module_features;
    less.constant = state.constant;
    less.first_hyper = state.first_hyper;
    less.hyper = state.hyper;
    less.factors.platform = state.factors.platform.clone();
    less.factors.module = state.factors.module.clone();
    less.platform_embedding = state.platform_embedding.clone();
    less.module_embedding = state.module_embedding.clone();
    less.cells = subset_of(state.cells, kept);
    less.alpha = elements(state.alpha, kept);
    return less;
}

// Solves the passes again with the same hyper-parameters, from where all cells led.
Result<KernelAnswers> solve_again(KernelState less, const KernelState& state, const Side& platforms,
                                  const Side& modules, core::Team& team, const Context& context) {
    const auto go_on = [&] { return !context.stop.stop_requested(); };
    SolveOptions options;
    options.tolerance = kTolerance;
    std::vector<double> target, start;
    for (std::size_t n = 0; n < less.cells.size(); ++n) {
        target.push_back(less.cells.mean[n] - state.constant);
        start.push_back(state.first_alpha(less.cells.platform[n], less.cells.module[n]));
    }
    GridDistances distances = feature_distances(less, platforms, modules);
    const auto again = [&](const std::vector<double>& hyper, const std::vector<double>& from) {
        const Layout layout(distances.platforms, distances.modules);
        return solve(make_tables(layout, hyper, distances.platforms, distances.modules, team), less.cells, target,
                     options, team, go_on, from);
    };
    PITOT_TRY(auto first, again(less.first_hyper, start));
    less.first_alpha = on_grid(less.cells, first.alpha, less.reference_platforms, less.reference_modules);
    if (has_second_pass(less)) {
        add_first_pass(less, distances, team);
        PITOT_TRY(auto second, again(less.hyper, less.alpha));
        less.alpha = std::move(second.alpha);
    } else {
        less.alpha = std::move(first.alpha);
    }
    return answer_all(less, platforms, modules, team);
}

}  // namespace

Result<HeldOutAnswers> hold_out(const KernelState& state, const Side& platforms, const Side& modules,
                                std::int64_t folds, core::Team& team, const Context& context) {
    const GridDistances distances = feature_distances(state, platforms, modules);
    const core::Key key = core::Key(0).fold("hold out");
    const auto part_of_platform =
        draw_parts(platforms.size(), folds, distances.platforms.features > 0, key.fold("platforms"));
    const auto part_of_module = draw_parts(modules.size(), folds, distances.modules.features > 0, key.fold("modules"));
    HeldOutAnswers held_out;
    for (std::int64_t part = 0; part < folds; ++part) {
        const auto platform_out = [&](std::size_t n) {
            return part_of_platform[static_cast<std::size_t>(state.cells.platform[n])] == part;
        };
        const auto module_out = [&](std::size_t n) {
            return part_of_module[static_cast<std::size_t>(state.cells.module[n])] == part;
        };
        std::vector<std::int64_t> kept;
        for (std::size_t n = 0; n < state.cells.size(); ++n) {
            if (!platform_out(n) && !module_out(n)) {
                kept.push_back(static_cast<std::int64_t>(n));
            }
        }
        if (kept.empty() || kept.size() == state.cells.size()) {
            continue;
        }
        KernelState less = without(state, kept);
        less.platform_held_out = rows_of(part_of_platform, part);
        less.module_held_out = rows_of(part_of_module, part);
        PITOT_TRY(const auto answers, solve_again(std::move(less), state, platforms, modules, team, context));
        for (std::size_t n = 0; n < state.cells.size(); ++n) {
            if (platform_out(n) || module_out(n)) {
                add(state.cells, n, answers,
                    !module_out(n)     ? held_out.platform
                    : !platform_out(n) ? held_out.module
                                       : held_out.both);
            }
        }
    }
    return held_out;
}

}  // namespace pitot::models::kernel
