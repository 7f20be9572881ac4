// The border to C: what goes wrong behind it becomes a status and a message of the thread's.
#pragma once

#include <utility>

#include "core/border.hpp"
#include "pitot/c.h"
#include "pitot/result.hpp"

namespace pitot::c_api {

/// Keeps the error as the thread's last one. Returns its status.
[[nodiscard]] pitot_status report(const Error& error) noexcept;
/// The same of something thrown that is not known, or of a lack of memory even for words.
[[nodiscard]] pitot_status report_unknown() noexcept;

/// What the interface's functions do: `body` returns Result<void>, and whatever it throws is an error, too.
template <typename Body>
[[nodiscard]] pitot_status guarded(Body&& body) noexcept {
    try {
        const Result<void> done = core::at_border("inside the library", std::forward<Body>(body));
        return done ? pitot_status{PITOT_OK} : report(done.error());
    } catch (...) {
        return report_unknown();
    }
}

}  // namespace pitot::c_api
