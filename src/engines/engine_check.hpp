// Whether an engine does what is asked of it.
#pragma once

#include <stop_token>

#include "engines/engine.hpp"

namespace pitot::engines {

/// Has the engine run a small module of ours, which prints its argument, made ready anew. Errors: prepare()'s;
/// kEnvironment, with the engine's words, if it fails, prints something else or takes more than a minute; kCancelled.
[[nodiscard]] Result<void> check_engine(const Engine& engine, const std::stop_token& stop = {});

}  // namespace pitot::engines
