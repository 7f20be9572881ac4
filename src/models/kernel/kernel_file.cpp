#include "models/kernel/kernel_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "pitot/fit.hpp"

namespace pitot::models::kernel {
namespace {

void write_beside(const BesideState& beside, formats::NpzWriter& npz) {
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

// Runs lie in the order of this.
std::tuple<std::int32_t, std::int32_t, std::vector<std::int32_t>> place_of(const Runs& runs, std::size_t n) {
    const auto first = runs.co_runner.begin() + static_cast<std::ptrdiff_t>(n * runs.width);
    return {runs.cells.platform[n], runs.cells.module[n], {first, first + static_cast<std::ptrdiff_t>(runs.width)}};
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
    if (platforms * modules * modules > kMostKernelTriples) {
        return archive.broken("kernel_run_co_runner", "is of more platforms and modules than a table of triples holds");
    }
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
    for (std::size_t row = 0; row < runs.size(); ++row) {
        const auto set = std::span(runs.co_runner).subspan(row * runs.width, runs.width);
        const auto end = std::ranges::find(set, -1);
        if (!std::is_sorted(set.begin(), end) || std::any_of(end, set.end(), [](std::int32_t k) { return k >= 0; })) {
            return archive.broken("kernel_run_co_runner", "has a set that does not ascend, with -1 behind it");
        }
        if (row > 0 && !(place_of(runs, row - 1) < place_of(runs, row))) {
            return archive.broken("kernel_run_module", "does not have each combination once, in ascending order");
        }
    }
    if (!std::ranges::all_of(runs.cells.count, [](double count) { return count >= 1.0; })) {
        return archive.broken("kernel_run_runs", "has a combination without runs");
    }
    return {};
}

}  // namespace

void write_state(const KernelState& state, const KernelAnswers& answers, formats::NpzWriter& npz) {
    const auto matrix = [&](const char* name, const Matrix<double>& values) {
        npz.add<double>(name, values.flat(), std::vector<std::int64_t>{values.rows(), values.cols()});
    };
    npz.add<double>("kernel_constants", std::vector<double>{state.constant, state.residual, state.cells.within_squares,
                                                            state.cells.within_freedom});
    npz.add<double>("kernel_first_hyper", state.first_hyper);
    if (has_second_pass(state)) {
        npz.add<double>("kernel_hyper", state.hyper);
    }
    matrix("kernel_first_alpha", state.first_alpha);
    if (!state.platform_noise.empty()) {
        npz.add<double>("kernel_platform_noise", state.platform_noise);
    }
    if (state.factors.platform.rows() > 0) {
        matrix("kernel_platform_factors", state.factors.platform);
        matrix("kernel_module_factors", state.factors.module);
    }
    if (state.platform_embedding.rows() > 0) {
        matrix("kernel_platform_embedding", state.platform_embedding);
        matrix("kernel_module_embedding", state.module_embedding);
    }
    npz.add<std::int32_t>("kernel_cell_platform", state.cells.platform);
    npz.add<std::int32_t>("kernel_cell_module", state.cells.module);
    npz.add<double>("kernel_cell_mean", state.cells.mean);
    npz.add<double>("kernel_cell_runs", state.cells.count);
    npz.add<double>("kernel_alpha", state.alpha);
    matrix("kernel_mean", answers.mean);
    matrix("kernel_deviation", answers.deviation);
    if (knows_co_runners(state)) {
        write_beside(state.beside, npz);
        matrix("kernel_beside_deviation", answers.beside_deviation);
    }
}

Result<StateAndAnswers> read_state(const ModelArchive& archive, const FitConfig& config, const Side& platforms,
                                   const Side& modules) {
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
    if (archive.contains("kernel_platform_noise")) {
        PITOT_TRY(state.platform_noise, archive.read<double>("kernel_platform_noise", {state.reference_platforms}));
        if (!std::ranges::all_of(state.platform_noise, [](double v) { return v >= 0.0 && std::isfinite(v); })) {
            return archive.broken("kernel_platform_noise", "has a variance below 0");
        }
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
        answers.beside = make_grid(beside_tables(state, last, team), state.beside.runs, state.beside.alpha, team);
    }
    return StateAndAnswers{std::move(state), std::move(answers)};
}

}  // namespace pitot::models::kernel
