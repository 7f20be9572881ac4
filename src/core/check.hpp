// PITOT_CHECK: for our own bugs, never for input.
#pragma once

namespace pitot::core {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace pitot::core

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): the condition's text and place are wanted
#define PITOT_CHECK(condition)                                           \
    do {                                                                 \
        if (!(condition)) {                                              \
            ::pitot::core::check_failed(#condition, __FILE__, __LINE__); \
        }                                                                \
    } while (false)
