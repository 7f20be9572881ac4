// Runs alone and side by side.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "core/key.hpp"
#include "measure/measure_schedule.hpp"
#include "measure/measure_session.hpp"
#include "measure/run.hpp"

namespace pitot::measure {
namespace {

void report_alone(Session& session, const std::vector<Cell>& cells) {
    if (!session.progress_due()) {
        return;
    }
    const Estimate estimate = estimate_alone(session.collection.records(), session.plan, cells);
    const double left_s = estimate.left_s.value_or(0.0);
    const double share = estimate.spent_s > 0.0 ? estimate.spent_s / (estimate.spent_s + left_s) : 0.0;
    const double sets_s =
        static_cast<double>(missing_sets(session.collection.records(), session.plan, session.engines).size()) *
        session.plan.together_limit_s;
    session.options.progress({"measuring", share, estimate.left_s ? std::optional(left_s + sets_s) : std::nullopt});
}

/// What a round does with its cells.
struct Round {
    std::function<Result<void>(Cell cell, std::size_t place)> start;
    std::function<Result<void>(Cell cell, const Processes::Ended& ended)> keep;
};

/// Runs each of `due` once. What a stop cuts short is dropped, but with `keeps_cut` for calls that were made.
Result<void> run_round(Session& session, Processes& processes, const std::vector<Cell>& due, const Round& round,
                       bool keeps_cut) {
    const Settings& settings = session.plan.settings;
    std::vector<Cell> at(static_cast<std::size_t>(settings.jobs));
    std::size_t next = 0;
    while (!session.stopped()) {
        for (std::size_t place = 0; place < at.size() && next < due.size(); ++place) {
            if (processes.is_free(place)) {
                at[place] = due[next++];
                if (Result<void> started = round.start(at[place], place); !started) {
                    return started;
                }
            }
        }
        if (processes.running() == 0) {
            return {};
        }
        const auto ended = processes.next(session.collection.journal().sync_due());
        Result<void> kept = ended ? round.keep(at[ended->place], *ended) : session.collection.journal().sync();
        if (!kept) {
            return kept;
        }
    }
    for (Processes::Ended& cut : processes.kill_all()) {
        if (keeps_cut && !cut.run.calls.wall_us.empty()) {
            cut.run.failure.clear();
            if (Result<void> kept = round.keep(at[cut.place], cut); !kept) {
                return kept;
            }
        }
    }
    return {};
}

/// Modules that the engine runs, as far as is known.
std::vector<std::size_t> eligible_modules(const Session& session, std::size_t engine) {
    std::vector<std::size_t> modules;
    for (const std::size_t module : session.modules) {
        const Cell cell{engine, module};
        if (session.commands.contains(cell) &&
            !is_abandoned(session.collection.records().runs_of(cell), session.plan)) {
            modules.push_back(module);
        }
    }
    return modules;
}

/// Nothing if stopped.
Result<std::optional<SetRuns>> run_set(Session& session, Processes& processes, std::size_t engine, SetRuns set) {
    const std::vector<int>& cores = session.plan.settings.cores;
    const auto start = [&](std::size_t i, bool gated) {
        constexpr double margin_s = 60.0;  // the set's end comes first
        return processes.start(i, session.commands.at({engine, set.modules[i]}), cores[i % cores.size()],
                               set.limit_s + margin_s, gated);
    };
    for (std::size_t i = 0; i < set.modules.size(); ++i) {
        if (const Result<void> started = start(i, true); !started) {
            processes.kill_all();
            return Failure(started.error());
        }
    }
    set.wall_us.resize(set.modules.size());
    const auto end =
        RunClock::now() + std::chrono::ceil<RunClock::duration>(std::chrono::duration<double>(set.limit_s));
    processes.open_gate();
    while (const auto ended = processes.next(end)) {
        if (!ended->run.failure.empty()) {
            set.failure = fmt::format("{}: {}", session.collection.records().modules[set.modules[ended->place]].file,
                                      ended->run.failure);
            break;
        }
        set.wall_us[ended->place].push_back(ended->run.wall_us);
        if (const Result<void> started = start(ended->place, false); !started) {
            processes.kill_all();
            return Failure(started.error());
        }
    }
    processes.kill_all();
    return session.stopped() ? std::nullopt : std::optional(std::move(set));
}

std::size_t place_of(const std::vector<std::size_t>& numbers, std::size_t number) {
    return static_cast<std::size_t>(std::find(numbers.begin(), numbers.end(), number) - numbers.begin());
}

void report_sets(Session& session, std::size_t done, std::size_t all) {
    if (session.progress_due()) {
        const double share = static_cast<double>(done) / static_cast<double>(all);
        session.options.progress(
            {"measuring side by side", share, static_cast<double>(all - done) * session.plan.together_limit_s});
    }
}

}  // namespace

Result<void> run_alone(Session& session) {
    PITOT_TRY(auto processes,
              Processes::create(static_cast<std::size_t>(session.plan.settings.jobs), session.options.stop));
    std::vector<Cell> cells;
    for (const auto& [cell, command] : session.commands) {
        cells.push_back(cell);
    }
    const Settings& settings = session.plan.settings;
    Round one;
    one.start = [&](Cell cell, std::size_t place) {
        return processes->start(place, session.commands.at(cell), settings.cores[place], settings.limit_s);
    };
    one.keep = [&](Cell cell, const Processes::Ended& ended) {
        ++session.new_runs;
        Result<void> kept = session.collection.add_run(cell, ended.run, ended.seconds);
        report_alone(session, cells);
        return kept;
    };
    const core::Key key = core::Key(settings.seed).fold("order");
    for (std::size_t round = 0; round < session.plan.repeat && !session.stopped(); ++round) {
        std::vector<Cell> due;
        std::copy_if(cells.begin(), cells.end(), std::back_inserter(due), [&](const Cell& cell) {
            return is_due(session.collection.records().runs_of(cell), session.plan, round);
        });
        core::shuffle(key.fold(round), std::span(due));
        if (Result<void> done = run_round(session, *processes, due, one, false); !done) {
            return done;
        }
    }
    return {};
}

Result<void> run_warm(Session& session) {
    const Plan& plan = session.plan;
    PITOT_TRY(auto processes, Processes::create(static_cast<std::size_t>(plan.settings.jobs), session.options.stop));
    const auto engine_of = [&](Cell cell) { return place_of(session.engines, cell.engine); };
    const auto calls_due = [&](Cell cell) { return warm_calls_due(session.collection.records(), plan, cell); };
    std::size_t all = 0;
    std::size_t made = 0;
    Round one;
    one.start = [&](Cell cell, std::size_t place) {
        const engines::Command command =
            engines::with_warm_calls(session.commands.at(cell), plan.engines[engine_of(cell)], calls_due(cell));
        return processes->start(place, command, plan.settings.cores[place], plan.settings.limit_s);
    };
    one.keep = [&](Cell cell, const Processes::Ended& ended) {
        session.new_warm += ended.run.calls.wall_us.size();
        Result<void> kept = session.collection.add_warm(cell, ended.run, ended.seconds);
        ++made;
        if (session.progress_due()) {
            session.options.progress(
                {"measuring warm", static_cast<double>(made) / static_cast<double>(std::max(all, made)), std::nullopt});
        }
        return kept;
    };
    const core::Key key = core::Key(plan.settings.seed).fold("warm");
    for (std::size_t round = 0; !session.stopped(); ++round) {
        std::vector<Cell> due;
        for (const auto& [cell, command] : session.commands) {
            if (plan.engines[engine_of(cell)].warms && calls_due(cell) > 0) {
                due.push_back(cell);
            }
        }
        if (due.empty()) {
            return {};
        }
        all += due.size();
        core::shuffle(key.fold(round), std::span(due));
        if (Result<void> done = run_round(session, *processes, due, one, true); !done) {
            return done;
        }
    }
    return {};
}

Result<void> run_sets(Session& session) {
    const Plan& plan = session.plan;
    PITOT_TRY(auto processes, Processes::create(plan.together, session.options.stop));
    std::map<std::size_t, std::vector<std::size_t>> eligible;
    for (const std::size_t engine : session.engines) {
        eligible[engine] = eligible_modules(session, engine);
        if (eligible[engine].size() < plan.together) {
            session.note(fmt::format("{} runs {} of the modules, too few for sets of {}",
                                     session.collection.records().engines[engine].name, eligible[engine].size(),
                                     plan.together));
        }
    }
    const core::Key key = core::Key(plan.settings.seed).fold("together").fold(plan.together);
    const std::vector<SetKey> missing = missing_sets(session.collection.records(), plan, session.engines);
    for (std::size_t i = 0; i < missing.size() && !session.stopped(); ++i) {
        const EngineRecord& engine = session.collection.records().engines[missing[i].engine];
        const std::vector<std::size_t>& modules = eligible[missing[i].engine];
        report_sets(session, i, missing.size());
        if (modules.size() < plan.together) {
            continue;
        }
        SetRuns set;
        set.limit_s = plan.together_limit_s;
        const core::Key own = key.fold(engine.device + "/" + engine.name).fold(missing[i].index);
        for (const std::size_t member : draw_members(own, modules.size(), plan.together)) {
            set.modules.push_back(modules[member]);
        }
        PITOT_TRY(const auto runs, run_set(session, *processes, missing[i].engine, std::move(set)));
        if (runs) {
            Result<void> kept = session.collection.add_set(missing[i], *runs);
            kept = kept ? session.collection.journal().sync() : kept;  // the next line is a long time ahead
            if (!kept) {
                return kept;
            }
            ++session.new_sets;
        }
    }
    return {};
}

}  // namespace pitot::measure
