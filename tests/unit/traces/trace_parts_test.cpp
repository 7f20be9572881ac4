#include "traces/trace_parts.hpp"

#include <gtest/gtest.h>

#include "formats/npz.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::traces {
namespace {

using test::Doubles;
using test::Names;
using test::refuses;

Side side_of(const Names& names, const Names& features, const Doubles& values) {
    Side side;
    side.names = names;
    side.feature_names = features;
    side.features = Matrix<double>(std::ssize(names), std::ssize(features));
    std::ranges::copy(values, side.features.flat().begin());
    return side;
}

TEST(TraceParts, OpcodesAreCountsIn2023AndLogarithmsIn2025) {
    const test::TempFolder folder;
    const Side side = side_of({"fft", "sort"}, {"op12", "op64"},
                              {test::logged(0), test::logged(5), test::logged(3000000000), test::logged(1)});
    ASSERT_TRUE(write_opcodes(side, folder / "a.npz", Release::k2023));
    const auto old = formats::NpzReader::open(folder / "a.npz");
    EXPECT_EQ(*old->values<std::int64_t>("data"), (std::vector<std::int64_t>{0, 5, 3000000000, 1}));
    EXPECT_EQ(*old->values<std::int64_t>("opcode"), (std::vector<std::int64_t>{12, 64}));
    EXPECT_EQ(*old->strings("module"), side.names);
    ASSERT_TRUE(write_opcodes(side, folder / "b.npz", Release::k2025));
    const auto recent = formats::NpzReader::open(folder / "b.npz");
    EXPECT_EQ(*recent->values<double>("data"), test::flat(side));
    EXPECT_EQ(*recent->strings("names"), side.names);
    for (const char* file : {"a.npz", "b.npz"}) {
        const auto read = read_opcodes(folder / file);
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(read->names, side.names);
        EXPECT_EQ(read->feature_names, side.feature_names);
        EXPECT_EQ(test::flat(*read), test::flat(side));
    }
}

TEST(TraceParts, PlatformsComeBackInBothForms) {
    const test::TempFolder folder;
    const Side side = side_of({"jit.desk"}, {"uarch=x", "cpufreq"}, {-1, 0.25});
    for (const Release release : {Release::k2023, Release::k2025}) {
        ASSERT_TRUE(write_platforms(side, folder / "p.npz", release));
        const auto read = read_platforms(folder / "p.npz");
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(read->names, side.names);
        EXPECT_EQ(read->feature_names, side.feature_names);
        EXPECT_EQ(test::flat(*read), test::flat(side));
    }
    EXPECT_TRUE(formats::NpzReader::open(folder / "p.npz")->contains("labels"));
    ASSERT_TRUE(write_platforms(side, folder / "p.npz", Release::k2023));
    const auto wrong_side = read_opcodes(folder / "p.npz");
    EXPECT_TRUE(refuses(wrong_side, {"p.npz", "no features of modules"}));
    EXPECT_EQ(wrong_side.error().remedy(), Remedy::kMakeModuleFeatures);
}

TEST(TraceParts, RowsAreSelectedByName) {
    const Side table = side_of({"a", "b", "c"}, {"x"}, {1, 2, 3});
    const auto selected = select_rows({"c", "a"}, table, dataset::Axis::kModule, "t.npz");
    ASSERT_TRUE(selected);
    EXPECT_EQ(test::flat(*selected), (Doubles{3, 1}));
    EXPECT_TRUE(refuses(select_rows({"a", "d"}, table, dataset::Axis::kModule, "t.npz"), {"t.npz", "module 'd'"}));
}

TEST(DenseLayout, HoldsWhatItHolds) {
    const test::TempFolder folder;
    auto made = test::read_arrays({test::dense_arrays()});
    ASSERT_TRUE(made) << made.error().to_string();
    ASSERT_TRUE(write_dataset(*made, folder / "d.npz", Layout::kDense));
    const auto npz = formats::NpzReader::open(folder / "d.npz");
    EXPECT_EQ(*npz->values<double>("data"), (Doubles{10, 0, 30, 40, 50, 60}));
    EXPECT_EQ(*npz->values<std::int64_t>("module_data"), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(*npz->values<std::int64_t>("module_features"), (std::vector<std::int64_t>{12, 64}));
    EXPECT_EQ(npz->info("if_interferer")->shape, (std::vector<std::int64_t>{2, 2}));
    const auto read = test::read_files({folder / "d.npz"});
    ASSERT_TRUE(read);
    EXPECT_EQ(dataset_digest(*read), dataset_digest(*made));
    made->modules.features(0, 0) = -1;
    EXPECT_TRUE(refuses(write_dataset(*made, folder / "e.npz", Layout::kDense), {"e.npz", "'op12'", "'fft'", "index"}));
    EXPECT_FALSE(std::filesystem::exists(folder / "e.npz"));
}

TEST(DenseLayout, OfANewerVersionIsRefused) {
    const std::int64_t schema = 99;
    const auto arrays = test::with(test::dense_arrays(), "pitot_dataset_schema", test::i8({schema}));
    EXPECT_TRUE(refuses(test::read_arrays({arrays}), {"version 99", "newer Pitot"}));
}

}  // namespace
}  // namespace pitot::traces
