#include "dataset/devices.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

#include "core/utf8.hpp"

namespace pitot::dataset {
namespace {

constexpr std::string_view kSeparators = ".:";

std::vector<std::string> runtimes_of(const Side& platforms) {
    constexpr std::array<std::string_view, 2> prefixes{"runtime=", "rt="};
    std::vector<std::string> runtimes;
    for (const std::string& feature : platforms.feature_names) {
        for (const std::string_view prefix : prefixes) {
            if (feature.starts_with(prefix)) {
                runtimes.push_back(feature.substr(prefix.size()));
            }
        }
    }
    return runtimes;
}

}  // namespace

std::string_view device_in(std::string_view platform, const std::vector<std::string>& runtimes) {
    std::size_t end = 0;
    for (const std::string& runtime : runtimes) {
        const bool begins = platform.size() > runtime.size() && platform.starts_with(runtime) &&
                            kSeparators.find(platform[runtime.size()]) != std::string_view::npos;
        end = begins ? std::max(end, runtime.size()) : end;
    }
    end = end == 0 ? platform.find_first_of(kSeparators) : end;
    return end == std::string_view::npos || end == 0 ? std::string_view() : platform.substr(end + 1);
}

Result<Devices> devices_of(const Side& platforms) {
    const std::vector<std::string> runtimes = runtimes_of(platforms);
    Devices devices;
    std::map<std::string, std::int32_t, std::less<>> number;
    bool told = false;
    for (const std::string& platform : platforms.names) {
        const std::string_view device = device_in(platform, runtimes);
        told = told || !device.empty();
        // A platform that tells no device keeps its name, which no device can have as told by another: with a mark.
        const std::string name = device.empty() ? platform : std::string(device);
        const auto [at, added] = number.try_emplace(device.empty() ? "\n" + platform : name, std::ssize(devices.names));
        if (added) {
            devices.names.push_back(name);
        }
        devices.of.push_back(at->second);
    }
    if (!told) {
        return fail(ErrorCode::kInput,
                    fmt::format("the names of platforms, such as '{}', tell no devices: those of RUNTIME.DEVICE or "
                                "RUNTIME:DEVICE do; rename them or hold out platforms",
                                platforms.names.empty() ? "" : core::printable(platforms.names.front())));
    }
    return devices;
}

}  // namespace pitot::dataset
