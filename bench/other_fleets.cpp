// How presets predict fleets unlike the one they were tuned on, beside linear scaling, plain alternating least squares
// and, where the truth is known, the best that can be: `make study`, or
//
//   build/release/bench/other_fleets [--preset NAME]… [--fleet NAME]… [--share X]… [--seeds N] [--set FIELD=VALUE]…
//   [--json]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "bench/support/least_squares.hpp"
#include "bench/support/study_fleets.hpp"
#include "evaluate/absolute_errors.hpp"
#include "evaluate/held_out_rows.hpp"
#include "pitot/fit.hpp"
#include "train/row_draw.hpp"

namespace pitot::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kWildlyOff = 10.0;

struct StudyOptions {
    std::vector<std::string> fleets{};
    std::vector<std::string> presets{};
    std::vector<double> shares{};
    std::vector<std::string> assignments{};
    std::uint64_t seeds = 3;
    int threads = 0;
    bool json = false;
};

// Runs that are tested, and the logarithms that a method predicts for them.
struct Runs {
    const char* name;  // "others" of the measured pairs, or "unmeasured"
    std::vector<std::int32_t> platform{}, module{};
    std::vector<double> runtime_us{}, weight{};
};

struct Forecast {
    std::vector<double> runtime_us;
    std::vector<bool> marked;  // as not to be relied on; empty: by a method that marks nothing
};

// One method on one fleet at one share, over seeds.
struct Tally {
    AbsoluteErrors errors;
    std::int64_t off = 0;  // predictions farther than kWildlyOff from the truth, and no mark says so
    std::int64_t off_marked = 0;
    std::string preset;  // that a default was
};

using Tallies = std::vector<std::pair<std::string, Tally>>;  // by method

void add_test_rows(Runs& runs, const ObservationView& table, core::RowNumbers rows) {
    std::map<std::pair<std::int32_t, std::int32_t>, double> count;
    for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        count[{table.platform[at], table.module[at]}] += 1.0;
    }
    for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        runs.platform.push_back(table.platform[at]);
        runs.module.push_back(table.module[at]);
        runs.runtime_us.push_back(table.runtime_us[at]);
        runs.weight.push_back(1.0 / count.at({table.platform[at], table.module[at]}));
    }
}

Forecast forecast_of(const Matrix<double>& logarithms, const Runs& runs) {
    Forecast forecast;
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        forecast.runtime_us.push_back(std::exp(logarithms(runs.platform[n], runs.module[n])));
    }
    return forecast;
}

// What `pitot predict` says beside a prediction: that it rests on no measurement, that it is a guess, or that folds
// contradict each other.
Result<Forecast> forecast_of(const Predictor& predictor, const Runs& runs) {
    constexpr double contradiction = 0.1;  // share of a row's pairs from which it is said
    PITOT_TRY(auto answers, predictor.predict({runs.platform, runs.module, {}, 0}));
    Forecast forecast{std::move(answers.runtime_us), {}};
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        forecast.marked.push_back(answers.basis[n] != Basis::kMeasured || is_guess(answers.deviation[n]) ||
                                  predictor.platform_disagreement(runs.platform[n]) > contradiction ||
                                  predictor.module_disagreement(runs.module[n]) > contradiction);
    }
    return forecast;
}

Result<void> add(Tally& tally, const Forecast& forecast, const Runs& runs, const Matrix<double>& truth) {
    std::vector<double> errors;
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        errors.push_back(std::abs(forecast.runtime_us[n] / runs.runtime_us[n] - 1.0));
        const double off = std::abs(std::log(forecast.runtime_us[n]) - truth(runs.platform[n], runs.module[n]));
        if (off > std::log(kWildlyOff)) {
            const bool marked = !forecast.marked.empty() && forecast.marked[n];
            ++(marked ? tally.off_marked : tally.off);
        }
    }
    return evaluation::add_replicate(tally.errors, errors, runs.weight);
}

// The methods compared, by name, before presets.
constexpr const char* kFloor = "floor";
constexpr const char* kScaling = "baseline/linear_scaling";
constexpr const char* kLeastSquares = "least squares";
constexpr const char* kOldDefault = "old default";
constexpr const char* kDefault = "default";

// What was taken where nothing was named before there were Gaussian processes: embedding/128 with learned tables in the
// place of features that are missing, and batches no larger than the dataset; linear scaling for few pairs.
FitConfig old_default(const Dataset& dataset) {
    const bool platforms = dataset.platforms.features.cols() > 0;
    const bool modules = dataset.modules.features.cols() > 0;
    std::set<std::pair<std::int32_t, std::int32_t>> pairs;
    for (std::size_t n = 0; n < dataset.observations.platform.size(); ++n) {
        pairs.emplace(dataset.observations.platform[n], dataset.observations.module[n]);
    }
    if (std::ssize(pairs) <= dataset.platforms.size() + dataset.modules.size()) {
        return preset(kScaling).value();
    }
    FitConfig config = preset(platforms && modules ? "embedding/128"
                              : platforms          ? "baseline/platform_only"
                              : modules            ? "baseline/module_only"
                                                   : "linear/128")
                           .value();
    const auto rows = static_cast<std::uint64_t>(std::clamp<std::int64_t>(dataset.observations.size(), 64, 2048));
    config.train.objective("alone").batch = static_cast<std::int64_t>(std::bit_ceil(rows));
    return config;
}

std::vector<std::string> methods_of(const StudyOptions& options) {
    std::vector<std::string> methods{kFloor, kScaling, kLeastSquares, kOldDefault, kDefault};
    methods.insert(methods.end(), options.presets.begin(), options.presets.end());
    return methods;
}

Result<FitConfig> config_of(const std::string& method, const Dataset& dataset, const StudyOptions& options,
                            std::uint64_t seed) {
    FitConfig config = method == kOldDefault ? old_default(dataset) : default_config(dataset);
    if (method != kDefault && method != kOldDefault) {
        PITOT_TRY(config, preset(method));
    }
    config.seed = seed;
    config.calibration_share = 0.0;
    for (const std::string& assignment : options.assignments) {
        if (auto ok = apply_override(config, assignment); !ok) {
            return Failure(ok.error());
        }
    }
    return config;
}

// What methods learn from the same rows of a fleet. Each is fitted once, and so are methods of one configuration.
class Forecaster {
public:
    Forecaster(const StudyFleet& fleet, const Dataset& training, const StudyOptions& options, std::uint64_t seed)
        : fleet_(fleet), training_(training), options_(options), seed_(seed) {}

    Result<Forecast> operator()(const std::string& method, const Runs& runs) {
        preset_.clear();
        if (method == kFloor) {
            return forecast_of(fleet_.truth, runs);
        }
        if (method == kLeastSquares) {
            if (least_squares_.rows() == 0) {
                least_squares_ = validated_least_squares(training_.pool(kAlone), training_.platforms.size(),
                                                         training_.modules.size(), core::Key(seed_));
            }
            return forecast_of(least_squares_, runs);
        }
        PITOT_TRY(const FitConfig config, config_of(method, training_, options_, seed_));
        preset_ = config.preset;
        auto known = predictors_.find(to_json(config));
        if (known == predictors_.end()) {
            Context context;
            context.threads = options_.threads;
            PITOT_TRY(auto predictor, fit(training_, config, context));
            known = predictors_.emplace(to_json(config), std::move(predictor)).first;
        }
        return forecast_of(known->second, runs);
    }
    /// Of the method last asked; empty for those without.
    [[nodiscard]] const std::string& preset() const { return preset_; }

private:
    const StudyFleet& fleet_;
    const Dataset& training_;
    const StudyOptions& options_;
    std::uint64_t seed_;
    std::string preset_;
    Matrix<double> least_squares_;
    std::map<std::string, Predictor> predictors_;  // by configuration
};

// One seed of a fleet at a share: each method learns from the same rows and predicts the same others.
Result<void> add_seed(const StudyFleet& fleet, double share, std::uint64_t seed, const StudyOptions& options,
                      std::vector<std::pair<Runs, Tallies>>& results) {
    FitConfig split;
    split.seed = seed;
    const train::ReplicateRows rows = train::draw_rows(fleet.dataset, split, share, 0.0, 0);
    std::vector<std::int64_t> learned;
    for (const std::int64_t row : rows.alone().rest) {
        learned.push_back(row);
    }
    std::ranges::sort(learned);
    const Dataset training = evaluation::subset(fleet.dataset, learned);
    for (auto& [runs, tallies] : results) {
        runs = Runs{runs.name};
    }
    add_test_rows(results[0].first, fleet.dataset.pool(kAlone), rows.alone().test);
    std::vector<std::int64_t> unmeasured(static_cast<std::size_t>(fleet.unmeasured.size()));
    std::ranges::generate(unmeasured, [n = std::int64_t{0}]() mutable { return n++; });
    add_test_rows(results[1].first, fleet.unmeasured.view(), unmeasured);

    Forecaster forecaster(fleet, training, options, seed);
    const std::vector<std::string> methods = methods_of(options);
    for (std::size_t m = 0; m < methods.size(); ++m) {
        for (auto& [runs, tallies] : results) {
            if (runs.platform.empty()) {
                continue;
            }
            PITOT_TRY(const Forecast forecast, forecaster(methods[m], runs));
            tallies[m].second.preset = forecaster.preset();
            if (auto ok = add(tallies[m].second, forecast, runs, fleet.truth); !ok) {
                return ok;
            }
        }
    }
    return {};
}

const Tally& tally_of(const Tallies& tallies, const std::string& method) {
    return std::ranges::find(tallies, method, &std::pair<std::string, Tally>::first)->second;
}

// The least error of the methods that no default may be worse than.
double rival(const Tallies& tallies, Spread AbsoluteErrors::*which) {
    double least = std::numeric_limits<double>::infinity();
    for (const char* method : {kScaling, kLeastSquares, kOldDefault}) {
        least = std::min(least, (tally_of(tallies, method).errors.*which).mean);
    }
    return least;
}

void print_text(const std::string& fleet, double share, const Runs& runs, const Tallies& tallies) {
    const Tally& floor = tally_of(tallies, kFloor);
    for (const auto& [method, tally] : tallies) {
        const std::string name =
            method == kDefault || method == kOldDefault ? fmt::format("{} ({})", method, tally.preset) : method;
        const auto percent = [](const Spread& spread) {
            return fmt::format("{:.2f} ± {:.2f}", 100.0 * spread.mean, 100.0 * spread.std);
        };
        fmt::print("{:<7} {:>5} {:<10} {:<36} {:>16} {:>14} {:>9.2f} {:>9.2f} {:>10.2f} {:>6} {:>6}\n", fleet, share,
                   runs.name, name, percent(tally.errors.mape), percent(tally.errors.median),
                   tally.errors.mape.mean / floor.errors.mape.mean,
                   tally.errors.mape.mean / rival(tallies, &AbsoluteErrors::mape),
                   tally.errors.median.mean / rival(tallies, &AbsoluteErrors::median), tally.off, tally.off_marked);
    }
    std::fflush(stdout);
}

void add_json(Json& json, const std::string& fleet, double share, const Runs& runs, const Tallies& tallies) {
    const Tally& floor = tally_of(tallies, kFloor);
    for (const auto& [method, tally] : tallies) {
        json.push_back({{"fleet", fleet},
                        {"share", share},
                        {"rows", runs.name},
                        {"method", method},
                        {"preset", tally.preset},
                        {"mape", tally.errors.mape.mean},
                        {"mape_std", tally.errors.mape.std},
                        {"median", tally.errors.median.mean},
                        {"median_std", tally.errors.median.std},
                        {"mape_over_floor", tally.errors.mape.mean / floor.errors.mape.mean},
                        {"mape_over_best", tally.errors.mape.mean / rival(tallies, &AbsoluteErrors::mape)},
                        {"median_over_best", tally.errors.median.mean / rival(tallies, &AbsoluteErrors::median)},
                        {"off_unmarked", tally.off},
                        {"off_marked", tally.off_marked}});
    }
}

void warn(const std::string& fleet, double share, const Runs& runs, const Tallies& tallies) {
    for (const auto& [method, tally] : tallies) {
        if (tally.off > 0 && method != kFloor && method != kLeastSquares) {
            fmt::print(stderr,
                       "warning: {} at share {:g}, {} pairs: {} predictions of {} are off by more than a factor "
                       "of {:g} without a mark\n",
                       fleet, share, runs.name, tally.off, method, kWildlyOff);
        }
    }
}

// Names and shares that are wrong, before anything is fitted.
Result<void> check(const StudyOptions& options) {
    for (const std::string& fleet : options.fleets) {
        if (const auto made = study_fleet(fleet, 1); !made) {
            return Failure(made.error());
        }
    }
    for (const std::string& name : options.presets) {
        if (const auto known = preset(name); !known) {
            return Failure(known.error());
        }
    }
    for (const double share : options.shares) {
        if (!(share > 0.0 && share < 1.0)) {
            return fail(ErrorCode::kUsage, fmt::format("share {} is not between 0 and 1", share));
        }
    }
    return {};
}

Result<void> study(const StudyOptions& options) {
    if (auto ok = check(options); !ok) {
        return ok;
    }
    Json json = Json::array();
    if (!options.json) {
        fmt::print("{:<7} {:>5} {:<10} {:<36} {:>14}   {:>12}   {:>9} {:>9} {:>10} {:>6} {:>6}\n", "FLEET", "SHARE",
                   "PAIRS", "METHOD", "MAPE %", "MEDIAN %", "/FLOOR", "/BEST", "MED./BEST", "OFF", "MARKED");
    }
    for (const std::string& name : options.fleets) {
        for (const double share : options.shares) {
            Tallies tallies;
            for (const std::string& method : methods_of(options)) {
                tallies.emplace_back(method, Tally{});
            }
            std::vector<std::pair<Runs, Tallies>> results{{Runs{"others"}, tallies}, {Runs{"unmeasured"}, tallies}};
            for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
                PITOT_TRY(const StudyFleet fleet, study_fleet(name, seed));
                if (auto ok = add_seed(fleet, share, seed, options, results); !ok) {
                    return ok;
                }
            }
            for (auto& [runs, of] : results) {
                if (of.front().second.errors.mape_replicates.empty()) {
                    continue;
                }
                for (auto& [method, tally] : of) {
                    evaluation::finish(tally.errors);
                }
                warn(name, share, runs, of);
                options.json ? add_json(json, name, share, runs, of) : print_text(name, share, runs, of);
            }
        }
    }
    if (options.json) {
        fmt::print("{}\n", json.dump(2));
    }
    return {};
}

void add_options(CLI::App& app, StudyOptions& options) {
    const auto several = [&](const char* name, auto& values, const char* text) {
        app.add_option(name, values, text)->allow_extra_args(false);
    };
    several("--fleet", options.fleets, "A fleet; may be repeated. Default: all");
    several("--preset", options.presets, "A preset beside the default; may be repeated");
    several("--share", options.shares, "A training share; may be repeated. Default: 0.2, 0.5 and 0.8");
    several("--set", options.assignments, "Any field of all configurations, as in --set train.folds=3");
    app.add_option("--seeds", options.seeds, "Fleets and splits drawn")->check(CLI::Range(1, 1000));
    app.add_option("--threads", options.threads, "Threads; 0 = all this process may use");
    app.add_flag("--json", options.json, "Print JSON");
}

int run(int argc, char** argv) {
    CLI::App app("How presets predict fleets made up to be unlike the one they were tuned on");
    StudyOptions options;
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    if (options.fleets.empty()) {
        std::ranges::transform(study_fleets(), std::back_inserter(options.fleets), &StudyFleetInfo::name);
    }
    if (options.shares.empty()) {
        options.shares = {0.2, 0.5, 0.8};
    }
    if (const auto done = study(options); !done) {
        fmt::print(stderr, "other_fleets: error: {}\n", done.error().to_string());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace pitot::bench

int main(int argc, char** argv) { return pitot::bench::run(argc, argv); }
