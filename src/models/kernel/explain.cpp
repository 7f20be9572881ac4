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

// Terms of the sum: K A of one cell, kernel by kernel; A of states that know co-runners is summed over their sets.
std::vector<PairExplanation::Term> terms_of(const KernelState& state, const Tables& tables, std::int32_t platform,
                                            std::int32_t module) {
    double of_platform = 0.0;
    double of_module = 0.0;
    std::vector<double> product(tables.terms, 0.0);
    const bool beside = knows_co_runners(state);
    const Cells& cells = beside ? state.beside.runs.cells : state.cells;
    const std::vector<double>& alpha = beside ? state.beside.alpha : state.alpha;
    for (std::size_t n = 0; n < alpha.size(); ++n) {
        const std::int32_t i = cells.platform[n];
        const std::int32_t j = cells.module[n];
        of_platform += tables.platform_effect(platform, i) * alpha[n];
        of_module += tables.module_effect(module, j) * alpha[n];
        for (std::size_t q = 0; q < tables.terms; ++q) {
            product[q] +=
                tables.scale[q] * tables.platform[q].value(platform, i) * tables.module[q].value(module, j) * alpha[n];
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

// `noise`: of a run, a variable.
std::optional<Left> left_given_others(const Matrix<double>& covariance, std::int64_t x,
                                      const std::vector<double>& noise, core::Team& team) {
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
        sorted(u, u) += noise[static_cast<std::size_t>(order[static_cast<std::size_t>(u)])];
    }
    if (backend::dense::cholesky(sorted.view(), team)) {
        return {};
    }
    const double last = sorted(n - 1, n - 1);
    return Left{covariance(x, x), std::max(last * last - noise[static_cast<std::size_t>(x)], 0.0)};
}

// The same of a pair among those of its platform, or of its module.
Result<Left> left_on_line(const KernelState& state, const PreparedTables& prepared, std::int32_t platform,
                          std::int32_t module, bool of_platform, core::Team& team) {
    Pairs pairs;
    const Tables& tables = prepared.tables.alone;
    const std::int64_t rows = of_platform ? tables.module_effect.rows() : tables.platform_effect.rows();
    for (std::int64_t k = 0; k < rows; ++k) {
        pairs.platform.push_back(of_platform ? platform : static_cast<std::int32_t>(k));
        pairs.module.push_back(of_platform ? static_cast<std::int32_t>(k) : module);
    }
    PITOT_TRY(const auto line, condition_near(state, prepared, pairs, false, team));
    std::vector<double> noise;
    for (const std::int32_t of : pairs.platform) {
        noise.push_back(tables.noise_of(of));
    }
    const auto left = left_given_others(line.given.covariance, of_platform ? module : platform, noise, team);
    if (!left) {
        return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
    }
    return *left;
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

// The measured pairs that weigh most, with what all that were weighed make of the answer.
void tell_near(const KernelState& state, const ConditionedNear& conditioned, std::int64_t most, PairExplanation& told) {
    const bool beside = knows_co_runners(state);
    const Cells& cells = beside ? state.beside.runs.cells : state.cells;
    const std::vector<std::int64_t>& near = conditioned.near;
    const auto weight = [&](std::size_t n) { return conditioned.given.weight(0, static_cast<std::int64_t>(n)); };
    told.learned_from = std::ssize(cells.mean);
    told.weighed = std::ssize(near);
    told.near_answer = state.constant;
    std::vector<std::size_t> order(near.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (const std::size_t n : order) {
        told.near_answer += weight(n) * (cells.mean[static_cast<std::size_t>(near[n])] - state.constant);
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t n) { return -std::abs(weight(n)); });
    order.resize(std::min(order.size(), static_cast<std::size_t>(most)));
    for (const std::size_t n : order) {
        const auto at = static_cast<std::size_t>(near[n]);
        PairExplanation::Near& of = told.near.emplace_back();
        of.platform = cells.platform[at];
        of.module = cells.module[at];
        of.runs = static_cast<std::int64_t>(cells.count[at]);
        of.mean = cells.mean[at];
        of.weight = weight(n);
        if (beside) {
            const auto set = state.beside.runs.set(at);
            of.co_runners.assign(set.begin(), set.end());
        }
    }
}

}  // namespace

Result<PairExplanation> explain_pair(const KernelState& state, const KernelAnswers& answers,
                                     const PreparedTables& prepared, std::int32_t platform, std::int32_t module,
                                     std::int64_t most, core::Team& team) {
    const Tables& tables = prepared.tables.alone;
    PairExplanation told;
    told.answer = answers.mean(platform, module);
    told.deviation = answers.deviation(platform, module);
    told.terms = terms_of(state, tables, platform, module);
    PITOT_TRY(const auto conditioned, condition_near(state, prepared, {{platform}, {module}}, true, team));
    PITOT_TRY(const auto row, left_on_line(state, prepared, platform, module, true, team));
    PITOT_TRY(const auto column, left_on_line(state, prepared, platform, module, false, team));
    tell_near(state, conditioned, most, told);
    told.parts = parts_of(told.deviation * told.deviation, tables.noise_of(platform), row, column);
    return told;
}

}  // namespace pitot::models::kernel
