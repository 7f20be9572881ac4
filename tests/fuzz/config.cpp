// Any text as a configuration and as a change of one field. What is accepted survives being written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pitot/config.hpp"

namespace {

void check(const pitot::FitConfig& config) {
    (void)config.validate();
    pitot::FitConfig again;
    if (!pitot::apply_json(again, pitot::to_json(config)) || pitot::to_json(again) != pitot::to_json(config)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    pitot::FitConfig config;
    const bool applied = pitot::apply_json(config, text).has_value();
    if (applied) {
        check(config);
    }
    const auto named = pitot::preset_in_json(text);
    if (applied && (!named || (*named && **named != config.preset))) {
        std::abort();
    }
    pitot::FitConfig changed;
    if (pitot::apply_override(changed, text)) {
        check(changed);
    }
    return 0;
}
