#include "models/kernel/kernel_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "core/check.hpp"
#include "core/parallel.hpp"
#include "models/kernel/beside_distances.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/explain.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/held_out.hpp"
#include "models/kernel/observe.hpp"
#include "models/kernel/posterior.hpp"

namespace pitot::models::kernel {
namespace {

constexpr std::int64_t kHeldOutParts = 5;

// A grid with rows and columns of 0 appended.
Matrix<double> padded(const Matrix<double>& grid, std::int64_t rows, std::int64_t cols) {
    Matrix<double> more(rows, cols);
    for (std::int64_t i = 0; i < grid.rows(); ++i) {
        std::ranges::copy(grid.view().row(i), more.view().row(i).begin());
    }
    return more;
}

// The reference row nearest a row by all distances but the last group's, itself if it is one that is not held out.
std::int64_t nearest_reference(const SideDistances& side, std::int64_t row, std::int64_t reference,
                               const std::vector<bool>& held_out) {
    const auto out = [&](std::int64_t k) { return !held_out.empty() && held_out[static_cast<std::size_t>(k)]; };
    if (row < reference && !out(row)) {
        return row;
    }
    std::int64_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < reference; ++k) {
        double sum = 0.0;
        for (const Matrix<double>& group : side.groups) {
            sum += group(row, k);
        }
        if (!out(k) && sum < least) {
            least = sum;
            nearest = k;
        }
    }
    return nearest;
}

void add_embedding(const Matrix<double>& embedding, const std::vector<bool>& held_out, SideDistances& side) {
    if (embedding.rows() == 0) {
        return;
    }
    std::vector<std::int64_t> place;
    for (std::int64_t i = 0; i < side.rows; ++i) {
        place.push_back(nearest_reference(side, i, embedding.rows(), held_out));
    }
    Matrix<double> distances(side.rows, side.rows);
    for (std::int64_t i = 0; i < side.rows; ++i) {
        for (std::int64_t k = 0; k < side.rows; ++k) {
            distances(i, k) = embedding(place[static_cast<std::size_t>(i)], place[static_cast<std::size_t>(k)]);
        }
    }
    side.groups.push_back(std::move(distances));
}

// The tables that these answers come from are of runs alone.
Failure not_beside(const char* what) {
    return fail(ErrorCode::kInput,
                fmt::format("a model that learned from runs beside others cannot {}; fit one on runs alone "
                            "(train.objectives.together.weight = 0)",
                            what));
}

class KernelModel final : public FittedModel {
public:
    KernelModel(KernelState state, KernelAnswers answers, std::shared_ptr<const PreparedTables> tables)
        : state_(std::move(state)), answers_(std::move(answers)), tables_(std::move(tables)) {}

    void predict(const PairQuery& query, const Answer& answer,
                 std::unique_ptr<ModelScratch>& /*scratch*/) const override {
        if (knows_co_runners(state_) && query.width > 0) {
            predict_beside(query, answer);
            return;
        }
        std::ranges::transform(query.platform, query.module, answer.mean.begin(),
                               [this](std::int32_t i, std::int32_t j) { return answers_.mean(i, j); });
        if (!answer.deviation.empty()) {
            std::ranges::transform(query.platform, query.module, answer.deviation.begin(),
                                   [this](std::int32_t i, std::int32_t j) { return answers_.deviation(i, j); });
        }
    }

    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> with_rows(const AppendedRows& rows) const override {
        core::Team team(core::default_threads());
        PITOT_TRY(auto answers, answer_all(state_, rows.platforms, rows.modules, team));
        return make_kernel_model(clone_state(state_), std::move(answers));
    }

    [[nodiscard]] bool learns_on() const override { return !knows_co_runners(state_); }

    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> observe(const NewRuns& runs, const Side& platforms,
                                                                     const Side& modules) const override {
        if (knows_co_runners(state_)) {
            return not_beside("learn from further runs without a new fit");
        }
        core::Team team(core::default_threads());
        const bool appended = platforms.size() > answers_.mean.rows() || modules.size() > answers_.mean.cols();
        auto tables = appended ? prepare_tables(state_, platforms, modules, team) : prepared(platforms, modules, team);
        PITOT_TRY(auto folded, fold_in(state_, answers_, *tables, runs, team));
        return make_kernel_model(std::move(folded.state), std::move(folded.answers), std::move(tables));
    }

    [[nodiscard]] Result<JointPosterior> posterior(std::span<const std::int32_t> platform,
                                                   std::span<const std::int32_t> module, const Side& platforms,
                                                   const Side& modules) const override {
        if (knows_co_runners(state_)) {
            return not_beside("tell what measurements are worth");
        }
        core::Team team(1);
        const auto tables = prepared(platforms, modules, team);
        const Pairs pairs{{platform.begin(), platform.end()}, {module.begin(), module.end()}};
        const auto near = nearest_cells(*tables, state_.cells, pairs, kPosteriorCells);
        auto conditioned = condition(tables->tables, subset_of(state_.cells, near), pairs, false, team);
        if (!conditioned) {
            return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
        }
        return JointPosterior{std::move(conditioned->covariance), tables->tables.noise};
    }

    [[nodiscard]] Result<PairExplanation> explain(std::int32_t platform, std::int32_t module, std::int64_t most,
                                                  const Side& platforms, const Side& modules) const override {
        if (knows_co_runners(state_)) {
            return not_beside("tell which measurements an answer comes from");
        }
        core::Team team(core::default_threads());
        return explain_pair(state_, answers_, *prepared(platforms, modules, team), platform, module, most, team);
    }

    [[nodiscard]] bool has_deviation() const override { return true; }

    [[nodiscard]] std::optional<WithheldAnswers> answers_left_out() const override {
        if (answers_.precision.empty()) {
            return {};
        }
        if (knows_co_runners(state_)) {
            return runs_left_out();
        }
        WithheldAnswers answers;
        answers.platform = state_.cells.platform;
        answers.module = state_.cells.module;
        const double noise = std::exp(last_hyper(state_).back());
        for (std::size_t n = 0; n < state_.cells.size(); ++n) {
            const double variance = 1.0 / answers_.precision[n];
            answers.mean.push_back(state_.cells.mean[n] - state_.alpha[n] * variance);
            // What is left out has the noise of its mean; a new run has that of one run.
            answers.deviation.push_back(std::sqrt(variance + noise - noise / state_.cells.count[n]));
        }
        return answers;
    }

    [[nodiscard]] Result<std::optional<HeldOutAnswers>> answers_held_out(const Side& platforms, const Side& modules,
                                                                         const Context& context) const override {
        if (knows_co_runners(state_)) {
            return std::optional<HeldOutAnswers>();
        }
        core::Team team(core::team_size(context.threads, 1));
        PITOT_TRY(auto answers, hold_out(state_, platforms, modules, kHeldOutParts, team, context));
        return std::optional(std::move(answers));
    }

    [[nodiscard]] bool tells_co_runners() const override { return knows_co_runners(state_); }

    [[nodiscard]] ModelFacts describe() const override {
        std::size_t beside = 0;
        for (std::size_t n = 0; n < state_.beside.runs.size(); ++n) {
            beside += state_.beside.runs.kind(n) > 0 ? 1U : 0U;
        }
        return {
            .kind =
                fmt::format("Gaussian process on the platform × module grid ({} observed cells)", state_.cells.size()),
            .parameters = std::ssize(state_.first_hyper) + std::ssize(state_.hyper) + std::ssize(state_.beside.hyper),
            .co_runners = knows_co_runners(state_) ? fmt::format("learned from {} combinations", beside) : "ignored"};
    }

    void save(formats::NpzWriter& npz) const override {
        const auto matrix = [&](const char* name, const Matrix<double>& values) {
            npz.add<double>(name, values.flat(), std::vector<std::int64_t>{values.rows(), values.cols()});
        };
        npz.add<double>("kernel_constants",
                        std::vector<double>{state_.constant, state_.residual, state_.cells.within_squares,
                                            state_.cells.within_freedom});
        npz.add<double>("kernel_first_hyper", state_.first_hyper);
        if (has_second_pass(state_)) {
            npz.add<double>("kernel_hyper", state_.hyper);
        }
        matrix("kernel_first_alpha", state_.first_alpha);
        if (state_.factors.platform.rows() > 0) {
            matrix("kernel_platform_factors", state_.factors.platform);
            matrix("kernel_module_factors", state_.factors.module);
        }
        if (state_.platform_embedding.rows() > 0) {
            matrix("kernel_platform_embedding", state_.platform_embedding);
            matrix("kernel_module_embedding", state_.module_embedding);
        }
        npz.add<std::int32_t>("kernel_cell_platform", state_.cells.platform);
        npz.add<std::int32_t>("kernel_cell_module", state_.cells.module);
        npz.add<double>("kernel_cell_mean", state_.cells.mean);
        npz.add<double>("kernel_cell_runs", state_.cells.count);
        npz.add<double>("kernel_alpha", state_.alpha);
        matrix("kernel_mean", answers_.mean);
        matrix("kernel_deviation", answers_.deviation);
        if (knows_co_runners(state_)) {
            save_beside(npz);
            matrix("kernel_beside_deviation", answers_.beside_deviation);
        }
    }

    [[nodiscard]] Result<void> keep(const Dataset& dataset, const train::ReplicateRows& rows,
                                    const KeepArray& put) const override {
        std::vector<float> pairs(answers_.mean.flat().size());
        std::ranges::transform(answers_.mean.flat(), pairs.begin(), [](double v) { return static_cast<float>(v); });
        std::vector<float> beside;
        for (std::size_t p = kAlone + 1; p < rows.pools.size(); ++p) {
            const ObservationView table = dataset.pool(p);
            for (const std::int64_t row : rows.pools[p].test) {
                const auto at = static_cast<std::size_t>(row);
                const std::int32_t i = table.platform[at];
                const std::int32_t j = table.module[at];
                const auto width = static_cast<std::size_t>(table.width);
                beside.push_back(static_cast<float>(mean_beside(i, j, table.co_runner.subspan(at * width, width))));
            }
        }
        const auto tested = std::ssize(beside);
        return put("C_hat", std::move(pairs), {1, answers_.mean.rows(), answers_.mean.cols()}).and_then([&] {
            return tested > 0 ? put("C_ijk_hat", std::move(beside), {1, tested}) : Result<void>();
        });
    }

private:
    // Computed when first asked for, and the same whoever does.
    [[nodiscard]] std::shared_ptr<const PreparedTables> prepared(const Side& platforms, const Side& modules,
                                                                 core::Team& team) const {
        const std::scoped_lock lock(tables_made_);
        if (tables_ == nullptr) {
            tables_ = prepare_tables(state_, platforms, modules, team);
        }
        return tables_;
    }

    // Runs alone and beside others, each without itself.
    [[nodiscard]] WithheldAnswers runs_left_out() const {
        const Runs& runs = state_.beside.runs;
        WithheldAnswers answers;
        answers.platform = runs.cells.platform;
        answers.module = runs.cells.module;
        answers.co_runner = runs.co_runner;
        answers.width = static_cast<std::int32_t>(runs.width);
        for (std::size_t n = 0; n < runs.size(); ++n) {
            const double variance = 1.0 / answers_.precision[n];
            const double noise = answers_.noise[runs.kind(n)];
            answers.mean.push_back(runs.cells.mean[n] - state_.beside.alpha[n] * variance);
            answers.deviation.push_back(std::sqrt(variance + noise - noise / runs.cells.count[n]));
        }
        return answers;
    }

    [[nodiscard]] double mean_beside(std::int32_t i, std::int32_t j, std::span<const std::int32_t> co_runners) const {
        return answers_.mean(i, j) + (knows_co_runners(state_) ? answers_.beside(i, j, co_runners) : 0.0);
    }

    // Beside several, what co-runners add to the variance of a run alone is as many times as large, and ρ².
    [[nodiscard]] double deviation_beside(std::int32_t i, std::int32_t j,
                                          std::span<const std::int32_t> co_runners) const {
        const auto count = static_cast<std::size_t>(std::ranges::count_if(co_runners, [](auto k) { return k >= 0; }));
        if (count == 0) {
            return answers_.deviation(i, j);
        }
        const double one = answers_.beside_deviation(i, j);
        const double more = std::max(one * one - answers_.deviation(i, j) * answers_.deviation(i, j), 0.0);
        const double number = answers_.beside.number[std::min(count, kKinds - 1)];
        const double times = number * number * static_cast<double>(count);
        return std::sqrt(
            std::max(one * one + (times - 1.0) * more, answers_.deviation(i, j) * answers_.deviation(i, j)));
    }

    void predict_beside(const PairQuery& query, const Answer& answer) const {
        const auto width = static_cast<std::size_t>(query.width);
        for (std::size_t n = 0; n < query.platform.size(); ++n) {
            const auto others = query.co_runner.subspan(n * width, width);
            answer.mean[n] = mean_beside(query.platform[n], query.module[n], others);
            if (!answer.deviation.empty()) {
                answer.deviation[n] = deviation_beside(query.platform[n], query.module[n], others);
            }
        }
    }

    void save_beside(formats::NpzWriter& npz) const {
        const BesideState& beside = state_.beside;
        const Runs& runs = beside.runs;
        npz.add<double>("kernel_beside_hyper", beside.hyper);
        if (!beside.first_hyper.empty()) {
            npz.add<double>("kernel_beside_first_hyper", beside.first_hyper);
            npz.add<double>("kernel_beside_first_alpha", beside.first_alpha);
        }
        npz.add<double>("kernel_beside_alpha", beside.alpha);
        npz.add<std::int32_t>("kernel_run_platform", runs.cells.platform);
        npz.add<std::int32_t>("kernel_run_module", runs.cells.module);
        npz.add<std::int32_t>(
            "kernel_run_co_runner", runs.co_runner,
            std::vector<std::int64_t>{std::ssize(runs.cells.mean), static_cast<std::int64_t>(runs.width)});
        npz.add<double>("kernel_run_mean", runs.cells.mean);
        npz.add<double>("kernel_run_runs", runs.cells.count);
        std::vector<double> within{beside.residual};
        within.insert(within.end(), runs.within_squares.begin(), runs.within_squares.end());
        within.insert(within.end(), runs.within_freedom.begin(), runs.within_freedom.end());
        npz.add<double>("kernel_beside_constants", within);
    }

    KernelState state_;
    KernelAnswers answers_;
    mutable std::mutex tables_made_;
    mutable std::shared_ptr<const PreparedTables> tables_;
};

Result<Matrix<double>> read_matrix(const ModelArchive& archive, const char* name, std::int64_t rows,
                                   std::int64_t cols) {
    PITOT_TRY(const auto values, archive.read<double>(name, {rows, cols}));
    PITOT_TRY(const auto info, archive.npz().info(name));
    Matrix<double> matrix(info.shape[0], info.shape[1]);
    std::ranges::copy(values, matrix.flat().begin());
    return matrix;
}

// How many hyper-parameters the second pass has: it knows two distances a side more than the first, and those between
// factors and embeddings.
std::int64_t second_size(const KernelState& state, GridDistances distances) {
    const bool factors = state.factors.platform.rows() > 0;
    const std::size_t more = 2 + (factors ? 2U : 0U) + (state.platform_embedding.rows() > 0 ? 1U : 0U);
    for (SideDistances* side : {&distances.platforms, &distances.modules}) {
        side->groups.resize(side->groups.size() + more);
        side->gram = factors ? Matrix<double>(1, 1) : Matrix<double>();
    }
    return static_cast<std::int64_t>(Layout(distances.platforms, distances.modules).size());
}

Result<Cells> read_cells(const ModelArchive& archive, const std::vector<double>& constants, std::int64_t platforms,
                         std::int64_t modules) {
    Cells cells;
    PITOT_TRY(cells.platform, archive.read<std::int32_t>("kernel_cell_platform", {-1}));
    const std::int64_t n = std::ssize(cells.platform);
    PITOT_TRY(cells.module, archive.read<std::int32_t>("kernel_cell_module", {n}));
    PITOT_TRY(cells.mean, archive.read<double>("kernel_cell_mean", {n}));
    PITOT_TRY(cells.count, archive.read<double>("kernel_cell_runs", {n}));
    cells.within_squares = constants[2];
    cells.within_freedom = constants[3];
    const auto outside = [](const std::vector<std::int32_t>& rows, std::int64_t most) {
        return std::ranges::any_of(rows, [&](std::int32_t row) { return row < 0 || row >= most; });
    };
    if (outside(cells.platform, platforms)) {
        return archive.broken("kernel_cell_platform", "names a platform that does not exist");
    }
    if (outside(cells.module, modules)) {
        return archive.broken("kernel_cell_module", "names a module that does not exist");
    }
    if (std::ranges::any_of(cells.count, [](double runs) { return runs < 1.0; })) {
        return archive.broken("kernel_cell_runs", "has a cell without runs");
    }
    return cells;
}

// The runs that a model knows co-runners from.
Result<void> read_beside(const ModelArchive& archive, std::int64_t platforms, std::int64_t modules,
                         BesideState& beside) {
    Runs& runs = beside.runs;
    PITOT_TRY(beside.alpha, archive.read<double>("kernel_beside_alpha", {-1}));
    const std::int64_t n = std::ssize(beside.alpha);
    PITOT_TRY(runs.cells.platform, archive.read<std::int32_t>("kernel_run_platform", {n}));
    PITOT_TRY(runs.cells.module, archive.read<std::int32_t>("kernel_run_module", {n}));
    PITOT_TRY(runs.co_runner, archive.read<std::int32_t>("kernel_run_co_runner", {n, -1}));
    PITOT_TRY(runs.cells.mean, archive.read<double>("kernel_run_mean", {n}));
    PITOT_TRY(runs.cells.count, archive.read<double>("kernel_run_runs", {n}));
    PITOT_TRY(const auto constants,
              archive.read<double>("kernel_beside_constants", {1 + 2 * static_cast<std::int64_t>(kKinds)}));
    runs.width = n > 0 ? runs.co_runner.size() / static_cast<std::size_t>(n) : 0;
    beside.residual = constants[0];
    std::copy_n(constants.begin() + 1, kKinds, runs.within_squares.begin());
    std::copy_n(constants.begin() + 1 + kKinds, kKinds, runs.within_freedom.begin());
    const auto among = [](std::int64_t least, std::int64_t rows) {
        return [=](std::int32_t i) { return i >= least && i < rows; };
    };
    if (!std::ranges::all_of(runs.cells.platform, among(0, platforms))) {
        return archive.broken("kernel_run_platform", "names a platform that the model has not");
    }
    if (!std::ranges::is_sorted(runs.cells.platform)) {
        return archive.broken("kernel_run_platform", "does not ascend");
    }
    if (!std::ranges::all_of(runs.cells.module, among(0, modules))) {
        return archive.broken("kernel_run_module", "names a module that the model has not");
    }
    if (!std::ranges::all_of(runs.co_runner, among(-1, modules))) {
        return archive.broken("kernel_run_co_runner", "names a module that the model has not");
    }
    if (!std::ranges::all_of(runs.cells.count, [](double count) { return count >= 1.0; })) {
        return archive.broken("kernel_run_runs", "has a combination without runs");
    }
    return {};
}

// The distances that the state's last pass knows.
GridDistances last_distances(const KernelState& state, const Side& platforms, const Side& modules, core::Team& team) {
    GridDistances distances = feature_distances(state, platforms, modules);
    if (has_second_pass(state)) {
        add_first_pass(state, distances, team);
    }
    if (!state.beside.first_hyper.empty()) {
        add_beside_pass(state, distances, team);
    }
    return distances;
}

BesideTables beside_tables(const KernelState& state, const GridDistances& distances, core::Team& team) {
    const BesideLayout layout(distances.platforms, distances.modules);
    return make_tables(layout, state.beside.hyper, distances.platforms, distances.modules, team);
}

BesideGrid beside_grid(const KernelState& state, const BesideTables& tables, core::Team& team) {
    return make_grid(tables, state.beside.runs, state.beside.alpha, team);
}

// What rows alone and beside others say together.
Result<KernelAnswers> answer_beside(const KernelState& state, const GridDistances& distances, core::Team& team) {
    const BesideTables tables = beside_tables(state, distances, team);
    const Matrix<double> alpha =
        sum_by_pair(state.beside.runs, state.beside.alpha, distances.platforms.rows, distances.modules.rows);
    KernelAnswers answers;
    answers.mean = covariance_product(tables.alone, alpha.view(), team);
    for (std::size_t n = 0; n < answers.mean.flat().size(); ++n) {
        answers.mean.flat()[n] += state.constant + tables.alone.white * alpha.flat()[n];
    }
    PITOT_TRY(auto uncertainty, local_uncertainty(tables, state.beside.runs, kNearCells, team));
    answers.deviation = std::move(uncertainty.alone);
    answers.beside_deviation = std::move(uncertainty.beside);
    answers.precision = std::move(uncertainty.precision);
    answers.beside = beside_grid(state, tables, team);
    answers.noise = tables.noise;
    return answers;
}

}  // namespace

KernelState clone_state(const KernelState& state) {
    return {state.reference_platforms,
            state.reference_modules,
            state.platform_features,
            state.module_features,
            state.constant,
            state.first_hyper,
            state.hyper,
            {state.factors.platform.clone(), state.factors.module.clone()},
            state.platform_embedding.clone(),
            state.module_embedding.clone(),
            state.first_alpha.clone(),
            state.cells,
            state.alpha,
            state.residual,
            state.platform_held_out,
            state.module_held_out,
            state.beside};
}

GridDistances feature_distances(const KernelState& state, const Side& platforms, const Side& modules) {
    return {platform_distances(platforms, state.reference_platforms, state.platform_features),
            module_distances(modules, state.reference_modules, state.module_features)};
}

void add_first_pass(const KernelState& state, GridDistances& distances, core::Team& team) {
    const Layout layout(distances.platforms, distances.modules);
    const Tables tables = make_tables(layout, state.first_hyper, distances.platforms, distances.modules, team);
    const Matrix<double> alpha = padded(state.first_alpha, distances.platforms.rows, distances.modules.rows);
    const Matrix<double> product = product_part(tables, alpha.view(), team);
    Matrix<double> transposed(product.cols(), product.rows());
    for (std::int64_t i = 0; i < product.rows(); ++i) {
        for (std::int64_t j = 0; j < product.cols(); ++j) {
            transposed(j, i) = product(i, j);
        }
    }
    add_product_distances(product.view().columns(0, state.reference_modules), state.reference_platforms,
                          distances.platforms);
    add_product_distances(transposed.view().columns(0, state.reference_platforms), state.reference_modules,
                          distances.modules);
    if (state.factors.platform.rows() > 0) {
        add_factors(extend_factors(state.factors.platform, state.platform_held_out, distances.platforms, team),
                    state.reference_platforms, distances.platforms);
        add_factors(extend_factors(state.factors.module, state.module_held_out, distances.modules, team),
                    state.reference_modules, distances.modules);
    }
    add_embedding(state.platform_embedding, state.platform_held_out, distances.platforms);
    add_embedding(state.module_embedding, state.module_held_out, distances.modules);
}

Matrix<double> mean_grid(const KernelState& state, const Tables& tables, core::Team& team) {
    Matrix<double> alpha(tables.platform_effect.rows(), tables.module_effect.rows());
    for (std::size_t n = 0; n < state.alpha.size(); ++n) {
        alpha(state.cells.platform[n], state.cells.module[n]) = state.alpha[n];
    }
    Matrix<double> mean = covariance_product(tables, alpha.view(), team);
    for (std::size_t n = 0; n < mean.flat().size(); ++n) {
        // What a cell has by itself was learned where it was observed.
        mean.flat()[n] += state.constant + tables.white * alpha.flat()[n];
    }
    return mean;
}

void add_beside_pass(const KernelState& state, GridDistances& distances, core::Team& team) {
    const BesideLayout layout(distances.platforms, distances.modules);
    const BesideTables tables =
        make_tables(layout, state.beside.first_hyper, distances.platforms, distances.modules, team);
    const BesideGrid grid = make_grid(tables, state.beside.runs, state.beside.first_alpha, team);
    add_beside_distances(grid, state.reference_platforms, state.reference_modules, distances.platforms,
                         distances.modules, team);
}

Result<KernelAnswers> answer_all(const KernelState& state, const Side& platforms, const Side& modules,
                                 core::Team& team) {
    const GridDistances distances = last_distances(state, platforms, modules, team);
    if (knows_co_runners(state)) {
        return answer_beside(state, distances, team);
    }
    const Layout layout(distances.platforms, distances.modules);
    const Tables tables = make_tables(layout, last_hyper(state), distances.platforms, distances.modules, team);
    KernelAnswers answers;
    answers.mean = mean_grid(state, tables, team);
    PITOT_TRY(auto uncertainty, local_uncertainty(tables, state.cells, kNearCells, team));
    answers.deviation = std::move(uncertainty.deviation);
    answers.precision = std::move(uncertainty.precision);
    return answers;
}

std::shared_ptr<const FittedModel> make_kernel_model(KernelState state, KernelAnswers answers,
                                                     std::shared_ptr<const PreparedTables> tables) {
    return std::make_shared<const KernelModel>(std::move(state), std::move(answers), std::move(tables));
}

Result<std::shared_ptr<const FittedModel>> load_kernel_model(const ModelArchive& archive, const FitConfig& config,
                                                             const Side& platforms, const Side& modules) {
    KernelState state;
    state.platform_features = config.model.platform_features;
    state.module_features = config.model.module_features;
    PITOT_TRY(const auto constants, archive.read<double>("kernel_constants", {4}));
    state.constant = constants[0];
    state.residual = constants[1];
    PITOT_TRY(state.first_alpha, read_matrix(archive, "kernel_first_alpha", -1, -1));
    state.reference_platforms = state.first_alpha.rows();
    state.reference_modules = state.first_alpha.cols();
    if (state.reference_platforms > platforms.size() || state.reference_modules > modules.size()) {
        return archive.broken("kernel_first_alpha", "has more rows or columns than there are platforms and modules");
    }
    GridDistances distances = feature_distances(state, platforms, modules);
    const auto first = static_cast<std::int64_t>(Layout(distances.platforms, distances.modules).size());
    PITOT_TRY(state.first_hyper, archive.read<double>("kernel_first_hyper", {first}));
    if (archive.contains("kernel_platform_embedding")) {
        PITOT_TRY(state.platform_embedding, read_matrix(archive, "kernel_platform_embedding", state.reference_platforms,
                                                        state.reference_platforms));
        PITOT_TRY(state.module_embedding,
                  read_matrix(archive, "kernel_module_embedding", state.reference_modules, state.reference_modules));
    }
    if (archive.contains("kernel_platform_factors")) {
        PITOT_TRY(state.factors.platform,
                  read_matrix(archive, "kernel_platform_factors", state.reference_platforms, -1));
        PITOT_TRY(state.factors.module, read_matrix(archive, "kernel_module_factors", state.reference_modules,
                                                    state.factors.platform.cols()));
    }
    if (archive.contains("kernel_hyper")) {
        PITOT_TRY(state.hyper, archive.read<double>("kernel_hyper", {second_size(state, std::move(distances))}));
    }
    PITOT_TRY(state.cells, read_cells(archive, constants, platforms.size(), modules.size()));
    PITOT_TRY(state.alpha, archive.read<double>("kernel_alpha", {std::ssize(state.cells.mean)}));
    KernelAnswers answers;
    PITOT_TRY(answers.mean, read_matrix(archive, "kernel_mean", platforms.size(), modules.size()));
    PITOT_TRY(answers.deviation, read_matrix(archive, "kernel_deviation", platforms.size(), modules.size()));
    if (archive.contains("kernel_beside_hyper")) {
        if (auto ok = read_beside(archive, platforms.size(), modules.size(), state.beside); !ok) {
            return Failure(ok.error());
        }
        core::Team team(core::default_threads());
        GridDistances last = last_distances(state, platforms, modules, team);
        const auto size = [&] { return static_cast<std::int64_t>(BesideLayout(last.platforms, last.modules).size()); };
        if (archive.contains("kernel_beside_first_hyper")) {
            PITOT_TRY(state.beside.first_alpha,
                      archive.read<double>("kernel_beside_first_alpha", {std::ssize(state.beside.alpha)}));
            PITOT_TRY(state.beside.first_hyper, archive.read<double>("kernel_beside_first_hyper", {size()}));
            add_beside_pass(state, last, team);
        }
        PITOT_TRY(state.beside.hyper, archive.read<double>("kernel_beside_hyper", {size()}));
        PITOT_TRY(answers.beside_deviation,
                  read_matrix(archive, "kernel_beside_deviation", platforms.size(), modules.size()));
        answers.beside = beside_grid(state, beside_tables(state, last, team), team);
    }
    return make_kernel_model(std::move(state), std::move(answers));
}

}  // namespace pitot::models::kernel
