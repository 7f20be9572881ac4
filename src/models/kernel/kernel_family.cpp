#include "models/kernel/kernel_family.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "core/key.hpp"
#include "core/parallel.hpp"
#include "models/factor/embedding_distances.hpp"
#include "models/kernel/beside_fit.hpp"
#include "models/kernel/kernel_model.hpp"
#include "models/kernel/learn.hpp"
#include "models/kernel/low_rank_choice.hpp"
#include "models/kernel/machine.hpp"
#include "models/kernel/platform_noise.hpp"
#include "models/kernel/solve.hpp"
#include "models/row_basis.hpp"
#include "models/scaling/scaling_family.hpp"
#include "pitot/fit.hpp"

namespace pitot::models {
namespace {

using namespace kernel;

constexpr double kFirstTolerance = 1e-4;  // the first pass only gives distances to the second
constexpr std::int64_t kPasses = 2;
constexpr std::int64_t kCellsARow = 4;        // observed; of fewer a further pass makes nothing better
constexpr std::int64_t kBesideRowsARow = 30;  // beside others they scatter more
constexpr std::int64_t kBesideSubset = 2000;
constexpr std::int64_t kBesideNeighbours = 1500;
constexpr double kBesideRate = 0.15;
constexpr double kBesideTolerance = 1e-6;
// Errors of the factorization over those of the first pass, at most, where rows beside others are learned from, too:
// what h can explain instead, factors that are hardly better leave to it.
constexpr double kFactorsBeside = 0.8;
// What a solve counts for in progress, in steps of learning.
constexpr std::int64_t kSolveSteps = 20;

// Counts what is done of all replicates, and whether to go on. For several threads at once.
class Progress {
public:
    Progress(const Context& context, std::int64_t total) : context_(context), total_(total) {}
    bool add(std::int64_t steps) {
        const std::scoped_lock lock(mutex_);
        done_ += steps;
        if (context_.progress) {
            context_.progress(std::min(done_, total_), total_);
        }
        return go_on();
    }
    void expect(std::int64_t steps) {
        const std::scoped_lock lock(mutex_);
        total_ += steps;
    }
    // Ends all replicates, since one cannot be made.
    void give_up() { given_up_ = true; }
    [[nodiscard]] bool go_on() const { return !given_up_ && !context_.stop.stop_requested(); }

private:
    const Context& context_;
    std::atomic<bool> given_up_ = false;
    std::mutex mutex_;
    std::int64_t total_;
    std::int64_t done_ = 0;
};

// One pass: hyper-parameters, then α.
struct Pass {
    std::vector<double> hyper{};
    Solution solution{};
};

Result<Pass> run_pass(const GridDistances& distances, const Cells& cells, const std::vector<double>& target,
                      const LearnOptions& learn, double tolerance, core::Key key, const Machine& machine,
                      Progress& progress) {
    const Layout layout(distances.platforms, distances.modules);
    Pass pass;
    PITOT_TRY(pass.hyper, learn_hyper(layout, distances.platforms, distances.modules, cells, target, learn, key,
                                      machine, [&] { return progress.add(1); }));
    const Tables tables = make_tables(layout, pass.hyper, distances.platforms, distances.modules, machine);
    SolveOptions options;
    options.tolerance = tolerance;
    PITOT_TRY(pass.solution, solve(tables, cells, target, options, machine, [&] { return progress.go_on(); }));
    progress.add(kSolveSteps);
    return pass;
}

// With few cells a row, what a first pass makes of runtimes tells rows apart no better than features do.
bool wants_one_pass(const Cells& cells, const GridDistances& distances) {
    return distances.platforms.features > 0 && distances.modules.features > 0 &&
           std::ssize(cells.mean) < kCellsARow * (distances.platforms.rows + distances.modules.rows);
}

// Distances between embeddings of a factorization trained on what the first pass leaves to products.
Result<void> embed(const FitTask& task, const std::vector<double>& residual, KernelState& state) {
    PITOT_TRY(FitConfig config, preset("factor/wide"));
    config.model.platform_features = task.config.model.platform_features && task.dataset.platforms.features.cols() > 0;
    config.model.module_features = task.config.model.module_features && task.dataset.modules.features.cols() > 0;
    config.seed = task.config.seed;
    Context context = task.context;
    context.progress = {};
    PITOT_TRY(auto embedding,
              embedding_distances(task.dataset.platforms, task.dataset.modules,
                                  {state.cells.platform, state.cells.module, residual}, config, context));
    state.platform_embedding = std::move(embedding.platform);
    state.module_embedding = std::move(embedding.module);
    return {};
}

// Whether there are rows beside others to learn from.
bool learns_beside(const Dataset& dataset, const FitConfig& config) {
    for (std::size_t p = kAlone + 1; p < dataset.pools.size(); ++p) {
        if (dataset.pools[p].rows > 0 && learns_from(dataset, config, p)) {
            return true;
        }
    }
    return false;
}

// One pass on rows alone and beside others.
Result<Pass> run_beside_pass(const GridDistances& distances, const Runs& runs, const std::vector<double>& target,
                             std::int64_t steps, double tolerance, core::Key key, const Machine& machine,
                             Progress& progress) {
    const BesideLayout layout(distances.platforms, distances.modules);
    const LearnOptions learn{.steps = steps, .subset = kBesideSubset, .rate = kBesideRate};
    Pass pass;
    PITOT_TRY(pass.hyper, learn_hyper(layout, distances.platforms, distances.modules, runs, target, learn, key, machine,
                                      [&] { return progress.add(1); }));
    const BesideTables tables = make_tables(layout, pass.hyper, distances.platforms, distances.modules, machine);
    SolveOptions options;
    options.tolerance = tolerance;
    options.neighbour_cells = kBesideNeighbours;
    PITOT_TRY(pass.solution, solve(tables, runs, target, options, machine, [&] { return progress.go_on(); }));
    progress.add(kSolveSteps);
    return pass;
}

// In place of a last pass on rows alone: two on rows alone and beside others, or one where those are few.
Result<void> fit_beside(const FitTask& task, const train::ReplicateRows& rows, GridDistances& distances, bool once,
                        core::Key key, const Machine& machine, Progress& progress, KernelState& state) {
    std::vector<core::RowNumbers> learned;
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        learned.push_back(learns_from(task.dataset, task.config, p) ? rows.pools[p].rest : core::RowNumbers());
    }
    BesideState& beside = state.beside;
    beside.runs = gather_runs(task.dataset, learned);
    std::vector<double> target;
    for (const double mean : beside.runs.cells.mean) {
        target.push_back(mean - state.constant);
    }
    const std::int64_t steps = task.config.model.kernel_steps;
    const bool twice = std::ssize(target) - std::ssize(state.cells.mean) >=
                       kBesideRowsARow * (distances.platforms.rows + distances.modules.rows);
    const Layout of_alone = BesideLayout(distances.platforms, distances.modules).alone();
    PITOT_TRY(auto pass,
              run_beside_pass(distances, beside.runs, target, steps, twice ? kFirstTolerance : kBesideTolerance,
                              key.fold("first"), machine, progress));
    if (!once) {
        state.hyper.assign(pass.hyper.begin(), pass.hyper.begin() + static_cast<std::ptrdiff_t>(of_alone.size()));
    }
    if (twice) {
        beside.first_hyper = std::move(pass.hyper);
        beside.first_alpha = std::move(pass.solution.alpha);
        add_beside_pass(state, distances, machine);
        PITOT_TRY(pass, run_beside_pass(distances, beside.runs, target, steps, kBesideTolerance, key.fold("second"),
                                        machine, progress));
    } else {
        progress.add(steps + kSolveSteps);
    }
    beside.hyper = std::move(pass.hyper);
    beside.alpha = std::move(pass.solution.alpha);
    beside.residual = pass.solution.residual;
    take_alone(state);
    return {};
}

// What is known of platforms whose runs scatter more than those of others: e_p and their runs; empty: nothing.
struct KnownNoise {
    std::vector<double> beyond{};
    std::vector<RunScatter> scatter{};
};

// Both passes.
Result<KernelState> learn_state(const FitTask& task, const train::ReplicateRows& rows, const KnownNoise& noise,
                                core::Key key, const Machine& machine, Progress& progress) {
    const Side& platforms = task.dataset.platforms;
    const Side& modules = task.dataset.modules;
    KernelState state;
    state.reference_platforms = platforms.size();
    state.reference_modules = modules.size();
    state.platform_features = task.config.model.platform_features;
    state.module_features = task.config.model.module_features;
    state.platform_noise = noise.beyond;
    state.cells = gather_cells(task.dataset.pool(kAlone), rows.alone().rest);
    for (std::size_t p = 0; p < noise.beyond.size(); ++p) {
        if (noise.beyond[p] > 0.0) {  // such runs do not tell σ²
            state.cells.within_squares = std::max(state.cells.within_squares - noise.scatter[p].squares, 0.0);
            state.cells.within_freedom -= noise.scatter[p].freedom;
        }
    }
    const auto count = static_cast<double>(state.cells.size());
    state.constant = std::accumulate(state.cells.mean.begin(), state.cells.mean.end(), 0.0) / count;
    std::vector<double> target;
    for (const double mean : state.cells.mean) {
        target.push_back(mean - state.constant);
    }
    const LearnOptions learn{.steps = task.config.model.kernel_steps, .subset = task.config.model.kernel_cells};
    GridDistances distances = feature_distances(state, platforms, modules);
    const bool once = wants_one_pass(state.cells, distances);
    PITOT_TRY(auto first,
              run_pass(distances, state.cells, target, learn, once ? SolveOptions{}.tolerance : kFirstTolerance,
                       key.fold("first"), machine, progress));
    state.first_hyper = std::move(first.hyper);
    state.first_alpha = on_grid(state.cells, first.solution.alpha, platforms.size(), modules.size());
    state.alpha = std::move(first.solution.alpha);
    state.residual = first.solution.residual;
    const bool beside = learns_beside(task.dataset, task.config);
    if (!once) {
        const Tables tables = make_tables(Layout(distances.platforms, distances.modules), state.first_hyper,
                                          distances.platforms, distances.modules, machine);
        const std::vector<double> rest = MeanParts(tables, state.first_alpha.view(), machine).rest(state.cells, target);
        PITOT_TRY(const bool factors,
                  factors_help(distances, target, beside ? kFactorsBeside : 1.0, kFirstTolerance, key.fold("factors"),
                               machine, state, [&] { return progress.go_on(); }));
        if (factors) {
            state.factors = fit_low_rank(distances.platforms, distances.modules, state.cells, rest, {},
                                         key.fold("factors"), machine);
        }
        if (task.config.model.kernel_embeddings) {
            if (auto ok = embed(task, rest, state); !ok) {
                return Failure(ok.error());
            }
        }
        add_first_pass(state, distances, machine);
    }
    if (once && !beside) {
        progress.add(task.config.model.kernel_steps + kSolveSteps);
    } else if (!beside) {
        PITOT_TRY(auto second, run_pass(distances, state.cells, target, learn, SolveOptions{}.tolerance,
                                        key.fold("second"), machine, progress));
        state.hyper = std::move(second.hyper);
        state.alpha = std::move(second.solution.alpha);
        state.residual = second.solution.residual;
    }
    if (beside) {
        if (auto ok = fit_beside(task, rows, distances, once, key.fold("beside"), machine, progress, state); !ok) {
            return Failure(ok.error());
        }
    }
    return state;
}

// Of progress, a replicate.
std::int64_t steps_of(const FitTask& task) {
    const std::int64_t passes = kPasses + (learns_beside(task.dataset, task.config) ? 1 : 0);
    return passes * (task.config.model.kernel_steps + kSolveSteps);
}

Result<std::shared_ptr<const FittedModel>> fit_kernel(const FitTask& task, const train::ReplicateRows& rows,
                                                      std::int64_t replicate, const Machine& machine,
                                                      Progress& progress) {
    const Side& platforms = task.dataset.platforms;
    const Side& modules = task.dataset.modules;
    const core::Key key = core::Key(task.config.seed).fold("kernel").fold(static_cast<std::uint64_t>(replicate));
    PITOT_TRY(auto state, learn_state(task, rows, {}, key, machine, progress));
    PITOT_TRY(auto answers, answer_all(state, platforms, modules, machine));
    // Embeddings know all cells: none can be held out from them.
    if (!knows_co_runners(state) && !task.config.model.kernel_embeddings) {
        const auto scatter =
            scatter_by_platform(task.dataset.pool(kAlone), rows.alone().rest, state.cells, platforms.size());
        PITOT_TRY(auto noise, platform_noise(state, answers, scatter, platforms, modules, key.fold("noise"), machine,
                                             [&] { return progress.go_on(); }));
        if (!noise.empty()) {
            progress.expect(steps_of(task));
            PITOT_TRY(state, learn_state(task, rows, {std::move(noise), scatter}, key, machine, progress));
            PITOT_TRY(answers, answer_all(state, platforms, modules, machine));
        }
    }
    return make_kernel_model(std::move(state), std::move(answers));
}

Result<Fitted> fit_replicate(const FitTask& task, std::int64_t replicate, const Machine& machine, Progress& progress) {
    Fitted fitted{replicate, task.rows(replicate), {}, nullptr};
    if (auto ok = train::check_rows_left(fitted.rows, 0, 1, task.dataset.pool(kAlone).size(), task.share); !ok) {
        return Failure(ok.error());
    }
    fitted.scaling = fit_scaling(task, fitted.rows);
    PITOT_TRY(fitted.model, fit_kernel(task, fitted.rows, replicate, machine, progress));
    return fitted;
}

// Hands out machines, of which there is one for every thread that asks.
class FreeMachines {
public:
    explicit FreeMachines(std::span<const Machine> machines) {
        for (const Machine& machine : machines) {
            free_.push_back(&machine);
        }
    }
    const Machine& take() {
        const std::scoped_lock lock(mutex_);
        const Machine* const machine = free_.back();
        free_.pop_back();
        return *machine;
    }
    void give_back(const Machine& machine) {
        const std::scoped_lock lock(mutex_);
        free_.push_back(&machine);
    }

private:
    std::mutex mutex_;
    std::vector<const Machine*> free_;
};

}  // namespace

Result<void> fit_kernels(const FitTask& task, std::span<const Machine> machines, const TakeFitted& take) {
    Progress progress(task.context, task.replicates * steps_of(task));
    FreeMachines free(machines);
    Result<void> ended;
    core::parallel_ordered(
        static_cast<int>(machines.size()), task.replicates,
        [&](std::int64_t replicate) {
            const Machine& machine = free.take();
            Result<Fitted> fitted = fit_replicate(task, replicate, machine, progress);
            free.give_back(machine);
            return fitted;
        },
        [&](std::int64_t /*replicate*/, Result<Fitted>&& fitted) {
            ended = std::move(fitted).and_then([&](Fitted&& one) { return take(std::move(one)); });
            if (!ended) {
                progress.give_up();
            }
            return ended.has_value();
        });
    return ended;
}

Result<void> KernelFamily::check(const Dataset& dataset, const FitConfig& config) const {
    if (dataset.platforms.size() > kMostKernelRows || dataset.modules.size() > kMostKernelRows) {
        return fail(ErrorCode::kInput,
                    fmt::format("a fleet of {} platforms and {} modules is too large for preset '{}', which takes {} "
                                "of each at most; choose a preset such as embedding/128",
                                dataset.platforms.size(), dataset.modules.size(), config.preset, kMostKernelRows));
    }
    // What a preset would learn of rows beside others it does without where there are none.
    FitConfig asked = config;
    if (dataset.rows_beside_others() == 0) {
        asked.train.objective("together").weight = 0.0;
    }
    const std::int64_t triples = dataset.platforms.size() * dataset.modules.size() * dataset.modules.size();
    if (learns_beside(dataset, config) && triples > kMostKernelTriples) {
        return fail(
            ErrorCode::kInput,
            fmt::format("{} platforms and {} modules beside one another are {} combinations, and preset '{}' "
                        "keeps a table of {} at most; choose a preset such as interference/2, or train on rows "
                        "alone (train.objectives.together.weight = 0)",
                        dataset.platforms.size(), dataset.modules.size(), triples, config.preset, kMostKernelTriples));
    }
    return check_pools(dataset, asked);
}

std::int64_t KernelFamily::folds(const FitConfig& /*config*/) const { return 1; }

std::optional<std::int64_t> KernelFamily::steps(const FitConfig& /*config*/, double /*share*/) const { return {}; }

Result<void> KernelFamily::fit(const FitTask& task, const TakeFitted& take) const {
    if (auto ok = check(task.dataset, task.config); !ok) {
        return ok;
    }
    PITOT_TRY(const auto machines, Machines::make(task.context, task.replicates));
    return fit_kernels(task, machines.all(), take);
}

Result<std::shared_ptr<const FittedModel>> KernelFamily::load(const ModelArchive& archive, const FitConfig& config,
                                                              const Side& platforms, const Side& modules) const {
    return load_kernel_model(archive, config, platforms, modules);
}

ArrayShapes KernelFamily::kept_shapes(const FitConfig& /*config*/, std::int64_t platforms, std::int64_t modules) const {
    return {{"C_hat", {1, platforms, modules}}};
}

}  // namespace pitot::models
