#include "wasm/profile.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "pitot/remedy.hpp"

namespace pitot::wasm {
namespace {

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
                    fmt::format("'{}' has imports, which need Node; install nodejs and run it there, or count "
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
        case Ending::kImportThrew:
            return fmt::format("was ended by its imports: {}", outcome.reason);
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
        case Ending::kImportThrew:
            return {"mend that file", Remedy::kNone, Remedy::kTakePartial};
        default:
            return {"mend the module or what it is given", Remedy::kNone, Remedy::kTakePartial};
    }
}

/// A number as its type has it, in decimal; nothing if it is none, or too large. Whole ones are given in decimal, also
/// with zeros in front, or in hexadecimal.
std::optional<std::string> decimal(const std::string& text, const std::string& type) {
    if (text.empty() || std::isspace(static_cast<unsigned char>(text.front())) != 0) {
        return std::nullopt;
    }
    char* end = nullptr;
    errno = 0;
    if (type == "f32" || type == "f64") {
        const double value = std::strtod(text.c_str(), &end);
        const double kept = type == "f32" ? static_cast<double>(std::strtof(text.c_str(), nullptr)) : value;
        const bool finite = std::isfinite(kept) || text.find_first_of("iInN") != std::string::npos;
        if (*end != '\0' || !finite) {
            return std::nullopt;
        }
        return std::isnan(value)   ? "NaN"
               : std::isinf(value) ? (value < 0 ? "-Infinity" : "Infinity")
                                   : fmt::format("{}", value);
    }
    const bool negative = text.front() == '-';
    const bool wide = type == "i64";
    const std::size_t sign = negative || text.front() == '+' ? 1 : 0;
    const int base = text.compare(sign, 2, "0x") == 0 || text.compare(sign, 2, "0X") == 0 ? 16 : 10;
    if (negative) {
        const long long value = std::strtoll(text.c_str(), &end, base);
        const bool fits = wide || value >= std::numeric_limits<std::int32_t>::min();
        return *end == '\0' && errno == 0 && fits ? std::optional(std::to_string(value)) : std::nullopt;
    }
    const unsigned long long value = std::strtoull(text.c_str(), &end, base);
    const bool fits = wide || value <= std::numeric_limits<std::uint32_t>::max();
    return *end == '\0' && errno == 0 && fits ? std::optional(std::to_string(value)) : std::nullopt;
}

bool is_number(const std::string& type) { return type == "i32" || type == "i64" || type == "f32" || type == "f64"; }

}  // namespace

Result<void> set_invocation(const Module& module, const std::string& invoke, const std::vector<std::string>& values,
                            RunRequest& request) {
    request.invoke = invoke;
    request.parameters.clear();
    const std::optional<Signature> type = module.exported_function(invoke);
    if (!type) {
        return fail(ErrorCode::kUsage,
                    fmt::format("'{}' exports no function '{}'; name one that it exports", request.name, invoke));
    }
    if (type->parameters.empty()) {
        request.args = values;
        return {};
    }
    if (values.size() != type->parameters.size()) {
        return fail(
            ErrorCode::kUsage,
            fmt::format(
                "'{}' of '{}' takes {} ({}), and {} given; give one value each", invoke, request.name,
                type->parameters.size() == 1 ? "1 parameter" : fmt::format("{} parameters", type->parameters.size()),
                fmt::join(type->parameters, ", "), values.size() == 1 ? "1 is" : fmt::format("{} are", values.size())));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string& of = type->parameters[i];
        const auto number = is_number(of) ? decimal(values[i], of) : std::nullopt;
        if (!number) {
            return fail(ErrorCode::kUsage,
                        is_number(of)
                            ? fmt::format("'{}' is no {} for parameter {} of '{}'; give a number that fits", values[i],
                                          of, i + 1, invoke)
                            : fmt::format("parameter {} of '{}' is a {}, which cannot be given; call another function",
                                          i + 1, invoke, of));
        }
        request.parameters.push_back(*number);
    }
    request.types = type->parameters;
    return {};
}

Result<Profile> run_profile(const Instrumented& module, const std::vector<ImportName>& imports,
                            const RunRequest& request, Engine engine, bool partial) {
    const auto foreign = std::find_if_not(imports.begin(), imports.end(), is_wasi);
    if (foreign != imports.end() && !request.stub_imports && request.imports_module.empty()) {
        return fail(
            ErrorCode::kInput,
            fmt::format("'{}' imports '{}' from '{}', and only functions of WASI preview 1 are provided; give the "
                        "imports, have them return zeros, count while a script of yours drives it, or count "
                        "without running",
                        request.name, foreign->field, foreign->module),
            Remedy::kSettings, {"imports_module", "stub_imports", "script", "count_static"});
    }
    const std::string fault =
        request.imports_module.empty() ? find_wasi_fault(imports, request.stub_imports) : std::string();
    if (!fault.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' {}; build it for WASI preview 1, give the import, or count without running",
                                request.name, fault),
                    Remedy::kSettings, {"imports_module", "count_static"});
    }
    Profile profile;
    RunRequest whole = request;
    whole.imports = imports;
    PITOT_TRY(const auto outcome, run_somewhere(module, !imports.empty(), whole, engine, profile.engine));
    profile.stubs = outcome.stubs;
    profile.stub_calls = outcome.stub_calls;
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
