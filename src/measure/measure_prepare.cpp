// What comes before the runs: naming, compiling ahead of time, counting opcodes.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "core/parallel.hpp"
#include "engines/device.hpp"
#include "measure/measure_profile.hpp"
#include "measure/measure_schedule.hpp"
#include "measure/measure_session.hpp"

namespace pitot::measure {
namespace {

/// A signal to all processes of a service reaches compilers as well as us. Whether it, and not the module, ended one is
/// known a little later.
bool stopped_after_failure(const Session& session) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return session.stopped();
}

using Prepared = std::vector<std::pair<Cell, Result<engines::Command>>>;

/// Cells of one module that have something to run.
std::vector<std::size_t> open_engines(const Session& session, std::size_t module,
                                      const std::set<std::size_t>& in_sets) {
    std::vector<std::size_t> open;
    for (std::size_t e = 0; e < session.engines.size(); ++e) {
        const CellRuns& runs = session.collection.records().runs_of({session.engines[e], module});
        const bool may_join =
            in_sets.contains(session.engines[e]) && runs.refusal.empty() && !is_abandoned(runs, session.plan);
        if (may_join || (session.plan.alone && is_open(runs, session.plan))) {
            open.push_back(e);
        }
    }
    return open;
}

Result<void> keep_prepared(Session& session, Prepared& prepared, std::set<std::size_t>& noted) {
    for (auto& [cell, command] : prepared) {
        if (command) {
            session.commands.emplace(cell, std::move(*command));
            continue;
        }
        const Error& error = command.error();
        if (error.code() == ErrorCode::kCancelled || stopped_after_failure(session)) {
            return {};
        }
        if (error.code() == ErrorCode::kInput) {
            if (Result<void> kept = session.collection.add_refusal(cell, error.to_string()); !kept) {
                return kept;
            }
        } else if (noted.insert(cell.engine).second) {
            session.note(fmt::format("{} cannot make {} ready, and perhaps others: {}; the next call tries again",
                                     session.collection.records().engines[cell.engine].name,
                                     session.collection.records().modules[cell.module].file, error.to_string()));
        }
    }
    return {};
}

// A device keeps the name that it has in the collection.
Result<void> check_name(const Session& session, const engines::Device& device) {
    const auto& known = session.collection.records().devices;
    const auto found = known.find(device.id);
    if (session.plan.device_name.empty() || found == known.end() || found->second.value("name", "") == device.name) {
        return {};
    }
    return fail(ErrorCode::kInput,
                fmt::format("this device is called '{}' in '{}' and '{}' here; leave the name out, "
                            "or measure into another folder",
                            found->second.value("name", ""), session.plan.collection.string(), device.name));
}

}  // namespace

Result<void> declare(Session& session) {
    std::map<std::string, engines::Device> devices;
    for (const engines::Engine& engine : session.plan.engines) {
        if (!devices.contains(engine.device)) {
            Result<engines::Device> device =
                engines::describe_device(engine.device, {}, session.plan.device_name, session.options.stop);
            if (!device) {
                return fail(device.error(), fmt::format("engine '{}'", engine.name));
            }
            if (auto same = check_name(session, *device); !same) {
                return same;
            }
            devices.emplace(engine.device, std::move(*device));
        }
        PITOT_TRY(const auto number, session.collection.add_engine(engine, devices.at(engine.device)));
        session.engines.push_back(number);
    }
    for (const ModuleFile& module : session.plan.modules) {
        PITOT_TRY(const auto number, session.collection.add_module(module));
        session.modules.push_back(number);
    }
    return {};
}

Result<void> prepare_cells(Session& session) {
    const Plan& plan = session.plan;
    std::set<std::size_t> in_sets;
    for (const SetKey& key : missing_sets(session.collection.records(), plan, session.engines)) {
        in_sets.insert(key.engine);
    }
    std::vector<std::vector<std::size_t>> open;
    for (const std::size_t module : session.modules) {
        open.push_back(open_engines(session, module, in_sets));
    }
    // A task a module: engines may share what they make of it on the way.
    const auto prepare_module = [&](std::int64_t m) {
        const auto index = static_cast<std::size_t>(m);
        Prepared prepared;
        for (const std::size_t e : open[index]) {
            if (!session.stopped()) {
                prepared.emplace_back(Cell{session.engines[e], session.modules[index]},
                                      engines::prepare(plan.engines[e], plan.modules[index].path, {}, plan.cache,
                                                       {plan.compile_limit_s, session.options.stop}));
            }
        }
        return prepared;
    };
    Result<void> result;
    std::set<std::size_t> noted;
    const auto keep = [&](std::int64_t m, Prepared prepared) {
        result = keep_prepared(session, prepared, noted);
        if (session.progress_due()) {
            session.options.progress(
                {"preparing", static_cast<double>(m + 1) / static_cast<double>(open.size()), std::nullopt});
        }
        return result.has_value() && !session.stopped();
    };
    core::parallel_ordered(core::default_threads(), std::ssize(open), prepare_module, keep);
    return result;
}

Result<void> profile_modules(Session& session) {
    const auto& profiles = session.collection.records().profiles;
    std::vector<std::size_t> wanted;
    for (std::size_t m = 0; m < session.modules.size(); ++m) {
        const auto known = profiles.find(session.modules[m]);
        if (known == profiles.end() || known->second.may_succeed_in(session.plan.profile_limit_s)) {
            wanted.push_back(m);
        }
    }
    const auto count = [&](std::int64_t i) {
        return profile_module(session.plan.modules[wanted[static_cast<std::size_t>(i)]], session.plan.profile_limit_s,
                              session.options.stop);
    };
    Result<void> result;
    const auto keep = [&](std::int64_t i, const Result<ProfileRecord>& profile) {
        const std::size_t m = wanted[static_cast<std::size_t>(i)];
        if (session.stopped()) {
            return false;
        }
        if (!profile) {
            session.note(fmt::format("{}: its opcodes cannot be counted now: {}", session.plan.modules[m].file,
                                     profile.error().to_string()));
        } else {
            result = session.collection.add_profile(session.modules[m], *profile);
        }
        if (session.progress_due()) {
            session.options.progress(
                {"counting opcodes", static_cast<double>(i + 1) / static_cast<double>(wanted.size()), std::nullopt});
        }
        return result.has_value();
    };
    core::parallel_ordered(core::default_threads(), std::ssize(wanted), count, keep);
    return result;
}

}  // namespace pitot::measure
