#include "pitot/compare_runs.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "core/border.hpp"
#include "dataset/row_groups.hpp"
#include "evaluate/significance.hpp"
#include "predict/calibration_rows.hpp"

namespace pitot {
namespace evaluation {
namespace {

// Median of a squared standard normal variable.
constexpr double kMedianSquare = 0.454936;
// What a pair's own variance is shrunk towards the typical one with.
constexpr double kPriorDegrees = 2.0;
// What a variance told by the median of squares is worth, over one by their mean, of normal variables: the efficiency
// of the median absolute deviation.
constexpr double kMedianEfficiency = 0.3675;
// Without runs repeated, fewer pairs do not tell chance from change.
constexpr std::int64_t kLeastSingleRuns = 5;
// Clocks do not tell less: variance of ln t.
constexpr double kLeastVariance = 1e-10;
// Of a pair's runs, from which number on their median stands for them.
constexpr std::size_t kMedianFrom = 3;
constexpr double kMedianVariance = 1.5708;  // over that of a mean, of many normal runs: pi / 2

// ln t of combinations, numbered as in the older dataset.
using RunsOf = std::map<predict::Combination, std::vector<double>>;

// Numbers of names, shared by two sides: those of the first, then what the second adds.
class SharedNames {
public:
    explicit SharedNames(const Side& first) { add(first); }

    std::vector<std::int32_t> add(const Side& side) {
        std::vector<std::int32_t> numbers;
        for (const std::string& name : side.names) {
            const auto [place, is_new] = number_.try_emplace(name, static_cast<std::int32_t>(names_.size()));
            if (is_new) {
                names_.push_back(name);
            }
            numbers.push_back(place->second);
        }
        return numbers;
    }
    [[nodiscard]] const std::string& operator[](std::int32_t number) const {
        return names_[static_cast<std::size_t>(number)];
    }

private:
    std::map<std::string, std::int32_t, std::less<>> number_;
    std::vector<std::string> names_;
};

RunsOf runs_of(const Dataset& dataset, SharedNames& platforms, SharedNames& modules) {
    const std::vector<std::int32_t> platform = platforms.add(dataset.platforms);
    const std::vector<std::int32_t> module = modules.add(dataset.modules);
    RunsOf runs;
    const ObservationView rows = dataset.observations.view();
    for (std::int64_t n = 0; n < rows.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        std::vector<std::int32_t> with;
        for (const std::int32_t k : dataset::sorted_co_runners(rows, n)) {
            if (k >= 0) {
                with.push_back(module[static_cast<std::size_t>(k)]);
            }
        }
        std::ranges::sort(with, std::greater<>());
        runs[{platform[static_cast<std::size_t>(rows.platform[at])], module[static_cast<std::size_t>(rows.module[at])],
              std::move(with)}]
            .push_back(std::log(rows.runtime_us[at]));
    }
    return runs;
}

// The runs of a pair in one dataset.
struct RunSummary {
    double middle = 0.0;  // of ln t
    double runs = 0.0;
    double variance = 0.0;  // of a run, of the sample; 0 of a single one
};

RunSummary summary_of(std::vector<double> values) {
    RunSummary summary{0.0, static_cast<double>(values.size()), 0.0};
    double mean = 0.0;
    for (const double value : values) {
        mean += value / summary.runs;
    }
    for (const double value : values) {
        summary.variance += values.size() < 2 ? 0.0 : (value - mean) * (value - mean) / (summary.runs - 1.0);
    }
    summary.middle = values.size() >= kMedianFrom ? median_of(values) : mean;
    return summary;
}

// A pair that both datasets have.
struct SharedPair {
    predict::Combination key;
    RunSummary before, after;
    double change = 0.0;    // of ln t; the platform's speed taken out once it is known
    double variance = 0.0;  // of it, by runs alone
    double degrees = 0.0;   // of that variance
    bool nearest = false;   // to the platform's speed, of its pairs
    double total = 0.0;     // variance with what scatters between datasets
    double total_degrees = 0.0;

    [[nodiscard]] std::int32_t platform() const { return std::get<0>(key); }
    [[nodiscard]] std::int32_t module() const { return std::get<1>(key); }
};

// Typical variance of a run: the median over pairs, each over the median of its distribution; nothing where no pair was
// run twice.
std::optional<double> typical_variance(std::span<const SharedPair> pairs) {
    std::vector<double> variances;
    for (const SharedPair& pair : pairs) {
        for (const RunSummary& side : {pair.before, pair.after}) {
            if (side.runs > 1.0) {
                const double degrees = side.runs - 1.0;
                // Median of chi² over its degrees of freedom (Wilson and Hilferty 1931).
                variances.push_back(side.variance / std::pow(1.0 - 2.0 / (9.0 * degrees), 3.0));
            }
        }
    }
    return variances.empty() ? std::nullopt : std::optional(std::max(median_of(variances), kLeastVariance));
}

void set_variance(SharedPair& pair, std::optional<double> typical) {
    if (!typical) {
        return;
    }
    double squares = 0.0;
    for (const RunSummary& side : {pair.before, pair.after}) {
        const double degrees = side.runs - 1.0;
        const double shrunk = (kPriorDegrees * *typical + degrees * side.variance) / (kPriorDegrees + degrees);
        const bool median = side.runs >= static_cast<double>(kMedianFrom);
        const double of_middle = std::max(shrunk, kLeastVariance) * (median ? kMedianVariance : 1.0) / side.runs;
        pair.variance += of_middle;
        squares += of_middle * of_middle / (kPriorDegrees + degrees);
    }
    pair.degrees = pair.variance * pair.variance / squares;
}

// The scatter between datasets: the variance that, added, makes the median of change² over variance what it is of
// normal variables (as Mandel and Paule 1970, by medians). The pair nearest to each platform's speed does not count:
// the median lies there by construction, and without it, what is left is right for any number of pairs.
double scatter_between(std::span<const SharedPair> pairs) {
    const auto excess = [&](double more) {
        std::vector<double> squares;
        for (const SharedPair& pair : pairs) {
            if (!pair.nearest) {
                squares.push_back(pair.change * pair.change / (pair.variance + more + kLeastVariance));
            }
        }
        return squares.empty() ? -1.0 : median_of(squares) - kMedianSquare;
    };
    if (excess(0.0) <= 0.0) {
        return 0.0;
    }
    double low = 0.0;
    double high = kLeastVariance;
    while (excess(high) > 0.0) {
        high *= 4.0;
    }
    constexpr int halvings = 60;
    for (int n = 0; n < halvings; ++n) {
        const double middle = 0.5 * (low + high);
        (excess(middle) > 0.0 ? low : high) = middle;
    }
    return high;
}

class RunComparison {
public:
    RunComparison(const Dataset& before, const Dataset& after, const CompareRunsOptions& options)
        : options_(options), platforms_(before.platforms), modules_(before.modules) {
        const RunsOf old_runs = runs_of(before, platforms_, modules_);
        RunsOf new_runs = runs_of(after, platforms_, modules_);
        for (const auto& entry : old_runs) {
            const auto found = new_runs.find(entry.first);
            if (found == new_runs.end()) {
                ++result_.only_old;
                continue;
            }
            pairs_.push_back({entry.first, summary_of(entry.second), summary_of(found->second)});
            pairs_.back().change = pairs_.back().after.middle - pairs_.back().before.middle;
            result_.identical += pairs_.back().change == 0.0 ? 1 : 0;
            new_runs.erase(found);
        }
        result_.only_new = std::ssize(new_runs);
    }

    Result<RunsCompared> run() {
        const auto typical = typical_variance(pairs_);
        for (SharedPair& pair : pairs_) {
            set_variance(pair, typical);
        }
        take_speeds_out();
        if (pairs_.empty()) {
            return too_few();
        }
        const std::span<const SharedPair> centred = centred_.empty() ? std::span<const SharedPair>(pairs_) : centred_;
        if (!typical && std::ssize(centred) < kLeastSingleRuns) {
            return fail(ErrorCode::kInput,
                        fmt::format("nothing was run twice, and {} pairs in both datasets are too few to tell chance "
                                    "from change: measure every pair several times, or more of them",
                                    std::ssize(centred)));
        }
        const double between = scatter_between(centred);
        result_.noise = typical ? std::sqrt(*typical) : std::numeric_limits<double>::quiet_NaN();
        result_.between = std::sqrt(between);
        set_totals(between);
        test_platforms();
        test_modules();
        test_pairs();
        set_detectable();
        return std::move(result_);
    }

private:
    // Sums of a platform's pairs.
    struct Speed {
        double median = 0.0;
        std::int64_t pairs = 0;
    };

    std::map<std::int32_t, std::vector<double>> changes_by_platform() const {
        std::map<std::int32_t, std::vector<double>> changes;
        for (const SharedPair& pair : pairs_) {
            changes[pair.platform()].push_back(pair.change);
        }
        return changes;
    }

    // Leaves in pairs_ those that are tested, and in centred_, if it is not the same, those that scatter is told from.
    void take_speeds_out() {
        for (auto& entry : changes_by_platform()) {
            const std::int64_t count = std::ssize(entry.second);
            if (count < kLeastComparedPairs && !options_.same_speed) {
                result_.left_out.push_back(platforms_[entry.first]);
            }
            speed_[entry.first] = {median_of(entry.second), count};
        }
        std::vector<SharedPair> centred;
        for (SharedPair pair : pairs_) {
            const Speed& speed = speed_[pair.platform()];
            if (speed.pairs >= kLeastComparedPairs) {
                pair.change -= speed.median;
                centred.push_back(std::move(pair));
            }
        }
        std::map<std::int32_t, SharedPair*> nearest;
        for (SharedPair& pair : centred) {
            SharedPair*& found = nearest.try_emplace(pair.platform(), &pair).first->second;
            found = std::abs(pair.change) < std::abs(found->change) ? &pair : found;
        }
        for (const auto& entry : nearest) {
            entry.second->nearest = true;
        }
        if (options_.same_speed) {
            centred_ = std::move(centred);
        } else {
            pairs_ = std::move(centred);
        }
    }

    [[nodiscard]] Failure too_few() const {
        if (result_.left_out.empty()) {
            return fail(ErrorCode::kInput,
                        fmt::format("the two datasets have no pair of platform and module in common ({} in the first "
                                    "alone, {} in the second): names must be the same in both",
                                    result_.only_old, result_.only_new));
        }
        return fail(ErrorCode::kInput,
                    fmt::format("no platform has {} pairs or more in both datasets, so that the speed of a machine "
                                "cannot be told from a change of its modules: measure more modules in both, or say "
                                "that speeds are the same",
                                kLeastComparedPairs));
    }

    void set_totals(double between) {
        between_ = between;
        const std::span<const SharedPair> centred = centred_.empty() ? std::span<const SharedPair>(pairs_) : centred_;
        std::set<std::int32_t> platforms;
        for (const SharedPair& pair : centred) {
            platforms.insert(pair.platform());
        }
        between_degrees_ = std::max(kMedianEfficiency * static_cast<double>(centred.size() - platforms.size()), 1.0);
        for (SharedPair& pair : pairs_) {
            pair.total = pair.variance + between + kLeastVariance;
            pair.total_degrees = degrees_of({&pair});
        }
    }

    // Of the summed variance of some pairs (Satterthwaite): what their runs tell is their own, the scatter between
    // datasets is one number for all of them.
    [[nodiscard]] double degrees_of(const std::vector<const SharedPair*>& pairs) const {
        double sum = 0.0;
        double squares = 0.0;
        for (const SharedPair* pair : pairs) {
            sum += pair->variance + between_;
            squares += pair->degrees > 0.0 ? pair->variance * pair->variance / pair->degrees : 0.0;
        }
        const double shared = static_cast<double>(pairs.size()) * between_;
        squares += shared * shared / between_degrees_;
        return squares > 0.0 ? sum * sum / squares : between_degrees_;
    }

    // A change of ln t with its standard error.
    void set_test(RunChange& change, double value, double variance, double degrees) const {
        const double error = std::sqrt(variance);
        constexpr double outside = 0.05;
        const double margin = two_sided_quantile(outside, degrees) * error;
        change.factor = std::exp(value);
        change.low = std::exp(value - margin);
        change.high = std::exp(value + margin);
        change.p = two_sided_t(value / error, degrees);
    }

    void test_platforms() {
        std::map<std::int32_t, std::vector<const SharedPair*>> of_platform;
        for (const SharedPair& pair : pairs_) {
            of_platform[pair.platform()].push_back(&pair);
        }
        for (const auto& entry : of_platform) {
            RunChange change{.platform = platforms_[entry.first]};
            double variance = 0.0;
            for (const SharedPair* pair : entry.second) {
                variance += pair->total;
                count(*pair, change);
            }
            const auto pairs = static_cast<double>(change.pairs);
            set_test(change, speed_[entry.first].median, kMedianVariance * variance / (pairs * pairs),
                     degrees_of(entry.second));
            result_.platforms.push_back(std::move(change));
        }
        set_rates(result_.platforms);
    }

    static void count(const SharedPair& pair, RunChange& change) {
        ++change.pairs;
        change.old_runs += static_cast<std::int64_t>(pair.before.runs);
        change.new_runs += static_cast<std::int64_t>(pair.after.runs);
    }

    void test_modules() {
        std::map<std::int32_t, std::vector<const SharedPair*>> of_module;
        for (const SharedPair& pair : pairs_) {
            of_module[pair.module()].push_back(&pair);
        }
        for (const auto& entry : of_module) {
            std::vector<double> changes;
            for (const SharedPair* pair : entry.second) {
                changes.push_back(pair->change);
            }
            const double median = median_of(changes);
            RunChange change{.module = modules_[entry.first]};
            double sum = 0.0;
            double weights = 0.0;
            constexpr double furthest = 3.0;
            for (const SharedPair* pair : entry.second) {
                const double reach = furthest * std::sqrt(pair->total);
                sum += std::clamp(pair->change, median - reach, median + reach) / pair->total;
                weights += 1.0 / pair->total;
                count(*pair, change);
            }
            set_test(change, sum / weights, 1.0 / weights, degrees_of(entry.second));
            result_.modules.push_back(std::move(change));
        }
        judge_changes(result_.modules);
    }

    void test_pairs() {
        for (const SharedPair& pair : pairs_) {
            RunChange change{.platform = platforms_[pair.platform()], .module = modules_[pair.module()]};
            for (const std::int32_t k : std::get<2>(pair.key)) {
                change.with.push_back(modules_[k]);
            }
            count(pair, change);
            set_test(change, pair.change, pair.total, pair.total_degrees);
            result_.pairs.push_back(std::move(change));
        }
        judge_changes(result_.pairs);
    }

    static void set_rates(std::vector<RunChange>& changes) {
        std::vector<double> p(changes.size());
        std::ranges::transform(changes, p.begin(), &RunChange::p);
        const std::vector<double> rates = false_discovery_rates(p);
        for (std::size_t n = 0; n < changes.size(); ++n) {
            changes[n].rate = rates[n];
        }
    }

    void judge_changes(std::vector<RunChange>& changes) {
        set_rates(changes);
        for (RunChange& change : changes) {
            const double size = std::max(change.factor, 1.0 / change.factor) - 1.0;
            change.different = change.rate <= options_.false_discovery && size >= options_.least_change;
            result_.different = result_.different || change.different;
        }
        std::ranges::stable_sort(changes, {}, [](const RunChange& change) { return std::pair(change.rate, change.p); });
    }

    void set_detectable() {
        std::vector<double> variances;
        std::vector<double> degrees;
        for (const SharedPair& pair : pairs_) {
            variances.push_back(pair.total);
            degrees.push_back(pair.total_degrees);
        }
        // A single pair counts from level / pairs on; half of those of that size are found.
        const double level = options_.false_discovery / static_cast<double>(pairs_.size());
        const double t = two_sided_quantile(level, median_of(degrees));
        result_.detectable = std::max(std::expm1(t * std::sqrt(median_of(variances))), options_.least_change);
    }

    const CompareRunsOptions& options_;
    SharedNames platforms_, modules_;
    std::vector<SharedPair> pairs_;
    std::vector<SharedPair> centred_;
    std::map<std::int32_t, Speed> speed_;
    double between_ = 0.0;
    double between_degrees_ = 1.0;
    RunsCompared result_;
};

Result<void> check_compare_options(const CompareRunsOptions& options) {
    if (!(options.false_discovery > 0.0 && options.false_discovery < 1.0)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("a false discovery rate of {} is not between 0 and 1", options.false_discovery));
    }
    if (!(options.least_change >= 0.0 && options.least_change < 1.0)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("a least change of {} is no share of a runtime from 0 to less than 1; 2 % is 0.02",
                                options.least_change));
    }
    return {};
}

}  // namespace
}  // namespace evaluation

Result<RunsCompared> compare_runs(const Dataset& before, const Dataset& after, const CompareRunsOptions& options) {
    return core::at_border("comparing runs", [&]() -> Result<RunsCompared> {
        auto ok = evaluation::check_compare_options(options).and_then([&] { return before.validate(); }).and_then([&] {
            return after.validate();
        });
        if (!ok) {
            return Failure(ok.error());
        }
        return evaluation::RunComparison(before, after, options).run();
    });
}

}  // namespace pitot
