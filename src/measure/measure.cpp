#include "measure/measure.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

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
    summary.stopped = session.stopped();
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

Result<void> run_stages(Session& session) {
    Result<void> done = prepare_cells(session);
    if (done && session.plan.profile && !session.stopped()) {
        done = profile_modules(session);
    }
    if (done && session.plan.alone && !session.stopped()) {
        done = run_alone(session);
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
    Session session{plan, options, **collection, {}, {}, {}, 0, 0, {}};
    Result<void> done = declare(session);
    if (done) {
        done = begin(session);
    }
    if (!done) {
        return Failure(done.error());
    }
    const Result<void> ran = run_stages(session);
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
    Session session{plan, options, *collection, {}, {}, {}, 0, 0, {}};
    const Result<void> declared = declare(session);
    return declared ? Result<Summary>(summary_of(session)) : Failure(declared.error());
}

}  // namespace pitot::measure
