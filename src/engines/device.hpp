// What this machine, or one emulated on it, is: an entry of a collection's runtimes.json.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "pitot/result.hpp"

namespace pitot::engines {

struct Device {
    std::string id;    ///< a UUID, the same on every call on the same machine
    std::string name;  ///< for people and for platform names: the host's name, "qemu-aarch64" for an emulated one
    std::string json;  ///< its entry: {"name", "platform": {"cpu": {"cpu", "cpufreq"}, "mem": {…}}, …}; sizes in bytes
};

/// `name`: what this machine is to be called; empty = as the system calls it. An emulated device is then called
/// NAME-EMULATED. The id is the same under any name. `emulated` empty: this machine. Else that device as its emulator
/// presents it, labelled as emulated and by what: one of the built-in table of engines or of `extra` (a JSON file;
/// empty: none). Errors: kUsage if there is no such device or the name has a control character, kEnvironment if its
/// emulator is missing, the table's, kCancelled.
[[nodiscard]] Result<Device> describe_device(const std::string& emulated, const std::filesystem::path& extra = {},
                                             const std::string& name = {}, const std::stop_token& stop = {});

}  // namespace pitot::engines
