// The cards of this machine, printed.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "backend/devices.hpp"

namespace pitot::cli {

/// "NVIDIA H200, 139.8 GiB, 132 multiprocessors, compute capability 9.0"
[[nodiscard]] std::string card_text(const backend::DeviceInfo& card);
/// An array of objects, in the order of the cards' numbers.
[[nodiscard]] nlohmann::ordered_json cards_json(std::span<const backend::DeviceInfo> cards);

}  // namespace pitot::cli
