// Internal to the room: what this machine tells about itself.
#pragma once

#include <cstdint>
#include <string>

namespace pitot::engines {

/// The microarchitecture of the first core: cpu_features' name for x86 ("INTEL_SKL"), "implementer-part" in hexadecimal
/// for Arm ("arm-41-d08"); where they do not know it, vendor, family and model ("AuthenticAMD-25-17"), else the
/// kernel's name of the architecture.
[[nodiscard]] std::string microarchitecture();

/// The highest frequency of any core that the kernel names: cpufreq's, else of /proc/cpuinfo; 0 if it names none.
[[nodiscard]] std::uint64_t frequency_hz();

/// Sizes in bytes, of one cache as the first core sees it; 0 where there is none or nothing is known.
struct Caches {
    std::uint64_t l1d_size = 0;
    std::uint64_t l1i_size = 0;
    std::uint64_t l2_size = 0;
    std::uint64_t l2_line = 0;
    std::uint64_t l2_assoc = 0;  ///< ways
    std::uint64_t l3_size = 0;
};

[[nodiscard]] Caches caches();

/// The value of a line "field : value" of a file like /proc/cpuinfo, the first such line; "" if there is none.
[[nodiscard]] std::string cpuinfo_field(const std::string& text, const std::string& field);

}  // namespace pitot::engines
