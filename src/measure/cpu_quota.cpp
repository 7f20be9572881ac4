#include "measure/cpu_quota.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace pitot::measure {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
}

/// Processors' worth of time of one group; nothing without a quota.
std::optional<double> quota_of(const fs::path& group) {
    double quota = 0.0;
    double period = 0.0;
    if (std::istringstream both(text_of(group / "cpu.max")); both >> quota >> period) {
        return quota > 0.0 && period > 0.0 ? std::optional(quota / period) : std::nullopt;
    }
    std::istringstream first(text_of(group / "cpu.cfs_quota_us"));
    std::istringstream second(text_of(group / "cpu.cfs_period_us"));
    const bool known = (first >> quota) && (second >> period) && quota > 0.0 && period > 0.0;
    return known ? std::optional(quota / period) : std::nullopt;
}

/// Takes the narrowest of a group and those around it, up to `root`.
void narrow(const fs::path& root, fs::path group, std::optional<CpuQuota>& found) {
    for (;;) {
        const std::optional<double> cpus = quota_of(group);
        if (cpus && (!found || *cpus < found->cpus)) {
            found = CpuQuota{*cpus, group / "cpu.stat"};
        }
        if (group == root || group == group.parent_path()) {
            return;
        }
        group = group.parent_path();
    }
}

}  // namespace

std::optional<CpuQuota> find_cpu_quota(const fs::path& self, const fs::path& root) {
    std::optional<CpuQuota> found;
    std::istringstream lines(text_of(self));
    for (std::string line; std::getline(lines, line);) {
        // "0::/path" (v2), "4:cpu,cpuacct:/path" (v1)
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) {
            continue;
        }
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const fs::path path = fs::path(line.substr(second + 1)).relative_path();
        if (controllers == ",,") {
            narrow(root, (root / path).lexically_normal(), found);
        } else if (controllers.find(",cpu,") != std::string::npos) {
            narrow(root / "cpu", (root / "cpu" / path).lexically_normal(), found);
        }
    }
    narrow(root, root, found);  // in a container the path is another's
    return found;
}

std::int64_t held_up_us(const CpuQuota& quota) {
    std::istringstream words(text_of(quota.stat));
    constexpr std::int64_t nanoseconds = 1000;
    std::string name;
    std::int64_t value = 0;
    while (words >> name >> value) {
        if (name == "throttled_usec") {
            return value;
        }
        if (name == "throttled_time") {
            return value / nanoseconds;
        }
    }
    return 0;
}

}  // namespace pitot::measure
