// What comes before the runs: naming, compiling ahead of time, counting opcodes.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "core/parallel.hpp"
#include "engines/device.hpp"
#include "engines/engine_lacks.hpp"
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

/// Engines, by place in the plan, that have something to run of a module, also by place.
std::vector<std::size_t> open_engines(const Session& session, std::size_t place, const std::set<std::size_t>& in_sets) {
    const std::size_t module = session.modules[place];
    std::vector<std::size_t> open;
    for (std::size_t e = 0; e < session.engines.size(); ++e) {
        const CellRuns& runs = session.collection.records().runs_of({session.engines[e], module});
        const bool may_join =
            in_sets.contains(session.engines[e]) && runs.refusal.empty() && !is_abandoned(runs, session.plan);
        const bool warms = session.plan.engines[e].warms &&
                           warm_calls_due(session.collection.records(), session.plan, {session.engines[e], module}) > 0;
        if (may_join || warms || (session.plan.alone && is_open(runs, session.plan))) {
            open.push_back(e);
        }
    }
    return open;
}

/// A copy is for engines that are known to call nothing but `_start`; others may be told by their own entry what to
/// call.
engines::RunInput input_for(const engines::Engine& engine, const ModuleFile& module) {
    engines::RunInput input = module.input;
    const bool asked = !input.program.invoke.empty() || input.program.stub_imports;
    const bool known = engines::provided_imports(engine).what != engines::Provides::What::kUnknown;
    input.copies = input.copies && (asked || known);
    return input;
}

/// Makes a module ready for an engine, both by place in the plan.
Result<engines::Command> prepare_cell(const Session& session, std::size_t engine, std::size_t module) {
    const Plan& plan = session.plan;
    return engines::prepare(plan.engines[engine], plan.modules[module].path,
                            input_for(plan.engines[engine], plan.modules[module]), plan.cache,
                            {plan.compile_limit_s, session.options.stop});
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
            if (Result<void> kept = session.collection.add_refusal(cell, error.to_string(), false); !kept) {
                return kept;
            }
            continue;
        }
        session.unready = true;
        if (noted.insert(cell.engine).second) {
            session.note(fmt::format("{} cannot make {} ready, and perhaps others: {}; the next call tries again",
                                     session.collection.records().engines[cell.engine].name,
                                     session.collection.records().modules[cell.module].file, error.to_string()));
        }
    }
    return {};
}

/// Places in the plan of its modules, those of one file together.
std::vector<std::vector<std::size_t>> modules_by_file(const Plan& plan) {
    std::vector<std::vector<std::size_t>> groups;
    std::map<std::filesystem::path, std::size_t> group_of;
    for (std::size_t m = 0; m < plan.modules.size(); ++m) {
        const auto [group, is_new] = group_of.emplace(plan.modules[m].path, groups.size());
        if (is_new) {
            groups.emplace_back();
        }
        groups[group->second].push_back(m);
    }
    return groups;
}

void note_stubs(const Session& session, const std::string& file, const ProfileRecord& profile) {
    if (!profile.stubs.empty() && profile.stub_calls > 0) {
        session.note(fmt::format("{}: imports that are made up were called {} while its opcodes were counted", file,
                                 profile.stub_calls == 1 ? "once" : fmt::format("{} times", profile.stub_calls)));
    }
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

Result<void> keep_refusals(Session& session) {
    for (std::size_t e = 0; e < session.engines.size(); ++e) {
        for (std::size_t m = 0; m < session.modules.size(); ++m) {
            const Cell cell{session.engines[e], session.modules[m]};
            const CellRuns& runs = session.collection.records().runs_of(cell);
            const std::string why = session.plan.refusal(m, e);
            const bool ran = runs.runs() > 0 && !is_open(runs, session.plan);
            const bool settled = runs.refusal.empty() ? why.empty() || ran : !runs.beforehand || runs.refusal == why;
            if (settled) {
                continue;
            }
            if (Result<void> kept = session.collection.add_refusal(cell, why, !why.empty()); !kept) {
                return kept;
            }
        }
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
    for (std::size_t m = 0; m < session.modules.size(); ++m) {
        open.push_back(open_engines(session, m, in_sets));
    }
    // One thread has all that is given to a file: engines share what they make of it.
    const std::vector<std::vector<std::size_t>> by_file = modules_by_file(plan);
    const auto prepare_module = [&](std::int64_t f) {
        Prepared prepared;
        for (const std::size_t index : by_file[static_cast<std::size_t>(f)]) {
            for (const std::size_t e : open[index]) {
                if (!session.stopped()) {
                    prepared.emplace_back(Cell{session.engines[e], session.modules[index]},
                                          prepare_cell(session, e, index));
                }
            }
        }
        return prepared;
    };
    Result<void> result;
    std::set<std::size_t> noted;
    const auto keep = [&](std::int64_t f, Prepared prepared) {
        result = keep_prepared(session, prepared, noted);
        if (session.progress_due()) {
            session.options.progress(
                {"preparing", static_cast<double>(f + 1) / static_cast<double>(by_file.size()), std::nullopt});
        }
        return result.has_value() && !session.stopped();
    };
    core::parallel_ordered(core::default_threads(), std::ssize(by_file), prepare_module, keep);
    return result;
}

std::vector<std::size_t> missing_profiles(const Session& session) {
    const auto& profiles = session.collection.records().profiles;
    std::vector<std::size_t> wanted;
    for (std::size_t m = 0; session.plan.profile && m < session.modules.size(); ++m) {
        const auto known = profiles.find(session.modules[m]);
        const bool missing = known == profiles.end() || known->second.may_succeed_in(session.plan.profile_limit_s);
        if (missing && !session.plan.is_refused(m)) {
            wanted.push_back(m);
        }
    }
    return wanted;
}

Result<void> profile_modules(Session& session) {
    const std::vector<std::size_t> wanted = missing_profiles(session);
    if (!wanted.empty() && session.progress_due()) {
        session.options.progress({"counting opcodes", 0.0, std::nullopt});
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
            note_stubs(session, session.plan.modules[m].file, *profile);
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
