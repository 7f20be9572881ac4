// How presets predict fleets unlike the one they were tuned on, beside linear scaling, plain alternating least squares
// and, where the truth is known, the best that can be: `make study`, or
//
//   build/release/bench/other_fleets [--preset NAME]… [--fleet NAME]… [--share X]… [--seeds N] [--set FIELD=VALUE]…
//   [--json]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
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
    std::string preset;  // that the default was
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

// What `pitot predict` says beside a prediction: that it rests on no measurement, or that folds contradict each other.
Result<Forecast> forecast_of(const Predictor& predictor, const Runs& runs) {
    constexpr double contradiction = 0.1;  // share of a row's pairs from which it is said
    PITOT_TRY(auto answers, predictor.predict({runs.platform, runs.module, {}, 0}));
    Forecast forecast{std::move(answers.runtime_us), {}};
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        forecast.marked.push_back(answers.basis[n] != Basis::kMeasured ||
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

// The methods compared, by name: the truth, linear scaling, least squares, the default, presets.
constexpr const char* kFloor = "floor";
constexpr const char* kScaling = "baseline/linear_scaling";
constexpr const char* kLeastSquares = "least squares";
constexpr const char* kDefault = "default";

std::vector<std::string> methods_of(const StudyOptions& options) {
    std::vector<std::string> methods{kFloor, kScaling, kLeastSquares, kDefault};
    methods.insert(methods.end(), options.presets.begin(), options.presets.end());
    return methods;
}

Result<FitConfig> config_of(const std::string& method, const Dataset& dataset, const StudyOptions& options,
                            std::uint64_t seed) {
    FitConfig config = default_config(dataset);
    if (method != kDefault) {
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

    const std::vector<std::string> methods = methods_of(options);
    for (std::size_t m = 0; m < methods.size(); ++m) {
        std::vector<Forecast> forecasts(results.size());
        std::string preset;
        if (methods[m] == kFloor || methods[m] == kLeastSquares) {
            const bool floor = methods[m] == kFloor;
            Matrix<double> fitted;
            if (!floor) {
                fitted = validated_least_squares(training.pool(kAlone), training.platforms.size(),
                                                 training.modules.size(), core::Key(seed));
            }
            for (std::size_t r = 0; r < results.size(); ++r) {
                forecasts[r] = forecast_of(floor ? fleet.truth : fitted, results[r].first);
            }
        } else {
            PITOT_TRY(const FitConfig config, config_of(methods[m], training, options, seed));
            Context context;
            context.threads = options.threads;
            PITOT_TRY(const Predictor predictor, fit(training, config, context));
            preset = config.preset;
            for (std::size_t r = 0; r < results.size(); ++r) {
                PITOT_TRY(forecasts[r], forecast_of(predictor, results[r].first));
            }
        }
        for (std::size_t r = 0; r < results.size(); ++r) {
            auto& [runs, tallies] = results[r];
            if (runs.platform.empty()) {
                continue;
            }
            tallies[m].second.preset = preset;
            if (auto ok = add(tallies[m].second, forecasts[r], runs, fleet.truth); !ok) {
                return ok;
            }
        }
    }
    return {};
}

const Tally& tally_of(const Tallies& tallies, const std::string& method) {
    return std::ranges::find(tallies, method, &std::pair<std::string, Tally>::first)->second;
}

// The least error of the methods that a default must not be worse than: linear scaling, least squares, the default.
double rival(const Tallies& tallies, Spread AbsoluteErrors::*which) {
    double least = std::numeric_limits<double>::infinity();
    for (const char* method : {kScaling, kLeastSquares, kDefault}) {
        least = std::min(least, (tally_of(tallies, method).errors.*which).mean);
    }
    return least;
}

void print_text(const std::string& fleet, double share, const Runs& runs, const Tallies& tallies) {
    const Tally& floor = tally_of(tallies, kFloor);
    for (const auto& [method, tally] : tallies) {
        const std::string name = method == kDefault ? fmt::format("default ({})", tally.preset) : method;
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

Result<void> study(const StudyOptions& options) {
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

}  // namespace
}  // namespace pitot::bench

int main(int argc, char** argv) {
    CLI::App app("How presets predict fleets made up to be unlike the one they were tuned on");
    pitot::bench::StudyOptions options;
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
    CLI11_PARSE(app, argc, argv);
    if (options.fleets.empty()) {
        for (const pitot::bench::StudyFleetInfo& fleet : pitot::bench::study_fleets()) {
            options.fleets.push_back(fleet.name);
        }
    }
    if (options.shares.empty()) {
        options.shares = {0.2, 0.5, 0.8};
    }
    if (const auto done = pitot::bench::study(options); !done) {
        fmt::print(stderr, "other_fleets: error: {}\n", done.error().to_string());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
