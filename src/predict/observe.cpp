#include "pitot/observe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "core/border.hpp"
#include "dataset/connections.hpp"
#include "dataset/side_table.hpp"
#include "models/scale.hpp"
#include "predict/calibration_rows.hpp"
#include "predict/extend.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace predict {
namespace {

using Rows = std::vector<std::int32_t>;

// A side of the model with rows that runs name and it lacks.
struct GrownSide {
    Side side;
    Rows number;  // of each row of the runs' side; those without runs may be -1
    std::vector<std::string> added{};
    std::vector<std::string> without_features{};
    std::vector<std::string> categories_left_out{};  // of new rows, as "column=value"
};

// Marks the rows of a side that runs name; -1 is none.
void mark(std::span<const std::int32_t> of_runs, std::vector<bool>& has) {
    for (const std::int32_t row : of_runs) {
        if (row >= 0) {
            has[static_cast<std::size_t>(row)] = true;
        }
    }
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
    Side described = clone_side(of_runs);
    if (has_features && !more.empty()) {
        dataset::match_categories(known, described, grown.categories_left_out);
        if (auto ok = check_feature_names(known, described, kind); !ok) {
            return Failure(ok.error());
        }
    }
    Side extra{grown.added, has_features ? described.feature_names : known.feature_names, {}};
    extra.features = Matrix<double>(std::ssize(more), std::ssize(extra.feature_names));
    const std::vector<double> mean = has_features ? std::vector<double>() : mean_features(known);
    for (std::int64_t i = 0; i < extra.size(); ++i) {
        if (has_features) {
            std::ranges::copy(described.features.view().row(more[static_cast<std::size_t>(i)]),
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

// Runs, numbered as the model does.
struct Runs {
    Rows platform, module;
    Rows co_runner;  // runs × width, -1 = none
    std::int32_t width = 0;
    std::vector<double> target;

    [[nodiscard]] std::span<const std::int32_t> beside(std::size_t n) const {
        const auto w = static_cast<std::size_t>(width);
        return std::span(co_runner).subspan(n * w, w);
    }
    [[nodiscard]] std::int64_t beside_others() const {
        std::int64_t count = 0;
        for (std::size_t n = 0; n < target.size(); ++n) {
            count += std::ranges::any_of(beside(n), [](std::int32_t k) { return k >= 0; }) ? 1 : 0;
        }
        return count;
    }
};

// Combinations with the mean of their runs.
struct Means {
    Runs of;  // target: the mean
    std::vector<double> count;

    void add(const Combination& place, double mean, double runs) {
        const auto& [platform, module, with] = place;
        of.platform.push_back(platform);
        of.module.push_back(module);
        of.co_runner.insert(of.co_runner.end(), with.begin(), with.end());
        of.target.push_back(mean);
        of.co_runner.resize(of.target.size() * static_cast<std::size_t>(of.width), -1);
        count.push_back(runs);
    }
    [[nodiscard]] Combination place(std::size_t n) const {
        return combination(of.platform[n], of.module[n], of.beside(n));
    }
};

Means means_of(const Runs& runs) {
    std::map<Combination, std::pair<double, double>> sums;
    for (std::size_t n = 0; n < runs.target.size(); ++n) {
        auto& [sum, count] = sums[combination(runs.platform[n], runs.module[n], runs.beside(n))];
        sum += runs.target[n];
        count += 1.0;
    }
    Means means;
    means.of.width = runs.width;
    for (const auto& [place, sum] : sums) {
        means.add(place, sum.first / sum.second, sum.second);
    }
    return means;
}

// What a model says of combinations.
struct Answers {
    std::vector<double> mean, deviation;
};

Answers answers_of(const models::FittedModel& model, const models::PairQuery& query) {
    const auto size = static_cast<std::size_t>(query.size());
    Answers answers{std::vector<double>(size), std::vector<double>(size)};
    std::unique_ptr<models::ModelScratch> scratch;
    model.predict(query, {answers.mean, answers.deviation}, scratch);
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
    const Answers answers = answers_of(*parts.model, {rows.platform, rows.module, rows.co_runner, rows.width});
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

// Combinations whose platform, module and co-runners are in the model.
Means known_to(const PredictorParts& parts, const Means& means) {
    Means known;
    known.of.width = means.of.width;
    for (std::size_t n = 0; n < means.count.size(); ++n) {
        const auto is_known = [&](std::int32_t k) { return k < parts.modules.size(); };
        if (means.of.platform[n] < parts.platforms.size() && is_known(means.of.module[n]) &&
            std::ranges::all_of(means.of.beside(n), is_known)) {
            known.add(means.place(n), means.of.target[n], means.count[n]);
        }
    }
    return known;
}

// What the model says of runs before it learns from them.
void compare(const Predictor& before, const Means& means, Observation& told) {
    const PredictorParts& parts = before.parts();
    const models::Scale scale(parts.config.model);
    const Means known = known_to(parts, means);
    const Runs& of = known.of;
    const auto count = static_cast<double>(known.count.size());
    if (known.count.empty()) {
        return;
    }
    const Expected expected = expected_scores(parts);
    const Answers answers = answers_of(*parts.model, {of.platform, of.module, of.co_runner, of.width});
    const std::array confidence{told.confidence};
    const auto bounds = before.predict({of.platform, of.module, of.co_runner, of.width}, confidence);
    for (std::size_t n = 0; n < known.count.size(); ++n) {
        const double variance = answers.deviation[n] * answers.deviation[n];
        const double score = score_of(of.target[n], answers.mean[n], answers.deviation[n]);
        const double constant = -0.5 * std::log(2.0 * std::numbers::pi * variance);
        told.log_likelihood += (constant - 0.5 * score) / count;
        told.expected_log_likelihood += (constant - 0.5 * expected.mean) / count;
        told.mean_error += std::abs(scale.error(answers.mean[n], of.target[n])) / count;
        const double bound =
            bounds ? bounds->bound_us(static_cast<std::int64_t>(n), 0) : std::numeric_limits<double>::quiet_NaN();
        told.bounded += std::isnan(bound) ? 0 : 1;
        told.covered += scale.runtime_us(of.target[n]) <= bound ? 1 : 0;
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

// `learned`: what a fit counts, pairs or combinations with co-runners.
void judge(const char* learned, Observation& told) {
    constexpr std::int64_t least_pairs = 10;  // fewer are chance
    constexpr double most_surprise = 3.0;
    constexpr double most_growth = 0.2;
    const char* const noun = told.beside > 0 ? "combinations" : "pairs";
    const std::int64_t pairs = told.new_pairs + told.known_pairs;
    const double growth =
        static_cast<double>(told.folded_in) / static_cast<double>(std::max<std::int64_t>(told.fitted, 1));
    told.refit_due = true;
    if (pairs >= least_pairs && told.surprise > most_surprise) {
        told.reason = fmt::format(
            "a refit is due: the runs are less likely than expected, by {:.1f} standard deviations of the mean",
            told.surprise);
    } else if (told.bounded >= least_pairs && lack_of_coverage(told) > most_surprise) {
        told.reason = fmt::format("a refit is due: bounds of {:g} % held for {} of {} {}", 100.0 * told.confidence,
                                  told.covered, told.bounded, noun);
    } else if (growth > most_growth) {
        told.reason =
            fmt::format("a refit is due: {} runs were folded in since the fit on {} {}, from which more can be learned",
                        told.folded_in, told.fitted, learned);
    } else {
        told.refit_due = false;
        told.reason = pairs < least_pairs
                          ? fmt::format("too few {} to tell whether a refit is due: {} of {}", noun, pairs, least_pairs)
                          : "no refit is due: the runs are as likely as expected";
    }
}

using EvidenceOf = std::map<Combination, Evidence>;

EvidenceOf evidence_of(const MeasuredPool& pool) {
    EvidenceOf evidence;
    const CombinationSet& set = pool.combinations;
    for (std::size_t i = 0; i + 1 < set.offsets.size(); ++i) {
        for (std::int64_t n = set.offsets[i]; n < set.offsets[i + 1]; ++n) {
            const auto at = static_cast<std::size_t>(n);
            // They come in the order of the map, or next to it.
            evidence.insert_or_assign(evidence.end(),
                                      combination(static_cast<std::int32_t>(i), set.modules[at], set.beside(n)),
                                      pool.use.empty() ? Evidence::kLearned : pool.use[at]);
        }
    }
    return evidence;
}

MeasuredPool pool_with(const EvidenceOf& evidence, std::int64_t platforms, std::int32_t width) {
    MeasuredPool pool{{std::vector<std::int64_t>(static_cast<std::size_t>(platforms) + 1, 0), {}, {}, width}};
    CombinationSet& set = pool.combinations;
    for (const auto& [place, use] : evidence) {
        const auto& [platform, module, with] = place;
        ++set.offsets[static_cast<std::size_t>(platform) + 1];
        set.modules.push_back(module);
        set.co_runners.insert(set.co_runners.end(), with.begin(), with.end());
        set.co_runners.resize(set.modules.size() * static_cast<std::size_t>(width), -1);
        pool.use.push_back(use);
    }
    std::partial_sum(set.offsets.begin(), set.offsets.end(), set.offsets.begin());
    return pool;
}

// Notes combinations of one of the dataset's pools as learned from.
void note_measured(const std::vector<Combination>& learned, MeasuredPool& pool, std::int64_t platforms,
                   Observation& told) {
    EvidenceOf evidence = evidence_of(pool);
    auto width = static_cast<std::size_t>(pool.combinations.width);
    for (const Combination& place : learned) {
        width = std::max(width, std::get<2>(place).size());
        // Of a new combination nothing was used.
        Evidence& of = evidence.try_emplace(place, Evidence::kUnused).first->second;
        ++(of == Evidence::kLearned ? told.known_pairs : told.new_pairs);
        of = Evidence::kLearned;
    }
    pool = pool_with(evidence, platforms, static_cast<std::int32_t>(width));
}

// Which parts of the fleet are connected by what was learned from.
void note_parts(PredictorParts& parts) {
    dataset::Connections connections(parts.platforms.size(), parts.modules.size());
    for (const MeasuredPool& pool : parts.measured) {
        const CombinationSet& set = pool.combinations;
        for (std::size_t i = 0; i + 1 < set.offsets.size(); ++i) {
            for (auto n = static_cast<std::size_t>(set.offsets[i]); std::cmp_less(n, set.offsets[i + 1]); ++n) {
                if (pool.use.empty() || pool.use[n] == Evidence::kLearned) {
                    connections.join(static_cast<std::int32_t>(i), set.modules[n]);
                }
            }
        }
    }
    const std::vector<std::int32_t> part = connections.parts();
    const auto middle = part.begin() + parts.platforms.size();
    parts.platform_part.assign(part.begin(), middle);
    parts.module_part.assign(middle, part.end());
}

// What is known of platforms, modules and co-runners after runs of some combinations.
void note_rows(const Means& means, PredictorParts& parts) {
    for (std::size_t n = 0; n < means.count.size(); ++n) {
        const auto platform = static_cast<std::size_t>(means.of.platform[n]);
        const auto module = static_cast<std::size_t>(means.of.module[n]);
        parts.platform_basis[platform] = Basis::kMeasured;
        parts.module_basis[module] = Basis::kMeasured;
        parts.co_runner_basis[module] = Basis::kMeasured;
        for (const std::int32_t k : means.of.beside(n)) {
            if (k >= 0) {
                parts.co_runner_basis[static_cast<std::size_t>(k)] = Basis::kMeasured;
            }
        }
        if (!parts.platform_runs.empty()) {  // not known of older files
            parts.platform_runs[platform] += static_cast<std::int64_t>(means.count[n]);
            parts.module_runs[module] += static_cast<std::int64_t>(means.count[n]);
        }
    }
}

// What is known of the fleet after runs of some combinations.
void note_learned(const Means& means, PredictorParts& parts, Observation& told) {
    note_rows(means, parts);
    std::vector<std::vector<Combination>> of_pool(parts.measured.size());
    for (std::size_t n = 0; n < means.count.size(); ++n) {
        Combination place = means.place(n);
        const std::size_t pool = calibrate::pool_beside(std::ssize(std::get<2>(place)), of_pool.size());
        of_pool[pool].push_back(std::move(place));
    }
    for (std::size_t p = 0; p < of_pool.size(); ++p) {
        if (!of_pool[p].empty()) {
            note_measured(of_pool[p], parts.measured[p], parts.platforms.size(), told);
        }
    }
    note_parts(parts);
}

// Sets the basis of new modules to average where they have no features. Those that ran themselves are noted later, as
// measured: what remains are new modules that were co-runners alone.
void note_co_runners(const GrownSide& grown, std::int64_t known, PredictorParts& parts) {
    if (parts.modules.features.cols() > 0 && grown.without_features.empty()) {
        return;
    }
    std::fill(parts.module_basis.begin() + known, parts.module_basis.end(), Basis::kAverage);
}

// Runs of a dataset that are learned from, with the sides that they have names on.
struct Numbered {
    GrownSide platforms, modules;
    Runs runs;
};

// Runs of the first `pools` of a dataset.
Result<Numbered> numbered(const PredictorParts& parts, const Dataset& dataset, std::size_t pools) {
    std::vector<bool> platforms(dataset.platforms.names.size(), false);
    std::vector<bool> modules(dataset.modules.names.size(), false);
    Numbered result;
    Runs& runs = result.runs;
    for (std::size_t p = 0; p < pools; ++p) {
        const ObservationView table = dataset.pool(p);
        mark(table.platform, platforms);
        mark(table.module, modules);
        mark(table.co_runner, modules);
        runs.width = std::max(runs.width, table.size() > 0 ? table.width : 0);
    }
    PITOT_TRY(result.platforms,
              grow(parts.platforms, dataset.platforms, platforms, parts.config.model.platform_features, "platform"));
    PITOT_TRY(result.modules,
              grow(parts.modules, dataset.modules, modules, parts.config.model.module_features, "module"));
    const models::Scale scale(parts.config.model);
    for (std::size_t p = 0; p < pools; ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        for (std::size_t n = 0; n < table.runtime_us.size(); ++n) {
            runs.platform.push_back(result.platforms.number[static_cast<std::size_t>(table.platform[n])]);
            runs.module.push_back(result.modules.number[static_cast<std::size_t>(table.module[n])]);
            runs.target.push_back(scale.target(table.runtime_us[n]));
            for (const std::int32_t k : table.co_runner.subspan(n * width, width)) {
                runs.co_runner.push_back(k < 0 ? -1 : result.modules.number[static_cast<std::size_t>(k)]);
            }
            runs.co_runner.resize(runs.target.size() * static_cast<std::size_t>(runs.width), -1);
        }
    }
    return result;
}

// How many combinations the fit learned from.
std::int64_t combinations_learned_from(const PredictorParts& parts) {
    std::int64_t count = 0;
    for (const MeasuredPool& pool : parts.measured) {
        count += std::ranges::count(pool.use, Evidence::kLearned);
    }
    return count;
}

std::int64_t drop_learned(const Means& means, PredictorParts& parts) {
    std::set<Combination> learned;
    for (std::size_t n = 0; n < means.count.size(); ++n) {
        learned.insert(means.place(n));
    }
    return drop_calibration_rows(learned, parts.calibration_rows);
}

Result<Observed> fold_in(const Predictor& predictor, const Dataset& dataset) {
    const PredictorParts& parts = predictor.parts();
    const bool beside = parts.model->tells_co_runners();
    PITOT_TRY(auto known, numbered(parts, dataset, beside ? dataset.pools.size() : kAlone + 1));
    const Runs& runs = known.runs;
    if (runs.target.empty()) {
        return fail(ErrorCode::kInput,
                    beside ? "there is no run to learn from"
                           : "there is no run alone to learn from: runs beside others are learned from by a new fit");
    }
    Observation told;
    told.runs = std::ssize(runs.target);
    told.beside = runs.beside_others();
    told.left_out = beside ? 0 : dataset.rows_beside_others();
    const Means means = means_of(runs);
    compare(predictor, means, told);
    PredictorParts more = clone_parts(parts);
    more.platforms = std::move(known.platforms.side);
    more.modules = std::move(known.modules.side);
    note_appended_rows(more);
    note_co_runners(known.modules, parts.modules.size(), more);
    PITOT_TRY(more.model, parts.model->observe({runs.platform, runs.module, runs.target, runs.co_runner, runs.width},
                                               more.platforms, more.modules));
    told.new_platforms = std::move(known.platforms.added);
    told.new_modules = std::move(known.modules.added);
    told.without_features = std::move(known.platforms.without_features);
    std::ranges::move(known.modules.without_features, std::back_inserter(told.without_features));
    told.categories_left_out = std::move(known.platforms.categories_left_out);
    std::ranges::move(known.modules.categories_left_out, std::back_inserter(told.categories_left_out));
    told.fitted = parts.fitted_pairs > 0 ? parts.fitted_pairs : combinations_learned_from(parts);
    note_learned(means, more, told);
    more.folded_in += told.runs;
    told.folded_in = more.folded_in;
    more.fitted_pairs = told.fitted;
    told.no_more_calibrating = drop_learned(means, more);
    PITOT_TRY(told.recalibrated, recalibrate(more));
    judge(parts.model->tells_co_runners() ? "combinations" : "pairs", told);
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
