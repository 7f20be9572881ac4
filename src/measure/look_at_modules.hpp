// What is known of modules before anything is run: what their tasks call, and what cannot run where.
#pragma once

#include <functional>
#include <stop_token>

#include "measure/measure.hpp"

namespace pitot::measure {

/// Looks at every module of the plan and runs nothing. It settles what tasks call (RunInput::program and `copies`), and
/// fills `unfit`, in the order of the plan: modules that cannot be read, tasks that call what the module does not
/// export or with parameters that do not fit, imports that nothing provides or that have another type than WASI's,
/// memory that is not exported to WASI, proposals that an engine lacks, things that it cannot give. Engines of a
/// user's, of which nothing is known, are left to say themselves what they do not run. `remarks` tell what is called of
/// a library and what is made up. `progress` is called with the share done, between modules; it may be empty. Errors:
/// kEnvironment if a module cannot be read from disk, kCancelled.
[[nodiscard]] Result<void> look_at_modules(Plan& plan, const std::function<void(double)>& progress,
                                           const std::stop_token& stop);

}  // namespace pitot::measure
