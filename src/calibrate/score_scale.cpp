#include "calibrate/score_scale.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "calibrate/ranks.hpp"
#include "core/check.hpp"

namespace pitot::calibrate {
namespace {

constexpr std::size_t kTenths = 10;
constexpr double kLargestFactor = 5.0;
// Of a platform's rows at 90 %, where it has as many.
constexpr double kLeastCoverage = 0.86;
constexpr std::size_t kLeastRowsToWiden = 15;
constexpr int kPassesToWiden = 3;
// What it costs that coverage of parts of the fleet is off: over-provisioning counts a quarter more for every point
// that it is too little or too much in all of them.
constexpr double kViolationCost = 25.0;
constexpr double kUsualDeviations = 0.99;  // this share of rows has deviations that residuals tell of
constexpr double kWorthIt = 0.99;          // of the simpler scale's cost, so that chance does not choose

double factor_of(const std::vector<double>& factors, std::int32_t row) {
    return row >= 0 && row < std::ssize(factors) ? factors[static_cast<std::size_t>(row)] : 1.0;
}

constexpr std::size_t kHalves = 2;

// Which half of the rows one is in: as good as at random, whatever their order.
std::size_t half_of(std::size_t row) { return ((row + 1) * 0x9E3779B97F4A7C15U >> 40U) % kHalves; }

std::vector<std::size_t> all_rows(std::size_t count) {
    std::vector<std::size_t> rows(count);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
}

std::vector<std::size_t> rows_of_half(std::size_t half, std::size_t count) {
    std::vector<std::size_t> rows = all_rows(count);
    std::erase_if(rows, [&](std::size_t n) { return half_of(n) != half; });
    return rows;
}

// The value that a share of some does not exceed; they are reordered. NaN of none.
double quantile(std::vector<double>& values, double share) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const std::int64_t rank = std::min(conformal_rank(std::ssize(values), share), std::ssize(values));
    const auto at = values.begin() + (rank - 1);
    std::ranges::nth_element(values, at);
    return *at;
}

// How wide scores spread: the mean of two sizes, that of all and that of the upper tenth, which bounds rest on. The
// first is steadier, the second sees scores that lie to one side.
double width_of(std::vector<double>& scores) {
    double sum = 0.0;
    for (const double score : scores) {
        sum += std::abs(score);
    }
    const double typical = sum / static_cast<double>(std::max<std::size_t>(scores.size(), 1));
    const double upper = quantile(scores, 0.9);
    return typical + std::max(upper, 0.0);
}

double shrunken(double width, double overall, double rows, double prior_rows) {
    if (!(width > 0.0) || !(overall > 0.0)) {
        return 1.0;
    }
    const double factor = std::exp(rows / (rows + prior_rows) * std::log(width / overall));
    return std::clamp(factor, 1.0 / kLargestFactor, kLargestFactor);
}

// Rows of as many co-runners are alike: their scores are as wide as each other, and bounds rest on theirs alone.
constexpr std::size_t kClasses = 4;
std::size_t class_of(const ScoredRows& rows, std::size_t n) {
    return std::min<std::size_t>(static_cast<std::size_t>(rows.co_runners[n]), kClasses - 1);
}

// Scores of some rows over the width of their class.
std::vector<double> relative_scores(const ScoredRows& rows, std::span<const std::size_t> chosen,
                                    const ScaleTables& tables) {
    const ScoreScale scale(tables);
    std::array<std::vector<double>, kClasses> of_class;
    std::vector<double> scores;
    for (const std::size_t n : chosen) {
        scores.push_back(rows.score(scale, n));
        of_class.at(class_of(rows, n)).push_back(scores.back());
    }
    std::array<double, kClasses> width{};
    for (std::size_t c = 0; c < kClasses; ++c) {
        width.at(c) = std::max(width_of(of_class.at(c)), std::numeric_limits<double>::min());
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        scores[i] /= width.at(class_of(rows, chosen[i]));
    }
    return scores;
}

// Multiplies factors of the rows of a side by what their scores say of them.
void learn_side(const ScoredRows& rows, std::span<const std::size_t> chosen, const std::vector<std::int32_t>& side,
                const ScaleTables& tables, double prior_rows, std::vector<double>& factors) {
    std::vector<double> all = relative_scores(rows, chosen, tables);
    std::vector<std::vector<double>> of_row(factors.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (const std::int32_t row = side[chosen[i]]; row >= 0) {
            of_row[static_cast<std::size_t>(row)].push_back(all[i]);
        }
    }
    const double overall = width_of(all);
    for (std::size_t i = 0; i < factors.size(); ++i) {
        if (!of_row[i].empty()) {
            const auto count = static_cast<double>(of_row[i].size());
            factors[i] *= shrunken(width_of(of_row[i]), overall, count, prior_rows);
        }
    }
}

// Widens the factors of platforms whose rows exceed 90 % bounds of all rows too often: shrinkage leaves those short
// whose scores have a heavy tail or few rows.
void widen_short_platforms(const ScoredRows& rows, std::span<const std::size_t> chosen, ScaleTables& tables) {
    std::vector<double> all = relative_scores(rows, chosen, tables);
    std::vector<std::vector<double>> of_platform(tables.platform.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (const std::int32_t platform = rows.platform[chosen[i]]; platform >= 0) {
            of_platform[static_cast<std::size_t>(platform)].push_back(all[i]);
        }
    }
    const double margin = quantile(all, 0.9);
    for (std::size_t p = 0; p < of_platform.size() && margin > 0.0; ++p) {
        if (of_platform[p].size() >= kLeastRowsToWiden) {
            const double missing = quantile(of_platform[p], kLeastCoverage) / margin;
            tables.platform[p] = std::min(tables.platform[p] * std::max(missing, 1.0), kLargestFactor);
        }
    }
}

// Places of some rows in the order of their predictions, as tenths.
std::vector<std::vector<std::size_t>> tenths_of(const ScoredRows& rows, std::span<const std::size_t> chosen) {
    std::vector<std::size_t> order = all_rows(chosen.size());
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return rows.predicted[chosen[i]]; });
    std::vector<std::vector<std::size_t>> tenths(kTenths);
    for (std::size_t n = 0; n < order.size(); ++n) {
        tenths[kTenths * n / order.size()].push_back(order[n]);
    }
    return tenths;
}

// Factors at the middle of each tenth of predictions.
void learn_runtime(const ScoredRows& rows, std::span<const std::size_t> chosen, double prior_rows,
                   ScaleTables& tables) {
    std::vector<double> all = relative_scores(rows, chosen, tables);
    std::vector<double> knots, factors;
    std::vector<std::vector<double>> of_tenth;
    for (const std::vector<std::size_t>& tenth : tenths_of(rows, chosen)) {
        std::vector<double> scores(tenth.size());
        std::ranges::transform(tenth, scores.begin(), [&](std::size_t i) { return all[i]; });
        const double knot = tenth.empty() ? 0.0 : rows.predicted[chosen[tenth[tenth.size() / 2]]];
        if (!tenth.empty() && (knots.empty() || knot > knots.back())) {
            knots.push_back(knot);
            of_tenth.push_back(std::move(scores));
        }
    }
    const double overall = width_of(all);
    for (std::vector<double>& scores : of_tenth) {
        const auto count = static_cast<double>(scores.size());
        factors.push_back(shrunken(width_of(scores), overall, count, prior_rows));
    }
    tables.knots = std::move(knots);
    tables.runtime = std::move(factors);
}

// `prior_rows`: as many rows of its own as a factor needs to count half; infinite: no factors.
ScaleTables learn(const ScoredRows& rows, std::span<const std::size_t> chosen, ScoreKind kind, double prior_rows,
                  std::int64_t platforms, std::int64_t modules) {
    ScaleTables tables;
    tables.kind = kind;
    if (kind == ScoreKind::kResidual) {
        std::vector<double> deviations;
        for (const std::size_t n : chosen) {
            deviations.push_back(rows.deviation[n]);
        }
        tables.widest_deviation = quantile(deviations, kUsualDeviations);
    }
    if (!std::isfinite(prior_rows)) {
        return tables;
    }
    tables.platform.assign(static_cast<std::size_t>(platforms), 1.0);
    tables.module.assign(static_cast<std::size_t>(modules), 1.0);
    learn_side(rows, chosen, rows.platform, tables, prior_rows, tables.platform);
    learn_side(rows, chosen, rows.module, tables, 2.0 * prior_rows, tables.module);
    learn_runtime(rows, chosen, prior_rows, tables);
    for (int pass = 0; pass < kPassesToWiden; ++pass) {  // wider factors of some lower the bounds of all
        widen_short_platforms(rows, chosen, tables);
    }
    return tables;
}

// How bounds of a scale fare on rows it was not learned from.
struct Trial {
    std::vector<double> score_of;  // of every row
    double over_provisioning = 0.0;
    double violation = 0.0;  // mean over groups of how far their coverage is from what is wanted
};

void add_violation(std::vector<std::int8_t>& covered, std::size_t least_rows, double low, double high, Trial& trial,
                   double groups) {
    if (covered.size() < least_rows) {
        return;
    }
    const double share =
        static_cast<double>(std::accumulate(covered.begin(), covered.end(), 0)) / static_cast<double>(covered.size());
    trial.violation += std::max({0.0, low - share, share - high}) / groups;
}

void judge(const ScoredRows& rows, const std::vector<ScoreScale>& scale_of_half, std::int64_t platforms, Trial& trial) {
    std::array<std::vector<double>, kClasses> of_class;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        of_class.at(class_of(rows, n)).push_back(trial.score_of[n]);
    }
    std::array<double, kClasses> loose{};
    std::array<double, kClasses> tight{};
    for (std::size_t c = 0; c < kClasses; ++c) {
        loose.at(c) = quantile(of_class.at(c), kChoiceConfidence);
        tight.at(c) = quantile(of_class.at(c), 0.9);
    }
    std::vector<std::int8_t> within(rows.size());
    std::vector<std::vector<std::int8_t>> by_platform(static_cast<std::size_t>(platforms));
    for (std::size_t n = 0; n < rows.size(); ++n) {
        const ScoreScale& scale = scale_of_half[half_of(n)];
        const double s = scale(rows.platform[n], rows.module[n], rows.predicted[n], rows.deviation[n]);
        trial.over_provisioning += std::max(0.0, std::expm1(loose.at(class_of(rows, n)) * s - rows.residual[n]));
        within[n] = trial.score_of[n] <= tight.at(class_of(rows, n)) ? 1 : 0;
        if (rows.platform[n] >= 0) {
            by_platform[static_cast<std::size_t>(rows.platform[n])].push_back(within[n]);
        }
    }
    trial.over_provisioning /= static_cast<double>(rows.size());
    for (std::vector<std::int8_t>& covered : by_platform) {
        add_violation(covered, 30, 0.82, 0.97, trial, static_cast<double>(by_platform.size()));
    }
    const std::vector<std::size_t> every = all_rows(rows.size());
    for (const std::vector<std::size_t>& tenth : tenths_of(rows, every)) {
        std::vector<std::int8_t> covered(tenth.size());
        std::ranges::transform(tenth, covered.begin(), [&](std::size_t n) { return within[n]; });
        add_violation(covered, 30, 0.86, 0.94, trial, kTenths);
    }
}

// Factors are learned from one half of the rows and tried on the other, both ways.
Trial try_scale(const ScoredRows& rows, ScoreKind kind, double prior_rows, std::int64_t platforms,
                std::int64_t modules) {
    std::vector<ScoreScale> scales;
    for (std::size_t half = 0; half < kHalves; ++half) {
        const std::vector<std::size_t> others = rows_of_half(1 - half, rows.size());
        scales.emplace_back(learn(rows, others, kind, prior_rows, platforms, modules));
    }
    Trial trial;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        trial.score_of.push_back(rows.score(scales[half_of(n)], n));
    }
    judge(rows, scales, platforms, trial);
    return trial;
}

}  // namespace

std::string_view to_string(ScoreKind kind) {
    return kind == ScoreKind::kStandardised ? "residual over deviation" : "residual";
}

ScoreScale::ScoreScale(ScaleTables tables)
    : tables_(std::move(tables)),
      plain_(tables_.kind == ScoreKind::kResidual && tables_.platform.empty() && tables_.module.empty() &&
             tables_.knots.empty() && !(tables_.widest_deviation > 0.0)) {
    PITOT_CHECK(tables_.knots.size() == tables_.runtime.size());
}

double ScoreScale::of_runtime(double predicted) const {
    const std::vector<double>& knots = tables_.knots;
    if (knots.empty() || predicted <= knots.front()) {
        return knots.empty() ? 1.0 : tables_.runtime.front();
    }
    std::size_t after = 1;
    while (after < knots.size() && knots[after] < predicted) {
        ++after;
    }
    if (after == knots.size()) {
        return tables_.runtime.back();
    }
    const double t = (predicted - knots[after - 1]) / (knots[after] - knots[after - 1]);
    return (1.0 - t) * tables_.runtime[after - 1] + t * tables_.runtime[after];
}

double ScoreScale::operator()(std::int32_t platform, std::int32_t module, double predicted, double deviation) const {
    double base = 1.0;
    if (tables_.kind == ScoreKind::kStandardised) {
        base = deviation;
    } else if (tables_.widest_deviation > 0.0) {
        base =
            deviation > tables_.widest_deviation || std::isnan(deviation) ? deviation / tables_.widest_deviation : 1.0;
    }
    return base * factor_of(tables_.platform, platform) * factor_of(tables_.module, module) * of_runtime(predicted);
}

void ScoredRows::add(const ScoredRows& other, std::size_t row) {
    platform.push_back(other.platform[row]);
    module.push_back(other.module[row]);
    co_runners.push_back(other.co_runners[row]);
    predicted.push_back(other.predicted[row]);
    deviation.push_back(other.deviation[row]);
    residual.push_back(other.residual[row]);
}

ScaleChoice choose_scale(const ScoredRows& rows, std::int64_t platforms, std::int64_t modules) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    ScaleChoice choice;
    choice.rows = static_cast<std::int64_t>(rows.size());
    choice.tables.kind = ScoreKind::kStandardised;
    if (rows.size() < kLeastChoiceRows) {
        return choice;
    }
    double best_cost = infinite;
    double best_over = infinite;
    double best_prior = infinite;
    const bool factors = rows.size() >= kLeastFactorRows;
    for (const ScoreKind kind : {ScoreKind::kStandardised, ScoreKind::kResidual}) {
        for (const double prior : {infinite, 200.0, 50.0, 25.0, 12.0}) {
            if (!factors && std::isfinite(prior)) {
                continue;
            }
            const Trial trial = try_scale(rows, kind, prior, platforms, modules);
            if (kind == ScoreKind::kResidual && !std::isfinite(prior)) {
                choice.residual_over_provisioning = trial.over_provisioning;
            }
            // Of few rows the coverage of parts says little.
            const double cost = trial.over_provisioning * (1.0 + (factors ? kViolationCost * trial.violation : 0.0));
            if (cost < kWorthIt * best_cost) {
                best_cost = cost;
                best_over = trial.over_provisioning;
                best_prior = prior;
                choice.tables.kind = kind;
            }
        }
    }
    choice.over_provisioning = best_over;
    choice.tables = learn(rows, all_rows(rows.size()), choice.tables.kind, best_prior, platforms, modules);
    return choice;
}

}  // namespace pitot::calibrate
