// Several files become one dataset.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

// aot.desk (known, the same features) and aot.phone (new); its modules are fft and a new one; columns in another order.
Arrays other_file() {
    return {{"t", f8({7, 8, 9})},
            {"i_platform", i8({0, 1, 1})},
            {"i_workload", i8({1, 0, 1})},
            {"n_platform", text({U"aot.phone", U"aot.desk"})},
            {"n_workload", text({U"blur", U"fft"})},
            {"f_platform", text({U"feature1", U"clock"})},
            {"d_platform", f8({-7, 7, -2, 2}, 2)},
            {"f_workload", text({U"op12", U"op64"})},
            {"d_workload", f8({5, 6, 0, logged(1)}, 2)}};
}

TEST(Join, FilesWithNamesAreJoinedByName) {
    const auto dataset = read_arrays({index_arrays(), other_file()});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"jit.desk", "aot.desk", "aot.phone"}));
    EXPECT_EQ(flat(dataset->platforms), (Doubles{1, -1, 2, -2, 7, -7}));
    EXPECT_EQ(dataset->modules.names, (Names{"fft", "sort", "hash", "blur"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).platform), (Indices{0, 0, 1, 1, 1, 2, 1, 1}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).module), (Indices{0, 2, 0, 1, 2, 0, 3, 0}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{10, 30, 40, 50, 60, 7, 8, 9}));
}

TEST(Join, AFileWithoutNamesCountsAsTheFirstWithNames) {
    EXPECT_TRUE(refuses(read_arrays({other_file(), index_arrays(), together_arrays()}),
                        {"c.npz", "'i_workload'", "row 1", "0 to 1"}))
        << "a third module, but the first file has two";
    auto fits = with(with(together_arrays(), "i_workload", i8({0, 1})), "i_interference0", i8({1, 1}));
    const auto joined = read_arrays({other_file(), index_arrays(), with(fits, "i_interference1", i8({-1, 0}))});
    ASSERT_TRUE(joined) << joined.error().to_string();
    EXPECT_EQ(joined->modules.names, (Names{"blur", "fft", "sort", "hash"}));
    EXPECT_EQ(test::values(joined->pool(kAlone + 1).module), (Indices{0, 1}));
    EXPECT_EQ(test::values(joined->pool(kAlone + 1).co_runner), (Indices{1, -1, 1, 0}));
}

TEST(Join, RowsOfDifferentWidthsGetTheGreatest) {
    auto one = with(together_arrays(), "i_interference1", "");
    const auto dataset = read_arrays({index_arrays(), one, together_arrays(), one});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->pool(kAlone + 1).width, 2);
    EXPECT_EQ(test::values(dataset->pool(kAlone + 1).co_runner), (Indices{1, -1, 2, -1, 1, -1, 2, 0, 1, -1, 2, -1}));
}

TEST(Join, FeaturesThatContradictEachOtherAreRefused) {
    EXPECT_TRUE(refuses(read_arrays({index_arrays(), with(other_file(), "d_platform", f8({-7, 7, -2, 3}, 2))}),
                        {"b.npz", "'clock'", "'aot.desk'", "is 3", "has 2", "table"}));
    EXPECT_TRUE(refuses(read_arrays({index_arrays(), with(other_file(), "f_platform", text({U"cache", U"clock"}))}),
                        {"b.npz", "'feature1'", "table"}));
    auto wider = with(other_file(), "f_platform", text({U"feature1", U"clock", U"cache"}));
    EXPECT_TRUE(refuses(read_arrays({index_arrays(), with(wider, "d_platform", f8({1, 2, 3, 4, 5, 6}, 3))}),
                        {"b.npz", "3 features", "have 2"}));
    // the precision of a single float is no contradiction
    EXPECT_TRUE(read_arrays({index_arrays(), with(other_file(), "d_platform", f8({-7, 7, -2, 2.0000001}, 2))}));
}

TEST(Join, NamesWithoutFeaturesNeedThem) {
    auto bare = with(with(other_file(), "d_platform", ""), "f_platform", "");
    EXPECT_TRUE(refuses(read_arrays({index_arrays(), bare}), {"'aot.phone'", "no features", "table"}));
    EXPECT_TRUE(refuses(read_arrays({bare, index_arrays()}), {"'aot.phone'", "no features"}));
    bare = with(bare, "n_platform", text({U"jit.desk", U"aot.desk"}));
    const auto dataset = read_arrays({bare, index_arrays()});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(flat(dataset->platforms), (Doubles{1, -1, 2, -2})) << "a later file may bring the features";
}

TEST(Join, RowsThatComeTwiceAreKeptAndNoted) {
    const auto dataset = read_arrays({dense_arrays(), dense_arrays()});
    ASSERT_TRUE(dataset);
    EXPECT_EQ(dataset->pool(kAlone).size(), 10);
    EXPECT_NE(dataset->problems.back().find("b.npz: 5 observations repeat"), std::string::npos);
    EXPECT_TRUE(read_arrays({index_arrays(), other_file()})->problems.empty());
}

class FeatureTables : public testing::Test {
protected:
    [[nodiscard]] Result<Dataset> read(const std::string& platforms, const std::string& modules) const {
        ReadOptions options;
        if (!platforms.empty()) {
            options.platform_features = folder_.put("p.csv", platforms);
        }
        if (!modules.empty()) {
            options.module_features = folder_.put("m.csv", modules);
        }
        return read_arrays({index_arrays()}, options);
    }
    TempFolder folder_;
};

TEST_F(FeatureTables, TakeThePlaceOfThoseOfTheFiles) {
    const auto dataset =
        read("name,ghz\naot.desk,4\njit.desk,3.5\n", "name,op1,op2\nhash,1,2\nnew,3,4\nfft,5,6\nsort,0,1e3\n");
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"jit.desk", "aot.desk"}));
    EXPECT_EQ(dataset->platforms.feature_names, (Names{"ghz"}));
    EXPECT_EQ(flat(dataset->platforms), (Doubles{3.5, 4}));
    EXPECT_EQ(dataset->modules.names, (Names{"fft", "sort", "hash", "new"}))
        << "rows nothing was measured of join behind";
    EXPECT_EQ(flat(dataset->modules),
              (Doubles{logged(5), logged(6), 0, logged(1000), logged(1), logged(2), logged(3), logged(4)}));
    ASSERT_EQ(dataset->sources.size(), 3U);
}

TEST_F(FeatureTables, AreRefusedWhereTheyAreWrong) {
    EXPECT_TRUE(refuses(read("name,ghz\naot.desk,4\n", ""), {"p.csv", "'jit.desk'", "no row", "add it"}));
    EXPECT_TRUE(refuses(read("name,ghz\n", ""), {"p.csv", "empty"}));
    EXPECT_TRUE(refuses(read(" \n\n", ""), {"p.csv"}));
    EXPECT_TRUE(refuses(read("ghz,mhz\n4,5\n", ""), {"p.csv", "line 1", "'ghz'", "'name'"}));
    EXPECT_TRUE(refuses(read("name,ghz,ghz\na,4,5\n", ""), {"p.csv", "header", "'ghz'"}));
    EXPECT_TRUE(refuses(read("name,ghz\njit.desk,4,5\n", ""), {"p.csv", "line 2", "3 fields", "2"}));
    EXPECT_TRUE(refuses(read("name,ghz\njit.desk\n", ""), {"p.csv", "line 2", "1 field where"}));
    EXPECT_TRUE(
        refuses(read("name,ghz\njit.desk,fast\naot.desk,3\n", ""), {"p.csv", "line 2", "'ghz'", "'fast'", "finite"}));
    EXPECT_TRUE(refuses(read("name,ghz\njit.desk,inf\n", ""), {"p.csv", "line 2", "'inf'"}));
    EXPECT_TRUE(refuses(read("name,ghz\njit.desk,1e999\n", ""), {"p.csv", "line 2", "finite"}));
    EXPECT_TRUE(refuses(read("name,ghz\na,1\nb,2\na,3\n", ""), {"p.csv", "'name'", "0 and 2", "'a'"}));
    EXPECT_TRUE(refuses(read("name,ghz\n,1\n", ""), {"p.csv", "name 0", "empty"}));
    EXPECT_TRUE(refuses(read("", "name,op1\nfft,-1\n"), {"m.csv", "line 2", "'op1'", "negative"}));
    EXPECT_TRUE(fails_with(read_arrays({index_arrays()}, {false, folder_ / "none.csv", {}}), ErrorCode::kEnvironment,
                           {"none.csv", "check the path"}));
}

TEST_F(FeatureTables, SettleWhatFilesContradictEachOtherIn) {
    ReadOptions options;
    options.platform_features = folder_.put("p.csv", "name,ghz\naot.desk,4\njit.desk,3.5\naot.phone,2\n");
    const auto dataset =
        read_arrays({index_arrays(), with(other_file(), "d_platform", f8({-7, 7, -2, 3}, 2))}, options);
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(flat(dataset->platforms), (Doubles{3.5, 4, 2}));
}

}  // namespace
}  // namespace pitot::dataset
