// Runs alone and side by side.
#include <fmt/format.h>

#include <algorithm>
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

Result<void> run_round(Session& session, Processes& processes, const std::vector<Cell>& due,
                       const std::vector<Cell>& cells) {
    const Settings& settings = session.plan.settings;
    std::vector<Cell> at(static_cast<std::size_t>(settings.jobs));
    std::size_t next = 0;
    while (!session.stopped()) {
        for (std::size_t place = 0; place < at.size() && next < due.size(); ++place) {
            if (processes.is_free(place)) {
                at[place] = due[next++];
                Result<void> started =
                    processes.start(place, session.commands.at(at[place]), settings.cores[place], settings.limit_s);
                if (!started) {
                    return started;
                }
            }
        }
        if (processes.running() == 0) {
            return {};
        }
        const auto ended = processes.next(session.collection.journal().sync_due());
        Result<void> kept = ended ? session.collection.add_run(at[ended->place], ended->run, ended->seconds)
                                  : session.collection.journal().sync();
        if (!kept) {
            return kept;
        }
        session.new_runs += ended ? 1U : 0U;
        report_alone(session, cells);
    }
    processes.kill_all();
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
    const core::Key key = core::Key(session.plan.settings.seed).fold("order");
    for (std::size_t round = 0; round < session.plan.repeat && !session.stopped(); ++round) {
        std::vector<Cell> due;
        std::copy_if(cells.begin(), cells.end(), std::back_inserter(due), [&](const Cell& cell) {
            return is_due(session.collection.records().runs_of(cell), session.plan, round);
        });
        core::shuffle(key.fold(round), std::span(due));
        if (Result<void> done = run_round(session, *processes, due, cells); !done) {
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
