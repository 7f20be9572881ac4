#include "traces/traces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "core/utf8.hpp"
#include "formats/json_text.hpp"

namespace pitot::traces {
namespace {

using Json = nlohmann::json;

constexpr double kMostCounts = 1e18;

Result<std::vector<std::string>> read_arguments(const Json* args) {
    std::vector<std::string> arguments;
    const Json* argv = args == nullptr ? nullptr : formats::find_member(*args, form::kArgv);
    if (argv == nullptr || argv->is_null()) {
        return arguments;
    }
    if (!argv->is_array()) {
        return formats::wrong(fmt::format("has {} where module.args.argv should be an array", formats::kind_of(*argv)));
    }
    for (const Json& element : *argv) {
        if (!element.is_string()) {
            return formats::wrong(
                fmt::format("has {} where module.args.argv should hold texts", formats::kind_of(element)));
        }
        arguments.push_back(element.get<std::string>());
    }
    return arguments;
}

// The engine: args.engine, or (2023) the last dot-part of the module's name.
Result<std::string> read_engine(const Json& module, const Json* args) {
    if (const Json* engine = args == nullptr ? nullptr : formats::find_member(*args, form::kEngine);
        engine != nullptr && !engine->is_null()) {
        return formats::read_name(engine, "module.args.engine");
    }
    auto name = formats::read_name(formats::find_member(module, form::kName), "module.args.engine nor a module.name");
    if (!name) {
        return name;
    }
    const std::size_t dot = name->rfind('.');
    if (dot == std::string::npos || dot + 1 == name->size()) {
        return formats::wrong(
            fmt::format("names no engine: it has no module.args.engine, and module.name '{}' ends in none",
                        core::printable(*name)));
    }
    return name->substr(dot + 1);
}

Result<void> read_benchmarking(const Json& json, TraceMember& member) {
    std::array<std::optional<std::vector<double>>, 3> columns;
    constexpr std::array keys = {form::kWall, form::kUtime, form::kStime};
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Json* column = formats::find_member(json, keys[i]);
        if (column == nullptr) {
            continue;
        }
        PITOT_TRY(auto numbers, formats::read_numbers(*column, keys[i], formats::kLongestRunUs));
        columns[i] = std::move(numbers);
    }
    auto& [wall, user, system] = columns;
    if (user && system) {
        if (user->size() != system->size()) {
            return formats::wrong(fmt::format("has {} numbers in utime and {} in stime; there should be one a run",
                                              user->size(), system->size()));
        }
        member.cpu_us = *std::move(user);
        std::ranges::transform(member.cpu_us, *system, member.cpu_us.begin(), std::plus<>());
    } else if (!wall) {
        return formats::wrong("has neither wall nor utime and stime");
    }
    if (wall) {
        member.wall_us = *std::move(wall);
    }
    return {};
}

Result<void> read_opcodes(const Json& json, Trace& trace) {
    const Json* counts = formats::find_member(json, form::kOpcodes);
    if (counts == nullptr) {
        return formats::wrong("has no opcodes");
    }
    PITOT_TRY(auto numbers, formats::read_numbers(*counts, form::kOpcodes, kMostCounts));
    if (numbers.size() != form::kOpcodeCount) {
        return formats::wrong(
            fmt::format("has {} opcode counts; there should be {}", numbers.size(), form::kOpcodeCount));
    }
    trace.opcodes = std::move(numbers);
    for (std::size_t i = 0; i < form::kOpcodeCount; ++i) {
        if (std::trunc(trace.opcodes[i]) != trace.opcodes[i]) {
            return formats::wrong(fmt::format("has {} as opcodes[{}], which is no count", trace.opcodes[i], i));
        }
    }
    return {};
}

Result<void> read_interference(const Json& json, Trace& trace) {
    std::map<std::uint32_t, TraceMember> members;
    for (const auto& [key, runs] : json.items()) {
        const auto member = form::parse_member_key(key);
        if (!member) {
            continue;
        }
        const auto& [number, file] = *member;
        PITOT_TRY(auto numbers, formats::read_numbers(runs, core::printable(key), formats::kLongestRunUs));
        if (const char* fault = core::name_fault(file); fault != nullptr) {
            return formats::wrong(fmt::format("has a name that cannot be used: that of member {} {}", number, fault));
        }
        if (!members.emplace(number, TraceMember{file, {}, std::move(numbers), {}}).second) {
            return formats::wrong(fmt::format("has two members of number {}", number));
        }
    }
    if (members.size() < 2) {
        return formats::wrong("has fewer than two members (\"0:FILE\": [...]); interference takes two");
    }
    trace.members.clear();
    for (auto& [number, member] : members) {  // one that is missing would be a co-runner nobody knows of
        if (number != trace.members.size()) {
            return formats::wrong(fmt::format("has no member {}, but one of number {}", trace.members.size(), number));
        }
        trace.members.push_back(std::move(member));
    }
    return {};
}

Result<TraceKind> kind_by(const TraceName& name, const Json& json) {
    if (const auto kind = form::kind_of_type(name.type)) {
        return *kind;
    }
    if (!name.type.empty()) {
        return formats::wrong(
            fmt::format("is of the unknown type '{}'; known are benchmarking, warm, opcodes and interference",
                        core::printable(name.type)));
    }
    if (formats::find_member(json, form::kOpcodes) != nullptr) {
        return TraceKind::kOpcodes;
    }
    if (formats::find_member(json, form::kWall) != nullptr || formats::find_member(json, form::kUtime) != nullptr) {
        return TraceKind::kBenchmarking;
    }
    for (const auto& item : json.items()) {
        if (form::parse_member_key(item.key())) {
            return TraceKind::kInterference;
        }
    }
    return formats::wrong("is no trace: it has neither wall nor opcodes nor members that ran side by side");
}

Result<void> read_module(const Json& module, Trace& trace) {
    const Json* args = formats::find_member(module, form::kArgs);
    PITOT_TRY(auto arguments, read_arguments(args));
    PITOT_TRY(auto file, formats::read_name(formats::find_member(module, form::kFile), "module.file"));
    trace.members = {{std::move(file), std::move(arguments), {}, {}}};
    if (trace.kind == TraceKind::kOpcodes) {
        return {};  // counts are those of the module, wherever it ran
    }
    PITOT_TRY(auto parent, formats::read_name(formats::find_member(module, form::kParent), "module.parent"));
    PITOT_TRY(auto engine, read_engine(module, args));
    trace.parent = std::move(parent);
    trace.engine = std::move(engine);
    return {};
}

}  // namespace

Result<Trace> parse_trace(const std::string& file, const TraceName& name, std::string_view text) {
    PITOT_TRY(const auto json, formats::parse_json(text));
    const Json* module = formats::find_member(json, form::kModule);
    if (module == nullptr || !module->is_object()) {
        return formats::wrong("is no trace: it has no object 'module'");
    }
    PITOT_TRY(const auto kind, kind_by(name, json));
    Trace trace;
    trace.file = file;
    trace.uuid = name.uuid;
    trace.kind = kind;
    if (auto read = read_module(*module, trace); !read) {
        return Failure(std::move(read).error());
    }
    const auto read = trace.kind == TraceKind::kOpcodes        ? read_opcodes(json, trace)
                      : trace.kind == TraceKind::kInterference ? read_interference(json, trace)
                                                               : read_benchmarking(json, trace.members.front());
    return read ? Result<Trace>(std::move(trace)) : Failure(read.error());
}

}  // namespace pitot::traces
