#include "models/kernel/kernel_family.hpp"

#include <functional>
#include <map>
#include <numeric>
#include <utility>

#include <cstdlib>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "backend/backend.hpp"
#include "core/key.hpp"
#include "core/parallel.hpp"
#include "models/factor/embedding_distances.hpp"
#include "models/kernel/beside_fit.hpp"
#include "models/kernel/kernel_model.hpp"
#include "models/kernel/learn.hpp"
#include "models/kernel/solve.hpp"
#include "models/row_basis.hpp"
#include "models/scaling/scaling_family.hpp"

namespace pitot::models {
namespace {

using namespace kernel;

constexpr std::int64_t kMostRows = 3000;
constexpr double kFirstTolerance = 1e-4;  // the first pass only gives distances to the second
constexpr std::int64_t kPasses = 2;
constexpr std::int64_t kBesideSubset = 2000;
constexpr double kBesideTolerance = 1e-6;
// What a solve counts for in progress, in steps of learning.
constexpr std::int64_t kSolveSteps = 20;

// Counts what is done of all replicates, and whether to go on.
class Progress {
public:
    Progress(const Context& context, std::int64_t total) : context_(context), total_(total) {}
    bool add(std::int64_t steps) {
        done_ += steps;
        if (context_.progress) {
            context_.progress(done_, total_);
        }
        return go_on();
    }
    [[nodiscard]] bool go_on() const { return !context_.stop.stop_requested(); }

private:
    const Context& context_;
    std::int64_t total_;
    std::int64_t done_ = 0;
};

// One pass: hyper-parameters, then α.
struct Pass {
    std::vector<double> hyper{};
    Solution solution{};
};

Result<Pass> run_pass(const GridDistances& distances, const Cells& cells, const std::vector<double>& target,
                      const LearnOptions& learn, double tolerance, core::Key key, core::Team& team,
                      Progress& progress) {
    const Layout layout(distances.platforms, distances.modules);
    Pass pass;
    PITOT_TRY(pass.hyper, learn_hyper(layout, distances.platforms, distances.modules, cells, target, learn, key, team,
                                      [&] { return progress.add(1); }));
    const Tables tables = make_tables(layout, pass.hyper, distances.platforms, distances.modules, team);
    SolveOptions options;
    options.tolerance = tolerance;
    PITOT_TRY(pass.solution, solve(tables, cells, target, options, team, [&] { return progress.go_on(); }));
    progress.add(kSolveSteps);
    return pass;
}

// With few cells a row, what a first pass makes of runtimes tells rows apart no better than features do.
bool wants_one_pass(const Cells& cells, const GridDistances& distances) {
    constexpr std::int64_t kCellsARow = 4;
    return distances.platforms.features > 0 && distances.modules.features > 0 &&
           std::ssize(cells.mean) < kCellsARow * (distances.platforms.rows + distances.modules.rows);
}

// Distances between embeddings of a factorization trained on what the first pass leaves to products.
Result<void> embed(const FitTask& task, const GridDistances& distances, const std::vector<double>& target,
                   core::Team& team, KernelState& state) {
    const std::vector<double> residual = without_effects(state, distances, target, team);
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

// Cells of all runs, as if those beside others were runs alone that scatter more, less what they take longer by platform
// in the mean.
Cells pool_cells(const Runs& runs, std::int64_t platforms) {
    const double kAloneWeight = std::getenv("AW") ? std::atof(std::getenv("AW")) : 10.0;
    std::map<std::pair<std::int32_t, std::int32_t>, double> alone;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        if (runs.kind(n) == 0) {
            alone[{runs.cells.platform[n], runs.cells.module[n]}] = runs.cells.mean[n];
        }
    }
    std::vector<double> sum(static_cast<std::size_t>(platforms) + 1, 0.0);
    std::vector<double> count(sum.size(), 0.0);
    const auto add = [&](std::size_t p, double v) {
        sum[p] += v;
        count[p] += 1.0;
    };
    for (std::size_t n = 0; n < runs.size(); ++n) {
        const auto found = alone.find({runs.cells.platform[n], runs.cells.module[n]});
        if (runs.kind(n) > 0 && found != alone.end()) {
            add(static_cast<std::size_t>(runs.cells.platform[n]), runs.cells.mean[n] - found->second);
            add(sum.size() - 1, runs.cells.mean[n] - found->second);
        }
    }
    const double overall = count.back() > 0.0 ? sum.back() / count.back() : 0.0;
    Cells cells;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        const std::int32_t i = runs.cells.platform[n];
        const auto p = static_cast<std::size_t>(i);
        if (cells.size() == 0 || cells.platform.back() != i || cells.module.back() != runs.cells.module[n]) {
            cells.platform.push_back(i);
            cells.module.push_back(runs.cells.module[n]);
            cells.mean.push_back(0.0);
            cells.count.push_back(0.0);
        }
        const bool beside = runs.kind(n) > 0;
        constexpr double kPrior = 5.0;
        const double shift = beside ? (sum[p] + kPrior * overall) / (count[p] + kPrior) : 0.0;
        const double weight = runs.cells.count[n] * (beside ? 1.0 : kAloneWeight);
        cells.count.back() += weight;
        cells.mean.back() += weight * (runs.cells.mean[n] - shift - cells.mean.back()) / cells.count.back();
    }
    return cells;
}

// What co-runners do, after what rows alone say: hyper-parameters of both, then α of all rows.
Result<void> fit_beside(const FitTask& task, const train::ReplicateRows& rows, const GridDistances& distances,
                        core::Key key, core::Team& team, Progress& progress, KernelState& state) {
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
    const BesideLayout layout(distances.platforms, distances.modules);
    const auto env = [](const char* n, double d) { const char* v = std::getenv(n); return v ? std::atof(v) : d; };
    LearnOptions learn{.steps = (std::int64_t)env("BSTEPS", 100), .subset = (std::int64_t)env("BSUB", kBesideSubset)};
    learn.rate = env("BRATE", learn.rate);
    learn.trace = std::getenv("DBG");
    PITOT_TRY(beside.hyper,
              learn_hyper(layout, distances.platforms, distances.modules, beside.runs, target,
                          has_second_pass(state) ? state.hyper : state.first_hyper, learn, key, team,
                          [&] { return progress.add(1); }));
    if (std::getenv("DBG")) {
        for (int pass = 0; pass < 1; ++pass) {
            const BesideTables q = make_tables(layout, beside.hyper, distances.platforms, distances.modules, team);
            fmt::print(stderr, "noise {:.2e} {:.2e} {:.2e} white {:.2e} number {:.3f} rows {}\n", q.noise[0], q.noise[1], q.noise[2], q.alone.white, q.number[2], beside.runs.size());
            for (std::size_t t = 0; t < 4; ++t)
                fmt::print(stderr, "f {} s {:.3e} wp {:.3f} {::.2e} wm {:.3f} {::.2e}\n", t, q.alone.scale[t], q.alone.platform[t].white, q.alone.platform[t].weight, q.alone.module[t].white, q.alone.module[t].weight);
            for (std::size_t t = 0; t < kBesideTerms; ++t)
                fmt::print(stderr, "h {} s {:.3e} wp {:.3f} {::.2e} wm {:.3f} {::.2e} wc {:.3f} {::.2e}\n", t, q.scale[t], q.platform[t].white, q.platform[t].weight, q.module[t].white, q.module[t].weight, q.co_runner[t].white, q.co_runner[t].weight);
        }
    }
    const BesideTables tables = make_tables(layout, beside.hyper, distances.platforms, distances.modules, team);
    SolveOptions options;
    options.tolerance = kBesideTolerance;
    options.neighbour_cells = (std::int64_t)env("NEAR", 1500);
    PITOT_TRY(auto solution, solve(tables, beside.runs, target, options,
                                   team, [&] { return progress.go_on(); }));
    if (std::getenv("DBG")) fmt::print(stderr, "iterations {} residual {:.2e}\n", solution.iterations, solution.residual);
    beside.alpha = std::move(solution.alpha);
    beside.residual = solution.residual;
    progress.add(kSolveSteps);
    return {};
}

Result<std::shared_ptr<const FittedModel>> fit_kernel(const FitTask& task, const train::ReplicateRows& rows,
                                                      std::int64_t replicate, core::Team& team, Progress& progress) {
    const Side& platforms = task.dataset.platforms;
    const Side& modules = task.dataset.modules;
    KernelState state;
    state.reference_platforms = platforms.size();
    state.reference_modules = modules.size();
    state.platform_features = task.config.model.platform_features;
    state.module_features = task.config.model.module_features;
    state.cells = gather_cells(task.dataset.pool(kAlone), rows.alone().rest);
    const auto count = static_cast<double>(state.cells.size());
    state.constant = std::accumulate(state.cells.mean.begin(), state.cells.mean.end(), 0.0) / count;
    std::vector<double> target;
    for (const double mean : state.cells.mean) {
        target.push_back(mean - state.constant);
    }
    const core::Key key = core::Key(task.config.seed).fold("kernel").fold(static_cast<std::uint64_t>(replicate));
    const LearnOptions learn{.steps = task.config.model.kernel_steps, .subset = task.config.model.kernel_cells};
    GridDistances distances = feature_distances(state, platforms, modules);
    const bool once = wants_one_pass(state.cells, distances);
    Cells first_cells = state.cells;
    std::vector<double> first_target = target;
    if (std::getenv("POOL") && learns_beside(task.dataset, task.config)) {
        std::vector<core::RowNumbers> learned;
        for (std::size_t p = 0; p < rows.pools.size(); ++p) {
            learned.push_back(learns_from(task.dataset, task.config, p) ? rows.pools[p].rest : core::RowNumbers());
        }
        first_cells = pool_cells(gather_runs(task.dataset, learned), platforms.size());
        first_target.clear();
        for (const double mean : first_cells.mean) {
            first_target.push_back(mean - state.constant);
        }
    }
    PITOT_TRY(auto first,
              run_pass(distances, first_cells, first_target, learn, once ? SolveOptions{}.tolerance : kFirstTolerance,
                       key.fold("first"), team, progress));
    state.first_hyper = std::move(first.hyper);
    state.first_alpha = Matrix<double>(platforms.size(), modules.size());
    for (std::size_t n = 0; n < first_target.size(); ++n) {
        state.first_alpha(first_cells.platform[n], first_cells.module[n]) = first.solution.alpha[n];
    }
    state.alpha = std::move(first.solution.alpha);
    state.residual = first.solution.residual;
    if (task.config.model.kernel_embeddings && !once) {
        if (auto ok = embed(task, distances, target, team, state); !ok) {
            return Failure(ok.error());
        }
    }
    if (once) {
        progress.add(task.config.model.kernel_steps + kSolveSteps);
    } else {
        add_first_pass(state, distances, team);
        PITOT_TRY(auto second, run_pass(distances, state.cells, target, learn, SolveOptions{}.tolerance,
                                        key.fold("second"), team, progress));
        state.hyper = std::move(second.hyper);
        state.alpha = std::move(second.solution.alpha);
        state.residual = second.solution.residual;
    }
    if (learns_beside(task.dataset, task.config)) {
        if (auto ok = fit_beside(task, rows, distances, key.fold("beside"), team, progress, state); !ok) {
            return Failure(ok.error());
        }
    }
    PITOT_TRY(auto answers, answer_all(state, platforms, modules, team));
    return make_kernel_model(std::move(state), std::move(answers));
}

}  // namespace

Result<void> KernelFamily::check(const Dataset& dataset, const FitConfig& config) const {
    if (dataset.platforms.size() > kMostRows || dataset.modules.size() > kMostRows) {
        return fail(ErrorCode::kInput,
                    fmt::format("a fleet of {} platforms and {} modules is too large for preset '{}', which takes {} "
                                "of each at most; choose a preset such as embedding/128",
                                dataset.platforms.size(), dataset.modules.size(), config.preset, kMostRows));
    }
    return check_pools(dataset, config);
}

std::int64_t KernelFamily::folds(const FitConfig& /*config*/) const { return 1; }

std::optional<std::int64_t> KernelFamily::steps(const FitConfig& /*config*/, double /*share*/) const { return {}; }

Result<void> KernelFamily::fit(const FitTask& task, const TakeFitted& take) const {
    if (auto ok = check(task.dataset, task.config); !ok) {
        return ok;
    }
    if (auto backend = backend::find_backend(task.context); !backend) {  // nothing runs on it, but it is recorded
        return Failure(backend.error());
    }
    core::Team team(core::team_size(task.context.threads, 1));
    const std::int64_t passes = kPasses + (learns_beside(task.dataset, task.config) ? 1 : 0);
    Progress progress(task.context, task.replicates * passes * (task.config.model.kernel_steps + kSolveSteps));
    for (std::int64_t replicate = 0; replicate < task.replicates; ++replicate) {
        Fitted fitted{replicate, task.rows(replicate), {}, nullptr};
        if (auto ok = train::check_rows_left(fitted.rows, 0, 1, task.dataset.pool(kAlone).size(), task.share); !ok) {
            return ok;
        }
        fitted.scaling = fit_scaling(task, fitted.rows);
        PITOT_TRY(fitted.model, fit_kernel(task, fitted.rows, replicate, team, progress));
        if (auto ok = take(std::move(fitted)); !ok) {
            return ok;
        }
    }
    return {};
}

Result<std::shared_ptr<const FittedModel>> KernelFamily::load(const ModelArchive& archive, const FitConfig& config,
                                                              const Side& platforms, const Side& modules) const {
    return load_kernel_model(archive, config, platforms, modules);
}

ArrayShapes KernelFamily::kept_shapes(const FitConfig& /*config*/, std::int64_t platforms, std::int64_t modules) const {
    return {{"C_hat", {1, platforms, modules}}};
}

}  // namespace pitot::models
