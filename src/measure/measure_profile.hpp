// Internal to the room: a module's opcode counts, for a collection.
#pragma once

#include <stop_token>

#include "measure/collection_records.hpp"

namespace pitot::measure {

/// Runs an instrumented copy in a process of its own, whose output is discarded. A module that cannot be counted is a
/// record with the failure. Errors: kEnvironment if the machine cannot (no engine, no memory); kCancelled.
[[nodiscard]] Result<ProfileRecord> profile_module(const ModuleFile& module, double limit_s,
                                                   const std::stop_token& stop);

}  // namespace pitot::measure
