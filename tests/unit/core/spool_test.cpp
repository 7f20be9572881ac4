#include "core/spool.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <utility>

#include "support/temp_folder.hpp"

namespace pitot::core {
namespace {

TEST(Spool, GivesBackWhatWasAppended) {
    const test::TempFolder folder;
    SpoolFile spool = SpoolFile::create(folder.path()).value();
    EXPECT_TRUE(spool.bytes().value().empty());
    const std::array<std::byte, 3> first{std::byte{1}, std::byte{2}, std::byte{3}};
    ASSERT_TRUE(spool.append(first));
    EXPECT_EQ(spool.bytes().value().size(), 3U);
    ASSERT_TRUE(spool.append(std::span(first).first(2)));  // after it was mapped
    SpoolFile moved = std::move(spool);
    const auto bytes = moved.bytes().value();
    ASSERT_EQ(bytes.size(), 5U);
    EXPECT_EQ(bytes[2], std::byte{3});
    EXPECT_EQ(bytes[4], std::byte{2});
}

TEST(Spool, LeavesNoFileBehind) {
    const test::TempFolder folder;
    const SpoolFile spool = SpoolFile::create(folder.path()).value();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Spool, AFolderThatIsNotThereIsNamed) {
    const auto spool = SpoolFile::create("/nowhere/at/all");
    ASSERT_FALSE(spool);
    EXPECT_EQ(spool.error().code(), ErrorCode::kEnvironment);
    EXPECT_NE(spool.error().message().find("/nowhere/at/all"), std::string::npos);
}

}  // namespace
}  // namespace pitot::core
