#include "fleet/device.hpp"

#include <cpu_features/cpu_features_macros.h>
#include <fmt/format.h>
#include <hwloc.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#ifdef CPU_FEATURES_ARCH_X86
#include <cpu_features/cpuinfo_x86.h>
#endif

#include "fleet/process.hpp"

namespace pitot::fleet {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kEmulatorLimit_s = 20.0;

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The value of "NAME : VALUE" in /proc/cpuinfo, of the first processor.
std::string cpuinfo(const std::string& name) {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        if (line.rfind(name, 0) == 0) {
            const std::size_t colon = line.find(": ");
            return colon == std::string::npos ? "" : line.substr(colon + 2);
        }
    }
    return "";
}

// As cpu_features names it ("AMD_ZEN3"); of a processor newer than it, maker, family and model.
std::string microarchitecture() {
#ifdef CPU_FEATURES_ARCH_X86
    const cpu_features::X86Info info = cpu_features::GetX86Info();
    if (const auto known = cpu_features::GetX86Microarchitecture(&info); known != cpu_features::X86_UNKNOWN) {
        return cpu_features::GetX86MicroarchitectureName(known);
    }
    return fmt::format("{}-{}-{}", info.vendor, info.family, info.model);
#else
    const std::string part = cpuinfo("CPU part");
    return part.empty() ? "unknown" : fmt::format("{}-{}", cpuinfo("CPU implementer"), part);
#endif
}

// The highest frequency in Hz; of a virtual machine that does not tell it, the current one; 0 if nobody knows.
std::int64_t frequency() {
    const std::string khz = text_of("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    if (!khz.empty()) {
        return std::strtoll(khz.c_str(), nullptr, 10) * 1000;
    }
    return static_cast<std::int64_t>(std::strtod(cpuinfo("cpu MHz").c_str(), nullptr) * 1e6);
}

// Sizes of the first processor's caches, as hwloc finds them.
Json caches() {
    Json memory{{"l1d_size", 0}, {"l1i_size", 0}, {"l2_size", 0}, {"l2_line", 0}, {"l2_assoc", 0}, {"l3_size", 0}};
    hwloc_topology_t topology = nullptr;
    if (hwloc_topology_init(&topology) != 0) {
        return memory;
    }
    hwloc_topology_set_icache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_cache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL);
    if (hwloc_topology_load(topology) == 0) {
        const auto find = [&](hwloc_obj_type_t type) -> const hwloc_obj_attr_u::hwloc_cache_attr_s* {
            const hwloc_obj_t cache = hwloc_get_obj_by_type(topology, type, 0);
            return cache == nullptr ? nullptr : &cache->attr->cache;
        };
        const auto put = [&](const char* name, hwloc_obj_type_t type) {
            if (const auto* cache = find(type); cache != nullptr) {
                memory[name] = cache->size;
            }
        };
        put("l1d_size", HWLOC_OBJ_L1CACHE);
        put("l1i_size", HWLOC_OBJ_L1ICACHE);
        put("l2_size", HWLOC_OBJ_L2CACHE);
        put("l3_size", HWLOC_OBJ_L3CACHE);
        if (const auto* l2 = find(HWLOC_OBJ_L2CACHE); l2 != nullptr) {
            memory["l2_line"] = l2->linesize;
            memory["l2_assoc"] = l2->associativity < 0 ? 0 : l2->associativity;
        }
    }
    hwloc_topology_destroy(topology);
    return memory;
}

// A UUID (version 8: of our own making) from a digest of what the device is.
std::string uuid_of(const std::string& what) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> d{};
    EVP_Digest(what.data(), what.size(), d.data(), nullptr, EVP_sha256(), nullptr);
    d[6] = static_cast<unsigned char>((d[6] & 0x0FU) | 0x80U);
    d[8] = static_cast<unsigned char>((d[8] & 0x3FU) | 0x80U);
    std::string uuid;
    for (std::size_t n = 0; n < 16; ++n) {
        uuid += fmt::format("{}{:02x}", n == 4 || n == 6 || n == 8 || n == 10 ? "-" : "", d[n]);
    }
    return uuid;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "this";
}

}  // namespace

Result<Device> describe_device(const std::string& emulated) {
    const std::string cpu = microarchitecture();
    const std::string identity = text_of("/etc/machine-id") + cpu + emulated;
    if (emulated.empty()) {
        const Json entry{{"name", host_name()},
                         {"platform", {{"cpu", {{"cpu", cpu}, {"cpufreq", frequency()}}}, {"mem", caches()}}},
                         {"model", cpuinfo("model name")}};
        return Device{uuid_of(identity), host_name(), entry.dump()};
    }
    const Result<Ended> version = run_process({{emulated + "-static", "--version"}, {}}, -1, kEmulatorLimit_s, true);
    if (!version) {
        return Failure(version.error());
    }
    if (!version->ok()) {
        return fail(
            ErrorCode::kEnvironment,
            fmt::format("no emulator '{0}-static' here ({1}); install Debian's qemu-user-static, or name another "
                        "device",
                        emulated, version->reason(kEmulatorLimit_s)));
    }
    const Json none{{"l1d_size", 0}, {"l1i_size", 0}, {"l2_size", 0}, {"l2_line", 0}, {"l2_assoc", 0}, {"l3_size", 0}};
    const Json entry{
        {"name", emulated},
        {"platform", {{"cpu", {{"cpu", emulated}, {"cpufreq", frequency()}}}, {"mem", none}}},
        {"emulated", {{"by", version->out.substr(0, version->out.find('\n'))}, {"on", cpu}, {"host", host_name()}}}};
    return Device{uuid_of(identity), emulated, entry.dump()};
}

}  // namespace pitot::fleet
