// Hyper-parameters of the kernel: what they are, where they start, and the tables of covariances they make.
//
// y_ij = c + a_i + b_j + Σ_q g_q(i, j) + ε with a ~ GP(0, Ka), b ~ GP(0, Kb), g_q ~ GP(0, s_q Kp_q ⊗ Km_q). A factor is
// (1 - w) φ(E) + w δ with E = Σ_g exp(θ_g) D_g over a side's distances; φ(E) = exp(-E) for the first half of the terms,
// exp(-√E) for the others and for Ka and Kb, which know features alone:
// Ka = exp(α_a) factor + exp(c_1) φ(E_runtime) + exp(c_2) φ(E_hardware), with the factor's θ, and
// Kb = exp(α_b) factor + exp(c_3) · products of the modules' standardised ln total count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/distances.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Products of a platform factor and a module factor.
inline constexpr std::size_t kTerms = 4;
/// Those, and where both sides have factors of a low-rank part: a platform factor and the Gram matrix of modules, the
/// Gram matrix of platforms and a module factor.
inline constexpr std::size_t kMostTerms = kTerms + 2;

/// Where each hyper-parameter lies in a vector of all.
class Layout {
public:
    /// `roots`: φ(E) = exp(-√E) of all terms, not of the second half alone.
    Layout(const SideDistances& platforms, const SideDistances& modules, bool roots = false);

    struct FactorPlace {
        std::size_t theta = 0;      ///< of the first distance; the others follow
        std::size_t distances = 0;  ///< how many of the side's
        std::size_t white = 0;      ///< logit of w
        bool root = false;          ///< φ(E) = exp(-√E)
    };

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t terms() const { return gram_ ? kMostTerms : kTerms; }
    /// Of a term; nothing where a Gram matrix takes its place.
    [[nodiscard]] std::optional<FactorPlace> platform(std::size_t term) const;
    [[nodiscard]] std::optional<FactorPlace> module(std::size_t term) const;
    [[nodiscard]] std::size_t scale(std::size_t term) const;  ///< ln s_q
    [[nodiscard]] FactorPlace platform_effect() const { return platform_effect_; }
    [[nodiscard]] FactorPlace module_effect() const { return module_effect_; }
    [[nodiscard]] std::size_t platform_scale() const { return platform_effect_.white + 1; }  ///< α_a
    [[nodiscard]] std::size_t module_scale() const { return module_effect_.white + 1; }      ///< α_b
    [[nodiscard]] std::size_t runtime_scale() const { return size_ - 4; }                    ///< c_1
    [[nodiscard]] std::size_t hardware_scale() const { return size_ - 3; }                   ///< c_2
    [[nodiscard]] std::size_t count_scale() const { return size_ - 2; }                      ///< c_3
    [[nodiscard]] std::size_t noise() const { return size_ - 1; }                            ///< ln σ²

    /// Where learning starts: the mean of the prior, whose standard deviation is kPriorDeviation.
    [[nodiscard]] std::vector<double> start(core::Key key) const;

private:
    std::size_t platforms_, modules_, term_size_, size_ = 0;
    std::size_t first_root_ = kTerms / 2;
    bool gram_ = false;
    FactorPlace platform_effect_, module_effect_;
};

inline constexpr double kPriorDeviation = 2.0;

/// One factor on a side's rows, with what its gradient needs.
struct Factor {
    Matrix<double> value;  ///< rows × rows
    Matrix<double> slope;  ///< (1 - w) φ'(E), rows × rows
    double white = 0.0;    ///< w
    /// exp(θ_g) of its distances.
    std::vector<double> weight{};
};

/// A factor's table from the hyper-parameters at its place.
[[nodiscard]] Factor make_factor(const Layout::FactorPlace& place, std::span<const double> values,
                                 const SideDistances& side);

/// Adds to the gradient of a factor's hyper-parameters, from that of its table (rows × rows, each a sum over all
/// elements) times `scale`.
void factor_gradient(const Layout::FactorPlace& place, const Factor& factor, const Matrix<double>& table, double scale,
                     const SideDistances& side, std::vector<double>& gradient);

/// All covariances.
struct Tables {
    std::size_t terms = kTerms;
    std::array<Factor, kMostTerms> platform;
    std::array<Factor, kMostTerms> module;
    std::array<double, kMostTerms> scale{};  ///< s_q
    Factor platform_factor, module_factor;
    Matrix<double> platform_effect;  ///< Ka
    Matrix<double> module_effect;    ///< Kb
    double noise = 0.0;              ///< σ², of one run
    double white = 0.0;              ///< ω = Σ_q s_q w_pq w_mq, the variance of what a cell has by itself
    /// e_p: what runs of a platform scatter beyond σ², a platform; 0 of those behind.
    std::vector<double> more_noise{};

    [[nodiscard]] double noise_beyond(std::int32_t p) const {
        return std::cmp_less(p, more_noise.size()) ? more_noise[static_cast<std::size_t>(p)] : 0.0;
    }
    [[nodiscard]] double noise_of(std::int32_t p) const { return noise + noise_beyond(p); }  ///< of a run
};

[[nodiscard]] Tables make_tables(const Layout& layout, std::span<const double> values, const SideDistances& platforms,
                                 const SideDistances& modules, core::Team& team);

/// Derivatives of a function with respect to every table's elements: symmetric, each a sum over all elements.
struct TableGradient {
    std::array<Matrix<double>, kMostTerms> platform;  ///< of Kp_q
    std::array<Matrix<double>, kMostTerms> module;
    Matrix<double> platform_effect;
    Matrix<double> module_effect;
    double noise = 0.0;  ///< of σ²

    TableGradient(std::size_t terms, std::int64_t platforms, std::int64_t modules);
};

/// The same with respect to the hyper-parameters, by the chain rule.
[[nodiscard]] std::vector<double> hyper_gradient(const Layout& layout, std::span<const double> values,
                                                 const Tables& tables, const TableGradient& gradient,
                                                 const SideDistances& platforms, const SideDistances& modules,
                                                 core::Team& team);

}  // namespace pitot::models::kernel
