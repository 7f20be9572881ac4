#include "dataset/devices.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace pitot::dataset {
namespace {

Side platforms(std::vector<std::string> names, std::vector<std::string> features = {}) {
    Side side{std::move(names), std::move(features), {}};
    side.features = Matrix<double>(side.size(), static_cast<std::int64_t>(side.feature_names.size()));
    return side;
}

TEST(Devices, FollowTheFirstSeparator) {
    EXPECT_EQ(device_in("wasm3.hc-10", {}), "hc-10");
    EXPECT_EQ(device_in("iwasm-a:hc-10", {}), "hc-10");
    EXPECT_EQ(device_in("node.host.example.org", {}), "host.example.org");
    EXPECT_EQ(device_in("desk", {}), "");
    EXPECT_EQ(device_in(".desk", {}), "");
    EXPECT_EQ(device_in("node.", {}), "");
}

TEST(Devices, FollowRuntimesThatFeaturesName) {
    const std::vector<std::string> runtimes{"node", "node.22", "bun"};
    EXPECT_EQ(device_in("node.22.desk", runtimes), "desk");
    EXPECT_EQ(device_in("node.desk.22", runtimes), "desk.22");
    EXPECT_EQ(device_in("bunny.desk", runtimes), "desk");  // no runtime of that name
    for (const std::string prefix : {"runtime=", "rt="}) {
        const Devices devices = devices_of(platforms({"node.22.desk", "node.20.desk"}, {prefix + "node.22"})).value();
        EXPECT_EQ(devices.names, (std::vector<std::string>{"desk", "20.desk"}));
    }
}

TEST(Devices, ArePlatformsThemselvesWhereNamesTellNone) {
    const Devices devices = devices_of(platforms({"a.desk", "board", "b.desk", "a.board", "desk"})).value();
    EXPECT_EQ(devices.of, (std::vector<std::int32_t>{0, 1, 0, 2, 3}));
    EXPECT_EQ(devices.names, (std::vector<std::string>{"desk", "board", "board", "desk"}));
    EXPECT_TRUE(test::refuses(devices_of(platforms({"desk", "board"})), {"'desk'", "RUNTIME.DEVICE"}));
}

}  // namespace
}  // namespace pitot::dataset
