// What co-runners do: rows beside others, and the covariance they have beyond that of rows alone.
//
// y_ijS = c + f(i, j) + h(i, j, S) + ε for the set S of co-runners; f is the process of rows alone and h = 0 where S is
// empty. h(i, j, S) = ρ_|S| Σ_{k in S} h(i, j, k) is additive over co-runners, up to a factor for their number, and
// cov h(i, j, k), h(i', j', k') = Σ_t s_t Kp_t(i, i') Km_t(j, j') Kc_t(k, k'), Kc_0 = 1; noise by number of co-runners.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Numbers of co-runners told apart: none, one, two, more.
inline constexpr std::size_t kKinds = 4;

/// Combinations observed alone and beside others, by platform, module and set of co-runners, one entry each.
struct Runs {
    Cells cells;                          ///< platforms and modules come repeated: one entry a combination
    std::vector<std::int32_t> co_runner;  ///< cells × width, ascending, -1 behind them
    std::size_t width = 0;
    /// As Cells has them of rows alone, by number of co-runners.
    std::array<double, kKinds> within_squares{};
    std::array<double, kKinds> within_freedom{};

    [[nodiscard]] std::size_t size() const { return cells.size(); }
    [[nodiscard]] std::span<const std::int32_t> set(std::size_t n) const {  ///< without -1
        std::size_t count = 0;
        while (count < width && co_runner[n * width + count] >= 0) {
            ++count;
        }
        return std::span(co_runner).subspan(n * width, count);
    }
    [[nodiscard]] std::size_t kind(std::size_t n) const { return std::min(set(n).size(), kKinds - 1); }
};

/// Those of a dataset's pools; `rows` has the rows of each, none of a pool that is not learned from.
[[nodiscard]] Runs gather_runs(const Dataset& dataset, std::span<const core::RowNumbers> rows);
[[nodiscard]] Runs subset_of(const Runs& runs, std::span<const std::int64_t> numbers);

/// Terms of the covariance of h.
inline constexpr std::size_t kBesideTerms = 3;

/// Where the hyper-parameters of h lie, behind those of f.
class BesideLayout {
public:
    BesideLayout(const SideDistances& platforms, const SideDistances& modules);

    [[nodiscard]] const Layout& alone() const { return alone_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] Layout::FactorPlace platform(std::size_t term) const { return platform_[term]; }
    [[nodiscard]] Layout::FactorPlace module(std::size_t term) const { return module_[term]; }
    [[nodiscard]] Layout::FactorPlace co_runner(std::size_t term) const { return co_runner_[term]; }  ///< term > 0
    [[nodiscard]] std::size_t scale(std::size_t term) const { return scale_ + term; }                 ///< ln s_t
    [[nodiscard]] std::size_t number(std::size_t kind) const { return number_ + kind - 2; }  ///< ln ρ, kind >= 2
    [[nodiscard]] std::size_t noise(std::size_t kind) const { return noise_ + kind - 1; }    ///< ln σ², kind >= 1

    /// Where learning starts, and the mean of the prior: about what rows of two public fleets taught. All factors of f
    /// are exp(-√E) here, and its start is another than that of rows alone; the last term of h is exp(-E).
    [[nodiscard]] std::vector<double> start(core::Key key) const;

private:
    Layout alone_;
    std::array<Layout::FactorPlace, kBesideTerms> platform_, module_, co_runner_;
    std::size_t scale_ = 0, number_ = 0, noise_ = 0, size_ = 0;
};

/// Covariances of f and h.
struct BesideTables {
    Tables alone;
    std::array<Factor, kBesideTerms> platform, module, co_runner;  ///< no co_runner[0]
    std::array<double, kBesideTerms> scale{};
    std::array<double, kKinds> number{};  ///< ρ by number of co-runners; 0 of none, 1 of one
    std::array<double, kKinds> noise{};   ///< σ² of a run

    [[nodiscard]] double noise_of(const Runs& runs, std::size_t n) const {  ///< of one run of a combination
        return noise[runs.kind(n)] + alone.noise_beyond(runs.cells.platform[n]);
    }
};

[[nodiscard]] BesideTables make_tables(const BesideLayout& layout, std::span<const double> values,
                                       const SideDistances& platforms, const SideDistances& modules, core::Team& team);

/// Different sets of co-runners, and which a row has.
struct CoRunnerSets {
    std::vector<std::vector<std::int32_t>> sets;
    std::vector<std::int32_t> of_row;  ///< -1: alone
    std::vector<std::int64_t> beside;  ///< rows beside others, ascending
};
[[nodiscard]] CoRunnerSets sets_of(const Runs& runs);

/// On and below the diagonal of `out` (rows × rows) the covariance of rows with their noise.
void fill_covariance(const BesideTables& tables, const Runs& runs, MatrixView<double> out, core::Team& team);

/// As for rows alone; what runs within combinations tell of their noise is shared by `whole` rows.
[[nodiscard]] std::optional<Likelihood> likelihood(const BesideLayout& layout, std::span<const double> values,
                                                   const SideDistances& platforms, const SideDistances& modules,
                                                   const Runs& runs, std::span<const double> target, double whole,
                                                   core::Team& team);
[[nodiscard]] Result<std::optional<Likelihood>> likelihood(const BesideLayout& layout, std::span<const double> values,
                                                           const SideDistances& platforms, const SideDistances& modules,
                                                           const Runs& runs, std::span<const double> target,
                                                           double whole, const Machine& machine);

}  // namespace pitot::models::kernel
