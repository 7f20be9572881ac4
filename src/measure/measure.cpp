#include "measure/measure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "core/parallel.hpp"
#include "measure/cpu_quota.hpp"
#include "measure/measure_schedule.hpp"
#include "measure/measure_session.hpp"

namespace pitot::measure {
namespace {

/// Processes that wanted to run over the last minute, on average.
double load_average() {
    double load = 0.0;
    return ::getloadavg(&load, 1) == 1 ? load : 0.0;
}

Summary summary_of(const Session& session) {
    Summary summary;
    summarize(session.collection.records(), session.plan, session.engines, session.modules, summary);
    summary.new_runs = session.new_runs;
    summary.new_sets = session.new_sets;
    summary.new_warm = session.new_warm;
    summary.stopped = session.stopped();
    summary.unready = session.unready;
    const std::vector<std::size_t> missing = missing_profiles(session);
    summary.profiles_left = static_cast<std::size_t>(
        std::ranges::count_if(missing, [&](std::size_t m) { return !session.plan.is_uncounted(m); }));
    const double rounds = std::ceil(static_cast<double>(summary.profiles_left) / core::default_threads());
    summary.profiles_most_s = rounds * session.plan.profile_limit_s;
    return summary;
}

Result<void> begin(Session& session) {
    constexpr double busy = 0.5;
    const double load = load_average();
    if (load > busy) {
        session.note(
            fmt::format("the machine is busy (load {:.2f} over the last minute): times will come out too long "
                        "and scatter; end other programs",
                        load));
    }
    if (Result<void> noted = session.collection.add_session(load); !noted) {
        return noted;
    }
    return session.collection.write_files();
}

/// A program wants a processor for its own thread and some of others, on which engines compile.
void note_quota(const Session& session, const std::optional<CpuQuota>& quota) {
    const auto side_by_side = std::max(static_cast<std::size_t>(session.plan.settings.jobs), session.plan.together);
    if (quota && quota->cpus < static_cast<double>(side_by_side) + 1.0) {
        session.note(
            fmt::format("a quota leaves this process {:.2g} processors' worth of time (control group), and {} "
                        "at a time wants more: times on the wall will come out too long; raise the quota",
                        quota->cpus, side_by_side == 1 ? "one module" : fmt::format("{} modules", side_by_side)));
    }
}

void note_held_up(const Session& session, const CpuQuota& quota, std::int64_t held_up) {
    if (held_up > 0) {
        session.note(
            fmt::format("the quota of {:.2g} processors held runs up for {:.1f} s in all: their times on the "
                        "wall are too long; raise the quota and measure again",
                        quota.cpus, static_cast<double>(held_up) / 1e6));
    }
}

void note_cold_engines(const Session& session) {
    std::vector<std::string> names;
    for (const engines::Engine& engine : session.plan.engines) {
        if (!engine.warms) {
            names.push_back(engines::full_name(engine));
        }
    }
    if (!names.empty()) {
        session.note(fmt::format("no warm calls with {}: {} a module once a process", fmt::join(names, ", "),
                                 names.size() == 1 ? "it calls" : "they call"));
    }
}

Result<void> run_stages(Session& session) {
    Result<void> done = keep_refusals(session);
    done = done ? prepare_cells(session) : done;
    if (done && session.plan.profile && !session.stopped()) {
        done = profile_modules(session);
    }
    if (done && session.plan.alone && !session.stopped()) {
        done = run_alone(session);
    }
    if (done && session.plan.warm > 0 && !session.stopped()) {
        note_cold_engines(session);
        done = run_warm(session);
    }
    if (done && session.plan.together > 0 && !session.stopped()) {
        done = run_sets(session);
    }
    return done;
}

}  // namespace

Result<Summary> measure(const Plan& plan, const MeasureOptions& options) {
    if (const Result<void> valid = plan.validate(); !valid) {
        return Failure(valid.error());
    }
    const auto collection = Collection::open(plan.collection, plan.settings);
    if (!collection) {
        return Failure(collection.error());
    }
    Session session{plan, options, **collection, {}, {}, {}};
    Result<void> done = declare(session);
    if (done) {
        done = begin(session);
    }
    if (!done) {
        return Failure(done.error());
    }
    const std::optional<CpuQuota> quota = find_cpu_quota();
    const std::int64_t held_up_before = quota ? held_up_us(*quota) : 0;
    note_quota(session, quota);
    const Result<void> ran = run_stages(session);
    if (quota) {
        note_held_up(session, *quota, held_up_us(*quota) - held_up_before);
    }
    const Result<void> written = session.collection.write_files();
    if (!ran || !written) {
        return Failure(ran ? written.error() : ran.error());
    }
    return summary_of(session);
}

Result<Summary> outlook(const Plan& plan, const std::stop_token& stop) {
    if (const Result<void> valid = plan.validate(); !valid) {
        return Failure(valid.error());
    }
    PITOT_TRY(const auto collection, Collection::look(plan.collection, plan.settings));
    const MeasureOptions options{{}, {}, stop};
    Session session{plan, options, *collection, {}, {}, {}};
    Result<void> declared = declare(session);
    declared = declared ? keep_refusals(session) : declared;
    return declared ? Result<Summary>(summary_of(session)) : Failure(declared.error());
}

}  // namespace pitot::measure
