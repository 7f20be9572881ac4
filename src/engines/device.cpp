#include "engines/device.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "core/digest.hpp"
#include "core/read_file.hpp"
#include "core/suggest.hpp"
#include "engines/device_parts.hpp"
#include "engines/engine_table.hpp"
#include "engines/engine_version.hpp"
#include "traces/form.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::ordered_json;

// "" where there is no such file.
std::string first_word_of(const char* path) {
    std::istringstream text(core::read_file(path).value_or(""));
    std::string word;
    text >> word;
    return word;
}

std::string host_name() {
    std::array<char, 256> name{};
    const bool known = ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0';
    return known ? name.data() : "unnamed";
}

Json cache_json(const Caches& all) {
    return {{traces::form::kL1dSize, all.l1d_size}, {traces::form::kL1iSize, all.l1i_size},
            {traces::form::kL2Size, all.l2_size},   {traces::form::kL2Line, all.l2_line},
            {traces::form::kL2Ways, all.l2_assoc},  {traces::form::kL3Size, all.l3_size}};
}

Json platform_json(const std::string& cpu, std::uint64_t hz, const Caches& all) {
    return {{traces::form::kCpu, {{traces::form::kCpu, cpu}, {traces::form::kFrequency, hz}}},
            {traces::form::kMemory, cache_json(all)}};
}

/// Its UUID rests on what stays: the machine's own name for itself (the host's name where it has none), processor and
/// caches. The frequency may be told differently from call to call.
Device this_machine(const std::string& name) {
    Device device;
    device.name = host_name();
    const std::string cpu = microarchitecture();
    const Caches all = caches();
    std::string machine = first_word_of("/etc/machine-id");
    if (machine.empty()) {
        machine = device.name;
    }
    device.id = core::uuid_of(fmt::format("{} {} {}", machine, cpu, cache_json(all).dump()));
    device.name = name.empty() ? device.name : name;
    const Json entry{{traces::form::kName, device.name},
                     {traces::form::kPlatform, platform_json(cpu, frequency_hz(), all)},
                     {"cores", std::thread::hardware_concurrency()}};
    device.json = entry.dump(-1, ' ', false, Json::error_handler_t::replace);
    return device;
}

Result<const DeviceEntry*> find_entry(const EngineTable& table, const std::string& name) {
    if (const DeviceEntry* entry = table.device(name)) {
        return entry;
    }
    std::vector<std::string> names;
    for (const DeviceEntry& entry : table.devices) {
        names.push_back(entry.name);
    }
    const std::string near = core::suggestion(name, names);
    return fail(ErrorCode::kUsage,
                fmt::format("no emulated device '{}'{}", name,
                            near.empty() ? fmt::format("; there are {}", fmt::join(names, ", ")) : near));
}

}  // namespace

Result<Device> describe_device(const std::string& emulated, const std::filesystem::path& extra, const std::string& name,
                               const std::stop_token& stop) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    if (std::ranges::any_of(name, is_control)) {
        return fail(ErrorCode::kUsage, "a device's name has no control characters; choose another");
    }
    const Device host = this_machine(name);
    if (emulated.empty()) {
        return host;
    }
    PITOT_TRY(const auto table, read_engine_table(extra));
    PITOT_TRY(const auto entry, find_entry(table, emulated));
    Places places = folder_places();
    if (const auto missing = find_programs(entry->programs, places)) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("'{}' cannot be emulated here: no {}; install {}", emulated, *missing, entry->package));
    }
    Answers answers;
    Device device;
    device.name = (name.empty() ? "" : name + "-") + entry->name;
    device.id = core::uuid_of(fmt::format("{} {} {}", host.id, entry->name, entry->cpu));
    const Json description{
        {traces::form::kName, device.name},
        {traces::form::kPlatform, platform_json(entry->cpu, frequency_hz(), Caches())},
        {"cores", std::thread::hardware_concurrency()},
        {"emulated",
         {{"title", entry->title},
          {"version", version_of(entry->version, places, stop, answers)},
          {"command", fill(entry->emulator, places)},
          {"host", host.id}}},
    };
    if (stop.stop_requested()) {
        return fail(ErrorCode::kCancelled, "stopped while the emulator was asked for its version");
    }
    device.json = description.dump(-1, ' ', false, Json::error_handler_t::replace);
    return device;
}

}  // namespace pitot::engines
