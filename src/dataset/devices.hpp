// Which platforms are runtimes of one device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/dataset.hpp"

namespace pitot::dataset {

/// The device in a platform's name, RUNTIME.DEVICE or RUNTIME:DEVICE: what follows the runtime and a '.' or ':'. The
/// runtime is the longest of `runtimes` that the name begins with, or else all before the first '.' or ':'. Empty for a
/// name without both parts.
[[nodiscard]] std::string_view device_in(std::string_view platform, const std::vector<std::string>& runtimes);

/// The devices of a side of platforms.
struct Devices {
    std::vector<std::string> names;  ///< in the order of their first platforms
    std::vector<std::int32_t> of;    ///< of every platform
};

/// Runtimes are known from one-hot features "runtime=NAME" or "rt=NAME". A platform whose name tells no device is one
/// by itself. kInput if no name tells one.
[[nodiscard]] Result<Devices> devices_of(const Side& platforms);

}  // namespace pitot::dataset
