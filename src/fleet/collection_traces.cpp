// The files of a collection that others read.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/atomic_file.hpp"
#include "fleet/collection.hpp"
#include "fleet/measure_digest.hpp"

namespace pitot::fleet {
namespace {

/// Folder of the traces that no engine under test made.
constexpr const char* kProfileFolder = "profile";

std::string dumped(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<void> write_changed(const std::filesystem::path& file, const std::string& text) {
    std::ifstream old(file, std::ios::binary);
    if (old.is_open() && std::string{std::istreambuf_iterator<char>(old), {}} == text) {
        return {};
    }
    return write_text(file, text);
}

Json module_json(const std::string& name, const std::string& file, const std::string& parent,
                 const std::string& engine) {
    return {
        {"name", name}, {"file", file}, {"parent", parent}, {"args", {{"engine", engine}, {"argv", Json::array()}}}};
}

/// What a trace is of; gives its place.
struct Trace {
    std::string folder;
    std::string name;
    std::string type;
    std::string identity;  ///< sets it apart from all other traces

    [[nodiscard]] std::filesystem::path path() const {
        return std::filesystem::path(folder) / fmt::format("{}.{}.{}.json", name, uuid_of(identity), type);
    }
};

Result<void> write_trace(const std::filesystem::path& collection, const Trace& trace, const Json& json) {
    std::error_code error;
    std::filesystem::create_directories(collection / trace.folder, error);
    if (error) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot make the folder '{}': {}; check its permissions and the free space",
                                (collection / trace.folder).string(), error.message()));
    }
    return write_changed(collection / trace.path(), dumped(json, -1));
}

Result<void> write_cell(const std::filesystem::path& collection, const Records& records, Cell cell,
                        const CellRuns& runs) {
    const EngineRecord& engine = records.engines[cell.engine];
    const ModuleFile& module = records.modules[cell.module];
    const Trace trace{engine.name, trace_name(module.file), "benchmarking",
                      fmt::format("benchmarking\n{}\n{}\n{}", engine.device, engine.name, module.file)};
    Json failures = Json::array();
    for (const auto& [run, reason] : runs.failures) {
        failures.push_back({{"run", run}, {"reason", reason}});
    }
    Json json{{"module", module_json(trace.name, module.file, engine.device, engine.name)},
              {"wall", runs.wall_us},
              {"utime", runs.utime_us},
              {"stime", runs.stime_us}};
    json["failures"] = std::move(failures);
    return write_trace(collection, trace, json);
}

Result<void> write_set(const std::filesystem::path& collection, const Records& records, const SetKey& key,
                       const SetRuns& set) {
    const EngineRecord& engine = records.engines[key.engine];
    std::string files;
    std::string name;
    Json json = Json::object();
    for (std::size_t i = 0; i < set.modules.size(); ++i) {
        const std::string& file = records.modules[set.modules[i]].file;
        files += (i == 0 ? "" : ":") + file;
        name += (i == 0 ? "" : "+") + trace_name(file);
        json[fmt::format("{}:{}", i, file)] = set.wall_us[i];
    }
    if (constexpr std::size_t longest = 150; name.size() > longest) {
        name.resize(longest);  // a file's name has 255 bytes at most
    }
    const Trace trace{engine.name, name, "interference",
                      fmt::format("interference\n{}\n{}\n{}\n{}", engine.device, engine.name, key.index, files)};
    json["module"] = module_json(name, files, engine.device, engine.name);
    json["limit_s"] = set.limit_s;
    return write_trace(collection, trace, json);
}

Result<void> write_profile(const std::filesystem::path& collection, const ModuleFile& module, const std::string& device,
                           const ProfileRecord& profile) {
    const Trace trace{kProfileFolder, trace_name(module.file), "opcodes", "opcodes\n" + module.file};
    return write_trace(
        collection, trace,
        {{"module", module_json(trace.name, module.file, device, profile.engine)}, {"opcodes", profile.counts}});
}

Json failures_json(const Records& records) {
    Json all = Json::array();
    const auto named = [&](std::size_t engine) {
        return Json{{"engine", records.engines[engine].name}, {"device", records.engines[engine].device}};
    };
    for (const auto& [cell, runs] : records.cells) {
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
    std::string name = file.starts_with("wasm/") ? file.substr(5) : file;
    if (name.ends_with(".wasm")) {
        name.resize(name.size() - 5);
    }
    std::replace(name.begin(), name.end(), '/', '.');
    return name;
}

Result<void> Collection::write_fleet() const {
    Json runtimes = Json::object();
    for (const auto& [id, entry] : records_.devices) {
        runtimes[id] = entry;
    }
    Json engines = Json::array();
    for (const EngineRecord& engine : records_.engines) {
        Json json = line_of(engine);
        json["declared"] = Json::parse(engine.declared, nullptr, false);
        if (json["declared"].is_discarded()) {
            json["declared"] = engine.declared;
        }
        engines.push_back(std::move(json));
    }
    if (const Result<void> written = write_changed(folder_ / "engines.json", dumped(engines, 2)); !written) {
        return written;
    }
    return write_changed(folder_ / "runtimes.json", dumped(runtimes, 2));
}

Result<void> Collection::write_files() const {
    Result<void> written = write_fleet();
    for (auto cell = records_.cells.begin(); written && cell != records_.cells.end(); ++cell) {
        if (cell->second.runs() > 0) {
            written = write_cell(folder_, records_, cell->first, cell->second);
        }
    }
    for (auto set = records_.sets.begin(); written && set != records_.sets.end(); ++set) {
        if (set->second.failure.empty()) {
            written = write_set(folder_, records_, set->first, set->second);
        }
    }
    for (auto profile = records_.profiles.begin(); written && profile != records_.profiles.end(); ++profile) {
        if (profile->second.failure.empty()) {
            written = write_profile(folder_, records_.modules[profile->first], records_.engines.front().device,
                                    profile->second);
        }
    }
    return written ? write_changed(folder_ / "failures.json", dumped(failures_json(records_), 2)) : written;
}

}  // namespace pitot::fleet
