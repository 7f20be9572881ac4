// The published files, in both layouts. Skipped where they are absent.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "dataset/describe.hpp"
#include "support/expect_error.hpp"
#include "support/reference_data.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

class ReferenceData : public testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(reference_data() / "pitot-2023/data.npz")) {
            GTEST_SKIP() << "no reference data; set PITOT_REFERENCE_DATA";
        }
    }
    static Dataset read(const std::vector<std::string>& names) {
        std::vector<std::filesystem::path> files;
        for (const std::string& name : names) {
            files.push_back(reference_data() / name);
        }
        auto dataset = read_files(files);
        EXPECT_TRUE(dataset) << dataset.error().to_string();
        return dataset ? std::move(*dataset) : Dataset();
    }
};

void expect_in_range(const Dataset& dataset) {
    const auto inside = [](std::span<const std::int32_t> indices, std::int64_t least, std::int64_t size) {
        return std::ranges::all_of(indices, [&](std::int32_t i) { return i >= least && i < size; });
    };
    EXPECT_TRUE(dataset.validate());
    EXPECT_TRUE(inside(dataset.observations.platform, 0, dataset.platforms.size()));
    EXPECT_TRUE(inside(dataset.observations.module, 0, dataset.modules.size()));
    EXPECT_TRUE(inside(dataset.observations.co_runner, -1, dataset.modules.size()));
    EXPECT_TRUE(std::ranges::all_of(dataset.observations.runtime_us, [](double t) { return t > 0 && t < 3.2e7; }));
}

TEST_F(ReferenceData, Release2023) {
    const Dataset dataset = read({"pitot-2023/data.npz"});
    EXPECT_EQ(dataset.platforms.size(), 174);
    EXPECT_EQ(dataset.modules.size(), 176);
    EXPECT_EQ(dataset.pool(kAlone).size(), 30'062);
    EXPECT_EQ(dataset.pool(kAlone + 1).size(), 0);
    EXPECT_EQ(dataset.platforms.feature_names.size(), 37U);
    EXPECT_EQ(dataset.platforms.feature_names.front(), "uarch=btver2");
    EXPECT_EQ(dataset.modules.feature_names.size(), 128U);
    EXPECT_EQ(dataset.modules.feature_names.front(), "op12");
    EXPECT_NE(dataset.platforms.names.front().find('.'), std::string::npos) << "runtime.device";
    EXPECT_TRUE(dataset.problems.empty());
    EXPECT_TRUE(std::ranges::is_sorted(dataset.pool(kAlone).platform)) << "row by row";
    expect_in_range(dataset);
}

struct SmallFile {
    const char* name;
    std::int64_t together;
    std::int32_t width;
};

class SmallReferenceData : public ReferenceData, public testing::WithParamInterface<SmallFile> {};

TEST_P(SmallReferenceData, Release2023) {
    const Dataset dataset = read({std::string("pitot-2023/") + GetParam().name});
    EXPECT_EQ(dataset.platforms.size(), 20);
    EXPECT_EQ(dataset.modules.size(), 140);
    EXPECT_EQ(dataset.pool(kAlone).size(), 2'800);
    EXPECT_EQ(dataset.pool(kAlone + 1).size(), GetParam().together);
    EXPECT_EQ(dataset.pool(kAlone + 1).width, GetParam().width);
    EXPECT_EQ(dataset.platforms.feature_names.size(), 19U);
    EXPECT_EQ(dataset.platforms.feature_names[11], "znver3");
    EXPECT_EQ(dataset.platforms.feature_names[12], "feature12");
    ASSERT_EQ(dataset.problems.size(), 1U);
    EXPECT_NE(dataset.problems[0].find("12 of the 19"), std::string::npos);
    expect_in_range(dataset);
}

INSTANTIATE_TEST_SUITE_P(Files, SmallReferenceData,
                         testing::Values(SmallFile{"data.small.npz", 0, 0}, SmallFile{"data.if.npz", 23'254, 1},
                                         SmallFile{"data.if.mc.npz", 9'439, 1}, SmallFile{"data.if3.npz", 14'393, 2},
                                         SmallFile{"data.if3.mc.npz", 7'189, 2}),
                         [](const auto& test) {
                             std::string name = test.param.name;
                             std::erase(name, '.');
                             return name;
                         });

TEST_F(ReferenceData, Release2025) {
    const Dataset dataset = read({"pitot-2025/data.npz", "pitot-2025/if2.npz"});
    EXPECT_EQ(dataset.platforms.size(), 231);
    EXPECT_EQ(dataset.modules.size(), 249);
    EXPECT_EQ(dataset.pool(kAlone).size(), 53'637);
    EXPECT_EQ(dataset.pool(kAlone + 1).size(), 98'957);
    EXPECT_EQ(dataset.pool(kAlone + 1).width, 1);
    EXPECT_EQ(dataset.platforms.feature_names.size(), 39U);
    EXPECT_EQ(dataset.modules.feature_names.size(), 141U);
    EXPECT_EQ(dataset.modules.feature_names.front(), "x04");
    EXPECT_EQ(*std::ranges::max_element(dataset.pool(kAlone).runtime_us), 29'993'416);
    expect_in_range(dataset);
    const DatasetDescription description = describe(dataset);
    EXPECT_NEAR(description.alone.density, 0.93, 0.005);
    EXPECT_EQ(description.together.repeated_rows, 1'297);
    EXPECT_NEAR(description.together.slowdown->min, 0.41, 0.005);
    EXPECT_NEAR(description.together.slowdown->max, 9.5, 0.05);
}

TEST_F(ReferenceData, Release2025WithoutNames) {
    EXPECT_TRUE(refuses(read_files({reference_data() / "pitot-2025/if2.npz"}), {"if2.npz", "no names"}));
}

TEST_F(ReferenceData, ConvertedFilesHoldTheSame) {
    const TempFolder folder;
    const Dataset dataset = read({"pitot-2023/data.if3.npz"});
    const std::string digest = dataset_digest(dataset);
    ASSERT_TRUE(write_dataset(dataset, folder / "d.npz"));
    EXPECT_EQ(dataset_digest(*read_files({folder / "d.npz"})), digest);
    ASSERT_TRUE(write_dataset(dataset, folder / "d.csv"));
    EXPECT_EQ(dataset_digest(*read_files({folder / "d.csv"})), digest);
}

TEST_F(ReferenceData, FilesOfOneReleaseJoin) {
    const Dataset dataset = read({"pitot-2023/data.if.npz", "pitot-2023/data.if3.npz"});
    EXPECT_EQ(dataset.platforms.size(), 20);
    EXPECT_EQ(dataset.pool(kAlone + 1).size(), 23'254 + 14'393);
    EXPECT_EQ(dataset.pool(kAlone + 1).width, 2);
    EXPECT_NE(dataset.problems.back().find("2800 observations repeat"), std::string::npos);
    EXPECT_TRUE(
        refuses(read_files({reference_data() / "pitot-2023/data.npz", reference_data() / "pitot-2023/data.small.npz"}),
                {"data.small.npz", "table"}))
        << "the releases' features differ";
}

}  // namespace
}  // namespace pitot::dataset
