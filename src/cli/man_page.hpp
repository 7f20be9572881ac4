// Man pages in roff's man macros, made of what verbs take.
#pragma once

#include <span>
#include <string>

#include "cli/cli.hpp"

namespace pitot::cli {

/// The page pitot(1): all verbs, exit statuses, environment.
[[nodiscard]] std::string man_page(std::span<const VerbGroup> groups);

/// The page pitot-VERB(1).
[[nodiscard]] std::string man_page(const Verb& verb);

}  // namespace pitot::cli
