// The border of the library: no exception that the standard library threw leaves it.
#pragma once

#include <new>
#include <stdexcept>
#include <system_error>

#include <fmt/core.h>

#include "pitot/result.hpp"

namespace pitot {

/// What `body` returns, a Result. What the standard library throws in it becomes its error: kEnvironment where memory
/// or the system fails, kBug for what should have been checked. `doing` is added as context. Exceptions of other kinds
/// come out of a caller's own callbacks and go on to the caller.
template <typename Body>
[[nodiscard]] auto at_border(const char* doing, Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return fail(Error(ErrorCode::kEnvironment, "there is not enough memory; make it smaller or free some"), doing);
    } catch (const std::system_error& e) {
        return fail(Error(ErrorCode::kEnvironment, fmt::format("the system refused: {}", e.what())), doing);
    } catch (const std::logic_error& e) {
        return fail(Error(ErrorCode::kBug, fmt::format("an exception that should have been an error: {}", e.what())),
                    doing);
    }
}

}  // namespace pitot
