// Digests, and names made of them.
#include "core/digest.hpp"

#include <gtest/gtest.h>

namespace pitot::core {
namespace {

TEST(Digest, IsSha256) {
    EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, TellsTextsApart) {
    const auto of = [](std::string_view first, std::string_view second) {
        Sha256 hash;
        hash.text(first);
        hash.text(second);
        return hash.finish();
    };
    EXPECT_EQ(of("ab", "c"), of("ab", "c"));
    EXPECT_NE(of("ab", "c"), of("a", "bc"));
}

TEST(Digest, NamesAreUuids) {
    EXPECT_EQ(uuid_of("abc"), "ba7816bf-8f01-8fea-8141-40de5dae2223");
    EXPECT_EQ(uuid_of("a"), uuid_of("a"));
    EXPECT_NE(uuid_of("a"), uuid_of("b"));
    const std::string id = uuid_of("a");
    ASSERT_EQ(id.size(), 36U);
    for (const std::size_t at : {8U, 13U, 18U, 23U}) {
        EXPECT_EQ(id[at], '-');
    }
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
}

}  // namespace
}  // namespace pitot::core
