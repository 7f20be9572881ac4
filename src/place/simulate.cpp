#include "place/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "data/npz.hpp"
#include "data/pair_means.hpp"
#include "experiment/results.hpp"
#include "model/linear_scaling.hpp"
#include "place/latency_trace.hpp"
#include "place/network.hpp"
#include "place/placement.hpp"
#include "place/predictors.hpp"

namespace pitot {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kMostOptimalJobs = 20'000;  // its matrix has a column for each on every device
constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// True mean runtimes in ms, infinite where none was measured.
Matrix<double> true_runtimes(const Dataset& dataset) {
    Matrix<double> runtimes = pair_means_us(dataset);
    for (double& t : runtimes.flat()) {
        t = std::isnan(t) ? kInfinite : t / 1000.0;
    }
    return runtimes;
}

struct World {
    Matrix<double> truth;
    LinearScaling scaling;
    Network network;
};

Result<World> make_world(const Dataset& dataset, const SimulateOptions& options) {
    if (dataset.platforms.size() < 3 || dataset.alone.size() == 0) {
        return fail(ErrorCode::kInput,
                    fmt::format("a network needs at least 3 platforms with runtimes; the dataset has {} "
                                "platforms and {} runtimes",
                                dataset.platforms.size(), dataset.alone.size()));
    }
    const Key key = Key(options.seed).fold("simulate");
    Result<LatencyTrace> trace =
        options.trace.empty() ? Result<LatencyTrace>(synthetic_latency_trace(key)) : read_latency_trace(options.trace);
    if (!trace) {
        return Failure(trace.error());
    }
    const RowOrder rows(dataset.alone.size());
    LinearScaling scaling =
        fit_linear_scaling(dataset.alone.view(), rows.view(), dataset.platforms.size(), dataset.modules.size());
    Network network(scaling.platform, *trace, key.fold("network"));
    return World{true_runtimes(dataset), std::move(scaling), std::move(network)};
}

// What was never measured is not to be had.
void exclude_unmeasured(const Matrix<double>& truth, Matrix<double>& runtime_ms) {
    for (std::size_t n = 0; n < truth.flat().size(); ++n) {
        if (std::isinf(truth.flat()[n])) {
            runtime_ms.flat()[n] = kInfinite;
        }
    }
}

void record(const World& world, std::span<const Job> jobs, std::span<const std::int64_t> placed,
            SimulationResult& result) {
    std::vector<double> latency;
    std::vector<double> left(static_cast<std::size_t>(world.network.devices()), 1.0);
    for (std::size_t n = 0; n < jobs.size(); ++n) {
        const std::int64_t device = placed[n];
        latency.push_back(device == kUnplaced ? kNone : latency_ms(world.network, jobs[n], world.truth.view(), device));
        if (device != kUnplaced) {
            left[static_cast<std::size_t>(device)] -=
                world.truth(device, jobs[n].module) * jobs[n].rate / world.network.capacity(device);
        }
    }
    result.latency.push_back(std::move(latency));
    result.utilization.push_back(std::move(left));
}

Result<void> write_result(const fs::path& out, const SimulationResult& result) {
    const fs::path folder = out / result.method;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot make the folder '{}': {}; choose another with -o",
                                                         folder.string(), error.message()));
    }
    NpzWriter writer;
    const auto add = [&](const char* name, const std::vector<std::vector<double>>& rows) {
        if (rows.empty()) {
            return;
        }
        std::vector<float> flat;
        for (const auto& row : rows) {
            flat.insert(flat.end(), row.begin(), row.end());
        }
        const std::int64_t shape[2] = {static_cast<std::int64_t>(rows.size()),
                                       static_cast<std::int64_t>(rows.front().size())};
        writer.add<float>(name, flat, shape);
    };
    add("latency", result.latency);
    add("utilization", result.utilization);
    return writer.write(folder / fmt::format("{}.npz", result.jobs));
}

Result<void> check(const SimulateOptions& options) {
    if (options.job_sets < 1) {
        return fail(ErrorCode::kUsage, fmt::format("{} job sets is not at least 1", options.job_sets));
    }
    for (const std::int64_t n : options.jobs) {
        if (n < 1 || n > 1'000'000) {
            return fail(ErrorCode::kUsage, fmt::format("{} jobs is not between 1 and 1000000", n));
        }
        if (options.optimal && n > kMostOptimalJobs) {
            return fail(ErrorCode::kUsage,
                        fmt::format("{} jobs are too many for the linear program, which takes up to {}; "
                                    "leave it out with --no-optimal",
                                    n, kMostOptimalJobs));
        }
    }
    return {};
}

// Calls `place(jobs, set)` for every set of one number of jobs.
template <typename Place>
void for_sets(const World& world, const SimulateOptions& options, std::int64_t jobs, Place place) {
    for (std::int64_t set = 0; set < options.job_sets; ++set) {
        const Key key = Key(options.seed)
                            .fold("simulate")
                            .fold(static_cast<std::uint64_t>(set))
                            .fold(static_cast<std::uint64_t>(jobs));
        place(draw_jobs(world.network, world.scaling.module, jobs, key), set);
    }
}

// One predictor's predictions by replicate, made when they are first asked for; replicate i places job set i.
class Predictions {
public:
    Predictions(const World& world, const Dataset& dataset) : world_(world), dataset_(dataset) {}
    const ReplicatePrediction& of(const ResultPredictor& predictor, std::int64_t set) {
        const std::int64_t replicate = set % predictor.replicates();
        auto found = made_.find(replicate);
        if (found == made_.end()) {
            found = made_.emplace(replicate, predictor.replicate(replicate, dataset_)).first;
            exclude_unmeasured(world_.truth, found->second.runtime_ms);
        }
        return found->second;
    }

private:
    const World& world_;
    const Dataset& dataset_;
    std::map<std::int64_t, ReplicatePrediction> made_;
};

std::vector<std::vector<double>> rows_of(const ResultArray<float>& array) {
    std::vector<std::vector<double>> out;
    const auto width = static_cast<std::ptrdiff_t>(array.shape[1]);
    for (std::int64_t r = 0; r < array.shape[0]; ++r) {
        const auto at = array.values.begin() + r * width;
        out.emplace_back(at, at + width);
    }
    return out;
}

}  // namespace

Result<std::vector<SimulationResult>> simulate(const Dataset& dataset, const SimulateOptions& options) {
    if (auto ok = check(options); !ok) {
        return Failure(ok.error());
    }
    const auto world = make_world(dataset, options);
    if (!world) {
        return Failure(world.error());
    }
    std::vector<SimulationResult> results;
    std::vector<std::string> names{"oracle"};
    if (options.optimal) {
        names.emplace_back("optimal");
    }
    names.insert(names.end(), options.methods.begin(), options.methods.end());
    // All of it is read before the first file is written.
    std::map<std::string, ResultPredictor> predictors;
    for (const std::string& method : options.methods) {
        auto predictor = ResultPredictor::open(options.results, method, options.share, dataset);
        if (!predictor) {
            return Failure(predictor.error());
        }
        predictors.emplace(method, std::move(*predictor));
    }
    const auto total = static_cast<std::int64_t>(names.size() * options.jobs.size());
    for (const std::string& name : names) {
        Predictions predictions(*world, dataset);
        for (const std::int64_t n : options.jobs) {
            if (options.stop.stop_requested()) {
                return fail(ErrorCode::kCancelled,
                            fmt::format("stopped; what is finished is in '{}'", options.out.string()));
            }
            SimulationResult result{name, n, {}, {}};
            for_sets(*world, options, n, [&](const std::vector<Job>& jobs, std::int64_t set) {
                if (name == "optimal") {
                    auto latencies = optimal_latencies(world->network, jobs, world->truth.view());
                    result.latency.push_back(std::move(latencies).value_or(std::vector<double>(jobs.size(), kNone)));
                } else if (name == "oracle") {
                    record(*world, jobs, place_greedily(world->network, jobs, world->truth.view()), result);
                } else {
                    const ReplicatePrediction& prediction = predictions.of(predictors.at(name), set);
                    record(*world, jobs,
                           place_greedily(world->network, jobs, prediction.runtime_ms.view(), prediction.slowdown),
                           result);
                }
            });
            if (auto ok = write_result(options.out, result); !ok) {
                return Failure(ok.error());
            }
            results.push_back(std::move(result));
            if (options.progress) {
                options.progress(static_cast<std::int64_t>(results.size()), total);
            }
        }
    }
    return results;
}

LatencyRatio latency_ratio(const SimulationResult& result, const SimulationResult& oracle) {
    std::vector<double> means;
    double unplaced = 0.0;
    for (std::size_t set = 0; set < std::min(result.latency.size(), oracle.latency.size()); ++set) {
        double sum = 0.0;
        double count = 0.0;
        for (std::size_t n = 0; n < result.latency[set].size(); ++n) {
            const double own = result.latency[set][n];
            const double best = oracle.latency[set][n];
            unplaced += std::isnan(own) ? 1.0 : 0.0;
            if (!std::isnan(own) && !std::isnan(best)) {
                sum += own / best;
                count += 1.0;
            }
        }
        if (count > 0.0) {
            means.push_back(sum / count);
        }
    }
    LatencyRatio ratio{result.jobs, kNone, 0.0,
                       unplaced / static_cast<double>(std::max<std::size_t>(result.latency.size(), 1))};
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

Result<std::vector<SimulationResult>> read_simulation(const fs::path& out) {
    std::vector<SimulationResult> results;
    std::error_code error;
    for (fs::recursive_directory_iterator files(out, error); !error && files != fs::recursive_directory_iterator();
         files.increment(error)) {
        const fs::path& path = files->path();
        const std::string stem = path.stem().string();
        if (path.extension() != ".npz" || stem.find_first_not_of("0123456789") != std::string::npos ||
            stem.size() > 9) {
            continue;
        }
        const auto file = NpzReader::open(path);
        if (!file) {
            return Failure(file.error());
        }
        const auto latency = read_array<float>(*file, "latency", 2);
        if (!latency) {
            return Failure(latency.error());
        }
        results.push_back(
            {fs::relative(path.parent_path(), out).generic_string(), std::stoll(stem), rows_of(*latency), {}});
    }
    if (error || results.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' has no results of a simulation; make them with: pitot simulate -o {}",
                                out.string(), out.string()));
    }
    std::ranges::sort(results, {}, [](const SimulationResult& r) { return std::pair(r.method, r.jobs); });
    return results;
}

}  // namespace pitot
