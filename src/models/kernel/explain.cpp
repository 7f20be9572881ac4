#include "models/kernel/explain.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "backend/dense_algebra.hpp"

namespace pitot::models::kernel {
namespace {

// Terms of the sum: K A of one cell, kernel by kernel.
std::vector<PairExplanation::Term> terms_of(const KernelState& state, const Tables& tables, std::int32_t platform,
                                            std::int32_t module) {
    double of_platform = 0.0;
    double of_module = 0.0;
    std::vector<double> product(tables.terms, 0.0);
    for (std::size_t n = 0; n < state.alpha.size(); ++n) {
        const std::int32_t i = state.cells.platform[n];
        const std::int32_t j = state.cells.module[n];
        of_platform += tables.platform_effect(platform, i) * state.alpha[n];
        of_module += tables.module_effect(module, j) * state.alpha[n];
        for (std::size_t q = 0; q < tables.terms; ++q) {
            product[q] += tables.scale[q] * tables.platform[q].value(platform, i) * tables.module[q].value(module, j) *
                          state.alpha[n];
        }
    }
    std::vector<PairExplanation::Term> terms{
        {"constant", state.constant}, {"platform", of_platform}, {"module", of_module}};
    for (std::size_t q = 0; q < tables.terms; ++q) {
        terms.push_back({fmt::format("product {}", q + 1), product[q]});
    }
    return terms;
}

// What is left of a variable's variance about which runs scatter once one run of every other is known, and what there
// is now.
struct Left {
    double now = 0.0;
    double after = 0.0;
};

std::optional<Left> left_given_others(const Matrix<double>& covariance, std::int64_t x, double noise,
                                      core::Team& team) {
    // Its own row last: the last pivot of a Cholesky factor is what the others leave.
    const std::int64_t n = covariance.rows();
    std::vector<std::int64_t> order;
    for (std::int64_t k = 0; k < n; ++k) {
        if (k != x) {
            order.push_back(k);
        }
    }
    order.push_back(x);
    Matrix<double> sorted(n, n);
    for (std::int64_t u = 0; u < n; ++u) {
        for (std::int64_t v = 0; v <= u; ++v) {
            sorted(u, v) = covariance(order[static_cast<std::size_t>(u)], order[static_cast<std::size_t>(v)]);
        }
        sorted(u, u) += noise;
    }
    if (backend::dense::cholesky(sorted.view(), team)) {
        return {};
    }
    return Left{covariance(x, x), std::max(sorted(n - 1, n - 1) * sorted(n - 1, n - 1) - noise, 0.0)};
}

// The same of a pair among those of its platform, or of its module.
std::optional<Left> left_on_line(const KernelState& state, const PreparedTables& prepared, std::int32_t platform,
                                 std::int32_t module, bool of_platform, core::Team& team) {
    Pairs pairs;
    const std::int64_t rows =
        of_platform ? prepared.tables.module_effect.rows() : prepared.tables.platform_effect.rows();
    for (std::int64_t k = 0; k < rows; ++k) {
        pairs.platform.push_back(of_platform ? platform : static_cast<std::int32_t>(k));
        pairs.module.push_back(of_platform ? static_cast<std::int32_t>(k) : module);
    }
    const auto near = nearest_cells(prepared, state.cells, pairs, kPosteriorCells);
    const auto line = condition(prepared.tables, subset_of(state.cells, near), pairs, false, team);
    return line ? left_given_others(line->covariance, of_platform ? module : platform, prepared.tables.noise, team)
                : std::nullopt;
}

std::vector<PairExplanation::Part> parts_of(double variance, double noise, const Left& row, const Left& column) {
    const double own = std::max(variance - noise, 0.0);
    const auto share = [](const Left& left) { return left.now > 0.0 ? 1.0 - left.after / left.now : 0.0; };
    double of_platform = std::clamp(share(row), 0.0, 1.0);
    double of_module = std::clamp(share(column), 0.0, 1.0);
    const double both = std::max(of_platform + of_module, 1.0);  // what either would tell is counted in parts
    of_platform /= both;
    of_module /= both;
    return {{"noise", noise},
            {"platform", own * of_platform},
            {"module", own * of_module},
            {"pair", own * std::max(1.0 - of_platform - of_module, 0.0)}};
}

}  // namespace

Result<PairExplanation> explain_pair(const KernelState& state, const KernelAnswers& answers,
                                     const PreparedTables& prepared, std::int32_t platform, std::int32_t module,
                                     std::int64_t most, core::Team& team) {
    const Tables& tables = prepared.tables;
    PairExplanation told;
    told.answer = answers.mean(platform, module);
    told.deviation = answers.deviation(platform, module);
    told.terms = terms_of(state, tables, platform, module);
    told.learned_from = std::ssize(state.cells.mean);
    const Pairs pair{{platform}, {module}};
    const auto near = nearest_cells(prepared, state.cells, pair, kPosteriorCells);
    const Cells some = subset_of(state.cells, near);
    const auto conditioned = condition(tables, some, pair, true, team);
    const auto row = left_on_line(state, prepared, platform, module, true, team);
    const auto column = left_on_line(state, prepared, platform, module, false, team);
    if (!conditioned || !row || !column) {
        return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
    }
    told.weighed = std::ssize(near);
    told.near_answer = state.constant;
    std::vector<std::size_t> order(near.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (const std::size_t n : order) {
        told.near_answer += conditioned->weight(0, static_cast<std::int64_t>(n)) * (some.mean[n] - state.constant);
    }
    std::ranges::stable_sort(
        order, {}, [&](std::size_t n) { return -std::abs(conditioned->weight(0, static_cast<std::int64_t>(n))); });
    order.resize(std::min(order.size(), static_cast<std::size_t>(most)));
    for (const std::size_t n : order) {
        told.near.push_back({some.platform[n], some.module[n], static_cast<std::int64_t>(some.count[n]), some.mean[n],
                             conditioned->weight(0, static_cast<std::int64_t>(n))});
    }
    told.parts = parts_of(told.deviation * told.deviation, tables.noise, *row, *column);
    return told;
}

}  // namespace pitot::models::kernel
