#include "core/border.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <system_error>

#include "pitot/version.hpp"

namespace pitot::core {
namespace {

TEST(Border, PassesOnWhatIsReturned) {
    EXPECT_EQ(at_border("counting", []() -> Result<int> { return 3; }).value(), 3);
    const auto refused = at_border("counting", []() -> Result<int> { return fail(ErrorCode::kInput, "no number"); });
    EXPECT_EQ(refused.error().to_string(), "no number");
}

TEST(Border, TurnsExceptionsIntoErrors) {
    const auto short_of_memory = at_border("counting", []() -> Result<void> { throw std::bad_alloc(); });
    EXPECT_EQ(short_of_memory.error().code(), ErrorCode::kEnvironment);
    EXPECT_NE(short_of_memory.error().to_string().find("counting: there is not enough memory"), std::string::npos);
    const auto thrown = at_border("counting", []() -> Result<void> { throw std::out_of_range("beyond"); });
    EXPECT_EQ(thrown.error().code(), ErrorCode::kBug);
    EXPECT_NE(thrown.error().to_string().find("beyond"), std::string::npos);
    const auto refused = at_border("counting", []() -> Result<void> {
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    });
    EXPECT_EQ(refused.error().code(), ErrorCode::kEnvironment);
}

TEST(Border, ExtentsThatNoMemoryHasAreShortMemory) {
    const auto refused = at_border("counting", []() -> Result<void> { throw std::length_error("too long"); });
    EXPECT_EQ(refused.error().code(), ErrorCode::kEnvironment);
}

TEST(Border, LetsACallersOwnExceptionsThrough) {
    const auto through = [](std::function<void(int)> callback) {
        (void)at_border("counting", [&]() -> Result<void> {
            callers(std::move(callback))(1);
            return {};
        });
    };
    EXPECT_THROW(through([](int) { throw std::runtime_error("mine"); }), std::runtime_error);
    EXPECT_THROW(through([](int) { throw std::bad_alloc(); }), std::bad_alloc);
    EXPECT_THROW(through([](int) { throw 7; }), int);
    EXPECT_FALSE(callers(std::function<void(int)>()));
}

TEST(Version, OfTheLibraryIsThatOfItsHeaders) {
    EXPECT_EQ(version(), std::to_string(PITOT_VERSION_MAJOR) + "." + std::to_string(PITOT_VERSION_MINOR) + "." +
                             std::to_string(PITOT_VERSION_PATCH));
}

}  // namespace
}  // namespace pitot::core
