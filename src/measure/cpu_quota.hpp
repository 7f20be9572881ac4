// How much of the processors the system leaves to this process, whatever cores it may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace pitot::measure {

/// A quota of processor time by control group (cgroup v2: cpu.max; v1: cpu.cfs_quota_us): a process that has used it up
/// waits for the next period, so that times on the wall come out longer.
struct CpuQuota {
    double cpus = 0.0;           ///< processors' worth of time, of the narrowest group that this process is in
    std::filesystem::path stat;  ///< the group's cpu.stat
};

/// Nothing if there is no quota. `self`: /proc/self/cgroup; `root`: where control groups are mounted.
[[nodiscard]] std::optional<CpuQuota> find_cpu_quota(const std::filesystem::path& self = "/proc/self/cgroup",
                                                     const std::filesystem::path& root = "/sys/fs/cgroup");

/// How long processes of the group were held up, in microseconds; 0 if that is not told.
[[nodiscard]] std::int64_t held_up_us(const CpuQuota& quota);

}  // namespace pitot::measure
