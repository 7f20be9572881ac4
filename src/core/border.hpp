// The border of the library: no exception leaves it but a caller's own.
#pragma once

#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "pitot/result.hpp"

namespace pitot::core {

/// Carries what a caller's own callback threw through the library, to where at_border() throws it again.
struct CallersException {
    std::exception_ptr thrown;
};

/// A callback whose exceptions are the caller's, whatever they are. An empty one stays empty.
template <typename... Arguments>
[[nodiscard]] std::function<void(Arguments...)> callers(std::function<void(Arguments...)> callback) {
    if (!callback) {
        return {};
    }
    return [callback = std::move(callback)](Arguments... arguments) {
        try {
            callback(arguments...);
        } catch (...) {
            throw CallersException{std::current_exception()};
        }
    };
}

/// What `body` returns, a Result. What is thrown in it becomes its error: kEnvironment where memory or the system
/// fails, kBug for what should have been an error. `doing` is added as context. What a callback by callers() threw goes
/// on to the caller.
template <typename Body>
[[nodiscard]] auto at_border(const char* doing, Body&& body) -> decltype(body()) {
    constexpr const char* memory = "there is not enough memory; end other programs or use a smaller preset or dataset";
    try {
        return body();
    } catch (const CallersException& e) {
        std::rethrow_exception(e.thrown);
    } catch (const std::bad_alloc&) {
        return fail(Error(ErrorCode::kEnvironment, memory), doing);
    } catch (const std::length_error&) {  // of extents that no memory has
        return fail(Error(ErrorCode::kEnvironment, memory), doing);
    } catch (const std::system_error& e) {
        return fail(Error(ErrorCode::kEnvironment,
                          fmt::format("the system refused: {}; end other programs or raise the limits of this one "
                                      "(ulimit -a shows them)",
                                      e.what())),
                    doing);
    } catch (const std::exception& e) {
        return fail(Error(ErrorCode::kBug, fmt::format("an exception that should have been an error: {}", e.what())),
                    doing);
    }
}

}  // namespace pitot::core
