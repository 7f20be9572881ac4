#include "place/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/check.hpp"
#include "core/digest.hpp"
#include "core/utf8.hpp"
#include "dataset/pair_means.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/remedy.hpp"
#include "place/latency_trace.hpp"
#include "place/model_predictor.hpp"
#include "place/network.hpp"
#include "place/placement.hpp"
#include "place/predictors.hpp"
#include "place/simulation_record.hpp"
#include "place/simulation_world.hpp"

namespace pitot::place {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kMostOptimalJobs = 20'000;  // its matrix has a column for each on every device
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// True mean runtimes in ms, infinite where none was measured.
Matrix<double> true_runtimes(const Dataset& dataset) {
    Matrix<double> runtimes = dataset::pair_means_us(dataset);
    for (double& t : runtimes.flat()) {
        t = std::isnan(t) ? kInfinite : t / 1000.0;
    }
    return runtimes;
}

struct World {
    Matrix<double> truth;
    Slowdown slowdown;  // in truth, by the jobs on a device; empty = none
    models::LinearScaling scaling;
    Network network;
};

std::string digest_of(const LatencyTrace& trace) {
    core::Sha256 hash;
    for (const auto& latencies : trace.latency_ms) {
        hash.array(std::span<const double>(latencies));
    }
    return hash.finish();
}

// Adds to `record` what the world is made of.
Result<World> make_world(const Dataset& dataset, const SimulateOptions& options, SimulationRecord& record) {
    if (dataset.platforms.size() < 3 || dataset.pools[kAlone].rows == 0) {
        return fail(ErrorCode::kInput,
                    fmt::format("a network needs at least 3 platforms with runtimes; the dataset has {} platform{} and "
                                "{} runtime{}",
                                dataset.platforms.size(), dataset.platforms.size() == 1 ? "" : "s",
                                dataset.pools[kAlone].rows, dataset.pools[kAlone].rows == 1 ? "" : "s"));
    }
    const core::Key key = core::Key(options.seed).fold("simulate");
    Result<LatencyTrace> trace =
        options.trace.empty() ? Result<LatencyTrace>(synthetic_latency_trace(key)) : read_latency_trace(options.trace);
    if (!trace) {
        return Failure(trace.error());
    }
    record.trace = options.trace.empty() ? "synthetic" : options.trace.string();
    record.trace_digest = digest_of(*trace);
    Slowdown slowdown;
    if (!options.slowdowns.empty()) {
        const auto model = ResultPredictor::open(options.results, options.slowdowns, options.slowdowns_share, dataset);
        if (!model) {
            return fail(model.error(), "slowdowns");
        }
        if (!(*model)->knows_interference()) {
            return fail(ErrorCode::kUsage,
                        fmt::format("'{}' is no model of interference and knows no slowdowns; name one that is, such "
                                    "as interference/2",
                                    options.slowdowns));
        }
        slowdown = (*model)->replicate(0).slowdown;
        record.slowdowns = options.slowdowns;
        record.slowdowns_digest = (*model)->interference_digest();
    }
    const core::RowOrder rows(dataset.pools[kAlone].rows);
    models::LinearScaling scaling =
        models::fit_linear_scaling(dataset.pool(kAlone), rows.view(), dataset.platforms.size(), dataset.modules.size());
    Network network(scaling.platform, *trace, key.fold("network"));
    return World{true_runtimes(dataset), std::move(slowdown), std::move(scaling), std::move(network)};
}

// What was never measured is not to be had.
void exclude_unmeasured(const Matrix<double>& truth, Matrix<double>& runtime_ms) {
    for (std::size_t n = 0; n < truth.flat().size(); ++n) {
        if (std::isinf(truth.flat()[n])) {
            runtime_ms.flat()[n] = kInfinite;
        }
    }
}

// What results of a method are called: a model by its file's name, wherever it lies.
std::string name_of(const std::string& method) {
    return names_model(method) ? fs::path(method).filename().string() : method;
}

Result<void> check(const SimulateOptions& options) {
    if (options.job_sets < 1) {
        return fail(ErrorCode::kUsage, fmt::format("{} job sets is not at least 1", options.job_sets));
    }
    if (!(options.share > 0.0 && options.share < 1.0)) {
        return fail(ErrorCode::kUsage, fmt::format("share {} is not between 0 and 1", options.share));
    }
    std::set<std::string> names;
    for (const std::string& method : options.methods) {
        const std::string name = name_of(method);
        if (const std::string kind = fs::path(method).extension(); kind == ".csv" || kind == ".npz") {
            return fail(ErrorCode::kUsage,
                        fmt::format("'{}' is called as datasets are; fit a model on it and name that", method),
                        Remedy::kFitModel, {method});
        }
        if (const char* fault = names_model(method) ? core::name_fault(name) : nullptr; fault != nullptr) {
            return fail(ErrorCode::kUsage,
                        fmt::format("the name of the model's file '{}' {}; rename it", core::printable(method), fault));
        }
        if (!names.insert(name).second) {
            return fail(ErrorCode::kUsage, fmt::format("'{}' is given twice, or two models have files of one name; "
                                                       "leave one out or rename its file",
                                                       name));
        }
    }
    for (const std::int64_t n : options.jobs) {
        if (n < 1 || n > 1'000'000) {
            return fail(ErrorCode::kUsage, fmt::format("{} jobs is not between 1 and 1000000", n));
        }
        if (options.optimal && n > kMostOptimalJobs) {
            return fail(ErrorCode::kUsage,
                        fmt::format("{} jobs are too many for the linear program, which takes up to {}; "
                                    "leave it out",
                                    n, kMostOptimalJobs),
                        Remedy::kLeaveOutOptimum);
        }
    }
    return {};
}

std::vector<Job> jobs_of(const World& world, const SimulateOptions& options, std::int64_t jobs, std::int64_t set) {
    const core::Key key = core::Key(options.seed)
                              .fold("simulate")
                              .fold(static_cast<std::uint64_t>(set))
                              .fold(static_cast<std::uint64_t>(jobs));
    return draw_jobs(world.network, world.scaling.module, jobs, key);
}

Failure stopped(const SimulateOptions& options) {
    return fail(ErrorCode::kCancelled, fmt::format("stopped; what is finished is in '{}'", options.out.string()));
}

// What the results are computed from.
Result<void> write_world(const World& world, const Dataset& dataset, const SimulateOptions& options) {
    auto ok = write_network(options.out, dataset, world.network, world.truth.view());
    for (const std::int64_t n : options.jobs) {
        std::vector<std::vector<Job>> sets;
        for (std::int64_t set = 0; ok && set < options.job_sets; ++set) {
            if (options.stop.stop_requested()) {
                return stopped(options);
            }
            sets.push_back(jobs_of(world, options, n, set));
        }
        ok = ok.and_then([&] { return write_jobs(options.out, sets); });
    }
    return ok;
}

// One predictor's predictions by replicate, made when they are first asked for; replicate i places job set i.
class MadePredictions {
public:
    explicit MadePredictions(const World& world) : world_(world) {}
    const PlacementPrediction& of(const PlacementPredictor& predictor, std::int64_t set) {
        const std::int64_t replicate = set % predictor.replicates();
        auto found = made_.find(replicate);
        if (found == made_.end()) {
            found = made_.emplace(replicate, predictor.replicate(replicate)).first;
            exclude_unmeasured(world_.truth, found->second.runtime_ms);
        }
        return found->second;
    }

private:
    const World& world_;
    std::map<std::int64_t, PlacementPrediction> made_;
};

// Places one number of jobs after the other by one method.
class Simulation {
public:
    Simulation(const World& world, const SimulateOptions& options) : world_(world), options_(options) {}

    // By the truth.
    SimulationResult oracle(std::int64_t n) const {
        return placed("oracle", n, [&](const std::vector<Job>& jobs, std::int64_t /*set*/) {
            return place_greedily(world_.network, jobs, world_.truth.view(), world_.slowdown, options_.stop);
        });
    }
    // The least mean ratio to the oracle's latencies.
    SimulationResult optimal(const SimulationResult& oracle) const {
        SimulationResult result{"optimal", oracle.jobs, {}, {}};
        for (std::int64_t set = 0; set < options_.job_sets && !options_.stop.stop_requested(); ++set) {
            const auto jobs = jobs_of(world_, options_, oracle.jobs, set);
            auto latencies = optimal_latencies(world_.network, jobs, world_.truth.view(),
                                               oracle.latency[static_cast<std::size_t>(set)], options_.stop);
            result.latency.push_back(std::move(latencies).value_or(std::vector<double>(jobs.size(), kNone)));
        }
        return result;
    }
    SimulationResult predicted(const std::string& method, const PlacementPredictor& predictor,
                               MadePredictions& predictions, std::int64_t n) const {
        return placed(method, n, [&](const std::vector<Job>& jobs, std::int64_t set) {
            const PlacementPrediction& prediction = predictions.of(predictor, set);
            return place_greedily(world_.network, jobs, prediction.runtime_ms.view(), prediction.slowdown,
                                  options_.stop);
        });
    }

private:
    template <typename Place>
    SimulationResult placed(const std::string& method, std::int64_t n, Place place) const {
        SimulationResult result{method, n, {}, {}};
        for (std::int64_t set = 0; set < options_.job_sets && !options_.stop.stop_requested(); ++set) {
            const auto jobs = jobs_of(world_, options_, n, set);
            std::vector<std::int64_t> devices = place(jobs, set);
            Outcome outcome =
                outcome_of(world_.network, jobs, devices, world_.truth.view(), world_.slowdown, options_.stop);
            result.latency.push_back(std::move(outcome.latency_ms));
            result.utilization.push_back(std::move(outcome.left));
            result.device.push_back(std::move(devices));
            if (world_.slowdown) {
                result.slowdown.push_back(std::move(outcome.slowdown));
            }
        }
        return result;
    }

    const World& world_;
    const SimulateOptions& options_;
};

using Predictors = std::map<std::string, std::unique_ptr<PlacementPredictor>>;

// Notes which models they are in `record`.
Result<Predictors> open_predictors(const Dataset& dataset, const SimulateOptions& options, SimulationRecord& record) {
    Predictors predictors;
    for (const std::string& method : options.methods) {
        if (names_model(method)) {
            PITOT_TRY(auto model, ModelPredictor::open(method, dataset));
            PITOT_TRY(const auto digest, model->digest());
            record.models[name_of(method)] = digest;
            predictors.emplace(method, std::move(model));
        } else {
            PITOT_TRY(auto results, ResultPredictor::open(options.results, method, options.share, dataset));
            predictors.emplace(method, std::move(results));
        }
    }
    return predictors;
}

// Writes results as they are made, and keeps them.
class Results {
public:
    Results(const SimulateOptions& options, SimulationRecord record, std::size_t total)
        : options_(options), record_(std::move(record)), total_(static_cast<std::int64_t>(total)) {}

    Result<void> add(SimulationResult result) {
        if (options_.stop.stop_requested()) {
            return stopped(options_);
        }
        if (auto ok = write_simulation(options_.out, result, record_); !ok) {
            return ok;
        }
        all_.push_back(std::move(result));
        if (options_.progress) {
            options_.progress(static_cast<std::int64_t>(all_.size()), total_);
        }
        return {};
    }
    [[nodiscard]] const std::vector<SimulationResult>& all() const { return all_; }

private:
    const SimulateOptions& options_;
    SimulationRecord record_;
    std::int64_t total_;
    std::vector<SimulationResult> all_;
};

}  // namespace

Result<std::vector<SimulationResult>> simulate(const Dataset& dataset, const SimulateOptions& options) {
    if (auto ok = check(options); !ok) {
        return Failure(ok.error());
    }
    SimulationRecord record;
    record.seed = options.seed;
    record.job_sets = options.job_sets;
    record.share = options.share;
    record.dataset = dataset.sources;
    record.digest = dataset_digest(dataset);
    PITOT_TRY(const auto world, make_world(dataset, options, record));
    // All of it is read before the first file is written.
    PITOT_TRY(const auto predictors, open_predictors(dataset, options, record));
    if (auto ok = enter_folder(options.out, record, options.force).and_then([&] {
            return write_world(world, dataset, options);
        });
        !ok) {
        return Failure(ok.error());
    }
    const std::size_t methods = (options.optimal ? 2 : 1) + options.methods.size();
    Results results(options, std::move(record), methods * options.jobs.size());
    const Simulation simulation(world, options);
    for (const std::int64_t n : options.jobs) {
        if (auto ok = results.add(simulation.oracle(n)); !ok) {
            return Failure(ok.error());
        }
    }
    for (std::size_t n = 0; options.optimal && n < options.jobs.size(); ++n) {
        if (auto ok = results.add(simulation.optimal(results.all()[n])); !ok) {
            return Failure(ok.error());
        }
    }
    for (const std::string& method : options.methods) {
        MadePredictions predictions(world);
        for (const std::int64_t n : options.jobs) {
            auto ok = results.add(simulation.predicted(name_of(method), *predictors.at(method), predictions, n));
            if (!ok) {
                return Failure(ok.error());
            }
        }
    }
    return results.all();
}

LatencyRatio latency_ratio(const SimulationResult& result, const SimulationResult& oracle) {
    PITOT_CHECK(result.latency.size() == oracle.latency.size());
    std::vector<double> means;
    double unplaced = 0.0, sets = 0.0;
    std::int64_t infeasible = 0;
    const auto none = [](const std::vector<double>& latency) {
        return std::ranges::all_of(latency, [](double t) { return std::isnan(t); });
    };
    for (std::size_t set = 0; set < oracle.latency.size(); ++set) {
        const std::vector<double>& own = result.latency[set];
        const std::vector<double>& best = oracle.latency[set];
        PITOT_CHECK(own.size() == best.size());
        if (result.method == "optimal" && none(own) && !none(best)) {
            ++infeasible;
            continue;
        }
        double sum = 0.0, count = 0.0;
        for (std::size_t n = 0; n < own.size(); ++n) {
            unplaced += std::isnan(own[n]) ? 1.0 : 0.0;
            if (!std::isnan(own[n]) && !std::isnan(best[n])) {
                sum += own[n] / best[n];
                count += 1.0;
            }
        }
        sets += 1.0;
        if (count > 0.0) {
            means.push_back(sum / count);
        }
    }
    LatencyRatio ratio{result.jobs, kNone, 0.0, unplaced / std::max(sets, 1.0), infeasible};
    if (means.empty()) {
        return ratio;
    }
    const auto n = static_cast<double>(means.size());
    double sum = 0.0, squares = 0.0;
    for (const double m : means) {
        sum += m;
    }
    ratio.mean = sum / n;
    for (const double m : means) {
        squares += (m - ratio.mean) * (m - ratio.mean);
    }
    ratio.error = means.size() < 2 ? 0.0 : 2.0 * std::sqrt(squares / (n - 1.0) / n);
    return ratio;
}

}  // namespace pitot::place
