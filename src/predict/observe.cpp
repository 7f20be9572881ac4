#include "pitot/observe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include <fmt/core.h>

#include "core/border.hpp"
#include "dataset/connections.hpp"
#include "models/scale.hpp"
#include "predict/calibration_rows.hpp"
#include "predict/extend.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace predict {
namespace {

using Rows = std::vector<std::int32_t>;
using Pair = std::pair<std::int32_t, std::int32_t>;

// A side of the model with rows that runs name and it lacks.
struct GrownSide {
    Side side;
    Rows number;  // of each row of the runs' side; those without runs may be -1
    std::vector<std::string> added{};
    std::vector<std::string> without_features{};
};

std::vector<bool> rows_with_runs(std::span<const std::int32_t> of_runs, std::int64_t rows) {
    std::vector<bool> has(static_cast<std::size_t>(rows), false);
    for (const std::int32_t row : of_runs) {
        has[static_cast<std::size_t>(row)] = true;
    }
    return has;
}

// The mean of a side's features, which stands in for those of a row that has none.
std::vector<double> mean_features(const Side& side) {
    std::vector<double> mean(static_cast<std::size_t>(side.features.cols()), 0.0);
    for (std::int64_t i = 0; i < side.size(); ++i) {
        for (std::size_t c = 0; c < mean.size(); ++c) {
            mean[c] += side.features(i, static_cast<std::int64_t>(c)) / static_cast<double>(side.size());
        }
    }
    return mean;
}

Result<GrownSide> grow(const Side& known, const Side& of_runs, const std::vector<bool>& has_runs, bool uses_features,
                       const char* kind) {
    std::map<std::string_view, std::int32_t> number_of;
    for (std::size_t i = 0; i < known.names.size(); ++i) {
        number_of[known.names[i]] = static_cast<std::int32_t>(i);
    }
    GrownSide grown{{}, Rows(of_runs.names.size(), -1)};
    Rows more;
    for (std::size_t i = 0; i < of_runs.names.size(); ++i) {
        if (const auto found = number_of.find(of_runs.names[i]); found != number_of.end()) {
            grown.number[i] = found->second;
        } else if (has_runs[i]) {
            grown.number[i] = static_cast<std::int32_t>(known.names.size() + more.size());
            more.push_back(static_cast<std::int32_t>(i));
            grown.added.push_back(of_runs.names[i]);
        }
    }
    const bool has_features = !of_runs.feature_names.empty() && !known.feature_names.empty();
    if (has_features && !more.empty()) {
        if (auto ok = check_feature_names(known, of_runs, kind); !ok) {
            return Failure(ok.error());
        }
    }
    Side extra{grown.added, has_features ? of_runs.feature_names : known.feature_names, {}};
    extra.features = Matrix<double>(std::ssize(more), std::ssize(extra.feature_names));
    const std::vector<double> mean = has_features ? std::vector<double>() : mean_features(known);
    for (std::int64_t i = 0; i < extra.size(); ++i) {
        if (has_features) {
            std::ranges::copy(of_runs.features.view().row(more[static_cast<std::size_t>(i)]),
                              extra.features.view().row(i).begin());
        } else {
            std::ranges::copy(mean, extra.features.view().row(i).begin());
        }
    }
    if (!has_features && uses_features && !known.feature_names.empty()) {
        grown.without_features = grown.added;
    }
    grown.side = joined_side(known, extra);
    return grown;
}

// Runs alone, numbered as the model does.
struct Runs {
    Rows platform, module;
    std::vector<double> target;
};

// Pairs with the mean of their runs.
struct PairMeans {
    Rows platform, module;
    std::vector<double> mean, count;
};

PairMeans means_of(const Runs& runs) {
    std::map<Pair, std::pair<double, double>> sums;
    for (std::size_t n = 0; n < runs.target.size(); ++n) {
        auto& [sum, count] = sums[{runs.platform[n], runs.module[n]}];
        sum += runs.target[n];
        count += 1.0;
    }
    PairMeans pairs;
    for (const auto& [pair, sum] : sums) {
        pairs.platform.push_back(pair.first);
        pairs.module.push_back(pair.second);
        pairs.mean.push_back(sum.first / sum.second);
        pairs.count.push_back(sum.second);
    }
    return pairs;
}

// What a model says of pairs.
struct Answers {
    std::vector<double> mean, deviation;
};

Answers answers_of(const models::FittedModel& model, const Rows& platform, const Rows& module) {
    Answers answers{std::vector<double>(platform.size()), std::vector<double>(platform.size())};
    std::unique_ptr<models::ModelScratch> scratch;
    model.predict({platform, module, {}, 0}, {answers.mean, answers.deviation}, scratch);
    return answers;
}

// (y - mean)² over the variance of y, limited: one wild run is no reason to fit again.
double score_of(double mean, double predicted, double deviation) {
    constexpr double most = 25.0;
    return std::min((mean - predicted) * (mean - predicted) / (deviation * deviation), most);
}

// What scores are on average, and how they scatter.
struct Expected {
    double mean = 1.0;
    double deviation = std::numbers::sqrt2;  // of a squared normal variable
};

// Of the rows that calibrate, where they are enough to tell.
Expected expected_scores(const PredictorParts& parts) {
    constexpr std::size_t least = 30;
    const CalibrationRows& rows = parts.calibration_rows;
    if (rows.target.size() < least) {
        return {};
    }
    const Answers answers = answers_of(*parts.model, rows.platform, rows.module);
    double sum = 0.0;
    double squares = 0.0;
    for (std::size_t n = 0; n < rows.target.size(); ++n) {
        const double score = score_of(rows.target[n], answers.mean[n], answers.deviation[n]);
        sum += score;
        squares += score * score;
    }
    const auto count = static_cast<double>(rows.target.size());
    return {sum / count, std::sqrt(std::max(squares / count - sum / count * sum / count, 1.0))};
}

// What the model says of runs before it learns from them.
void compare(const Predictor& before, const PairMeans& pairs, Observation& told) {
    const PredictorParts& parts = before.parts();
    const models::Scale scale(parts.config.model);
    PairMeans known;
    for (std::size_t n = 0; n < pairs.mean.size(); ++n) {
        if (pairs.platform[n] < parts.platforms.size() && pairs.module[n] < parts.modules.size()) {
            known.platform.push_back(pairs.platform[n]);
            known.module.push_back(pairs.module[n]);
            known.mean.push_back(pairs.mean[n]);
        }
    }
    const auto count = static_cast<double>(known.mean.size());
    if (known.mean.empty()) {
        return;
    }
    const Expected expected = expected_scores(parts);
    const Answers answers = answers_of(*parts.model, known.platform, known.module);
    const std::array confidence{told.confidence};
    const auto bounds = before.predict({known.platform, known.module, {}, 0}, confidence);
    for (std::size_t n = 0; n < known.mean.size(); ++n) {
        const double variance = answers.deviation[n] * answers.deviation[n];
        const double score = score_of(known.mean[n], answers.mean[n], answers.deviation[n]);
        const double constant = -0.5 * std::log(2.0 * std::numbers::pi * variance);
        told.log_likelihood += (constant - 0.5 * score) / count;
        told.expected_log_likelihood += (constant - 0.5 * expected.mean) / count;
        told.mean_error += std::abs(scale.error(answers.mean[n], known.mean[n])) / count;
        const double bound =
            bounds ? bounds->bound_us(static_cast<std::int64_t>(n), 0) : std::numeric_limits<double>::quiet_NaN();
        told.bounded += std::isnan(bound) ? 0 : 1;
        told.covered += scale.runtime_us(known.mean[n]) <= bound ? 1 : 0;
    }
    told.surprise = 2.0 * (told.expected_log_likelihood - told.log_likelihood) * std::sqrt(count) / expected.deviation;
}

// Standard deviations that fewer bounds held than promised.
double lack_of_coverage(const Observation& told) {
    if (told.bounded == 0) {
        return 0.0;
    }
    const auto n = static_cast<double>(told.bounded);
    return (told.confidence * n - static_cast<double>(told.covered)) /
           std::sqrt(n * told.confidence * (1.0 - told.confidence));
}

void judge(Observation& told) {
    constexpr std::int64_t least_pairs = 10;  // fewer are chance
    constexpr double most_surprise = 3.0;
    constexpr double most_growth = 0.2;
    const std::int64_t pairs = told.new_pairs + told.known_pairs;
    const double growth =
        static_cast<double>(told.folded_in) / static_cast<double>(std::max<std::int64_t>(told.fitted, 1));
    told.refit_due = true;
    if (pairs >= least_pairs && told.surprise > most_surprise) {
        told.reason = fmt::format(
            "a refit is due: the runs are less likely than expected, by {:.1f} standard deviations of the mean",
            told.surprise);
    } else if (told.bounded >= least_pairs && lack_of_coverage(told) > most_surprise) {
        told.reason = fmt::format("a refit is due: bounds of {:g} % held for {} of {} pairs", 100.0 * told.confidence,
                                  told.covered, told.bounded);
    } else if (growth > most_growth) {
        told.reason = fmt::format(
            "a refit is due: {} runs were folded in since the fit on {} pairs, from which more can be learned",
            told.folded_in, told.fitted);
    } else {
        told.refit_due = false;
        told.reason = pairs < least_pairs
                          ? fmt::format("too few pairs to tell whether a refit is due: {} of {}", pairs, least_pairs)
                          : "no refit is due: the runs are as likely as expected";
    }
}

// What is known of the fleet after runs of some pairs.
void note_learned(const PairMeans& pairs, PredictorParts& parts, Observation& told) {
    MeasuredPool& pool = parts.measured[kAlone];
    std::map<Pair, Evidence> evidence;
    for (std::size_t i = 0; i + 1 < pool.combinations.offsets.size(); ++i) {
        for (std::int64_t n = pool.combinations.offsets[i]; n < pool.combinations.offsets[i + 1]; ++n) {
            const auto at = static_cast<std::size_t>(n);
            evidence[{static_cast<std::int32_t>(i), pool.combinations.modules[at]}] =
                pool.use.empty() ? Evidence::kLearned : pool.use[at];
        }
    }
    for (std::size_t n = 0; n < pairs.mean.size(); ++n) {
        Evidence& of = evidence[{pairs.platform[n], pairs.module[n]}];
        ++(of == Evidence::kLearned ? told.known_pairs : told.new_pairs);
        of = Evidence::kLearned;
        parts.platform_basis[static_cast<std::size_t>(pairs.platform[n])] = Basis::kMeasured;
        parts.module_basis[static_cast<std::size_t>(pairs.module[n])] = Basis::kMeasured;
        parts.co_runner_basis[static_cast<std::size_t>(pairs.module[n])] = Basis::kMeasured;
        if (!parts.platform_runs.empty()) {  // not known of older files
            const auto runs = static_cast<std::int64_t>(pairs.count[n]);
            parts.platform_runs[static_cast<std::size_t>(pairs.platform[n])] += runs;
            parts.module_runs[static_cast<std::size_t>(pairs.module[n])] += runs;
        }
    }
    const auto platforms = static_cast<std::size_t>(parts.platforms.size());
    pool = {{std::vector<std::int64_t>(platforms + 1, 0), {}, {}, 0}};
    dataset::Connections connections(parts.platforms.size(), parts.modules.size());
    for (const auto& [pair, use] : evidence) {
        ++pool.combinations.offsets[static_cast<std::size_t>(pair.first) + 1];
        pool.combinations.modules.push_back(pair.second);
        pool.use.push_back(use);
        if (use == Evidence::kLearned) {
            connections.join(pair.first, pair.second);
        }
    }
    for (std::size_t i = 0; i < platforms; ++i) {
        pool.combinations.offsets[i + 1] += pool.combinations.offsets[i];
    }
    const std::vector<std::int32_t> part = connections.parts();
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(platforms);
    parts.platform_part.assign(part.begin(), middle);
    parts.module_part.assign(middle, part.end());
}

Result<Observed> fold_in(const Predictor& predictor, const Dataset& dataset) {
    const PredictorParts& parts = predictor.parts();
    const ObservationView alone = dataset.pool(kAlone);
    if (alone.size() == 0) {
        return fail(ErrorCode::kInput,
                    "there is no run alone to learn from: runs beside others are learned from by a new fit");
    }
    PITOT_TRY(auto platforms,
              grow(parts.platforms, dataset.platforms, rows_with_runs(alone.platform, dataset.platforms.size()),
                   parts.config.model.platform_features, "platform"));
    PITOT_TRY(auto modules, grow(parts.modules, dataset.modules, rows_with_runs(alone.module, dataset.modules.size()),
                                 parts.config.model.module_features, "module"));
    Observation told;
    told.runs = alone.size();
    told.left_out = dataset.rows_beside_others();
    const models::Scale scale(parts.config.model);
    Runs runs;
    for (std::size_t n = 0; n < alone.runtime_us.size(); ++n) {
        runs.platform.push_back(platforms.number[static_cast<std::size_t>(alone.platform[n])]);
        runs.module.push_back(modules.number[static_cast<std::size_t>(alone.module[n])]);
        runs.target.push_back(scale.target(alone.runtime_us[n]));
    }
    const PairMeans pairs = means_of(runs);
    compare(predictor, pairs, told);
    PredictorParts more = clone_parts(parts);
    more.platforms = std::move(platforms.side);
    more.modules = std::move(modules.side);
    note_appended_rows(more);
    PITOT_TRY(more.model,
              parts.model->observe({runs.platform, runs.module, runs.target}, more.platforms, more.modules));
    told.new_platforms = std::move(platforms.added);
    told.new_modules = std::move(modules.added);
    told.without_features = std::move(platforms.without_features);
    std::ranges::move(modules.without_features, std::back_inserter(told.without_features));
    told.fitted = std::ranges::count(parts.measured[kAlone].use, Evidence::kLearned);
    note_learned(pairs, more, told);
    more.folded_in += told.runs;
    told.folded_in = more.folded_in;
    told.fitted = more.fitted_pairs > 0 ? more.fitted_pairs : told.fitted;
    more.fitted_pairs = told.fitted;
    told.no_more_calibrating = drop_calibration_rows(pairs.platform, pairs.module, more.calibration_rows);
    PITOT_TRY(told.recalibrated, recalibrate(more));
    judge(told);
    return Observed{Predictor(std::move(more)), std::move(told)};
}

}  // namespace
}  // namespace predict

bool Predictor::learns_on() const { return parts().model->learns_on(); }

Result<Observed> Predictor::observe(const Dataset& runs) const {
    return core::at_border("learning from runs", [&]() -> Result<Observed> {
        if (auto ok = runs.validate(); !ok) {
            return Failure(ok.error());
        }
        return predict::fold_in(*this, runs);
    });
}

}  // namespace pitot
