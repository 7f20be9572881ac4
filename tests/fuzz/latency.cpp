// Any text as a file of speed tests.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "memory_file.hpp"
#include "place/latency_trace.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const pitot::test::MemoryFile file(std::string_view(reinterpret_cast<const char*>(data), size));
    const auto trace = pitot::place::read_latency_trace(file.path());
    if (!trace) {
        return 0;
    }
    for (const auto& layer : trace->latency_ms) {
        if (layer.empty()) {
            std::abort();
        }
        for (const double latency : layer) {
            if (!std::isfinite(latency) || latency < 0.0) {
                std::abort();
            }
        }
    }
    return 0;
}
