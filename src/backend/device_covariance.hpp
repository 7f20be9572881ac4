// Gaussian processes on a device: likelihoods, solves and variances for covariances that are sums of products of
// tables.
//
// K(u, v) = Σ_t s_t P_t(p_u, p_v) M_t(m_u, m_v) C_t(u, v) + δ_uv d_u for rows u, v with a platform p, a module m and a
// set of co-runners each. C_t = 1 in terms of all rows, and in terms of rows beside others
// C_t(u, v) = ρ_u ρ_v Σ_k Σ_l c_t(k, l), k from u's set and l from v's (0 where a set is empty).
//
// Everything is in double precision and the same from run to run. What is large stays on the device: tables and rows go
// there once a call, vectors of a number a row and small tables come back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::backend::device {

/// One product of the sum. Tables are symmetric and without gaps between rows; one without rows is 1 everywhere.
struct Term {
    double scale = 1.0;
    MatrixView<const double> platform{};
    MatrixView<const double> module{};
    MatrixView<const double> co_runner{};  ///< c_t: modules × modules
    bool beside = false;                   ///< of rows beside others alone
};

/// The most terms of all rows and of rows beside others.
inline constexpr std::size_t kMostTerms = 8;
inline constexpr std::size_t kMostBesideTerms = 3;

struct Covariance {
    std::int64_t platforms = 0;
    std::int64_t modules = 0;
    std::vector<Term> terms{};
};

/// Rows, in any order; spans must outlive the call they are given to.
struct Rows {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const double> diagonal;           ///< d
    std::span<const std::int32_t> co_runner{};  ///< rows × width, -1 behind a set's members
    std::int64_t width = 0;                     ///< 0: no row is beside others
    std::span<const double> weight{};           ///< ρ of a row's set; empty where width = 0
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
};

/// What a marginal likelihood and its gradient take of rows with observations y: W = ½(K⁻¹ - ααᵀ), α = K⁻¹y.
struct Weighed {
    double half_log_determinant = 0.0;  ///< ½ ln |K|
    double square = 0.0;                ///< yᵀα
    /// Derivatives of Σ_uv W_uv K_uv / s_t with respect to the elements of each table that a term has.
    struct Gradient {
        Matrix<double> platform, module, co_runner;
        std::vector<double> of_row{};  ///< of terms of rows beside others: Σ_v W_uv K_t(u, v) / s_t of each row u
    };
    std::vector<Gradient> terms{};
    std::vector<double> diagonal{};  ///< W_uu
};

/// Rows one after another, and those that they are conditioned on, each with a smaller place in the order of all.
struct Conditional {
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::vector<std::int64_t> given{};
};

struct SolveLimits {
    double tolerance = 1e-9;  ///< of the residual over the right-hand side, both Euclidean norms
    std::int64_t iterations = 600;
};

struct Solved {
    enum class End { kConverged, kIndefinite, kStopped, kTooLong };
    End end = End::kConverged;
    std::vector<double> x{};
    double residual = 0.0;
    std::int64_t iterations = 0;
};

/// What is asked near some rows: the variance of further rows given those, and the elements [K⁻¹]_nn of the last.
struct Question {
    std::vector<std::int64_t> known{};
    std::int64_t own = 0;  ///< how many of the last known rows' [K⁻¹]_nn are wanted
    std::vector<std::int64_t> asked{};
};

struct Answers {
    std::vector<double> variance{};   ///< an asked row, with its d
    std::vector<double> precision{};  ///< an own row, K of the known rows
};

/// One device with what it needs to compute; for one thread at a time. Errors of all: kEnvironment if the device has
/// too little memory or fails.
class Device {
public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    virtual ~Device() = default;

    /// Nothing if K is not positive definite in double precision.
    [[nodiscard]] virtual Result<std::optional<Weighed>> weigh(const Covariance& covariance, const Rows& rows,
                                                               std::span<const double> target) = 0;

    /// K⁻¹y by a Cholesky factor; nothing if K is not positive definite.
    [[nodiscard]] virtual Result<std::optional<std::vector<double>>> solve_dense(const Covariance& covariance,
                                                                                 const Rows& rows,
                                                                                 std::span<const double> target) = 0;

    /// K⁻¹y by conjugate gradients from `start` (empty: 0), with Σ WᵀW as the inverse of the preconditioner, W =
    /// L⁻¹[-B, I] in single precision of each conditional, whose rows cover all. `go_on` is asked before every step.
    [[nodiscard]] virtual Result<Solved> solve(const Covariance& covariance, const Rows& rows,
                                               std::span<const Conditional> conditionals,
                                               std::span<const double> target, std::span<const double> start,
                                               const SolveLimits& limits, const std::function<bool()>& go_on) = 0;

    /// One answer a question; nothing if a matrix of known rows is not positive definite.
    [[nodiscard]] virtual Result<std::optional<std::vector<Answers>>> ask(const Covariance& covariance,
                                                                          const Rows& rows,
                                                                          std::span<const Question> questions) = 0;
};

/// The first of these numbers of devices, or device 0, for where the backend is "cuda". kUsage if there is none of that
/// number, kEnvironment if this build has no such devices or none answers.
[[nodiscard]] Result<std::unique_ptr<Device>> open_device(std::span<const int> devices);

}  // namespace pitot::backend::device
