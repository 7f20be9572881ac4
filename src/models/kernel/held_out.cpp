#include "models/kernel/held_out.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/low_rank_choice.hpp"
#include "models/kernel/observe.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

// Scores are ranked: more digits would change nothing.
constexpr double kTolerance = 1e-4;
// Of solves for runs beside others, which take longer; the first of them only gives distances.
constexpr double kFirstBesideTolerance = 1e-2;
constexpr double kBesideTolerance = 1e-3;
constexpr std::int64_t kNeighbours = 450;
// Parts end once so many platforms and modules have been held out, where runs are many.
constexpr std::int64_t kEnoughHeldOut = 40;

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

void add(const Runs& runs, std::size_t n, const KernelAnswers& from, WithheldAnswers& to) {
    const std::int32_t i = runs.cells.platform[n];
    const std::int32_t j = runs.cells.module[n];
    const auto set = runs.set(n);
    to.platform.push_back(i);
    to.module.push_back(j);
    to.co_runner.insert(to.co_runner.end(), set.begin(), set.end());
    to.co_runner.resize(to.platform.size() * runs.width, -1);
    to.mean.push_back(mean_beside(from, i, j, set));
    to.deviation.push_back(deviation_beside(from, i, j, set));
}

// Which rows of a side a part holds out.
std::vector<bool> rows_of(const std::vector<std::int64_t>& part_of, std::int64_t part) {
    std::vector<bool> out;
    out.reserve(part_of.size());
    std::ranges::transform(part_of, std::back_inserter(out), [&](std::int64_t of) { return of == part; });
    return out;
}

// Whether the first parts hold out as many of a side as bounds need, or none at all ever.
bool enough_held_out(const std::vector<std::int64_t>& part_of, std::int64_t parts) {
    const auto held = std::ranges::count_if(part_of, [=](std::int64_t of) { return of >= 0 && of < parts; });
    return held >= kEnoughHeldOut || std::ranges::all_of(part_of, [](std::int64_t of) { return of < 0; });
}

}  // namespace

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
    less.platform_noise = state.platform_noise;
    if (!knows_co_runners(state)) {
        less.cells = subset_of(state.cells, kept);
        less.alpha = elements(state.alpha, kept);
        return less;
    }
    less.beside.hyper = state.beside.hyper;
    less.beside.first_hyper = state.beside.first_hyper;
    less.beside.runs = subset_of(state.beside.runs, kept);
    less.beside.alpha = elements(state.beside.alpha, kept);
    if (!state.beside.first_alpha.empty()) {
        less.beside.first_alpha = elements(state.beside.first_alpha, kept);
    }
    take_alone(less);
    return less;
}

namespace {

std::vector<double> targets(const Cells& cells, double constant) {
    std::vector<double> target;
    target.reserve(cells.size());
    std::ranges::transform(cells.mean, std::back_inserter(target), [=](double mean) { return mean - constant; });
    return target;
}

// Solves passes again with the same hyper-parameters, from where all cells led.
class Again {
public:
    Again(const Side& platforms, const Side& modules, const Machine& machine, std::function<bool()> go_on)
        : platforms_(platforms), modules_(modules), machine_(machine), go_on_(std::move(go_on)) {
        options_.tolerance = kTolerance;
    }

    // Of rows alone.
    [[nodiscard]] Result<KernelState> state(KernelState less, const Matrix<double>& first_alpha,
                                            std::optional<core::Key> factors) {
        PITOT_TRY(auto distances, first_pass(less, first_alpha, factors));
        if (has_second_pass(less)) {
            PITOT_TRY(auto second, alone(less, less.hyper, distances, less.alpha));
            less.alpha = std::move(second.alpha);
        }
        return less;
    }

    // Solving starts at α as all cells led to it: that of `less`, and `first_alpha` of the first pass.
    [[nodiscard]] Result<KernelAnswers> answers(KernelState less, const Matrix<double>& first_alpha, bool many) {
        if (!knows_co_runners(less)) {
            PITOT_TRY(const auto solved, state(std::move(less), first_alpha, {}));
            return answer_all(solved, platforms_, modules_, machine_);
        }
        PITOT_TRY(auto distances, first_pass(less, first_alpha, {}));
        return many ? alone_of_many(less, distances) : beside_others(less, distances);
    }

private:
    // Distances that the second pass has, or the α of the only one.
    [[nodiscard]] Result<GridDistances> first_pass(KernelState& less, const Matrix<double>& first_alpha,
                                                   std::optional<core::Key> factors) {
        std::vector<double> start;
        for (std::size_t n = 0; n < less.cells.size(); ++n) {
            start.push_back(first_alpha(less.cells.platform[n], less.cells.module[n]));
        }
        GridDistances distances = feature_distances(less, platforms_, modules_);
        PITOT_TRY(auto first, alone(less, less.first_hyper, distances, start));
        less.first_alpha = on_grid(less.cells, first.alpha, less.reference_platforms, less.reference_modules);
        if (factors && less.factors.platform.rows() > 0) {
            const Tables tables = make_tables(Layout(distances.platforms, distances.modules), less.first_hyper,
                                              distances.platforms, distances.modules, machine_);
            const MeanParts parts(tables, less.first_alpha.view(), machine_);
            less.factors =
                fit_low_rank(distances.platforms, distances.modules, less.cells,
                             parts.rest(less.cells, targets(less.cells, less.constant)), {}, *factors, machine_);
            if (less.factors.platform.rows() == 0) {  // hyper-parameters of the second pass are of one with factors
                less.hyper.clear();
            }
        }
        if (has_second_pass(less)) {
            add_first_pass(less, distances, machine_);
        } else if (!knows_co_runners(less)) {
            less.alpha = std::move(first.alpha);
        }
        return distances;
    }

    [[nodiscard]] Result<Solution> alone(const KernelState& less, const std::vector<double>& hyper,
                                         const GridDistances& distances, const std::vector<double>& start) {
        const Layout layout(distances.platforms, distances.modules);
        return solve(make_tables(layout, hyper, distances.platforms, distances.modules, machine_), less.cells,
                     targets(less.cells, less.constant), options_, machine_, go_on_, start);
    }

    [[nodiscard]] Result<Solution> beside_pass(const KernelState& less, const BesideTables& tables,
                                               const std::vector<double>& start, double tolerance) {
        SolveOptions options;
        options.tolerance = tolerance;
        options.neighbour_cells = kNeighbours;
        return solve(tables, less.beside.runs, targets(less.beside.runs.cells, less.constant), options, machine_,
                     go_on_, start);
    }

    [[nodiscard]] Result<KernelAnswers> beside_others(KernelState& less, GridDistances& distances) {
        BesideState& beside = less.beside;
        if (!beside.first_hyper.empty()) {
            const BesideLayout layout(distances.platforms, distances.modules);
            PITOT_TRY(auto first, beside_pass(less,
                                              make_tables(layout, beside.first_hyper, distances.platforms,
                                                          distances.modules, machine_),
                                              beside.first_alpha, kFirstBesideTolerance));
            beside.first_alpha = std::move(first.alpha);
            add_beside_pass(less, distances, machine_);
        }
        const BesideTables tables = beside_tables(less, distances, machine_);
        PITOT_TRY(auto last, beside_pass(less, tables, beside.alpha, kBesideTolerance));
        beside.alpha = std::move(last.alpha);
        return answer_beside(less, tables, machine_);
    }

    // Pairs alone, where solving for runs beside others again would take as long as the fit: the distances that h gives
    // come from α as they are, and f is solved for by what ran alone. Deviations are those of the model that knows all.
    [[nodiscard]] Result<KernelAnswers> alone_of_many(KernelState& less, GridDistances& distances) {
        if (!less.beside.first_hyper.empty()) {
            add_beside_pass(less, distances, machine_);
        }
        const BesideTables tables = beside_tables(less, distances, machine_);
        PITOT_TRY(auto last, solve(tables.alone, less.cells, targets(less.cells, less.constant), options_, machine_,
                                   go_on_, less.alpha));
        less.alpha = std::move(last.alpha);
        KernelAnswers answers;
        answers.mean = mean_grid(less, tables.alone, machine_);
        std::vector<std::vector<std::int32_t>> wanted(less.platform_held_out.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            for (std::size_t j = 0; j < less.module_held_out.size(); ++j) {
                if (less.platform_held_out[i] || less.module_held_out[j]) {
                    wanted[i].push_back(static_cast<std::int32_t>(j));
                }
            }
        }
        PITOT_TRY(answers.deviation, deviations_alone(tables, less.beside.runs, kNearCells, wanted, machine_));
        return answers;
    }

    const Side& platforms_;
    const Side& modules_;
    Machine machine_;
    std::function<bool()> go_on_;
    SolveOptions options_;
};

}  // namespace

Result<KernelState> solve_again(KernelState less, const KernelState& state, const Side& platforms, const Side& modules,
                                std::optional<core::Key> factors, const Machine& machine,
                                const std::function<bool()>& go_on) {
    return Again(platforms, modules, machine, go_on).state(std::move(less), state.first_alpha, factors);
}

Result<HeldOutAnswers> hold_out(const KernelState& state, const Side& platforms, const Side& modules,
                                std::int64_t folds, const Machine& machine, const Context& context,
                                std::int64_t most_runs) {
    const GridDistances distances = feature_distances(state, platforms, modules);
    const core::Key key = core::Key(0).fold("hold out");
    const auto part_of_platform =
        draw_parts(platforms.size(), folds, distances.platforms.features > 0, key.fold("platforms"));
    const auto part_of_module = draw_parts(modules.size(), folds, distances.modules.features > 0, key.fold("modules"));
    const Runs runs = knows_co_runners(state) ? state.beside.runs : runs_of(state.cells);
    const bool many = knows_co_runners(state) && std::ssize(runs.cells.mean) > most_runs;
    Again again(platforms, modules, machine, [&context] { return !context.stop.stop_requested(); });
    HeldOutAnswers held_out;
    for (WithheldAnswers* const answers : {&held_out.platform, &held_out.module, &held_out.both}) {
        answers->width = static_cast<std::int32_t>(runs.width);
    }
    for (std::int64_t part = 0; part < folds; ++part) {
        if (many && enough_held_out(part_of_platform, part) && enough_held_out(part_of_module, part)) {
            break;
        }
        const auto platform_out = [&](std::size_t n) {
            return part_of_platform[static_cast<std::size_t>(runs.cells.platform[n])] == part;
        };
        const auto module_out = [&](std::int32_t module) {
            return part_of_module[static_cast<std::size_t>(module)] == part;
        };
        const auto co_runner_out = [&](std::size_t n) { return std::ranges::any_of(runs.set(n), module_out); };
        std::vector<std::int64_t> kept;
        for (std::size_t n = 0; n < runs.size(); ++n) {
            if (!platform_out(n) && !module_out(runs.cells.module[n]) && !co_runner_out(n)) {
                kept.push_back(static_cast<std::int64_t>(n));
            }
        }
        if (kept.empty() || kept.size() == runs.size()) {
            continue;
        }
        KernelState less = without(state, kept);
        less.platform_held_out = rows_of(part_of_platform, part);
        for (std::size_t p = 0; p < less.platform_noise.size(); ++p) {
            // What is not known of a platform is not known of its noise either.
            less.platform_noise[p] = less.platform_held_out[p] ? 0.0 : less.platform_noise[p];
        }
        less.module_held_out = rows_of(part_of_module, part);
        PITOT_TRY(const auto answers, again.answers(std::move(less), state.first_alpha, many));
        for (std::size_t n = 0; n < runs.size(); ++n) {
            const bool module_is_out = module_out(runs.cells.module[n]);
            // What ran beside a module held out says of one that nothing is known of either.
            if ((platform_out(n) || module_is_out) && !co_runner_out(n) && (!many || runs.kind(n) == 0)) {
                add(runs, n, answers,
                    !module_is_out     ? held_out.platform
                    : !platform_out(n) ? held_out.module
                                       : held_out.both);
            }
        }
    }
    return held_out;
}

}  // namespace pitot::models::kernel
