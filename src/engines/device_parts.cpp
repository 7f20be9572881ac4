#include "engines/device_parts.hpp"

#include <cpu_features_macros.h>
#include <fmt/format.h>
#include <hwloc.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "core/read_file.hpp"

#if defined(CPU_FEATURES_ARCH_X86)
#include <cpuinfo_x86.h>
#endif

namespace pitot::engines {
namespace {

// Nothing where the system does not tell.
std::string text_of(const std::filesystem::path& file) { return core::read_file(file).value_or(""); }

std::string x86_name() {
#if defined(CPU_FEATURES_ARCH_X86)
    const cpu_features::X86Info info = cpu_features::GetX86Info();
    const cpu_features::X86Microarchitecture known = cpu_features::GetX86Microarchitecture(&info);
    if (known != cpu_features::X86_UNKNOWN) {
        return cpu_features::GetX86MicroarchitectureName(known);
    }
    return fmt::format("{}-{}-{}", static_cast<const char*>(info.vendor), info.family, info.model);
#else
    return "";
#endif
}

/// "0x41" -> "41"
std::string without_0x(const std::string& text) { return text.starts_with("0x") ? text.substr(2) : text; }

/// hwloc's tree of this machine.
class Topology {
public:
    Topology() {
        good_ = ::hwloc_topology_init(&topology_) == 0;
        if (good_) {
            ::hwloc_topology_set_all_types_filter(topology_, HWLOC_TYPE_FILTER_KEEP_ALL);
            good_ = ::hwloc_topology_load(topology_) == 0;
        }
    }
    Topology(const Topology&) = delete;
    Topology& operator=(const Topology&) = delete;
    ~Topology() {
        if (topology_ != nullptr) {
            ::hwloc_topology_destroy(topology_);
        }
    }
    /// The attributes of the first cache of a kind; null if there is none.
    [[nodiscard]] const hwloc_obj_attr_u::hwloc_cache_attr_s* cache(hwloc_obj_type_t type) const {
        const hwloc_obj_t found = good_ ? ::hwloc_get_obj_by_type(topology_, type, 0) : nullptr;
        return found != nullptr && found->attr != nullptr ? &found->attr->cache : nullptr;
    }

private:
    hwloc_topology_t topology_ = nullptr;
    bool good_ = false;
};

}  // namespace

std::string cpuinfo_field(const std::string& text, const std::string& field) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        const std::size_t colon = line.find(':');
        if (colon != std::string::npos && line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1) == field) {
            const std::size_t value = line.find_first_not_of(" \t", colon + 1);
            return value == std::string::npos ? "" : line.substr(value);
        }
        at = end + 1;
    }
    return "";
}

std::string microarchitecture() {
    if (std::string name = x86_name(); !name.empty()) {
        return name;
    }
    const std::string cpuinfo = text_of("/proc/cpuinfo");
    const std::string implementer = cpuinfo_field(cpuinfo, "CPU implementer");
    const std::string part = cpuinfo_field(cpuinfo, "CPU part");
    if (!implementer.empty() && !part.empty()) {
        return fmt::format("arm-{}-{}", without_0x(implementer), without_0x(part));
    }
    if (std::string name = cpuinfo_field(cpuinfo, "uarch"); !name.empty()) {
        return name;
    }
    utsname system{};
    return ::uname(&system) == 0 ? static_cast<const char*>(system.machine) : "unknown";
}

std::uint64_t frequency_hz() {
    constexpr std::uint64_t khz = 1000;
    std::uint64_t highest = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator folder("/sys/devices/system/cpu", error), end; !error && folder != end;
         folder.increment(error)) {
        const std::string text = text_of(folder->path() / "cpufreq" / "cpuinfo_max_freq");
        highest = std::max<std::uint64_t>(highest, std::strtoull(text.c_str(), nullptr, 10) * khz);
    }
    if (highest == 0) {
        const std::string mhz = cpuinfo_field(text_of("/proc/cpuinfo"), "cpu MHz");
        highest = static_cast<std::uint64_t>(std::llround(std::max(0.0, std::strtod(mhz.c_str(), nullptr)) * 1e6));
    }
    return highest;
}

Caches caches() {
    const Topology topology;
    Caches all;
    if (const auto* l1d = topology.cache(HWLOC_OBJ_L1CACHE)) {
        all.l1d_size = l1d->size;
    }
    if (const auto* l1i = topology.cache(HWLOC_OBJ_L1ICACHE)) {
        all.l1i_size = l1i->size;
    }
    if (const auto* l2 = topology.cache(HWLOC_OBJ_L2CACHE)) {
        all.l2_size = l2->size;
        all.l2_line = l2->linesize;
        all.l2_assoc = static_cast<std::uint64_t>(std::max(0, l2->associativity));
    }
    if (const auto* l3 = topology.cache(HWLOC_OBJ_L3CACHE)) {
        all.l3_size = l3->size;
    }
    return all;
}

}  // namespace pitot::engines
