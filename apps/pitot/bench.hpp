// The verb that measures the program itself. It is the program's own: the rooms know nothing of how they are measured.
#pragma once

#include "cli/cli.hpp"

namespace pitot::cli {

[[nodiscard]] Verb bench_verb();

}  // namespace pitot::cli
