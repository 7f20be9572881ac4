// Internal to the room: commands of the table, with what their places stand for.
#pragma once

#include <map>
#include <string>

#include "engines/engine_table.hpp"

namespace pitot::engines {

/// What "{name}" stands for: one word inside others, any number where it is a word of its own.
using Places = std::map<std::string, Words>;

/// Puts `places` into `words`; names that it does not have stay as they are.
[[nodiscard]] Words fill(const Words& words, const Places& places);

/// {engines}: the folder that scripts/install-engines.sh fills ($PITOT_ENGINES, else pitot/engines below
/// $XDG_DATA_HOME or ~/.local/share); {self}: the folder of the running program.
[[nodiscard]] Places folder_places();

/// The first number with a dot in it, and what follows it up to a blank or a comma: "node v20.1.0" -> "20.1.0"; "" if
/// there is none.
[[nodiscard]] std::string version_in(const std::string& text);

}  // namespace pitot::engines
