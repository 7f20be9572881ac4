#include "pitot/difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "calibrate/ranks.hpp"
#include "core/border.hpp"
#include "evaluate/named_runs.hpp"
#include "evaluate/significance.hpp"

namespace pitot {
namespace evaluation {
namespace {

using Numbers = std::vector<std::int32_t>;

std::vector<FieldChange> changed_fields(const FitConfig& first, const FitConfig& second) {
    const nlohmann::json a = nlohmann::json::parse(to_json(first)).flatten();
    const nlohmann::json b = nlohmann::json::parse(to_json(second)).flatten();
    std::set<std::string> fields;
    for (const auto* json : {&a, &b}) {
        for (const auto& entry : json->items()) {
            fields.insert(entry.key());
        }
    }
    const auto value = [](const nlohmann::json& json, const std::string& field) {
        return json.contains(field) ? json[field].dump() : std::string("-");
    };
    std::vector<FieldChange> changed;
    for (const std::string& field : fields) {
        if (value(a, field) != value(b, field)) {
            std::string name = field.substr(1);  // "/train/folds" -> "train.folds"
            std::ranges::replace(name, '/', '.');
            changed.push_back({name, value(a, field), value(b, field)});
        }
    }
    return changed;
}

SideChange side_change(const Side& first, const Side& second, const Numbers& in_second) {
    SideChange change;
    std::vector<bool> shared(second.names.size(), false);
    for (std::size_t i = 0; i < first.names.size(); ++i) {
        if (in_second[i] < 0) {
            change.only_first.push_back(first.names[i]);
        } else {
            shared[static_cast<std::size_t>(in_second[i])] = true;
            ++change.common;
        }
    }
    for (std::size_t i = 0; i < second.names.size(); ++i) {
        if (!shared[i]) {
            change.only_second.push_back(second.names[i]);
        }
    }
    return change;
}

std::int64_t learned_pairs(const Predictor& predictor) {
    std::int64_t count = 0;
    for (std::int32_t i = 0; i < predictor.platforms().size(); ++i) {
        for (std::int32_t j = 0; j < predictor.modules().size(); ++j) {
            count += predictor.evidence(i, j) == Evidence::kLearned ? 1 : 0;
        }
    }
    return count;
}

// What is gathered of pairs: ln(second / first).
struct ShiftTally {
    std::vector<double> shifts{};
    std::vector<double> sizes{};

    void add(double shift) {
        shifts.push_back(shift);
        sizes.push_back(std::abs(shift));
    }
    PredictionShift done(std::string name) {
        const auto pairs = std::ssize(shifts);
        return {std::move(name), pairs, std::exp(median_of(shifts)), std::expm1(median_of(sizes))};
    }
};

double quantile_90(std::vector<double>& values) {
    const auto place = values.begin() + 9 * (std::ssize(values) - 1) / 10;
    std::ranges::nth_element(values, place);
    return *place;
}

class ModelComparison {
public:
    ModelComparison(const Predictor& first, const Predictor& second, double confidence, std::int64_t most)
        : first_(first),
          second_(second),
          confidence_{confidence},
          most_(static_cast<std::size_t>(std::max<std::int64_t>(most, 0))),
          platform_(platform_numbers(first.platforms(), second)),
          module_(module_numbers(first.modules(), second)) {}

    Result<ModelDifference> run() {
        told_.configuration = changed_fields(first_.config(), second_.config());
        told_.same_dataset = first_.dataset_digest() == second_.dataset_digest();
        told_.platforms = side_change(first_.platforms(), second_.platforms(), platform_);
        told_.modules = side_change(first_.modules(), second_.modules(), module_);
        if (told_.platforms.common == 0 || told_.modules.common == 0) {
            return fail(ErrorCode::kInput,
                        fmt::format("the models have no {} of one name in common, so that there is nothing to compare",
                                    told_.platforms.common == 0 ? "platform" : "module"));
        }
        told_.learned_first = learned_pairs(first_);
        told_.learned_second = learned_pairs(second_);
        of_module_.resize(module_.size());
        for (std::size_t i = 0; i < platform_.size(); ++i) {
            if (platform_[i] >= 0) {
                if (auto ok = add_platform(static_cast<std::int32_t>(i)); !ok) {
                    return Failure(ok.error());
                }
            }
        }
        finish();
        return std::move(told_);
    }

private:
    Result<void> add_platform(std::int32_t i) {
        Numbers first_module, second_module;
        for (std::size_t j = 0; j < module_.size(); ++j) {
            if (module_[j] >= 0) {
                first_module.push_back(static_cast<std::int32_t>(j));
                second_module.push_back(module_[j]);
            }
        }
        const std::int32_t second_number = platform_[static_cast<std::size_t>(i)];
        const Numbers first_platform(first_module.size(), i);
        const Numbers second_platform(first_module.size(), second_number);
        PITOT_TRY(const auto first, first_.predict({first_platform, first_module, {}, 0}, confidence_));
        PITOT_TRY(const auto second, second_.predict({second_platform, second_module, {}, 0}, confidence_));
        ShiftTally of_platform;
        for (std::size_t n = 0; n < first_module.size(); ++n) {
            const double shift = std::log(second.runtime_us[n] / first.runtime_us[n]);
            of_platform.add(shift);
            all_.add(shift);
            of_module_[static_cast<std::size_t>(first_module[n])].add(shift);
            const double bounds =
                second.bound_us(static_cast<std::int64_t>(n), 0) / first.bound_us(static_cast<std::int64_t>(n), 0);
            if (!std::isnan(bounds)) {
                bound_shifts_.push_back(std::log(bounds));
            }
            const bool both = first_.evidence(i, first_module[n]) == Evidence::kLearned &&
                              second_.evidence(second_number, second_module[n]) == Evidence::kLearned;
            told_.learned_both += both ? 1 : 0;
            note_pair({first_.platforms().names[static_cast<std::size_t>(i)],
                       first_.modules().names[static_cast<std::size_t>(first_module[n])], first.runtime_us[n],
                       second.runtime_us[n]});
        }
        told_.by_platform.push_back(of_platform.done(first_.platforms().names[static_cast<std::size_t>(i)]));
        return {};
    }

    static double size_of(const PairShift& pair) { return std::abs(std::log(pair.second_us / pair.first_us)); }

    // Keeps those that moved most, and for a while some more.
    void note_pair(PairShift pair) {
        told_.largest.push_back(std::move(pair));
        if (told_.largest.size() / 2 > most_ + 500) {
            keep_largest();
        }
    }

    void keep_largest() {
        std::ranges::stable_sort(told_.largest, std::greater<>(), size_of);
        if (told_.largest.size() > most_) {
            told_.largest.resize(most_);
        }
    }

    void finish() {
        keep_largest();
        for (std::size_t j = 0; j < module_.size(); ++j) {
            if (module_[j] >= 0) {
                told_.by_module.push_back(of_module_[j].done(first_.modules().names[j]));
            }
        }
        told_.size_90 = std::expm1(quantile_90(all_.sizes));
        told_.all = all_.done("");
        told_.bounded = std::ssize(bound_shifts_);
        told_.bound_factor = std::exp(median_of(bound_shifts_));
        for (std::vector<PredictionShift>* list : {&told_.by_platform, &told_.by_module}) {
            std::ranges::stable_sort(*list, std::greater<>(), &PredictionShift::size);
        }
    }

    const Predictor& first_;
    const Predictor& second_;
    std::array<double, 1> confidence_;
    std::size_t most_;
    Numbers platform_, module_;  // of the first, in the second
    ModelDifference told_;
    ShiftTally all_;
    std::vector<ShiftTally> of_module_;
    std::vector<double> bound_shifts_;
};

// Errors of both on a combination.
struct JudgedPair {
    std::int32_t platform;
    std::int32_t module;
    double first_error;
    double second_error;

    [[nodiscard]] double gain() const { return second_error - first_error; }
};

// The variance of the mean of some numbers less their mean, those of one cluster dependent.
double clustered_variance(std::span<const JudgedPair> pairs, double mean, const auto& cluster_of) {
    std::map<decltype(cluster_of(pairs.front())), double> sums;
    for (const JudgedPair& pair : pairs) {
        sums[cluster_of(pair)] += pair.gain() - mean;
    }
    double squares = 0.0;
    for (const auto& entry : sums) {
        squares += entry.second * entry.second;
    }
    const auto clusters = static_cast<double>(sums.size());
    const auto count = static_cast<double>(pairs.size());
    return clusters < 2.0 ? 0.0 : clusters / (clusters - 1.0) * squares / (count * count);
}

void test_gain(std::span<const JudgedPair> pairs, ModelJudgement& told) {
    const double mean = told.all.second_error - told.all.first_error;
    const auto by_platform = [](const JudgedPair& pair) { return pair.platform; };
    const auto by_module = [](const JudgedPair& pair) { return pair.module; };
    const auto by_cell = [](const JudgedPair& pair) { return std::pair(pair.platform, pair.module); };
    std::set<std::int32_t> platforms, modules;
    for (const JudgedPair& pair : pairs) {
        platforms.insert(pair.platform);
        modules.insert(pair.module);
    }
    const double of_platforms = clustered_variance(pairs, mean, by_platform);
    const double of_modules = clustered_variance(pairs, mean, by_module);
    const double least = std::max(of_platforms, of_modules);
    const double variance = std::max(of_platforms + of_modules - clustered_variance(pairs, mean, by_cell), least);
    // A side with a single row tells nothing of its scatter.
    auto fewer = static_cast<double>(std::min(platforms.size(), modules.size()));
    fewer = fewer > 1.0 ? fewer : static_cast<double>(std::max(platforms.size(), modules.size()));
    told.low = told.high = mean;
    if (fewer < 2.0 || !(variance > 0.0)) {
        told.low = -std::numeric_limits<double>::infinity();
        told.high = std::numeric_limits<double>::infinity();
        return;
    }
    constexpr double level = 0.05;
    const double error = std::sqrt(variance);
    const double margin = two_sided_quantile(level, fewer - 1.0) * error;
    told.low = mean - margin;
    told.high = mean + margin;
    told.p = two_sided_t(mean / error, fewer - 1.0);
    told.better = told.p >= level ? 0 : mean < 0.0 ? 2 : 1;
}

double error_of(double predicted_us, double runtime_us) {
    return std::min(std::abs(predicted_us / runtime_us - 1.0), kLargestJudgedError);
}

void add_to_group(const JudgedPair& pair, JudgedGroup& group) {
    ++group.combinations;
    group.first_error += pair.first_error;
    group.second_error += pair.second_error;
}

void take_mean(JudgedGroup& group) {
    group.first_error /= static_cast<double>(group.combinations);
    group.second_error /= static_cast<double>(group.combinations);
}

bool unseen(const Predictor& predictor, std::int32_t platform, std::int32_t module,
            std::span<const std::int32_t> with) {
    // Older model files do not say what was measured beside others: it may have been learned from.
    const Evidence evidence = predictor.evidence(platform, module, with).value_or(Evidence::kLearned);
    return evidence == Evidence::kNone || evidence == Evidence::kUnused;
}

// The second model's numbers of a combination of the first; nothing if it lacks a name.
std::optional<predict::Combination> translated(const predict::Combination& first, const Numbers& platform_in,
                                               const Numbers& module_in) {
    predict::Combination second{platform_in[static_cast<std::size_t>(std::get<0>(first))],
                                module_in[static_cast<std::size_t>(std::get<1>(first))],
                                {}};
    bool known = std::get<0>(second) >= 0 && std::get<1>(second) >= 0;
    for (const std::int32_t k : std::get<2>(first)) {
        std::get<2>(second).push_back(module_in[static_cast<std::size_t>(k)]);
        known = known && std::get<2>(second).back() >= 0;
    }
    return known ? std::optional(std::move(second)) : std::nullopt;
}

Result<ModelJudgement> judgement_of(const Predictor& first, const Predictor& second, const Dataset& runs,
                                    double confidence) {
    const Numbers platform_in = platform_numbers(first.platforms(), second);
    const Numbers module_in = module_numbers(first.modules(), second);
    const NamedRuns named = named_runs(first, runs);
    ModelJudgement told;
    told.unknown = named.unknown_combinations;
    std::vector<JudgedPair> pairs;
    std::map<std::int32_t, JudgedGroup> groups;
    for (const auto& entry : named.runtime_us) {
        const auto& [platform, module, with] = entry.first;
        const auto other = translated(entry.first, platform_in, module_in);
        if (!other) {
            ++told.unknown;
            continue;
        }
        const auto& [other_platform, other_module, other_with] = *other;
        if (!unseen(first, platform, module, with) || !unseen(second, other_platform, other_module, other_with)) {
            ++told.learned;
            continue;
        }
        PITOT_TRY(const auto a, first.predict_pair(platform, module, confidence, with));
        PITOT_TRY(const auto b, second.predict_pair(other_platform, other_module, confidence, other_with));
        const double runtime =
            std::accumulate(entry.second.begin(), entry.second.end(), 0.0) / static_cast<double>(entry.second.size());
        pairs.push_back({platform, module, error_of(a.runtime_us, runtime), error_of(b.runtime_us, runtime)});
        add_to_group(pairs.back(), told.all);
        groups[platform].name = first.platforms().names[static_cast<std::size_t>(platform)];
        add_to_group(pairs.back(), groups[platform]);
        if (!std::isnan(a.bound_us) && !std::isnan(b.bound_us)) {
            ++told.bounded;
            told.first_coverage += runtime <= a.bound_us ? 1.0 : 0.0;
            told.second_coverage += runtime <= b.bound_us ? 1.0 : 0.0;
            told.first_margin += a.bound_us / a.runtime_us - 1.0;
            told.second_margin += b.bound_us / b.runtime_us - 1.0;
        }
    }
    if (pairs.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("no run is left to judge by: {} combinations were learned from or calibrated with, "
                                "and {} have a name that a model lacks; give runs that neither has seen",
                                told.learned, told.unknown));
    }
    take_mean(told.all);
    for (auto& entry : groups) {
        take_mean(entry.second);
        told.by_platform.push_back(std::move(entry.second));
    }
    std::ranges::stable_sort(told.by_platform, {},
                             [](const JudgedGroup& group) { return group.second_error - group.first_error; });
    for (double* sum : {&told.first_coverage, &told.second_coverage, &told.first_margin, &told.second_margin}) {
        *sum = told.bounded > 0 ? *sum / static_cast<double>(told.bounded) : std::numeric_limits<double>::quiet_NaN();
    }
    test_gain(pairs, told);
    return told;
}

}  // namespace
}  // namespace evaluation

Result<ModelDifference> difference(const Predictor& first, const Predictor& second, double confidence,
                                   std::int64_t most) {
    return core::at_border("comparing models", [&]() -> Result<ModelDifference> {
        if (auto ok = calibrate::check_confidence(confidence); !ok) {
            return Failure(ok.error());
        }
        return evaluation::ModelComparison(first, second, confidence, most).run();
    });
}

Result<ModelJudgement> judge(const Predictor& first, const Predictor& second, const Dataset& runs, double confidence) {
    return core::at_border("judging models", [&]() -> Result<ModelJudgement> {
        if (auto ok = calibrate::check_confidence(confidence).and_then([&] { return runs.validate(); }); !ok) {
            return Failure(ok.error());
        }
        return evaluation::judgement_of(first, second, runs, confidence);
    });
}

}  // namespace pitot
