// The cards of this machine, as the backend cuda sees them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::backend {

/// One NVIDIA card. Its number, which Context::devices names, is its place in cuda_devices().
struct DeviceInfo {
    std::string name;  ///< as its driver has it, such as "NVIDIA H200"
    std::int64_t memory_bytes = 0;
    int multiprocessors = 0;
    int major = 0;  ///< of its compute capability, here and below
    int minor = 0;
};

/// Whether this build has the backend cuda, with a card or without.
[[nodiscard]] bool has_cuda();
/// The cards that the driver shows this process, at least one. Errors: kEnvironment in words when this build has no
/// CUDA, no driver answers or the driver has no card to show. Asking takes no memory of any card.
[[nodiscard]] Result<std::vector<DeviceInfo>> cuda_devices();

}  // namespace pitot::backend
