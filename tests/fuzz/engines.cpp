// Any text as a table of engines that adds to an empty one and to the built-in one. Device descriptions are part of the
// traces' target.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engines/engine_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static const pitot::engines::EngineTable built_in = pitot::engines::read_engine_table({}).value();
    for (pitot::engines::EngineTable table : {pitot::engines::EngineTable(), built_in}) {
        if (!pitot::engines::add_to_table(text, "fuzz.json", table)) {
            continue;
        }
        for (const pitot::engines::EngineEntry& engine : table.engines) {
            if (engine.name.empty() || engine.run.empty() ||
                (!engine.device.empty() && table.device(engine.device) == nullptr)) {
                std::abort();
            }
            for (const std::string& word : engine.run) {
                (void)pitot::engines::names_in(word);
            }
        }
    }
    return 0;
}
