#include "engines/engine.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "engines/engine_table.hpp"
#include "engines/engine_version.hpp"
#include "engines/engine_words.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::ordered_json;

Engine find_engine(const EngineEntry& entry, const EngineTable& table, const std::stop_token& stop, Answers& answers) {
    Engine engine;
    engine.name = entry.name;
    engine.title = entry.title;
    engine.device = entry.device;
    engine.package = entry.package;
    Places places = folder_places();
    NamedWords versions = entry.version;
    if (!entry.device.empty()) {
        const DeviceEntry& device = *table.device(entry.device);
        engine.package += "; " + device.package;
        Places of_device = folder_places();
        if (const auto missing = find_programs(device.programs, of_device)) {
            engine.missing = *missing;
            return engine;
        }
        places["emulator"] = fill(device.emulator, of_device);
        for (const auto& [label, command] : device.version) {
            versions.emplace_back(label, fill(command, of_device));
        }
    }
    if (const auto missing = find_programs(entry.programs, places)) {
        engine.missing = *missing;
        return engine;
    }
    engine.version = version_of(versions, places, stop, answers);
    Json declared{{"name", entry.name}, {"device", entry.device}, {"version", engine.version}};
    Json environment = Json::object();
    for (const auto& [name, value] : entry.environment) {
        environment[name] = value;
    }
    declared["environment"] = environment;
    declared["compile"] = Json::array();
    for (const Words& command : entry.compile) {
        declared["compile"].push_back(fill(command, places));
    }
    declared["run"] = fill(entry.run, places);
    engine.declared = declared.dump(-1, ' ', false, Json::error_handler_t::replace);
    return engine;
}

}  // namespace

Result<std::vector<Engine>> find_engines(const std::filesystem::path& extra, const std::stop_token& stop) {
    PITOT_TRY(const auto table, read_engine_table(extra));
    Answers answers;
    std::vector<Engine> engines;
    for (const EngineEntry& entry : table.engines) {
        engines.push_back(find_engine(entry, table, stop, answers));
        if (stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped while the engines were asked for their versions");
        }
    }
    return engines;
}

}  // namespace pitot::engines
