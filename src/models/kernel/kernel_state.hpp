// What a Gaussian process on the platform × module grid learned, and what follows from it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/beside_solve.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/low_rank.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// What was learned of rows beside others, with those alone.
struct BesideState {
    std::vector<double> hyper{};  ///< of both, over the distances of the last pass; empty: nothing was learned
    /// The same of a pass before it, whose h gives distances to the last; empty: there was none.
    std::vector<double> first_hyper{}, first_alpha{};
    Runs runs{};
    std::vector<double> alpha{};  ///< a row of `runs`
    double residual = 0.0;
};

/// What was learned, and what it was learned from.
struct KernelState {
    std::int64_t reference_platforms = 0;  ///< rows that the distances' constants come from; later ones were appended
    std::int64_t reference_modules = 0;
    bool platform_features = true;
    bool module_features = true;
    double constant = 0.0;            ///< c
    std::vector<double> first_hyper;  ///< of the first pass, whose product part gives distances to the second
    std::vector<double> hyper;        ///< of the second; empty: there was one pass, and what follows is its
    LowRank factors;                  ///< of the reference rows; empty where there are none
    /// Of the reference rows: distances between embeddings; empty where there are none.
    Matrix<double> platform_embedding, module_embedding;
    /// e_p of the reference platforms: what their runs scatter beyond σ²; empty: nothing.
    std::vector<double> platform_noise{};
    Matrix<double> first_alpha;  ///< reference rows: platforms × modules, 0 where not observed
    Cells cells;
    std::vector<double> alpha;  ///< a cell
    double residual = 0.0;      ///< of its solve
    /// Reference rows that embeddings are not to tell anything of, as if they were appended; empty: none.
    std::vector<bool> platform_held_out{}, module_held_out{};
    BesideState beside{};

    [[nodiscard]] double noise_beyond(std::int32_t platform) const {
        return std::cmp_less(platform, platform_noise.size()) ? platform_noise[static_cast<std::size_t>(platform)]
                                                              : 0.0;
    }
};

/// What the state says of every pair.
struct KernelAnswers {
    Matrix<double> mean;                ///< platforms × modules
    Matrix<double> deviation;           ///< of a new run
    Matrix<double> beside_deviation{};  ///< of a new run beside one other, a typical one
    BesideGrid beside{};
    /// A cell, or a run where co-runners were learned from: [K⁻¹]_nn, as local_uncertainty() has it. Empty in models
    /// from a file.
    std::vector<double> precision{};
    std::array<double, kKinds> noise{};  ///< σ² by the number of co-runners, where they were learned from
};

/// Of a combination; co-runners of -1 are none, and states that do not know any ignore them.
[[nodiscard]] double mean_beside(const KernelAnswers& answers, std::int32_t platform, std::int32_t module,
                                 std::span<const std::int32_t> co_runners);
/// Of a new run of it. Beside several, what co-runners add to the variance of a run alone is as many times as large as
/// beside one, and ρ².
[[nodiscard]] double deviation_beside(const KernelAnswers& answers, std::int32_t platform, std::int32_t module,
                                      std::span<const std::int32_t> co_runners);

/// Cells near a platform's that its deviations are computed from, about.
inline constexpr std::int64_t kNearCells = 1000;

[[nodiscard]] KernelState clone_state(const KernelState& state);
/// What the state says of every pair, by the tables of the pass that answers: platforms × modules.
[[nodiscard]] Matrix<double> mean_grid(const KernelState& state, const Tables& tables, core::Team& team);

/// Distances of the second pass.
struct GridDistances {
    SideDistances platforms;
    SideDistances modules;
};
[[nodiscard]] inline bool has_second_pass(const KernelState& state) { return !state.hyper.empty(); }
[[nodiscard]] inline bool knows_co_runners(const KernelState& state) { return !state.beside.hyper.empty(); }
/// Of the pass that answers.
[[nodiscard]] inline const std::vector<double>& last_hyper(const KernelState& state) {
    return has_second_pass(state) ? state.hyper : state.first_hyper;
}
[[nodiscard]] GridDistances feature_distances(const KernelState& state, const Side& platforms, const Side& modules);
/// Adds those from the first pass and, where there are any, from embeddings: a row appended or held out has those of
/// the reference row nearest it. `distances` are feature_distances().
void add_first_pass(const KernelState& state, GridDistances& distances, core::Team& team);

/// Adds those from the first pass on rows beside others, which `distances` has all others of.
void add_beside_pass(const KernelState& state, GridDistances& distances, core::Team& team);

/// All that the last pass knows.
[[nodiscard]] GridDistances last_distances(const KernelState& state, const Side& platforms, const Side& modules,
                                           core::Team& team);
/// Covariances of a state that knows co-runners; `last`: its last_distances().
[[nodiscard]] BesideTables beside_tables(const KernelState& state, const GridDistances& last, core::Team& team);
/// Sets what is known of rows alone from what was learned of them with rows beside others.
void take_alone(KernelState& state);
/// What a state that knows co-runners says of every pair by its tables. kInput as answer_all().
[[nodiscard]] Result<KernelAnswers> answer_beside(const KernelState& state, const BesideTables& tables,
                                                  const Machine& machine);
/// The same, all but deviations.
[[nodiscard]] KernelAnswers means_beside(const KernelState& state, const BesideTables& tables, core::Team& team);

/// What a state of rows alone says of every pair: platforms × modules.
[[nodiscard]] Matrix<double> mean_of_pairs(const KernelState& state, const Side& platforms, const Side& modules,
                                           core::Team& team);

/// kInput if a covariance matrix is not positive definite.
[[nodiscard]] Result<KernelAnswers> answer_all(const KernelState& state, const Side& platforms, const Side& modules,
                                               const Machine& machine);

}  // namespace pitot::models::kernel
