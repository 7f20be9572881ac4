// What is expected of calls with broken arguments.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <type_traits>

#include "unit/c_api/fleet.hpp"

namespace pitot::test {

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

// Any address that is aligned to nothing.
template <typename T>
T* misaligned() {
    alignas(16) static std::array<char, 256> memory{};
    return reinterpret_cast<T*>(memory.data() + 1);  // NOLINT: what the test is about
}

inline void expect_status(pitot_status got, pitot_status wanted, std::string_view named) {
    EXPECT_EQ(got, wanted) << pitot_last_error();
    EXPECT_EQ(pitot_last_error_status(), wanted);
    EXPECT_NE(std::string_view(pitot_last_error()).find(named), std::string_view::npos)
        << pitot_last_error() << " does not name " << named;
}

inline void expect_usage(pitot_status got, std::string_view named) { expect_status(got, PITOT_ERROR_USAGE, named); }

// A handle that is given back: NULL and misaligned places for it, and that it is NULL after another error.
template <typename T>
void expect_out_checked(const std::function<pitot_status(T**)>& call, const std::function<pitot_status(T**)>& failing) {
    expect_usage(call(nullptr), "NULL");
    expect_usage(call(misaligned<T*>()), "aligned");
    T* out = reinterpret_cast<T*>(std::uintptr_t{16});  // NOLINT: something that is not NULL
    EXPECT_NE(failing(&out), PITOT_OK);
    EXPECT_EQ(out, nullptr);
}

// A handle that is taken: NULL, one of another type, misaligned.
template <typename T>
void expect_handle_checked(const std::function<pitot_status(T*)>& call) {
    OwnedStop stop;
    OwnedConfig config;
    ASSERT_EQ(pitot_stop_new(stop.out()), PITOT_OK);
    ASSERT_EQ(pitot_config_preset("linear/64", config.out()), PITOT_OK);
    expect_usage(call(nullptr), "NULL");
    expect_usage(call(misaligned<T>()), "another type");
    const bool is_stop = std::is_same_v<std::remove_const_t<T>, pitot_stop>;
    void* other = is_stop ? static_cast<void*>(config.get()) : static_cast<void*>(stop.get());
    expect_usage(call(static_cast<T*>(other)), "another type");
}

// A struct that is taken or a view that is filled: of another size, misaligned.
template <typename T>
void expect_struct_checked(const std::function<pitot_status(T*)>& call, bool optional = false) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, sizeof(T) - 1, sizeof(T) + 8, std::numeric_limits<std::size_t>::max()}) {
        std::remove_const_t<T> given{};
        given.struct_size = size;
        expect_usage(call(&given), "struct_size");
    }
    expect_usage(call(misaligned<T>()), "aligned");
    if (!optional) {
        expect_usage(call(nullptr), "NULL");
    }
}

}  // namespace pitot::test
