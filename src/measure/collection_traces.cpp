// The files of a collection that others read.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/digest.hpp"
#include "core/file_batch.hpp"
#include "measure/collection.hpp"
#include "measure/tasks.hpp"
#include "traces/form.hpp"

namespace pitot::measure {
namespace {

std::string dumped(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json module_json(const std::string& name, const std::string& file, const std::string& parent,
                 const std::string& engine) {
    return {{traces::form::kName, name},
            {traces::form::kFile, file},
            {traces::form::kParent, parent},
            {traces::form::kArgs, {{traces::form::kEngine, engine}, {traces::form::kArgv, Json::array()}}}};
}

/// Of a task: readers put the arguments behind the file's name, unless it has a name of its own, which is there
/// already.
Json module_json(const ModuleFile& module, const std::string& parent, const std::string& engine) {
    Json json = module_json(trace_name(module.file), module.file, parent, engine);
    Json& args = json[traces::form::kArgs];
    if (!module.task.is_null()) {
        args[traces::form::kTask] = module.task;
        if (!module.task.contains(traces::form::kName)) {
            const std::string invoke = module.task.value("invoke", "");
            json[traces::form::kFile] = module_of(module.file) + (invoke.empty() ? "" : ":" + invoke);
            args[traces::form::kArgv] = module.task.value("args", Json::array());
        }
    }
    return json;
}

/// What a trace is of; gives its place.
struct Trace {
    std::string folder;
    std::string name;
    traces::TraceKind kind;
    std::string identity;  ///< sets it apart from all other traces

    [[nodiscard]] std::filesystem::path path() const {
        return std::filesystem::path(folder) / traces::form::trace_file_name(name, core::uuid_of(identity), kind);
    }
};

/// Where traces go.
struct Target {
    const std::filesystem::path& folder;
    core::FileBatch& files;

    [[nodiscard]] Result<void> write(const Trace& trace, const Json& json) const {
        return files.add(folder / trace.path(), dumped(json, -1));
    }
};

template <typename Failures>
Json failures_json(const Failures& failures) {
    Json json = Json::array();
    for (const auto& [run, reason] : failures) {
        json.push_back({{traces::form::kRun, run}, {traces::form::kReason, reason}});
    }
    return json;
}

Result<void> write_cell(const Target& target, const Records& records, Cell cell, const CellRuns& runs) {
    const EngineRecord& engine = records.engines[cell.engine];
    const ModuleFile& module = records.modules[cell.module];
    const Trace trace{engine.name, trace_name(module.file), traces::TraceKind::kBenchmarking,
                      fmt::format("benchmarking\n{}\n{}\n{}", engine.device, engine.name, module.file)};
    Json json{{traces::form::kModule, module_json(module, engine.device, engine.name)},
              {traces::form::kWall, runs.wall_us},
              {traces::form::kUtime, runs.utime_us},
              {traces::form::kStime, runs.stime_us}};
    json[traces::form::kFailures] = failures_json(runs.failures);
    return target.write(trace, json);
}

Result<void> write_warm(const Target& target, const Records& records, Cell cell, const WarmRuns& runs) {
    const EngineRecord& engine = records.engines[cell.engine];
    const ModuleFile& module = records.modules[cell.module];
    const Trace trace{engine.name, trace_name(module.file), traces::TraceKind::kWarm,
                      fmt::format("warm\n{}\n{}\n{}", engine.device, engine.name, module.file)};
    Json json{{traces::form::kModule, module_json(module, engine.device, engine.name)},
              {traces::form::kWall, runs.calls.wall_us}};
    if (!runs.calls.utime_us.empty()) {
        json[traces::form::kUtime] = runs.calls.utime_us;
        json[traces::form::kStime] = runs.calls.stime_us;
    }
    json[traces::form::kFailures] = failures_json(runs.failures);
    return target.write(trace, json);
}

Result<void> write_set(const Target& target, const Records& records, const SetKey& key, const SetRuns& set) {
    const EngineRecord& engine = records.engines[key.engine];
    std::string files;
    std::string name;
    Json json = Json::object();
    for (std::size_t i = 0; i < set.modules.size(); ++i) {
        const std::string& file = records.modules[set.modules[i]].file;
        files += (i == 0 ? "" : ":") + file;
        name += (i == 0 ? "" : "+") + trace_name(file);
        json[traces::form::member_key(i, file)] = set.wall_us[i];
    }
    if (constexpr std::size_t longest = 150; name.size() > longest) {
        name.resize(longest);  // a file's name has 255 bytes at most
    }
    const Trace trace{engine.name, name, traces::TraceKind::kInterference,
                      fmt::format("interference\n{}\n{}\n{}\n{}", engine.device, engine.name, key.index, files)};
    json[traces::form::kModule] = module_json(name, files, engine.device, engine.name);
    json[traces::form::kLimit] = set.limit_s;
    return target.write(trace, json);
}

Result<void> write_profile(const Target& target, const ModuleFile& module, const std::string& device,
                           const ProfileRecord& profile) {
    const Trace trace{traces::form::kProfileFolder, trace_name(module.file), traces::TraceKind::kOpcodes,
                      "opcodes\n" + module.file};
    return target.write(trace, {{traces::form::kModule, module_json(module, device, profile.engine)},
                                {traces::form::kOpcodes, profile.counts}});
}

Json engines_json(const Records& records) {
    Json engines = Json::array();
    for (std::size_t number = 0; number < records.engines.size(); ++number) {
        if (records.is_superseded(number)) {
            continue;
        }
        const EngineRecord& engine = records.engines[number];
        Json json = line_of(engine);
        json["declared"] = Json::parse(engine.declared, nullptr, false);
        if (json["declared"].is_discarded()) {
            json["declared"] = engine.declared;
        }
        engines.push_back(std::move(json));
    }
    return engines;
}

Json failures_json(const Records& records) {
    Json all = Json::array();
    const auto named = [&](std::size_t engine) {
        return Json{{"engine", records.engines[engine].name}, {"device", records.engines[engine].device}};
    };
    for (const auto& [cell, runs] : records.cells) {
        if (records.is_superseded(cell.engine)) {
            continue;
        }
        Json entry = named(cell.engine);
        entry["module"] = records.modules[cell.module].file;
        if (!runs.refusal.empty()) {
            entry["reason"] = runs.refusal;
            all.push_back(entry);
        }
        for (const auto& [run, reason] : runs.failures) {
            entry["run"] = run;
            entry["reason"] = reason;
            all.push_back(entry);
        }
    }
    for (const auto& [cell, runs] : records.warm) {
        for (const auto& [call, reason] : runs.failures) {
            Json entry = named(cell.engine);
            entry["module"] = records.modules[cell.module].file;
            entry["warm_call"] = call;
            entry["reason"] = reason;
            all.push_back(entry);
        }
    }
    for (const auto& [key, set] : records.sets) {
        if (!set.failure.empty()) {
            Json entry = named(key.engine);
            entry["set"] = key.index;
            for (const std::size_t module : set.modules) {
                entry["modules"].push_back(records.modules[module].file);
            }
            entry["reason"] = set.failure;
            all.push_back(entry);
        }
    }
    for (const auto& [module, profile] : records.profiles) {
        if (!profile.failure.empty()) {
            all.push_back(
                {{"module", records.modules[module].file}, {"opcodes", nullptr}, {"reason", profile.failure}});
        }
    }
    return all;
}

}  // namespace

std::string trace_name(const std::string& file) {
    const std::string folder = std::string(traces::form::kModuleFolder) + "/";
    std::string name = file.starts_with(folder) ? file.substr(folder.size()) : file;
    const std::size_t colon = std::min(name.find(':'), name.size());
    std::string task = name.substr(colon);
    name.resize(colon);
    if (name.ends_with(".wasm")) {
        name.resize(name.size() - 5);
    }
    std::replace(name.begin(), name.end(), '/', '.');
    const auto unfit = [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '+');
    };
    std::replace_if(task.begin(), task.end(), unfit, '_');
    constexpr std::size_t longest_task = 60;  // a file's name has 255 bytes at most, and its id keeps others apart
    return name + task.substr(0, longest_task);
}

Result<void> Collection::write_files() const {
    core::FileBatch files;
    const Target target{folder_, files};
    Json runtimes = Json::object();
    for (const auto& [id, entry] : records_.devices) {
        runtimes[id] = entry;
    }
    Result<void> written = files.add(folder_ / traces::form::kDevicesFile, dumped(runtimes, 2));
    written = written ? files.add(folder_ / traces::form::kEnginesFile, dumped(engines_json(records_), 2)) : written;
    written = written ? files.add(folder_ / traces::form::kFailuresFile, dumped(failures_json(records_), 2)) : written;
    for (auto cell = records_.cells.begin(); written && cell != records_.cells.end(); ++cell) {
        if (cell->second.runs() > 0) {
            written = write_cell(target, records_, cell->first, cell->second);
        }
    }
    for (auto cell = records_.warm.begin(); written && cell != records_.warm.end(); ++cell) {
        if (cell->second.runs() > 0) {
            written = write_warm(target, records_, cell->first, cell->second);
        }
    }
    for (auto set = records_.sets.begin(); written && set != records_.sets.end(); ++set) {
        if (set->second.failure.empty()) {
            written = write_set(target, records_, set->first, set->second);
        }
    }
    for (auto profile = records_.profiles.begin(); written && profile != records_.profiles.end(); ++profile) {
        if (profile->second.failure.empty()) {
            written = write_profile(target, records_.modules[profile->first], records_.engines.front().device,
                                    profile->second);
        }
    }
    return written ? files.finish() : written;
}

}  // namespace pitot::measure
