#include "dataset/connections.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pitot::dataset {
namespace {

TEST(Connections, FindThePartsOfAFleet) {
    Connections fleet(4, 4);
    EXPECT_TRUE(fleet.join(0, 0));
    EXPECT_TRUE(fleet.join(1, 1));
    EXPECT_FALSE(fleet.join(1, 1)) << "a second run joins nothing";
    // Platform 2 and module 3 were never measured with any other; platform 3 and module 2 never at all.
    EXPECT_TRUE(fleet.join(2, 3));
    EXPECT_EQ(fleet.parts(), (std::vector<std::int32_t>{0, 1, 2, -1, 0, 1, -1, 2}));
    EXPECT_TRUE(fleet.join(0, 1)) << "module 1 now leads from platform 0 to platform 1";
    EXPECT_FALSE(fleet.join(1, 0));
    EXPECT_EQ(fleet.parts(), (std::vector<std::int32_t>{0, 0, 1, -1, 0, 0, -1, 1}));
}

}  // namespace
}  // namespace pitot::dataset
