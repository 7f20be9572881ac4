// Internal to the room: programs on this machine, and what they say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/programs.hpp"

namespace pitot::engines {

/// The first of `candidates` that is there: names without '/' are programs of $PATH, others files.
[[nodiscard]] std::optional<std::filesystem::path> find_file(const std::vector<std::string>& candidates);

/// How a program that was to end within `limit_s` ended: "was killed after 20 s", "was ended by signal 9", "ended with
/// status 3".
[[nodiscard]] std::string ending_of(const core::ChildAnswer& answer, double limit_s);

/// The last lines of `output`, at most 400 bytes, on one line.
[[nodiscard]] std::string last_words(const std::string& output);

}  // namespace pitot::engines
