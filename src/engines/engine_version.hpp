// Internal to the room: programs of the table on this machine, and their versions.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "engines/engine_table.hpp"
#include "engines/engine_words.hpp"

namespace pitot::engines {

/// What commands answered; many entries of a table share them.
using Answers = std::map<Words, std::string>;

/// "gcc 12.2.0, wabt 1.0.32": each label with the version that its command tells, or "of unknown version", as is one
/// that takes longer than 20 s or is asked for after a wish to stop.
[[nodiscard]] std::string version_of(const NamedWords& commands, const Places& places, const std::stop_token& stop,
                                     Answers& answers);

/// Adds what `programs` names to `places`; what is missing, or nothing.
[[nodiscard]] std::optional<std::string> find_programs(const NamedWords& programs, Places& places);

}  // namespace pitot::engines
