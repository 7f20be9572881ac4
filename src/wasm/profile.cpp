#include "wasm/profile.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pitot/remedy.hpp"

namespace pitot::wasm {
namespace {

bool is_wasi(const ImportName& import) {
    return import.is_function && (import.module == "wasi_snapshot_preview1" || import.module == "wasi_unstable");
}

Result<RunOutcome> run_somewhere(const Instrumented& module, bool imports, const RunRequest& request, Engine engine,
                                 std::string& used) {
    const auto node = engine == Engine::kInterpreter ? std::nullopt : find_node();
    if (node) {
        used = "node";
        return run_in_node(*node, module, request);
    }
    if (engine == Engine::kNode) {
        return fail(ErrorCode::kEnvironment,
                    "there is no `node` on the path; install nodejs, or run modules without imports in libwabt's "
                    "interpreter",
                    Remedy::kUseInterpreter);
    }
    if (imports) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("'{}' uses WASI, which needs Node; install nodejs and run it there, or count "
                                "without running",
                                request.name),
                    Remedy::kUseNodeOrStatic);
    }
    used = "wabt";
    return run_in_interpreter(module, request);
}

std::string what_happened(const RunOutcome& outcome, const RunRequest& request) {
    switch (outcome.ending) {
        case Ending::kFinished:
            break;
        case Ending::kExited:
            return fmt::format("exited with status {}", outcome.exit_status);
        case Ending::kTrapped:
            return fmt::format("trapped: {}", outcome.reason);
        case Ending::kTimedOut:
            return fmt::format("was stopped after {} s", request.timeout_s.value_or(0.0));
    }
    return "";
}

struct Advice {
    const char* words;
    Remedy remedy;
    Remedy or_partial;  ///< that, or to take what was counted until then
};

Advice advice(Ending ending) {
    switch (ending) {
        case Ending::kExited:
            return {"check its arguments and folders", Remedy::kGiveArguments, Remedy::kArgumentsOrPartial};
        case Ending::kTimedOut:
            return {"give it longer or less to do", Remedy::kGiveTime, Remedy::kTimeOrPartial};
        default:
            return {"mend the module or what it is given", Remedy::kNone, Remedy::kTakePartial};
    }
}

}  // namespace

Result<Profile> run_profile(const Instrumented& module, const std::vector<ImportName>& imports,
                            const RunRequest& request, Engine engine, bool partial) {
    const auto foreign = std::find_if_not(imports.begin(), imports.end(), is_wasi);
    if (foreign != imports.end()) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' imports '{}' from '{}', and only functions of WASI preview 1 "
                                "are provided; build it for WASI, or count without running",
                                request.name, foreign->field, foreign->module),
                    Remedy::kCountStatically);
    }
    Profile profile;
    PITOT_TRY(const auto outcome, run_somewhere(module, !imports.empty(), request, engine, profile.engine));
    profile.incomplete = what_happened(outcome, request);
    const Advice todo = advice(outcome.ending);
    if (outcome.ending != Ending::kFinished && !partial) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' {}; {}, or take what was counted until then", request.name, profile.incomplete,
                                todo.words),
                    todo.or_partial);
    }
    if (!outcome.counts) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' {} and its engine, stuck outside of the module, could not be "
                                "asked for counts; give it its input, or {}",
                                request.name, profile.incomplete.empty() ? "ended" : profile.incomplete, todo.words),
                    todo.remedy);
    }
    for (std::size_t i = 0; i < module.opcodes.size(); ++i) {
        if ((*outcome.counts)[i] > 0) {
            profile.counts.push_back(module.opcodes[i]);
            profile.counts.back().count = (*outcome.counts)[i];
        }
    }
    std::sort(profile.counts.begin(), profile.counts.end(),
              [](const OpcodeCount& a, const OpcodeCount& b) { return a.id < b.id; });
    return profile;
}

}  // namespace pitot::wasm
