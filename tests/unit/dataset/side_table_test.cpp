// Tables of features in the forms that people have.
#include "dataset/side_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/npz.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

Result<SideTable> read_features(const std::string& text, Axis axis = Axis::kPlatform, const Side* known = nullptr) {
    return read_side_table({"t.csv", text}, axis, known);
}

TEST(SideTables, NamesDelimitersAndDecimals) {
    for (const char* text : {"name,ghz\np,2.4\nq,1\n", "Platform;GHz\np;2,4\nq;1\n", "ghz\tDevice\n2.4\tp\n1\tq\n",
                             "Kiste,ghz\np,2.4\nq,1\n", "\xEF\xBB\xBFNAME,ghz\r\np,2.4\r\nq,1\r\n"}) {
        const auto table = read_features(text);
        ASSERT_TRUE(table) << text << table.error().to_string();
        EXPECT_EQ(table->side.names, (Names{"p", "q"})) << text;
        EXPECT_EQ(flat(table->side), (Doubles{2.4, 1})) << text;
    }
    EXPECT_EQ(read_features("benchmark,op1\na,3\n", Axis::kModule)->side.names, (Names{"a"}));
    EXPECT_TRUE(refuses(read_features("1,2\n3,4\n"), {"t.csv", "no column holds the names", "'name'"}));
}

TEST(SideTables, TextBecomesCategories) {
    const auto table = read_features("name,cpu,ghz\np,i5,2\nq,A72,3\nr,i5,1\ns,,1\n");
    ASSERT_TRUE(table) << table.error().to_string();
    EXPECT_EQ(table->side.feature_names, (Names{"cpu=A72", "cpu=i5", "ghz"}));
    EXPECT_EQ(flat(table->side), (Doubles{0, 1, 2, 1, 0, 3, 0, 1, 1, 0, 0, 1}));
    ASSERT_EQ(table->notes.size(), 1U);
    EXPECT_NE(table->notes[0].find("'cpu' (2)"), std::string::npos);
    EXPECT_TRUE(refuses(read_features("name,x\np,1\nq,fast\nr,inf\n"),
                        {"2 cells", "line 3: column 'x' holds 'fast'", "line 4"}));
    // A text of its own in every row tells nothing of others.
    std::string serials = "name,serial\n";
    for (int i = 0; i < 12; ++i) {
        serials += "p" + std::to_string(i) + ",s" + std::to_string(i) + "\n";
    }
    EXPECT_TRUE(read_features(serials)->side.feature_names.empty());
    EXPECT_EQ(read_features("name,serial,ghz\np,x1,1\nq,x2,2\nr,x3,3\n")->side.feature_names, (Names{"ghz"}));
    EXPECT_EQ(read_features("name,jit\np,true\nq,TRUE\nr,False\n")->side.feature_names,
              (Names{"jit=false", "jit=true"}));
}

TEST(SideTables, TextThatAModelDoesNotKnowIsLeftOut) {
    const auto fitted = read_features("name,serial,ghz\np,x1,1\nq,x2,2\nr,x3,3\n");
    const auto table = read_features("name,serial,ghz\nnew,x9,4\n", Axis::kPlatform, &fitted->side);
    ASSERT_TRUE(table) << table.error().to_string();
    EXPECT_EQ(table->side.feature_names, (Names{"ghz"}));
    ASSERT_EQ(table->notes.size(), 1U);
    EXPECT_NE(table->notes[0].find("'serial'"), std::string::npos);
}

TEST(SideTables, HeadersAreNamedAsTheyStandThere) {
    // Platforms have no opcode counts.
    const auto table = read_features("Device,count(cores),log1p(x)\np,4,1\n");
    ASSERT_TRUE(table) << table.error().to_string();
    EXPECT_EQ(table->side.feature_names, (Names{"count(cores)", "log1p(x)"}));
    EXPECT_EQ(flat(table->side), (Doubles{4, 1}));
    EXPECT_TRUE(refuses(read_features("Device,ghz\np,1\np,2\n"), {"column 'Device'", "'p'"}));
}

TEST(SideTables, CategoriesOfAModel) {
    const auto fitted = read_features("name,cpu,ghz\np,i5,2\nq,A72,3\n");
    const Side& known = fitted->side;
    auto table = read_features("name,cpu,ghz\nr,i5,4\ns,M1,\n", Axis::kPlatform, &known);
    ASSERT_TRUE(table) << table.error().to_string();
    std::vector<std::string> notes;
    match_categories(known, table->side, notes);
    EXPECT_EQ(table->side.feature_names, (Names{"cpu=i5", "ghz", "cpu=A72"}));
    EXPECT_EQ(flat(table->side), (Doubles{1, 4, 0, 0, 2.5, 0}));  // a gap has the mean of the rows known
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("cpu=M1"), std::string::npos);
}

TEST(SideTables, FeaturesCodedOtherwiseAreNoCategories) {
    // As traces code them: 1, -1, and 0 where it is not known.
    const auto fitted = read_features("name,uarch=a72,uarch=zen\np,1,-1\nq,-1,1\n");
    const Side& known = fitted->side;
    std::vector<std::string> notes;
    for (const char* text : {"name,uarch=a72,uarch=m1\nr,-1,1\n", "name,uarch=a72,uarch=m1\nr,0,1\n"}) {
        auto table = read_features(text);
        match_categories(known, table->side, notes);
        EXPECT_EQ(table->side.feature_names, (Names{"uarch=a72", "uarch=m1"})) << text;
    }
    // Neither where all that the model knows are of one kind.
    const auto single = read_features("name,runtime=jit\np,1\n");
    auto table = read_features("name,runtime=jit,runtime=aot\nr,-1,1\n");
    match_categories(single->side, table->side, notes);
    EXPECT_EQ(table->side.feature_names, (Names{"runtime=jit", "runtime=aot"}));
    EXPECT_TRUE(notes.empty());
    // A platform that joined without features has the mean of the others.
    auto fitted_then_joined = read_features("name,cpu\np,i5\nq,A72\n");
    Side& joined = fitted_then_joined->side;
    joined.features(1, 0) = joined.features(1, 1) = 0.5;
    auto later = read_features("name,cpu\nr,M1\n");
    match_categories(joined, later->side, notes);
    EXPECT_EQ(later->side.feature_names, (Names{"cpu=A72", "cpu=i5"}));
    EXPECT_EQ(flat(later->side), (Doubles{0, 0}));
    EXPECT_EQ(notes.size(), 1U);
    notes.clear();
    // Of modules 1 is stored as ln 2.
    const auto modules = read_features("name,lang\na,c\nb,rust\n", Axis::kModule);
    auto more = read_features("name,lang\nd,go\n", Axis::kModule);
    match_categories(modules->side, more->side, notes);
    EXPECT_EQ(more->side.feature_names, (Names{"lang=c", "lang=rust"}));
    EXPECT_EQ(notes.size(), 1U);
}

TEST(SideTables, GapsHaveTheMean) {
    const auto table = read_features("name,ghz,kb,none\np,2,,\nq,NA,32,\nr,4,64,\n");
    ASSERT_TRUE(table) << table.error().to_string();
    EXPECT_EQ(table->side.feature_names, (Names{"ghz", "kb"}));
    EXPECT_EQ(flat(table->side), (Doubles{2, 48, 3, 32, 4, 64}));
    EXPECT_EQ(table->notes.size(), 3U);
    const auto counts = read_features("name,op1\na,0\nb,\nc,8\n", Axis::kModule);
    EXPECT_NEAR(flat(counts->side)[1], logged(8) / 2, 1e-15);  // on the scale that is stored
}

TEST(SideTables, CountsAndTheirLogarithms) {
    const Doubles wanted{logged(0), logged(12), logged(7), logged(123456)};
    const auto near = [&](const Result<SideTable>& table, double tolerance) {
        ASSERT_TRUE(table) << table.error().to_string();
        const Doubles got = flat(table->side);
        ASSERT_EQ(got.size(), wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            EXPECT_NEAR(got[i], wanted[i], tolerance);
        }
    };
    near(read_features("name,op1,op2\na,0,12\nb,7,123456\n", Axis::kModule), 0);
    near(read_features("name,op1,op2\na,0.0,2.5649493574615367\nb,2.0794415416798357,11.723648196284437\n",
                       Axis::kModule),
         1e-9);
    near(read_features("name,op1,op2\na,0,2.565\nb,2.079,11.72\n", Axis::kModule), 0.01);  // few digits
    near(read_features("name,log1p(op1),ln(1+op2)\na,0,2.5649493574615367\nb,2.0794415416798357,11.723648196284437\n",
                       Axis::kModule),
         1e-9);
    EXPECT_EQ(read_features("name,log1p(op1)\na,2\n", Axis::kModule)->side.feature_names, (Names{"op1"}));
    EXPECT_EQ(flat(read_features("name,log1p(op1)\na,2\n", Axis::kModule)->side), (Doubles{2}));
    EXPECT_EQ(flat(read_features("name,count(op1)\na,2.5\n", Axis::kModule)->side), (Doubles{logged(2.5)}));
    EXPECT_EQ(flat(read_features("name,op1\na,2.5\nb,1000.5\n", Axis::kModule)->side),
              (Doubles{logged(2.5), logged(1000.5)}));
    EXPECT_TRUE(refuses(read_features("name,op1\na,2.5\n", Axis::kModule), {"2.5", "not clear", "'count(NAME)'"}));
    EXPECT_TRUE(refuses(
        read_features("name,op1,op2\na,0.6931471805599453,1000\nb,1.0986122886681098,5\nc,1.791759469228055,7\n",
                      Axis::kModule),
        {"logarithms", "'op2'", "1000"}));
    EXPECT_TRUE(refuses(read_features("name,log1p(op1)\na,50\n", Axis::kModule), {"50", "no count"}));
    EXPECT_TRUE(refuses(read_features("name,op1\na,-1\n", Axis::kModule), {"-1", "negative"}));
}

TEST(SideTables, TruthValuesOfOlderModels) {
    auto read = read_features("name,jit\np,yes\nq,no\n");
    Side& older = read->side;
    older.feature_names = {"jit=False", "jit=True"};
    auto table = read_features("name,jit\nr,True\n");
    std::vector<std::string> notes;
    match_categories(older, table->side, notes);
    EXPECT_EQ(table->side.feature_names, (Names{"jit=True", "jit=False"}));
    EXPECT_EQ(flat(table->side), (Doubles{1, 0}));
    EXPECT_TRUE(notes.empty());
}

// Archives as `pitot opcodes` and `pitot platforms` write them.
class SideArchives : public ::testing::Test {
protected:
    // With `names` and `features`, and as many numbers as both need.
    void write(const std::string& names, const std::string& features, const Doubles& data) const {
        formats::NpzWriter npz;
        const Names rows{"fft", "sort"};
        const std::vector<std::int64_t> shape{2, 2};
        npz.add("data", std::span<const double>(data), std::span<const std::int64_t>(shape));
        npz.add_strings(names, rows);
        npz.add_strings(features, Names{"x0C", "op64"});
        ASSERT_TRUE(npz.write(file_));
    }

    TempFolder folder_;
    std::filesystem::path file_ = folder_ / "side.npz";
};

TEST_F(SideArchives, AreReadAsTablesAre) {
    const auto table = read_features("name,x0C,op64\nfft,0,7\nsort,100,2\n", Axis::kModule);
    write("module", "opcode", {0, 7, 100, 2});
    const auto counts = read_side_table({file_, std::nullopt}, Axis::kModule);
    ASSERT_TRUE(counts) << counts.error().to_string();
    EXPECT_EQ(counts->side.names, (Names{"fft", "sort"}));
    EXPECT_EQ(flat(counts->side), flat(table->side));
    write("names", "labels", flat(table->side));
    const auto logarithms = read_side_table({file_, std::nullopt}, Axis::kModule);
    ASSERT_TRUE(logarithms) << logarithms.error().to_string();
    EXPECT_EQ(logarithms->side.feature_names, (Names{"x0C", "op64"}));
    EXPECT_EQ(flat(logarithms->side), flat(table->side));
    write("platform", "feature", {1, 2, 3, 4});
    EXPECT_EQ(flat(read_side_table({file_, std::nullopt}, Axis::kPlatform)->side), (Doubles{1, 2, 3, 4}));
}

TEST_F(SideArchives, AreOfTheSideAskedForAndNoDatasets) {
    write("module", "opcode", {0, 7, 100, 2});
    EXPECT_TRUE(refuses(read_side_table({file_, std::nullopt}, Axis::kPlatform), {"no features of platforms"}));
    write("module", "platform", {0, 7, 100, 2});
    EXPECT_TRUE(
        refuses(read_side_table({file_, std::nullopt}, Axis::kModule), {"is a dataset, not features of modules"}));
}

}  // namespace
}  // namespace pitot::dataset
