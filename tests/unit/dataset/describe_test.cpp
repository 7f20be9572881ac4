#include "dataset/describe.hpp"

#include <gtest/gtest.h>

#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

TEST(Describe, CountsAndRanges) {
    const auto dataset =
        read_texts({"platform,module,runtime_us,with1,with2\n"
                    "p,a,1,,\np,a,3,,\np,b,10,,\nq,a,5,,\n"
                    "p,a,4,b,c\np,a,6,c,b\np,a,6,c,\nq,b,7,a,-\nr,c,8,-,-\n"});
    ASSERT_TRUE(dataset);
    const DatasetDescription description = describe(*dataset);
    EXPECT_EQ(description.sources, (Names{"a.csv"}));
    EXPECT_EQ(description.digest, dataset_digest(*dataset));
    EXPECT_EQ(description.platforms.count, 3);
    EXPECT_EQ(description.modules.count, 3);
    EXPECT_EQ(description.alone.rows, 4);
    EXPECT_EQ(description.alone.cells, 3);
    EXPECT_DOUBLE_EQ(description.alone.density, 3.0 / 9.0);
    EXPECT_EQ(description.alone.repeated_cells, 1);
    EXPECT_EQ(description.alone.runtime->min.value, 1);
    EXPECT_EQ(description.alone.runtime->median.value, 4);
    EXPECT_EQ(description.alone.runtime->max.value, 10);
    EXPECT_EQ(description.together.rows, 5);
    EXPECT_EQ(description.together.width, 2);
    EXPECT_EQ(description.together.rows_by_co_runners, (std::vector<std::int64_t>{1, 2, 2}));
    EXPECT_EQ(description.together.repeated_rows, 1) << "b and c are the same co-runners as c and b";
    EXPECT_EQ(description.together.runtime->median.value, 6);
    // (p, a) alone takes 2 on average; (q, b) and (r, c) were never measured alone
    EXPECT_EQ(description.together.slowdown_rows, 3);
    EXPECT_DOUBLE_EQ(description.together.slowdown->min, 2);
    EXPECT_DOUBLE_EQ(description.together.slowdown->median, 3);
    EXPECT_DOUBLE_EQ(description.together.slowdown->max, 3);
}

TEST(Describe, RowsWithoutObservations) {
    auto arrays = with(index_arrays(), "i_platform", i8({0, 0, 0, 0, 0}));
    arrays = with(arrays, "i_workload", i8({0, 1, 1, 0, 0}));
    const auto alone = describe(*read_arrays({arrays}));
    EXPECT_EQ(alone.platforms.unobserved, (Names{"aot.desk"}));
    EXPECT_EQ(alone.modules.unobserved, (Names{"hash"}));
    EXPECT_EQ(alone.platforms.feature_names, (Names{"clock", "feature1"}));
    EXPECT_EQ(alone.together.rows, 0);
    EXPECT_FALSE(alone.together.runtime);
    EXPECT_FALSE(alone.together.slowdown);
    EXPECT_TRUE(alone.together.rows_by_co_runners.empty());
    const auto both = describe(*read_arrays({arrays, together_arrays()}));
    EXPECT_TRUE(both.platforms.unobserved.empty());
    EXPECT_TRUE(both.modules.unobserved.empty());
}

TEST(Describe, NothingAlone) {
    auto arrays = together_arrays();
    for (const char* name : {"n_platform", "n_workload"}) {
        for (const auto& array : index_arrays()) {
            if (array.first == name) {
                arrays.push_back(array);
            }
        }
    }
    const auto description = describe(*read_arrays({arrays}));
    EXPECT_EQ(description.alone.rows, 0);
    EXPECT_EQ(description.alone.density, 0);
    EXPECT_FALSE(description.alone.runtime);
    EXPECT_EQ(description.together.rows, 2);
    EXPECT_FALSE(description.together.slowdown);
}

TEST(Describe, PointsOutWhatIsOverAtOnce) {
    const auto remark = [](const std::string& rows) {
        return empty_runs_remark(read_texts({"platform,module,runtime_us\n" + rows}).value());
    };
    EXPECT_EQ(remark("p,a,120\np,b,200\np,c,2\n"), "");
    EXPECT_EQ(remark("p,a,0.12\np,b,0.2\np,c,0.02\n"), "");  // all are short
    EXPECT_TRUE(remark("p,a,120\np,b,200\nq,b,0.1\n").starts_with("1 runtime is under a microsecond"));
    const std::string two = remark("p,a,120\nq,b,0.1\np,b,200\np,c,0.2\np,d,150\n");
    EXPECT_NE(two.find("2 runtimes are"), std::string::npos) << two;
    EXPECT_NE(two.find("'b' on 'q'"), std::string::npos) << two;
}

}  // namespace
}  // namespace pitot::dataset
