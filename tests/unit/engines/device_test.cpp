// The description of this machine and of emulated ones.
#include "engines/device.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engines/device_parts.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::json;
using test::fails_with;

TEST(Device, HasTheFieldsOfRuntimesJson) {
    const Result<Device> device = describe_device("");
    ASSERT_TRUE(device) << device.error().to_string();
    EXPECT_FALSE(device->name.empty());
    const Json entry = Json::parse(device->json);
    EXPECT_EQ(entry.at("name"), device->name);
    EXPECT_FALSE(entry.at("platform").at("cpu").at("cpu").get<std::string>().empty());
    EXPECT_TRUE(entry.at("platform").at("cpu").at("cpufreq").is_number_unsigned());
    for (const char* field : {"l1d_size", "l1i_size", "l2_size", "l2_line", "l2_assoc", "l3_size"}) {
        EXPECT_TRUE(entry.at("platform").at("mem").at(field).is_number_unsigned()) << field;
    }
    EXPECT_FALSE(entry.contains("emulated"));
}

TEST(Device, IsTheSameOnEveryCall) {
    const Result<Device> device = describe_device("");
    const Result<Device> again = describe_device("");
    ASSERT_TRUE(device && again);
    EXPECT_EQ(device->id, again->id);
    ASSERT_EQ(device->id.size(), 36U);
    EXPECT_EQ(device->id[14], '8');
}

TEST(Device, IsCalledWhatIsAskedFor) {
    const Result<Device> named = describe_device("", {}, "left desk");
    ASSERT_TRUE(named) << named.error().to_string();
    EXPECT_EQ(named->name, "left desk");
    EXPECT_EQ(Json::parse(named->json).at("name"), "left desk");
    EXPECT_EQ(named->id, describe_device("")->id);
    EXPECT_TRUE(fails_with(describe_device("", {}, "a\nb"), ErrorCode::kUsage, {"control"}));
}

TEST(Device, EmulatedOnesAreLabelled) {
    const test::TempFolder folder;
    const auto emulator = folder.put("emulator", "#!/bin/sh\necho emulator 1.2.3\n");
    std::filesystem::permissions(emulator, std::filesystem::perms::owner_all);
    const auto table = folder.put("table.json", R"({"schema": 1, "devices": [{"name": "board", "title": "A board",
        "package": "boards", "cpu": "b1", "programs": {"q": [")" +
                                                    emulator.string() + R"("]},
        "version": {"q": ["{q}"]}, "emulator": ["{q}", "-cpu", "b1"]}, {"name": "absent", "title": "t",
        "package": "absent-package", "cpu": "c", "programs": {"q": ["no-such-program"]}, "emulator": ["{q}"]}]})");
    const Result<Device> host = describe_device("");
    const Result<Device> board = describe_device("board", table);
    ASSERT_TRUE(host);
    ASSERT_TRUE(board) << board.error().to_string();
    EXPECT_EQ(board->name, "board");
    EXPECT_EQ(describe_device("board", table, "lab")->name, "lab-board");
    EXPECT_EQ(describe_device("board", table, "lab")->id, board->id);
    EXPECT_NE(board->id, host->id);
    const Json entry = Json::parse(board->json);
    EXPECT_EQ(entry.at("platform").at("cpu").at("cpu"), "b1");
    EXPECT_EQ(entry.at("platform").at("mem").at("l2_size"), 0);
    EXPECT_EQ(entry.at("emulated").at("title"), "A board");
    EXPECT_EQ(entry.at("emulated").at("version"), "q 1.2.3");
    EXPECT_EQ(entry.at("emulated").at("host"), host->id);
    EXPECT_TRUE(fails_with(describe_device("absent", table), ErrorCode::kEnvironment,
                           {"no no-such-program", "absent-package"}));
    EXPECT_TRUE(fails_with(describe_device("bord", table), ErrorCode::kUsage, {"'bord'", "'board'"}));
}

TEST(DeviceParts, FieldsOfCpuinfo) {
    const std::string text = "processor\t: 0\nmodel name\t: A: B\nempty\t:\ncpu MHz\t\t: 2596.142\ncpu MHz\t\t: 1.0\n";
    EXPECT_EQ(cpuinfo_field(text, "cpu MHz"), "2596.142");
    EXPECT_EQ(cpuinfo_field(text, "model name"), "A: B");
    EXPECT_EQ(cpuinfo_field(text, "model"), "");
    EXPECT_EQ(cpuinfo_field(text, "empty"), "");
}

}  // namespace
}  // namespace pitot::engines
