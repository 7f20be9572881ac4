#include "cli/cards.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "cli/output.hpp"

namespace pitot::cli {

std::string card_text(const backend::DeviceInfo& card) {
    return fmt::format("{}, {}, {}, compute capability {}.{}", printable(card.name),
                       format_bytes(static_cast<std::uint64_t>(card.memory_bytes)),
                       format_count(card.multiprocessors, "multiprocessor"), card.major, card.minor);
}

nlohmann::ordered_json cards_json(std::span<const backend::DeviceInfo> cards) {
    nlohmann::ordered_json array = nlohmann::ordered_json::array();
    for (const backend::DeviceInfo& card : cards) {
        array.push_back({{"number", array.size()},
                         {"name", card.name},
                         {"memory_bytes", card.memory_bytes},
                         {"multiprocessors", card.multiprocessors},
                         {"compute_capability", fmt::format("{}.{}", card.major, card.minor)}});
    }
    return array;
}

}  // namespace pitot::cli
