// Devices, and platforms whose times come without traces.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/utf8.hpp"
#include "formats/json_text.hpp"
#include "traces/traces.hpp"

namespace pitot::traces {
namespace {

using Json = nlohmann::json;

constexpr double kLeastHz = 1e5;  // less is GHz or MHz
constexpr double kMostHz = 1e12;
constexpr double kMostBytes = 1e13;

// A number of a device from 0 to `most`, absent = 0. Digits in a text count as a number.
Result<double> read_size(const Json* parent, const char* key, double most) {
    const Json* json = parent == nullptr ? nullptr : formats::find_member(*parent, key);
    if (json == nullptr || json->is_null()) {
        return 0.0;
    }
    double number = -1;
    if (json->is_number()) {
        number = json->get<double>();
    } else if (json->is_string()) {
        const auto text = json->get<std::string>();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        number = error == std::errc() && end == text.data() + text.size() ? number : -1;
    }
    if (!(number >= 0 && number <= most)) {
        return formats::wrong(fmt::format("has {} as {}, which should be a number from 0 to {:g}",
                                          core::printable(json->dump(-1, ' ', true, Json::error_handler_t::replace)),
                                          key, most));
    }
    return number;
}

Result<void> describe_device(const Json& platform, Device& device) {
    const Json* cpu = formats::find_member(platform, form::kCpu);
    const Json* memory = formats::find_member(platform, form::kMemory);
    if (const Json* name = cpu == nullptr ? nullptr : formats::find_member(*cpu, form::kCpu);
        name != nullptr && !name->is_null()) {
        PITOT_TRY(auto text, formats::read_name(name, "platform.cpu.cpu"));
        device.microarchitecture = std::move(text);
    }
    struct Field {
        const Json* parent;
        const char* key;
        double most;
        double& to;
    };
    const std::array fields = {Field{cpu, form::kFrequency, kMostHz, device.clock_hz},
                               Field{memory, form::kL1dSize, kMostBytes, device.l1d_bytes},
                               Field{memory, form::kL1iSize, kMostBytes, device.l1i_bytes},
                               Field{memory, form::kL2Size, kMostBytes, device.l2_bytes},
                               Field{memory, form::kL2Line, kMostBytes, device.l2_line_bytes},
                               Field{memory, form::kL2Ways, kMostBytes, device.l2_ways},
                               Field{memory, form::kL3Size, kMostBytes, device.l3_bytes}};
    for (const Field& field : fields) {
        PITOT_TRY(const auto size, read_size(field.parent, field.key, field.most));
        field.to = size;
    }
    if (device.clock_hz > 0 && device.clock_hz < kLeastHz) {
        return formats::wrong(
            fmt::format("has {} as cpufreq, which is in Hz and should be 0 (not known) or from {:g} to {:g}",
                        device.clock_hz, kLeastHz, kMostHz));
    }
    device.described = cpu != nullptr || memory != nullptr;
    return {};
}

}  // namespace

Result<DeviceList> parse_devices(const std::string& file, std::string_view text) {
    PITOT_TRY(const auto json, formats::parse_json(text));
    if (!json.is_object()) {
        return formats::wrong(fmt::format("is {} where an object of devices is needed", formats::kind_of(json)));
    }
    DeviceList list;
    for (const auto& [id, entry] : json.items()) {
        Device device;
        device.id = id;
        auto name = formats::read_name(formats::find_member(entry, form::kName), "name");
        if (!name) {
            list.problems.push_back({file, fmt::format("device '{}' {}", core::printable(id), name.error().message())});
            continue;
        }
        device.name = *std::move(name);
        const Json* platform = formats::find_member(entry, form::kPlatform);
        if (platform != nullptr) {
            Device described = device;
            if (auto read = describe_device(*platform, described); read) {
                device = std::move(described);
            } else {
                device.misdescribed = true;
                list.problems.push_back(
                    {file, fmt::format("device '{}' ('{}') {}; its features are taken as absent", core::printable(id),
                                       core::printable(device.name), read.error().message())});
            }
        }
        list.devices.push_back(std::move(device));
    }
    return list;
}

bool looks_flat(std::string_view text) {
    const auto json = formats::parse_json(text);
    return json && json->is_object() && std::ranges::any_of(*json, [](const Json& entry) {
               return formats::find_member(entry, "data") != nullptr &&
                      formats::find_member(entry, "runtime") != nullptr;
           });
}

namespace {

Result<FlatPlatform> read_flat_platform(const Json& entry) {
    FlatPlatform platform;
    PITOT_TRY(auto device, formats::read_name(formats::find_member(entry, "device"), "device"));
    PITOT_TRY(auto runtime, formats::read_name(formats::find_member(entry, "runtime"), "runtime"));
    platform.device = std::move(device);
    platform.runtime = std::move(runtime);
    return platform;
}

}  // namespace

Result<FlatFile> parse_flat(const std::string& file, std::string_view text) {
    PITOT_TRY(const auto json, formats::parse_json(text));
    if (!json.is_object()) {
        return formats::wrong(fmt::format("is {} where an object of platforms is needed", formats::kind_of(json)));
    }
    FlatFile flat;
    for (const auto& [id, entry] : json.items()) {
        auto platform = read_flat_platform(entry);
        const Json* data = formats::find_member(entry, "data");
        if (platform && (data == nullptr || !data->is_object())) {
            platform = formats::wrong("has no object 'data' of modules and their times");
        }
        if (!platform) {
            flat.problems.push_back(
                {file, fmt::format("entry '{}' {}", core::printable(id), platform.error().message())});
            continue;
        }
        platform->file = file;
        for (const auto& [module, times] : data->items()) {
            const char* fault = core::name_fault(module);
            auto runs =
                fault != nullptr
                    ? Result<std::vector<double>>(formats::wrong(fmt::format("has a module whose name {}", fault)))
                    : formats::read_numbers(times.is_array() ? times : Json::array({times}), "data",
                                            formats::kLongestRunUs);
            if (!runs) {
                flat.problems.push_back({file, fmt::format("entry '{}', module '{}' {}", core::printable(id),
                                                           core::printable(module), runs.error().message())});
                continue;
            }
            platform->runs_us.emplace_back(module, *std::move(runs));
        }
        flat.platforms.push_back(*std::move(platform));
    }
    return flat;
}

}  // namespace pitot::traces
