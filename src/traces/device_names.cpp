// Devices of one name.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/utf8.hpp"
#include "pitot/remedy.hpp"
#include "traces/trace_dataset.hpp"

namespace pitot::traces {
namespace {

// What a device is, wherever and as whatever it is listed.
Device description(Device device) {
    device.id.clear();
    device.file.clear();
    return device;
}

std::string told(const Device& device, const std::map<std::string, std::string>& trace_of) {
    std::string text = fmt::format("'{}' ({}", core::printable(device.id), device.file);
    if (device.described) {
        text += fmt::format(
            ": {}", device.microarchitecture.empty() ? "unknown processor" : core::printable(device.microarchitecture));
        text += device.clock_hz > 0 ? fmt::format(" at {:g} GHz", device.clock_hz / 1e9) : "";
    }
    const auto trace = trace_of.find(device.id);
    return text + (trace == trace_of.end() ? ")" : fmt::format("; measured in {})", trace->second));
}

}  // namespace

Result<void> check_device_names(const Collection& collection, DeviceUse use) {
    std::map<std::string, std::string> trace_of;  // of measured devices the first
    for (const Trace& trace : collection.traces) {
        if (trace.kind != TraceKind::kOpcodes) {
            trace_of.emplace(trace.parent, trace.file);
        }
    }
    std::set<std::string> asked_by_name;
    for (const FlatPlatform& platform : collection.flat) {
        asked_by_name.insert(platform.device);
    }
    const auto joined = [&](const Device& a, const Device& b) {
        const bool by_name = use == DeviceUse::kFeatures || asked_by_name.contains(a.name);
        const bool differ = a.described && b.described && description(a) != description(b);
        return (by_name && differ) || (use == DeviceUse::kTimes && trace_of.contains(a.id) && trace_of.contains(b.id));
    };
    for (std::size_t i = 0; i < collection.devices.size(); ++i) {
        const Device& device = collection.devices[i];
        for (std::size_t k = 0; k < i; ++k) {
            const Device& other = collection.devices[k];
            if (other.name == device.name && joined(other, device)) {
                return fail(
                    ErrorCode::kInput,
                    fmt::format("two devices are called '{}' and would become one: {} and {}; give one of them another "
                                "'name' in its file, or join them if they are one machine",
                                core::printable(device.name), told(other, trace_of), told(device, trace_of)),
                    Remedy::kJoinDevices);
            }
        }
    }
    return {};
}

}  // namespace pitot::traces
