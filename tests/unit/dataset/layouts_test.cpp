// Both npz layouts: what is read of them, and what is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_small_dataset(const Dataset& dataset) {
    EXPECT_EQ(dataset.platforms.names, (Names{"jit.desk", "aot.desk"}));
    EXPECT_EQ(dataset.modules.names, (Names{"fft", "sort", "hash"}));
    EXPECT_EQ(dataset.platforms.feature_names, (Names{"clock", "feature1"}));
    EXPECT_EQ(flat(dataset.platforms), (Doubles{1, -1, 2, -2}));
    EXPECT_EQ(dataset.modules.feature_names, (Names{"op12", "op64"}));
    EXPECT_EQ(flat(dataset.modules), (Doubles{0, logged(1), logged(2), logged(3), logged(4), logged(5)}));
    EXPECT_EQ(test::values(dataset.pool(kAlone).platform), (Indices{0, 0, 1, 1, 1}));
    EXPECT_EQ(test::values(dataset.pool(kAlone).module), (Indices{0, 2, 0, 1, 2}));
    EXPECT_EQ(test::values(dataset.pool(kAlone).runtime_us), (Doubles{10, 30, 40, 50, 60}));
    EXPECT_EQ(dataset.pool(kAlone).width, 0);
    EXPECT_TRUE(dataset.pool(kAlone).co_runner.empty());
    EXPECT_EQ(test::values(dataset.pool(kAlone + 1).platform), (Indices{0, 1}));
    EXPECT_EQ(test::values(dataset.pool(kAlone + 1).module), (Indices{0, 2}));
    EXPECT_EQ(dataset.pool(kAlone + 1).width, 2);
    EXPECT_EQ(test::values(dataset.pool(kAlone + 1).co_runner), (Indices{1, -1, 2, 0}));
    EXPECT_EQ(test::values(dataset.pool(kAlone + 1).runtime_us), (Doubles{15, 90}));
    EXPECT_EQ(dataset.dropped_rows, 0);
}

TEST(DenseLayout, IsReadRowByRowWithoutItsZeros) {
    const auto dataset = read_arrays({dense_arrays()});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    expect_small_dataset(*dataset);
    EXPECT_EQ(dataset->sources, (Names{"a.npz"}));
    ASSERT_EQ(dataset->problems.size(), 1U);
    EXPECT_NE(dataset->problems[0].find("1 of the 2 columns"), std::string::npos);
    EXPECT_NE(dataset->problems[0].find("feature1"), std::string::npos);
}

TEST(IndexLayout, GivesTheSameDataset) {
    const auto dataset = read_arrays({index_arrays(), together_arrays()});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    expect_small_dataset(*dataset);
    EXPECT_EQ(dataset->sources, (Names{"a.npz", "b.npz"}));
    EXPECT_TRUE(dataset->problems.empty());
    EXPECT_EQ(dataset_digest(*dataset), dataset_digest(*read_arrays({dense_arrays()})));
    // the file without names may as well come first
    const auto other_order = read_arrays({together_arrays(), index_arrays()});
    ASSERT_TRUE(other_order) << other_order.error().to_string();
    expect_small_dataset(*other_order);
}

TEST(DenseLayout, AnyDtypeOrderAndShapeThatMeansTheSame) {
    auto arrays = dense_arrays();
    arrays = with(arrays, "data", npy(">f4", "(2, 3)", packed<float>({10, 40, 0, 50, 30, 60}, true), true));
    arrays = with(arrays, "module_features", npy("<i2", "(1, 2)", packed<std::int16_t>({12, 64})));
    arrays = with(arrays, "module_data", npy("<f8", "(3, 2)", packed<double>({0, 2, 4, 1, 3, 5}), true));
    arrays = with(arrays, "if_platform", npy("|i1", "(2,)", packed<std::int8_t>({0, 1})));
    arrays = with(arrays, "if_interferer", npy("<i2", "(2, 2)", packed<std::int16_t>({1, 2, -1, 0}), true));
    arrays = with(arrays, "platform", npy("|S8", "(2,)", "jit.deskaot.desk"));
    const auto dataset = read_arrays({arrays});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    expect_small_dataset(*dataset);
}

TEST(DenseLayout, OneCoRunnerMayBeAColumnOfItsOwn) {
    const auto dataset = read_arrays({with(dense_arrays(), "if_interferer", i8({2, -1}))});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->pool(kAlone + 1).width, 1);
    EXPECT_EQ(test::values(dataset->pool(kAlone + 1).co_runner), (Indices{2, -1}))
        << "a row that names no co-runner stays with the others";
}

TEST(DenseLayout, SideInformationMayBeAbsent) {
    auto arrays = dense_arrays();
    for (const char* name : {"platform_data", "platform_features", "module_data", "module_features"}) {
        arrays = with(arrays, name, "");
    }
    const auto dataset = read_arrays({arrays});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_TRUE(dataset->platforms.feature_names.empty());
    EXPECT_EQ(dataset->modules.features.rows(), 3);
    EXPECT_EQ(dataset->modules.features.cols(), 0);
}

TEST(DenseLayout, FeatureNamesMayBeAbsentOrText) {
    auto arrays = with(dense_arrays(), "platform_features", "");
    arrays = with(arrays, "module_features", text({U"loads", U"stores"}));
    const auto dataset = read_arrays({arrays});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.feature_names, (Names{"feature0", "feature1"}));
    EXPECT_EQ(dataset->modules.feature_names, (Names{"loads", "stores"}));
}

struct Wrong {
    const char* array;
    std::string bytes;  // empty: the array is missing
    std::vector<std::string> words;
};

void expect_refusals(const Arrays& good, const std::vector<Wrong>& cases, const Arrays& before = {}) {
    for (const Wrong& wrong : cases) {
        const Arrays arrays = with(good, wrong.array, wrong.bytes);
        const auto result = before.empty() ? read_arrays({arrays}) : read_arrays({before, arrays});
        ASSERT_FALSE(result) << wrong.array << " " << wrong.words.front();
        EXPECT_EQ(result.error().code(), ErrorCode::kInput);
        const std::string message = result.error().to_string();
        EXPECT_NE(message.find(before.empty() ? "a.npz" : "b.npz"), std::string::npos) << message;
        for (const std::string& word : wrong.words) {
            EXPECT_NE(message.find(word), std::string::npos) << "'" << word << "' is not in: " << message;
        }
    }
}

TEST(DenseLayout, RefusesWhatIsMissingOrMisshaped) {
    expect_refusals(
        dense_arrays(),
        {{"data", "", {"'data'", "missing"}},
         {"platform", "", {"'platform'", "missing"}},
         {"module", "", {"'module'", "missing"}},
         {"data", f8({1, 2, 3, 4, 5, 6}, 2), {"'data'", "(3, 2)", "(2, 3)", "correct"}},
         {"data", f8({1, 2, 3, 4, 5, 6}), {"'data'", "(6,)", "(2, 3)"}},
         {"data", npy("|O", "(2, 3)", "N."), {"'data'", "Python objects"}},
         {"platform", text({}), {"'platform'", "empty"}},
         {"module", f8({1, 2, 3}), {"'module'", "text"}},
         {"module", text({U"fft", U"sort", U"fft"}), {"'module'", "0 and 2", "'fft'", "rename"}},
         {"module", text({U"fft", U"", U"hash"}), {"'module'", "name 1", "empty"}},
         {"module", text({U"fft", U"so\nrt", U"hash"}), {"'module'", "name 1", "control"}},
         {"platform_data", f8({1, 2, 3}, 1), {"'platform_data'", "(3, 1)", "(2, n)"}},
         {"platform_data", f8({1, 2}), {"'platform_data'", "(2,)", "(2, n)"}},
         {"platform_features", text({U"a", U"b", U"c"}), {"'platform_features'", "3 features", "2 columns"}},
         {"platform_features", text({U"a", U"a"}), {"'platform_features'", "'a'"}},
         {"module_features", i8({1, 2, 3}), {"'module_features'", "3 features"}},
         {"module_features", f8({1.5, 2}), {"'module_features'", "whole number"}},
         {"module_features", i8({1, 2, 3, 4}, 2), {"'module_features'", "(2, 2)", "(1, n)"}}});
}

TEST(DenseLayout, RefusesFeaturesThatAreNoNumbers) {
    expect_refusals(
        dense_arrays(),
        {{"platform_data",
          f8({1, -1, kNaN, -2}, 2),
          {"'platform_data'", "row 1", "'aot.desk'", "'clock'", "nan", "finite"}},
         {"platform_data", f8({1, kInfinity, 1, -2}, 2), {"'platform_data'", "row 0", "'feature1'", "inf"}},
         {"module_data", i8({0, 1, 2, -3, 4, 5}, 2), {"'module_data'", "row 1", "'sort'", "'op64'", "negative"}}});
}

TEST(DenseLayout, RefusesRuntimesThatAreNone) {
    const auto with_cell = [](double runtime) { return f8({10, 0, 30, 40, runtime, 60}, 3); };
    expect_refusals(dense_arrays(),
                    {{"data",
                      with_cell(kNaN),
                      {"'data'", "row 1", "'aot.desk'", "column 1", "'sort'", "NaN", "leave such rows out"}},
                     {"data", with_cell(kInfinity), {"'data'", "infinite"}},
                     {"data", with_cell(-1), {"'data'", "negative", "0 means not measured"}},
                     {"if_data", f8({15, kNaN}), {"'if_data'", "row 1", "NaN", "leave such rows out"}},
                     {"if_data", f8({0, 90}), {"'if_data'", "row 0", "is 0"}},
                     {"data", f8({0, 0, 0, 0, 0, kNaN}, 3), {"'data'"}}});
    auto nothing = with(dense_arrays(), "data", f8({0, 0, 0, 0, 0, 0}, 3));
    for (const char* name : {"if_data", "if_platform", "if_module", "if_interferer"}) {
        nothing = with(nothing, name, "");
    }
    EXPECT_TRUE(refuses(read_arrays({nothing}), {"a.npz", "no observations"}));
}

TEST(DenseLayout, RefusesCoRunnersThatDoNotFit) {
    expect_refusals(dense_arrays(),
                    {{"if_platform", "", {"'if_platform'", "missing"}},
                     {"if_module", "", {"'if_module'", "missing"}},
                     {"if_interferer", "", {"'if_interferer'", "missing"}},
                     {"if_data", "", {"'if_data'", "missing"}},
                     {"if_platform", i8({0}), {"'if_platform'", "(1,)", "(2,)"}},
                     {"if_interferer", i8({1, 2, 3}, 1), {"'if_interferer'", "(3, 1)"}},
                     {"if_interferer", npy("<i8", "(2, 0)", ""), {"'if_interferer'", "0 columns"}},
                     {"if_platform", i8({0, 2}), {"'if_platform'", "row 1", "2 is out of range", "0 to 1"}},
                     {"if_platform", i8({-1, 0}), {"'if_platform'", "row 0", "-1"}},
                     {"if_module", i8({0, 3}), {"'if_module'", "row 1", "3 is out of range", "0 to 2"}},
                     {"if_module", i8({0, 1LL << 40}), {"'if_module'", "element 1"}},
                     {"if_interferer", i8({1, -1, 3, 0}, 2), {"'if_interferer'", "row 1", "3", "-1 to 2"}},
                     {"if_interferer", i8({-2, -1, 2, 0}, 2), {"'if_interferer'", "row 0", "-2"}}});
}

TEST(IndexLayout, RefusesWhatIsMissingMisshapedOrOutOfRange) {
    expect_refusals(index_arrays(),
                    {{"t", "", {"'t'", "missing"}},
                     {"i_platform", "", {"'i_platform'", "missing"}},
                     {"i_workload", "", {"'i_workload'", "missing"}},
                     {"n_platform", "", {"'n_platform'", "'d_platform'"}},
                     {"t", f8({1, 2, 3, 4}), {"'i_platform'", "(5,)", "(4,)"}},
                     {"t", f8({1, 2, 3, 4, 5}, 1), {"'t'", "(5, 1)", "(n,)"}},
                     {"t", f8({1, 2, 0, 4, 5}), {"'t'", "row 2", "is 0", "leave such rows out"}},
                     {"t", f8({1, 2, 3, 4, -5}), {"'t'", "row 4", "negative"}},
                     {"t", f8({kNaN, 2, 3, 4, 5}), {"'t'", "row 0", "NaN"}},
                     {"t", f8({1, kInfinity, 3, 4, 5}), {"'t'", "row 1", "infinite"}},
                     {"i_platform", i8({0, 0, 1, 1, 2}), {"'i_platform'", "row 4", "0 to 1"}},
                     {"i_workload", i8({0, 0, -1, 1, 2}), {"'i_workload'", "row 2", "-1"}},
                     {"n_workload", text({U"a", U"b", U"b"}), {"'n_workload'", "1 and 2", "'b'"}},
                     {"d_workload", f8({1, 2}, 1), {"'d_workload'", "(2, 1)", "(3, n)"}},
                     {"d_workload", f8({1, 2, 3, 4, kNaN, 6}, 2), {"'d_workload'", "row 2", "'op12'", "nan"}},
                     {"d_workload", f8({1, 2, 3}, 1), {"'f_workload'", "2 features", "1 columns"}},
                     {"pitot_dataset_schema", i8({2}), {"version 2", "newer"}}});
    expect_refusals(together_arrays(),
                    {{"i_interference1", i8({-1}), {"'i_interference1'", "(1,)", "(2,)"}},
                     {"i_interference1", i8({-1, 3}), {"'i_interference1'", "row 1", "3"}},
                     {"i_interference0", i8({-2, 1}), {"'i_interference0'", "row 0", "-2"}},
                     {"i_objective", i8({0, 2}), {"'i_objective'", "row 1"}},
                     {"i_objective", i8({0, 1}), {"'i_interference0'", "row 0", "'i_objective'"}}},
                    index_arrays());
}

TEST(IndexLayout, AFileWithoutNamesNeedsOneWithNames) {
    EXPECT_TRUE(refuses(read_arrays({together_arrays()}), {"a.npz", "no names", "'n_platform'", "give the file"}));
}

TEST(IndexLayout, UnknownArraysAreNoted) {
    const auto dataset = read_arrays({with(index_arrays(), "i_interference7", i8({1}))});
    ASSERT_TRUE(dataset);
    ASSERT_EQ(dataset->problems.size(), 1U);
    EXPECT_NE(dataset->problems[0].find("'i_interference7'"), std::string::npos);
}

TEST(IndexLayout, RepeatedObservationsAreKept) {
    auto arrays = with(index_arrays(), "i_platform", i8({0, 0, 0, 0, 1}));
    arrays = with(arrays, "i_workload", i8({1, 1, 1, 0, 0}));
    const auto dataset = read_arrays({arrays});
    ASSERT_TRUE(dataset);
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{10, 30, 40, 50, 60}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).module), (Indices{1, 1, 1, 0, 0}));
}

TEST(Layouts, AnythingElseIsRefused) {
    EXPECT_TRUE(refuses(read_arrays({{{"weights", f8({1})}}}), {"a.npz", "no dataset", "'weights'", "'data'", "'t'"}));
    EXPECT_TRUE(refuses(read_arrays({{{"pitot_model_schema", i8({1})}}}), {"a.npz", "model", "measured runtimes"}));
}

TEST(SkipInvalid, DropsRowsAndCountsThem) {
    auto dense = with(dense_arrays(), "data", f8({10, kNaN, -3, 40, 50, kInfinity}, 3));
    dense = with(dense, "if_interferer", i8({1, 7, 2, 0}, 2));
    const auto dataset = read_arrays({dense}, {true, {}, {}});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->dropped_rows, 4);
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{10, 40, 50}));
    EXPECT_EQ(test::values(dataset->pool(kAlone + 1).runtime_us), (Doubles{90}));
    EXPECT_EQ(test::values(dataset->pool(kAlone + 1).co_runner), (Indices{2, 0}));
    ASSERT_EQ(dataset->problems.size(), 2U);
    EXPECT_NE(dataset->problems[1].find("4 rows were left out"), std::string::npos) << dataset->problems[1];
    EXPECT_NE(dataset->problems[1].find("NaN"), std::string::npos) << dataset->problems[1];

    const auto index = read_arrays({with(index_arrays(), "t", f8({0, -1, kNaN, 5, 6}))}, {true, {}, {}});
    ASSERT_TRUE(index);
    EXPECT_EQ(index->dropped_rows, 3);
    EXPECT_EQ(test::values(index->pool(kAlone).runtime_us), (Doubles{5, 6}));
}

TEST(SkipInvalid, DropsRowsOnly) {
    EXPECT_FALSE(read_arrays({with(dense_arrays(), "platform_data", f8({1, -1, kNaN, -2}, 2))}, {true, {}, {}}));
    EXPECT_FALSE(read_arrays({with(dense_arrays(), "module", text({U"a", U"a", U"b"}))}, {true, {}, {}}));
    EXPECT_TRUE(refuses(read_arrays({with(index_arrays(), "t", f8({0, 0, 0, 0, 0}))}, {true, {}, {}}),
                        {"no observations", "5 rows were dropped"}));
}

// As NumPy takes them: a member that was added later counts.
TEST(Archives, TheLastOfTwoMembersOfOneNameCounts) {
    Arrays arrays = index_arrays();
    arrays.emplace_back("t", f8({20, 60, 80, 100, 120}));
    const auto dataset = read_arrays({arrays});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{20, 60, 80, 100, 120}));
}

TEST(Archives, BothLayoutsAreRefused) {
    Arrays arrays = index_arrays();
    for (auto& array : dense_arrays()) {
        arrays.push_back(std::move(array));
    }
    EXPECT_TRUE(refuses(read_arrays({arrays}), {"a.npz", "both layouts", "'t'", "'data'"}));
}

}  // namespace
}  // namespace pitot::dataset
