#include "experiment/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/check.hpp"
#include "core/parallel.hpp"
#include "core/suggest.hpp"
#include "experiment/results.hpp"
#include "predict/fit_steps.hpp"
#include "train/train.hpp"

namespace pitot {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

fs::path file_of(const Sweep& sweep, const SweepRun& run, const char* extension) {
    return sweep.results / run.method / (share_name(run.config.share) + extension);
}

std::int64_t models_of(const SweepRun& run) { return run.config.train.replicates * run.config.train.folds; }

bool trains(const SweepRun& run) { return run.state == RunState::kToDo || run.state == RunState::kReplaced; }

// The configurations agree in all but the preset's name.
bool same_model(const FitConfig& a, FitConfig b) {
    b.preset = a.preset;
    return to_json(a) == to_json(b);
}

Result<FitConfig> config_of(const std::string& method, double share, const SweepOptions& options) {
    auto config = preset(method);
    if (!config) {
        return config;
    }
    TrainConfig& train = config->train;
    train.checkpoints = options.checkpoints.value_or(train.checkpoints);
    train.epoch_samples = options.epoch_samples.value_or(train.epoch_samples);
    train.replicates = options.replicates.value_or(train.replicates);
    train.folds = options.folds.value_or(train.folds);
    config->share = share;
    config->seed = options.seed;
    if (auto ok = config->validate(); !ok) {
        return Failure(ok.error());
    }
    return config;
}

// What is there already under the name of a run.
Result<RunState> look(const Sweep& sweep, const SweepRun& run, bool force) {
    const fs::path record_file = file_of(sweep, run, ".json");
    std::error_code ignored;
    const bool arrays = fs::exists(file_of(sweep, run, ".npz"), ignored);
    if (!arrays || !fs::exists(record_file, ignored)) {
        return RunState::kToDo;  // the record is written last
    }
    const auto record = read_record(record_file);
    if (!record) {
        return force ? Result<RunState>(RunState::kReplaced) : Result<RunState>(Failure(record.error()));
    }
    std::vector<std::string> different = differences(record->config, run.config);
    if (record->digest != sweep.digest) {
        different.push_back(fmt::format("dataset: {} (SHA-256 {}…) there, {}… here", fmt::join(record->dataset, " "),
                                        record->digest.substr(0, 12), sweep.digest.substr(0, 12)));
    }
    if (different.empty()) {
        return RunState::kDone;
    }
    if (force) {
        return RunState::kReplaced;
    }
    return fail(ErrorCode::kInput,
                fmt::format("'{}' has results of another configuration ({}); replace them with --force, or write these "
                            "elsewhere with -o",
                            file_of(sweep, run, ".npz").string(), fmt::join(different, "; ")));
}

// Seconds of one step of one model on one thread, from a few of them.
Result<double> step_seconds(const Dataset& dataset, FitConfig config, const RunOptions& run) {
    constexpr std::int64_t few = 5;
    constexpr std::int64_t many = 45;
    config.train.replicates = config.train.checkpoints = 1;
    TrainOptions options = train_options(run);
    options.threads = 1;
    options.progress = nullptr;
    double least[2] = {INFINITY, INFINITY};
    for (int repeat = 0; repeat < 2; ++repeat) {
        for (const std::int64_t steps : {few, many}) {
            config.train.epoch_samples =
                static_cast<std::int64_t>(100.5 * static_cast<double>(steps) / config.share) + 1;
            const std::int64_t folds = std::exchange(config.train.folds, 1);
            const auto rows = [&](std::int64_t replicate) {
                return draw_rows(dataset, config, config.share, 0.0, replicate);
            };
            const auto start = Clock::now();
            auto ok = train_replicates(dataset, config, config.share, 1, options, rows,
                                       [](Replicate&&) { return Result<void>(); });
            double& best = least[steps == few ? 0 : 1];
            best = std::min(best, since(start));
            config.train.folds = folds;
            if (!ok) {
                return Failure(ok.error());
            }
        }
    }
    return std::max(least[1] - least[0], 1e-7) / static_cast<double>(many - few);
}

Result<void> check_shares(const std::vector<double>& shares) {
    if (shares.empty()) {
        return fail(ErrorCode::kUsage, "no training share is given; give some, such as -s 0.9 0.5 0.1");
    }
    for (const double share : shares) {
        if (!(share > 0.0 && share < 1.0)) {
            return fail(ErrorCode::kUsage, fmt::format("share {} is not between 0 and 1: it is the share of rows to "
                                                       "train on, such as 0.9; the others test",
                                                       share));
        }
    }
    return {};
}

// A preset of interference on data without is most likely the wrong file.
Result<void> check_data(const Dataset& dataset, const std::string& method, const FitConfig& config) {
    const bool named = method.starts_with("interference");
    if ((config.train.together_weight > 0.0 || named) && dataset.together.size() == 0) {
        return fail(ErrorCode::kInput, fmt::format("preset '{}' needs rows with co-runners and the dataset has none; "
                                                   "name one that has them, such as -d data/data.if.npz",
                                                   method));
    }
    return {};
}

Result<void> make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot make the folder '{}': {}; choose another with -o",
                                                         folder.string(), error.message()));
    }
    return {};
}

// Arrays and record of a run, both or neither. What can fail for want of space comes before the old ones are touched,
// and the record last: arrays without one count as missing.
Result<void> put_in_place(const Sweep& sweep, const SweepRun& run, const ResultRecord& record,
                          const std::function<Result<void>(const fs::path&)>& write_arrays) {
    const fs::path staged = file_of(sweep, run, ".npz.new");
    if (auto ok = write_arrays(staged); !ok) {
        return ok;
    }
    std::error_code error;
    fs::remove(file_of(sweep, run, ".json"), error);
    fs::rename(staged, file_of(sweep, run, ".npz"), error);
    if (error) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot write '{}': {}", file_of(sweep, run, ".npz").string(), error.message()));
    }
    return write_text(file_of(sweep, run, ".json"), to_json(record));
}

// One run, written.
Result<void> train_run(const Sweep& sweep, const SweepRun& run, const Dataset& dataset, const RunOptions& options) {
    const fs::path folder = sweep.results / run.method;
    if (auto ok = make_folder(folder); !ok) {
        return ok;
    }
    auto arrays = ResultArrays::create(folder, dataset, run.config);
    if (!arrays) {
        return Failure(arrays.error());
    }
    const auto start = Clock::now();
    const auto rows = [&](std::int64_t replicate) {
        return draw_rows(dataset, run.config, run.config.share, 0.0, replicate);
    };
    auto trained =
        train_replicates(dataset, run.config, run.config.share, run.config.train.replicates, train_options(options),
                         rows, [&](Replicate&& replicate) { return arrays->add(replicate); });
    if (!trained) {
        return trained;
    }
    const ResultRecord record{run.config, since(start), dataset.sources, sweep.digest, options.backend};
    return put_in_place(sweep, run, record, [&](const fs::path& file) { return arrays->write(file); });
}

// The results of an equal run under this one's name.
Result<void> copy_run(const Sweep& sweep, const SweepRun& run) {
    const SweepRun& from = sweep.runs[run.copied_of];
    if (auto ok = make_folder(sweep.results / run.method); !ok) {
        return ok;
    }
    auto record = read_record(file_of(sweep, from, ".json"));
    if (!record) {
        return Failure(record.error());
    }
    record->config = run.config;
    return put_in_place(sweep, run, *record, [&](const fs::path& file) {
        return write_whole(file, [&](const fs::path& temporary) -> Result<void> {
            std::error_code error;
            fs::copy_file(file_of(sweep, from, ".npz"), temporary, fs::copy_options::overwrite_existing, error);
            if (error) {
                return fail(ErrorCode::kEnvironment,
                            fmt::format("cannot write '{}': {}; check the free space", file.string(), error.message()));
            }
            return {};
        });
    });
}

}  // namespace

std::int64_t Sweep::to_do() const {
    return std::ranges::count_if(runs, [](const SweepRun& run) { return run.state != RunState::kDone; });
}

std::int64_t Sweep::models() const {
    std::int64_t models = 0;
    for (const SweepRun& run : runs) {
        models += trains(run) ? models_of(run) : 0;
    }
    return models;
}

double Sweep::seconds() const {
    double total = 0.0;
    for (const SweepRun& run : runs) {
        total += trains(run) ? run.seconds : 0.0;
    }
    return total;
}

Result<std::vector<std::string>> expand_methods(const std::vector<std::string>& methods) {
    std::vector<std::string> known;
    for (const PresetInfo& info : presets()) {
        known.push_back(info.name);
    }
    std::vector<std::string> out;
    for (const std::string& method : methods) {
        const bool pattern = method.ends_with('*');
        const std::string prefix = pattern ? method.substr(0, method.size() - 1) : method;
        bool found = false;
        for (const std::string& name : known) {
            if (pattern ? name.starts_with(prefix) : name == method) {
                found = true;
                if (std::ranges::find(out, name) == out.end()) {
                    out.push_back(name);
                }
            }
        }
        if (!found) {
            std::vector<std::string> names = known;
            for (const std::string& name : known) {  // "embedding/*" stands for a family
                std::string family = name.substr(0, name.find('/') + 1) + "*";
                if (pattern && std::ranges::find(names, family) == names.end()) {
                    names.push_back(std::move(family));
                }
            }
            const std::string near = suggestion(method, names);
            return fail(ErrorCode::kUsage,
                        fmt::format("no preset {} '{}'{} 'pitot experiments --list' lists them all",
                                    pattern ? "fits" : "is called", method, near.empty() ? ";" : near));
        }
    }
    return out;
}

Result<Sweep> plan_sweep(const Dataset& dataset, const SweepOptions& options) {
    const auto methods = expand_methods(options.methods);
    if (!methods) {
        return Failure(methods.error());
    }
    if (auto ok = check_shares(options.shares); !ok) {
        return Failure(ok.error());
    }
    Sweep sweep{options.results, dataset_digest(dataset), {}};
    for (const std::string& method : *methods) {
        for (const double share : options.shares) {
            auto config = config_of(method, share, options);
            if (!config) {
                return Failure(config.error());
            }
            if (auto ok = check_data(dataset, method, *config); !ok) {
                return Failure(ok.error());
            }
            SweepRun run{method, std::move(*config)};
            const auto state = look(sweep, run, options.force);
            if (!state) {
                return Failure(state.error());
            }
            run.state = *state;
            const auto equal = std::ranges::find_if(sweep.runs, [&](const SweepRun& other) {
                return other.state != RunState::kCopied && same_model(other.config, run.config);
            });
            if (run.state != RunState::kDone && equal != sweep.runs.end()) {
                run.state = RunState::kCopied;
                run.copied_of = static_cast<std::size_t>(equal - sweep.runs.begin());
            }
            sweep.runs.push_back(std::move(run));
        }
    }
    return sweep;
}

Result<void> estimate_sweep(Sweep& sweep, const Dataset& dataset, const RunOptions& run) {
    const int threads = run.threads > 0 ? run.threads : default_threads();
    std::string method;
    double step = 0.0;
    for (SweepRun& next : sweep.runs) {
        if (!trains(next) || next.config.model.family == Family::kLinearScaling) {
            continue;
        }
        if (run.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped before anything was trained");
        }
        if (next.method != method) {
            const auto seconds = step_seconds(dataset, next.config, run);
            if (!seconds) {
                return Failure(seconds.error());
            }
            step = *seconds;
            method = next.method;
        }
        const auto steps = steps_of(next.config.train, next.config.share) * models_of(next);
        next.seconds = step * static_cast<double>(steps) / threads;
    }
    return {};
}

Result<void> run_sweep(const Sweep& sweep, const Dataset& dataset, const RunOptions& run,
                       const std::function<void(const SweepProgress&)>& progress,
                       const std::function<void(const SweepRun&, double seconds)>& done) {
    constexpr double least = 0.05;  // a run of no estimated length counts, too
    double total = 0.0;
    for (const SweepRun& next : sweep.runs) {
        total += trains(next) ? next.seconds + least : 0.0;
    }
    double over = 0.0;
    SweepProgress at;
    for (const SweepRun& next : sweep.runs) {
        if (next.state == RunState::kDone) {
            continue;
        }
        if (run.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped");
        }
        at.run = &next;
        ++at.number;
        const auto start = Clock::now();
        if (next.state == RunState::kCopied) {
            if (auto ok = copy_run(sweep, next); !ok) {
                return ok;
            }
            done(next, since(start));
            continue;
        }
        const double weight = next.seconds + least;
        RunOptions options = run;
        options.progress = [&](std::int64_t steps, std::int64_t all) {
            at.share =
                (over + weight * static_cast<double>(steps) / static_cast<double>(std::max<std::int64_t>(all, 1))) /
                total;
            progress(at);
        };
        if (auto ok = train_run(sweep, next, dataset, options); !ok) {
            return ok;
        }
        over += weight;
        done(next, since(start));
    }
    return {};
}

}  // namespace pitot
