#include "backend/cuda_dense/gradients.hpp"

#include <algorithm>
#include <array>

namespace pitot::backend::device {
namespace {

// Where the numbers that come back lie, one after another.
class ResultPlan {
public:
    ResultPlan(const Covariance& covariance, std::int64_t rows) : rows_(rows) {
        const auto square = [](MatrixView<const double> table) { return table.rows * table.rows; };
        for (const Term& term : covariance.terms) {
            Place place{};
            place.platform = take(square(term.platform));
            place.module = take(square(term.module));
            place.co_runner = take(square(term.co_runner));
            places_.push_back(place);
        }
        for (const Term& term : covariance.terms) {
            beside_ += term.beside ? 1 : 0;
        }
        row_sums_ = take(beside_ * rows);
        diagonal_ = take(rows);
        terms_ = take(2);
    }

    [[nodiscard]] std::int64_t size() const { return size_; }
    [[nodiscard]] double* row_sums(double* base) const { return base + row_sums_; }
    [[nodiscard]] double* diagonal(double* base) const { return base + diagonal_; }
    [[nodiscard]] double* terms(double* base) const { return base + terms_; }

    [[nodiscard]] GradientTables tables(const Covariance& covariance, Role role, double* base) const {
        GradientTables out{};
        std::size_t alone = 0;
        std::size_t beside = 0;
        for (std::size_t t = 0; t < places_.size(); ++t) {
            const Term& term = covariance.terms[t];
            const auto& table = role == Role::kPlatform ? term.platform
                                : role == Role::kModule ? term.module
                                                        : term.co_runner;
            const std::int64_t at = role == Role::kPlatform ? places_[t].platform
                                    : role == Role::kModule ? places_[t].module
                                                            : places_[t].co_runner;
            (term.beside ? out.beside[beside++] : out.alone[alone++]) = table.rows > 0 ? base + at : nullptr;
        }
        return out;
    }

    [[nodiscard]] Weighed read(const Covariance& covariance, std::span<const double> values) const {
        Weighed result;
        const auto matrix = [&](MatrixView<const double> like, std::int64_t at) {
            Matrix<double> table(like.rows, like.rows);
            std::ranges::copy(values.subspan(static_cast<std::size_t>(at), table.flat().size()), table.flat().begin());
            return table;
        };
        const auto numbers = [&](std::int64_t at, std::int64_t count) {
            const auto from = values.begin() + at;
            return std::vector<double>(from, from + count);
        };
        std::int64_t beside = 0;
        for (std::size_t t = 0; t < places_.size(); ++t) {
            const Term& term = covariance.terms[t];
            Weighed::Gradient gradient{matrix(term.platform, places_[t].platform),
                                       matrix(term.module, places_[t].module),
                                       matrix(term.co_runner, places_[t].co_runner)};
            if (term.beside) {
                gradient.of_row = numbers(row_sums_ + beside++ * rows_, rows_);
            }
            result.terms.push_back(std::move(gradient));
        }
        result.diagonal = numbers(diagonal_, rows_);
        result.half_log_determinant = values[static_cast<std::size_t>(terms_)];
        result.square = values[static_cast<std::size_t>(terms_) + 1];
        return result;
    }

private:
    struct Place {
        std::int64_t platform = 0, module = 0, co_runner = 0;
    };
    std::int64_t take(std::int64_t count) {
        const std::int64_t at = size_;
        size_ += count;
        return at;
    }

    std::int64_t rows_;
    std::vector<Place> places_;
    std::int64_t beside_ = 0;
    std::int64_t size_ = 0, row_sums_ = 0, diagonal_ = 0, terms_ = 0;
};

}  // namespace

bool Gradients::factor(Runtime& runtime, double* matrix, int n) {
    int work = 0;
    check(cusolverDnDpotrf_bufferSize(runtime.solver(), CUBLAS_FILL_MODE_LOWER, n, matrix, n, &work),
          "factoring a matrix");
    int* info = info_.of<int>(1);
    check(cusolverDnDpotrf(runtime.solver(), CUBLAS_FILL_MODE_LOWER, n, matrix, n, work_.of<double>(work), work, info),
          "factoring a matrix");
    return runtime.fetch(info, 1).front() == 0;
}

double* Gradients::weigh_factor(Runtime& runtime, const double* factor, const double* target, int n, double* terms) {
    const auto stream = runtime.stream();
    const auto square = static_cast<std::int64_t>(n) * n;
    double* inverse = inverse_.of<double>(square);
    double* weight = weight_.of<double>(square);
    double* white = vector_.of<double>(2 * static_cast<std::int64_t>(n));
    double* alpha = white + n;
    const double one = 1.0;
    const double none = 0.0;
    log_diagonal(factor, n, terms, stream);
    set_identity(inverse, n, stream);
    check_started("inverting a factor");
    // L⁻¹, L⁻ᵀL⁻¹ and K⁻¹y = L⁻ᵀL⁻¹y.
    check(cublasDtrsm(runtime.blas(), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, n, n,
                      &one, factor, n, inverse, n),
          "inverting a factor");
    check(
        cublasDgemm(runtime.blas(), CUBLAS_OP_T, CUBLAS_OP_N, n, n, n, &one, inverse, n, inverse, n, &none, weight, n),
        "inverting a matrix");
    check(cublasDgemv(runtime.blas(), CUBLAS_OP_N, n, n, &one, inverse, n, target, 1, &none, white, 1),
          "solving with a factor");
    check(cublasDgemv(runtime.blas(), CUBLAS_OP_T, n, n, &one, inverse, n, white, 1, &none, alpha, 1),
          "solving with a factor");
    double* partial = work_.of<double>(3 * std::int64_t{kParts});
    dot_products(white, white, nullptr, nullptr, nullptr, nullptr, n, partial, stream);
    add_partials(partial, 1, terms + 1, stream);
    subtract_square(weight, alpha, n, stream);
    check_started("weighing a covariance");
    return weight;
}

std::optional<Weighed> Gradients::weigh(Runtime& runtime, const Covariance& covariance, const Rows& rows,
                                        std::span<const double> target) {
    const auto n = static_cast<int>(rows.size());
    const bool beside = rows.width > 0;
    upload_.begin();
    const Resident resident(covariance, rows, upload_);
    const auto target_place = upload_.add(target);
    const std::array counts{covariance.platforms, covariance.modules, beside ? covariance.modules : 0};
    const std::array lists{lists_by(rows.platform, counts[0]), lists_by(rows.module, counts[1]),
                           beside ? lists_by_co_runner(rows, counts[2]) : HostLists{}};
    std::array<Upload::Place, 3> first, row;
    for (std::size_t role = 0; role < lists.size(); ++role) {
        first[role] = upload_.add(std::span(lists[role].first));
        row[role] = upload_.add(std::span(lists[role].row));
    }
    const auto list_weight = upload_.add(std::span(lists[2].weight));
    upload_.send(runtime.stream());

    const TermTables tables = resident.tables(upload_);
    const RowTable table = resident.rows(upload_);
    double* matrix = matrix_.of<double>(static_cast<std::int64_t>(n) * n);
    fill_square(tables, table, n, matrix, runtime.stream());
    check_started("computing covariances");
    if (!factor(runtime, matrix, n)) {
        return {};
    }
    const ResultPlan plan(covariance, n);
    double* result = result_.of<double>(plan.size());
    // Gradients of terms that no row has are 0.
    check(cudaMemsetAsync(result, 0, static_cast<std::size_t>(plan.size()) * sizeof(double), runtime.stream()),
          "starting");
    const double* weight = weigh_factor(runtime, matrix, upload_.at<double>(target_place), n, plan.terms(result));
    for (const Role role : {Role::kPlatform, Role::kModule, Role::kCoRunner}) {
        const auto at = static_cast<std::size_t>(role);
        if (counts[at] == 0) {
            continue;
        }
        const Lists on_device{upload_.at<int>(first[at]), upload_.at<int>(row[at]),
                              role == Role::kCoRunner ? upload_.at<double>(list_weight) : nullptr,
                              static_cast<int>(counts[at])};
        role_gradient(role, tables, table, weight, n, on_device, plan.tables(covariance, role, result),
                      runtime.stream());
    }
    if (tables.beside_terms > 0) {
        row_sums(tables, table, weight, n, plan.row_sums(result), runtime.stream());
    }
    copy_diagonal(weight, n, plan.diagonal(result), runtime.stream());
    check_started("computing gradients");
    std::vector<double> values(static_cast<std::size_t>(plan.size()));
    runtime.fetch(result, values);
    return plan.read(covariance, values);
}

std::optional<std::vector<double>> Gradients::solve(Runtime& runtime, const Covariance& covariance, const Rows& rows,
                                                    std::span<const double> target) {
    const auto n = static_cast<int>(rows.size());
    upload_.begin();
    const Resident resident(covariance, rows, upload_);
    upload_.send(runtime.stream());
    double* matrix = matrix_.of<double>(static_cast<std::int64_t>(n) * n);
    fill_square(resident.tables(upload_), resident.rows(upload_), n, matrix, runtime.stream());
    check_started("computing covariances");
    if (!factor(runtime, matrix, n)) {
        return {};
    }
    double* x = vector_.of<double>(n);
    check(cudaMemcpyAsync(x, target.data(), target.size_bytes(), cudaMemcpyHostToDevice, runtime.stream()),
          "copying to it");
    check(cusolverDnDpotrs(runtime.solver(), CUBLAS_FILL_MODE_LOWER, n, 1, matrix, n, x, n, info_.of<int>(1)),
          "solving with a factor");
    std::vector<double> solution(target.size());
    runtime.fetch(x, solution);
    return solution;
}

}  // namespace pitot::backend::device
