#include "engines/engine.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "engines/engine_table.hpp"
#include "engines/engine_version.hpp"
#include "engines/engine_words.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kGiven = "given";
constexpr const char* kProvides = "provides";

Json given_json(const EngineEntry& entry) {
    Json json = Json::object();
    const auto add = [&](const char* field, const Given& given) {
        if (!given.words.empty()) {
            json[field] = given.words;
        } else if (!given.variable.empty()) {
            json[field] = given.variable;
        }
    };
    add("env", entry.give_environment);
    add("dir", entry.give_folders);
    add("warm", entry.give_calls);
    add("imports", entry.give_imports);
    if (!entry.give_input) {
        json["stdin"] = false;
    }
    return json;
}

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
    if (Json given = given_json(entry); !given.empty()) {
        declared[kGiven] = std::move(given);
    }
    if (!entry.provides.empty()) {
        declared[kProvides] = entry.provides;
    }
    engine.warms = entry.give_calls.can();
    engine.declared = declared.dump(-1, ' ', false, Json::error_handler_t::replace);
    return engine;
}

/// What decides how a module runs that is given nothing but arguments.
Json without_options(const std::string& declared) {
    Json json = Json::parse(declared, nullptr, false);
    if (json.is_object() && json.contains("run") && json["run"].is_array()) {
        json.erase(kGiven);
        json.erase(kProvides);
        Json run = Json::array();
        for (const Json& word : json["run"]) {
            if (word != "{options}") {
                run.push_back(word);
            }
        }
        json["run"] = std::move(run);
    }
    return json;
}

Json given_of(const std::string& declared) {
    const Json json = Json::parse(declared, nullptr, false);
    return json.is_object() ? json.value(kGiven, Json::object()) : Json::object();
}

}  // namespace

std::string full_name(const Engine& engine) {
    return engine.device.empty() ? engine.name : engine.name + "@" + engine.device;
}

bool runs_alike(const std::string& declared, const std::string& other) {
    if (declared == other) {
        return true;
    }
    const Json given = given_of(declared);
    const Json given_other = given_of(other);
    const auto agrees = [&](const auto& field) {
        return !given_other.contains(field.key()) || given_other[field.key()] == field.value();
    };
    for (const auto& field : given.items()) {
        if (!agrees(field)) {
            return false;
        }
    }
    return without_options(declared) == without_options(other);
}

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
