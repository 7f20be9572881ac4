// Any text as each kind of trace, as a description of devices and as a flat file; what is read of it as a dataset.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataset/describe.hpp"
#include "traces/collection.hpp"
#include "traces/trace_dataset.hpp"
#include "traces/traces.hpp"

namespace {

void check_runs(const std::vector<double>& runs) {
    for (const double run : runs) {
        if (!(run >= 0) || !(run < HUGE_VAL)) {
            std::abort();
        }
    }
}

void check(const pitot::traces::TraceDataset& made) {
    const pitot::Dataset& dataset = made.dataset;
    if (dataset.platforms.features.rows() != dataset.platforms.size() ||
        dataset.modules.features.rows() != dataset.modules.size()) {
        std::abort();
    }
    for (const pitot::Side* side : {&dataset.platforms, &dataset.modules}) {
        for (const double feature : side->features.flat()) {
            if (!std::isfinite(feature)) {
                std::abort();
            }
        }
    }
    if (dataset.observations.size() > 0 && !dataset.validate()) {
        std::abort();
    }
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        const pitot::ObservationView table = dataset.pool(p);
        for (const double runtime : table.runtime_us) {
            if (!(runtime > 0) || !(runtime < HUGE_VAL)) {
                std::abort();
            }
        }
        if (table.co_runner.size() != table.runtime_us.size() * static_cast<std::size_t>(table.width)) {
            std::abort();
        }
    }
    (void)pitot::dataset::describe(dataset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    pitot::traces::Collection collection;
    for (const char* type : {"", "benchmarking", "opcodes", "interference"}) {
        auto trace = pitot::traces::parse_trace("t.json", {"u", type}, text);
        if (!trace) {
            continue;
        }
        for (const pitot::traces::TraceMember& member : trace->members) {
            check_runs(member.wall_us);
            check_runs(member.cpu_us);
        }
        pitot::traces::Device device;
        device.id = trace->parent;
        device.name = "device";
        collection.devices.push_back(device);
        collection.traces.push_back(*std::move(trace));
    }
    if (auto list = pitot::traces::parse_devices("runtimes.json", text)) {
        for (pitot::traces::Device& device : list->devices) {
            collection.devices.push_back(std::move(device));
        }
    }
    (void)pitot::traces::looks_flat(text);
    if (auto flat = pitot::traces::parse_flat("flat.json", text)) {
        collection.flat = std::move(flat->platforms);
    }
    for (const pitot::traces::Release release : {pitot::traces::Release::k2023, pitot::traces::Release::k2025}) {
        pitot::traces::TraceOptions options;
        options.release = release;
        options.keep_unobserved = size % 2 == 0;
        check(pitot::traces::make_dataset(collection, options));
    }
    return 0;
}
