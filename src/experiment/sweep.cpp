#include "experiment/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "backend/backend.hpp"
#include "core/atomic_file.hpp"
#include "core/check.hpp"
#include "core/file_locks.hpp"
#include "core/parallel.hpp"
#include "core/path.hpp"
#include "experiment/results.hpp"
#include "models/model_family.hpp"
#include "pitot/remedy.hpp"
#include "predict/fit_steps.hpp"

namespace pitot::experiment {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t models_of(const SweepRun& run) { return run.config.train.replicates * run.folds(); }

// Seconds of one step of one model on one thread, from a few of them.
Result<double> step_seconds(const Dataset& dataset, FitConfig config, const Context& context) {
    config.train.replicates = config.train.checkpoints = 1;
    Context alone = predict::guarded(context);
    alone.threads = 1;
    alone.progress = nullptr;
    // Of training for so many steps, what is prepared before included: the less of two times.
    const auto time_of = [&](std::int64_t steps) -> Result<double> {
        double least = INFINITY;
        for (int repeat = 0; repeat < 2; ++repeat) {
            config.train.epoch_samples =
                static_cast<std::int64_t>(100.5 * static_cast<double>(steps) / config.share) + 1;
            const std::int64_t folds = std::exchange(config.train.folds, 1);
            const auto rows = [&](std::int64_t replicate) {
                return train::draw_rows(dataset, config, config.share, 0.0, replicate);
            };
            const auto start = Clock::now();
            auto ok = models::family_of(config.model)
                          .fit({.dataset = dataset,
                                .config = config,
                                .share = config.share,
                                .untrained = models::Untrained::kPublished,
                                .context = alone,
                                .rows = rows},
                               [](models::Fitted&&) { return Result<void>(); });
            least = std::min(least, since(start));
            config.train.folds = folds;
            if (!ok) {
                return Failure(ok.error());
            }
        }
        return least;
    };
    constexpr std::int64_t few = 5;
    constexpr std::int64_t enough = 1000;
    const auto before = time_of(few);
    for (std::int64_t many = 45;; many *= 4) {
        const auto after = time_of(many);
        if (!before || !after) {
            return before ? after : before;
        }
        // On a busy machine the difference of short times may be nothing, or less.
        if (*after > 1.5 * *before) {
            return (*after - *before) / static_cast<double>(many - few);
        }
        if (many >= enough) {
            return *after / static_cast<double>(many);
        }
    }
}

// Arrays and record of a run, both or neither. The arrays have no name until the old record is gone, and the record
// comes last: arrays without one count as missing.
Result<void> put_in_place(const Sweep& sweep, const SweepRun& run, const ResultRecord& record, core::NewFile arrays) {
    std::error_code ignored;
    fs::remove(sweep.file_of(run, ".npz.new"), ignored);  // older versions left that when they were killed
    fs::remove(sweep.file_of(run, ".json"), ignored);
    return arrays.put().and_then([&] { return core::write_text(sweep.file_of(run, ".json"), to_json(record)); });
}

// A run that has been trained.
struct Trained {
    const SweepRun* run;
    Clock::time_point start;
    ResultRecord record;
    ResultArrays arrays;
};

Result<Trained> train_run(const Sweep& sweep, const SweepRun& run, const Dataset& dataset, const Context& context) {
    const fs::path folder = sweep.results / run.method;
    if (auto ok = core::make_folder(folder); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(auto arrays, ResultArrays::create(folder, dataset, run.config));
    PITOT_TRY(const auto backend, backend::find_backend(context));
    const int threads = core::team_size(context.threads, backend->groups_at_once());
    const auto start = Clock::now();
    const auto rows = [&](std::int64_t replicate) {
        return train::draw_rows(dataset, run.config, run.config.share, 0.0, replicate);
    };
    auto ok = models::family_of(run.config.model)
                  .fit({.dataset = dataset,
                        .config = run.config,
                        .share = run.config.share,
                        .replicates = run.config.train.replicates,
                        .untrained = models::Untrained::kPublished,
                        .context = predict::guarded(context),
                        .rows = rows},
                       [&](models::Fitted&& fitted) { return arrays.add(fitted, threads); });
    if (!ok) {
        return Failure(ok.error());
    }
    ResultRecord record = sweep.record_of(run);
    record.seconds = since(start);
    record.backend = context.backend;
    record.precision = recorded_precision(run.config, recorded_precision(context));
    return Trained{&run, start, std::move(record), std::move(arrays)};
}

// Writes a run while the next one trains.
class Writer {
public:
    using Written = std::function<void(const Trained&)>;

    // On the caller's thread where there shall be no other. `written` is told of runs that were, `failed` asked to stop
    // when one could not be.
    Writer(const Sweep& sweep, int threads, Written written, std::stop_source failed)
        : sweep_(sweep), threads_(threads), written_(std::move(written)), failed_(std::move(failed)) {}

    // Begins; the run before must have been waited for.
    Result<void> start(Trained trained) {
        const auto how = threads_ > 1 ? std::launch::async | std::launch::deferred : std::launch::deferred;
        // Not in what is called: where no thread is granted, that is moved from before it is called.
        trained_ = std::move(trained);
        writing_ = std::async(how, [this] { return write(*std::exchange(trained_, std::nullopt)); });
        const bool begun = writing_.wait_for(std::chrono::seconds(0)) != std::future_status::deferred;
        return begun ? Result<void>() : wait();
    }
    // Waits for what is being written; its error.
    Result<void> wait() { return writing_.valid() ? writing_.get() : Result<void>(); }

private:
    // What was set aside goes when it returns.
    Result<void> write(Trained trained) {
        auto ok = trained.arrays.make(sweep_.file_of(*trained.run, ".npz")).and_then([&](core::NewFile made) {
            return put_in_place(sweep_, *trained.run, trained.record, std::move(made));
        });
        if (ok) {
            written_(trained);
        } else {
            failed_.request_stop();
        }
        return ok;
    }

    const Sweep& sweep_;
    int threads_;
    Written written_;
    std::stop_source failed_;
    std::optional<Trained> trained_;
    std::future<Result<void>> writing_;  // last: when it goes, it waits for the thread that uses the others
};

// The results of an equal run under this one's name.
Result<void> copy_run(const Sweep& sweep, const SweepRun& run) {
    const SweepRun& from = sweep.runs[run.copied_of];
    if (auto ok = core::make_folder(sweep.results / run.method); !ok) {
        return ok;
    }
    PITOT_TRY(auto record, read_record(sweep.file_of(from, ".json")));
    record.config = run.config;
    record.pools = sweep.pools;
    const fs::path file = sweep.file_of(run, ".npz");
    PITOT_TRY(auto made, core::NewFile::create(file));
    std::error_code error;
    fs::copy_file(sweep.file_of(from, ".npz"), made.path(), fs::copy_options::overwrite_existing, error);
    if (error) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot write '{}': {}; check the free space", file.string(), error.message()));
    }
    return made.sync().and_then([&] { return put_in_place(sweep, run, record, std::move(made)); });
}

}  // namespace

bool trains(RunState state) {
    return state == RunState::kToDo || state == RunState::kReplaced || state == RunState::kDamaged;
}

fs::path Sweep::file_of(const SweepRun& run, const char* extension) const {
    return results / run.method / (share_name(run.config.share) + extension);
}

Result<void> Sweep::check_conflicts() const {
    if (conflicts.empty()) {
        return {};
    }
    const SweepConflict& first = conflicts.front();
    std::vector<std::string> fields;
    for (const Difference& d : first.different) {
        fields.push_back(fmt::format("{}: {} there, {} here", d.field, d.there, d.here));
    }
    const std::string file = fmt::format("'{}'", file_of(runs[first.run], ".npz").string());
    const std::string others = conflicts.size() == 1 ? " has" : fmt::format(" and {} more have", conflicts.size() - 1);
    return fail(ErrorCode::kInput,
                fmt::format("{}{} results of another configuration ({}{}); replace them, or write "
                            "these elsewhere",
                            file, others, conflicts.size() == 1 ? "" : "the first: ", fmt::join(fields, "; ")),
                Remedy::kReplaceResults);
}

std::int64_t Sweep::to_do() const {
    return std::ranges::count_if(runs, [](const SweepRun& run) { return run.state != RunState::kDone; });
}

std::int64_t SweepRun::folds() const { return models::family_of(config.model).folds(config); }

std::int64_t Sweep::models() const {
    std::int64_t models = 0;
    for (const SweepRun& run : runs) {
        models += trains(run.state) ? models_of(run) : 0;
    }
    return models;
}

double Sweep::seconds() const {
    double total = 0.0;
    for (const SweepRun& run : runs) {
        total += trains(run.state) ? run.seconds.value_or(0.0) : 0.0;
    }
    return total;
}

bool Sweep::estimated() const {
    return std::ranges::all_of(runs, [](const SweepRun& run) { return !trains(run.state) || run.seconds; });
}

Result<void> estimate_sweep(Sweep& sweep, const Dataset& dataset, const Context& context) {
    const int threads = core::team_size(context.threads, 1);
    std::string method;
    double step = 0.0;
    for (SweepRun& next : sweep.runs) {
        if (!trains(next.state)) {
            continue;
        }
        if (!models::family_of(next.config.model).steps(next.config, next.config.share)) {
            if (next.config.model.family == Family::kLinearScaling) {
                next.seconds = 0.0;  // means of rows and columns
            }
            continue;
        }
        if (context.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped before anything was trained");
        }
        if (next.method != method) {
            PITOT_TRY(const auto seconds, step_seconds(dataset, next.config, context));
            step = seconds;
            method = next.method;
        }
        const auto steps =
            *models::family_of(next.config.model).steps(next.config, next.config.share) * models_of(next);
        next.seconds = step * static_cast<double>(steps) / threads;
    }
    return {};
}

namespace {

// The runs of a sweep, one after the other; the last is still being written when it returns.
Result<void> run_all(const Sweep& sweep, const Dataset& dataset, const Context& context, Writer& writer,
                     const std::function<void(const SweepProgress&)>& progress,
                     const std::function<void(const SweepRun&, double seconds)>& done) {
    constexpr double least = 0.05;  // a run of no estimated length counts, too
    double total = 0.0;
    for (const SweepRun& next : sweep.runs) {
        total += trains(next.state) ? next.seconds.value_or(0.0) + least : 0.0;
    }
    double over = 0.0;
    SweepProgress at;
    for (const SweepRun& next : sweep.runs) {
        if (next.state == RunState::kDone) {
            continue;
        }
        if (context.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped");
        }
        at.run = &next;
        ++at.number;
        if (next.state == RunState::kCopied) {
            if (auto ok = writer.wait(); !ok) {
                return ok;
            }
            const auto start = Clock::now();
            if (auto ok = copy_run(sweep, next); !ok) {
                return ok;
            }
            done(next, since(start));
            continue;
        }
        const double weight = next.seconds.value_or(0.0) + least;
        Context of_run = context;
        of_run.progress = [&](std::int64_t steps, std::int64_t all) {
            at.share =
                (over + weight * static_cast<double>(steps) / static_cast<double>(std::max<std::int64_t>(all, 1))) /
                total;
            progress(at);
        };
        PITOT_TRY(auto trained, train_run(sweep, next, dataset, of_run));
        if (auto ok = writer.wait(); !ok) {
            return ok;
        }
        if (auto ok = writer.start(std::move(trained)); !ok) {
            return ok;
        }
        over += weight;
    }
    return {};
}

}  // namespace

Result<void> run_sweep(const Sweep& sweep, const Dataset& dataset, const Context& context,
                       const std::function<void(const SweepProgress&)>& progress,
                       const std::function<void(const SweepRun&, double seconds)>& done) {
    if (auto ok = sweep.check_conflicts(); !ok) {
        return ok;
    }
    if (sweep.to_do() == 0) {
        return {};
    }
    if (auto ok = core::make_folder(sweep.results); !ok) {
        return ok;
    }
    const core::FolderHold hold(sweep.results);
    if (hold.taken()) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("another pitot is writing results into '{}'; wait until it has ended, or write these "
                                "elsewhere",
                                sweep.results.string()));
    }
    std::mutex telling;
    const auto tell_progress = [&](const SweepProgress& at) {
        const std::scoped_lock lock(telling);
        progress(at);
    };
    const auto tell_done = [&](const SweepRun& run, double seconds) {
        const std::scoped_lock lock(telling);
        done(run, seconds);
    };
    std::stop_source stop;
    const std::stop_callback asked(context.stop, [&] { stop.request_stop(); });
    Context stoppable = context;
    stoppable.stop = stop.get_token();
    Writer writer(
        sweep, core::team_size(context.threads, 1),
        [&](const Trained& trained) { tell_done(*trained.run, since(trained.start)); }, stop);
    auto ran = run_all(sweep, dataset, stoppable, writer, tell_progress, tell_done);
    // What could not be written is why the rest was stopped.
    return writer.wait().and_then([&] { return std::move(ran); });
}

}  // namespace pitot::experiment
