#include "formats/csv.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

using Record = std::pair<std::int64_t, std::vector<std::string>>;  // line, fields

Result<std::vector<Record>> records_of(const formats::CsvInput& input) {
    std::vector<Record> records;
    auto read = formats::read_csv(input, [&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
        records.emplace_back(line, std::vector<std::string>(fields.begin(), fields.end()));
        return {};
    });
    return read ? Result<std::vector<Record>>(std::move(records)) : Failure(read.error());
}
Result<std::vector<Record>> records_of(const std::string& text) { return records_of(formats::CsvInput{"a.csv", text}); }

TEST(Csv, RecordsAndTheirLines) {
    const std::string text =
        "\xEF\xBB\xBF"
        "a,b\r\n\r\n 1 ,\"x, \"\"y\"\"\nz\"\r\n\n,\"\"\rlast";
    const std::vector<Record> wanted = {{1, {"a", "b"}}, {3, {"1", "x, \"y\"\nz"}}, {6, {"", ""}}, {7, {"last"}}};
    const auto records = records_of(text);
    ASSERT_TRUE(records) << records.error().to_string();
    EXPECT_EQ(*records, wanted);
    EXPECT_TRUE(records_of("")->empty());
    EXPECT_TRUE(records_of("\n \n")->size() <= 1);
}

TEST(Csv, QuotesOutOfPlace) {
    EXPECT_TRUE(refuses(records_of("a\nb\n\"c"), {"a.csv", "line 3", "quote"}));
    EXPECT_TRUE(refuses(records_of("a\nb\"c\n"), {"a.csv", "line 2", "quote"}));
    EXPECT_TRUE(refuses(records_of("a\n\"b\"c\n"), {"a.csv", "line 2", "quote"}));
}

TEST(Csv, AFileIsReadInPieces) {
    const TempFolder folder;
    std::string text = "h\n";
    for (int i = 0; i < 50'000; ++i) {
        text += "\"" + std::to_string(i) + ",\"\n";
    }
    const auto records = records_of(formats::CsvInput{folder.put("long.csv", text), std::nullopt});
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 50'001U);
    EXPECT_EQ(records->at(33'334), (Record{33'335, {"33333,"}}));
    EXPECT_TRUE(fails_with(records_of(formats::CsvInput{folder / "none.csv", std::nullopt}), ErrorCode::kEnvironment,
                           {"none.csv"}));
    EXPECT_TRUE(fails_with(records_of(formats::CsvInput{folder.path(), std::nullopt}), ErrorCode::kEnvironment,
                           {"cannot be read"}));
}

TEST(Csv, Numbers) {
    EXPECT_EQ(formats::parse_number("1.5e3"), 1500.0);
    EXPECT_EQ(formats::parse_number("+2"), 2.0);
    EXPECT_EQ(formats::parse_number("-0.25"), -0.25);
    for (const char* text : {"", "1,5", "1 ", "x", "0x10", "1e", "+", "+-1", "1.5us"}) {
        EXPECT_FALSE(formats::parse_number(text)) << text;
    }
}

RC_GTEST_PROP(CsvProperty, FieldsComeBack, (const std::vector<std::string>& fields)) {
    RC_PRE(!fields.empty());
    std::string line;
    for (const std::string& field : fields) {
        line += (line.empty() ? "" : ",") + formats::csv_field(field);
    }
    const auto records = records_of(line + "\n");
    RC_ASSERT(records.has_value());
    RC_ASSERT(records->size() == 1U);
    RC_ASSERT(records->front().second == fields);
}

TEST(LongForm, ObservationsByName) {
    const auto dataset = read_texts({"platform,module,runtime_us\np1,b,2\np0,a,1.5\np1,a,3\np1,a,4\n"});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"p1", "p0"}));
    EXPECT_EQ(dataset->modules.names, (Names{"b", "a"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).platform), (Indices{0, 1, 0, 0}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).module), (Indices{0, 1, 1, 1}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{2, 1.5, 3, 4}));
    EXPECT_EQ(dataset->pool(kAlone + 1).size(), 0);
    EXPECT_EQ(dataset->pool(kAlone + 1).width, 0);
    EXPECT_TRUE(dataset->platforms.feature_names.empty());
    EXPECT_TRUE(dataset->problems.empty());
}

TEST(LongForm, CoRunnersInOneColumnOrSeveral) {
    const std::string one = "with,runtime_us,module,platform\n,1,a,p\nb,2,a,p\nb; c ,3,a,p\n-,4,a,p\n-;b,5,a,p\n";
    const std::string several =
        "platform,module,runtime_us,with1,with2\np,a,1,,\np,a,2,b,\np,a,3,b,c\np,a,4,-,\np,a,5,-,b\n";
    const std::string mixed =
        "platform,module,runtime_us,with,with1\np,a,1,,\np,a,2,,b\np,a,3,b,c\np,a,4,-,\np,a,5,-,b\n";
    for (const std::string& text : {one, several, mixed}) {
        const auto dataset = read_texts({text});
        ASSERT_TRUE(dataset) << dataset.error().to_string();
        EXPECT_EQ(dataset->modules.names, (Names{"a", "b", "c"}));
        EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{1}));
        EXPECT_EQ(test::values(dataset->pool(kAlone + 1).runtime_us), (Doubles{2, 3, 4, 5}));
        EXPECT_EQ(dataset->pool(kAlone + 1).width, 2);
        EXPECT_EQ(test::values(dataset->pool(kAlone + 1).co_runner), (Indices{1, -1, 1, 2, -1, -1, -1, 1}));
    }
}

TEST(LongForm, OtherColumnsAreNoted) {
    const auto dataset = read_texts({"date,platform,module,runtime_us,note\nx,p,a,1,y\n"});
    ASSERT_TRUE(dataset);
    ASSERT_EQ(dataset->problems.size(), 1U);
    EXPECT_NE(dataset->problems[0].find("'date', 'note'"), std::string::npos) << dataset->problems[0];
}

TEST(LongForm, RefusesWrongHeaders) {
    EXPECT_TRUE(refuses(read_texts({""}), {"a.csv", "empty", "platform,module,runtime_us"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtme_us\np,a,1\n"}),
                        {"a.csv", "line 1", "'runtime_us'", "missing", "did you mean 'runtme_us'"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,module\n"}), {"line 1", "'module'", "twice"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us\n"}), {"a.csv", "no observations"}));
}

TEST(LongForm, RefusesWrongRows) {
    const auto row = [](const std::string& text) {
        return read_texts({"platform,module,runtime_us,with\np,a,1,\n" + text + "\n"});
    };
    EXPECT_TRUE(refuses(row("p,a,nan,"), {"a.csv", "line 3", "'runtime_us'", "NaN", "leave such rows out"}));
    EXPECT_TRUE(refuses(row("p,a,inf,"), {"line 3", "infinite"}));
    EXPECT_TRUE(refuses(row("p,a,1e999,"), {"line 3", "infinite"}));
    EXPECT_TRUE(refuses(row("p,a,-1,"), {"line 3", "negative"}));
    EXPECT_TRUE(refuses(row("p,a,0,"), {"line 3", "is 0"}));
    EXPECT_TRUE(refuses(row("p,a,fast,"), {"line 3", "'fast'", "not a number"}));
    EXPECT_TRUE(refuses(row("p,a,,"), {"line 3", "'runtime_us' is empty"}));
    EXPECT_TRUE(refuses(row("p,a,1"), {"line 3", "3 fields", "4"}));
    EXPECT_TRUE(refuses(row("p,a,1,b,c"), {"line 3", "5 fields"}));
    EXPECT_TRUE(refuses(row(",a,1,"), {"line 3", "'platform'", "empty"}));
    EXPECT_TRUE(refuses(row("p,,1,"), {"line 3", "'module'", "empty"}));
    EXPECT_TRUE(refuses(row("p,\x81,1,"), {"line 3", "'module'", "UTF-8"}));
    EXPECT_TRUE(refuses(row("p,a,1,\"b\tc\""), {"line 3", "'with'", "control"}));
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many += "a;";
    }
    EXPECT_TRUE(refuses(row("p,a,1," + many), {"line 3", "300 co-runners"}));
}

TEST(LongForm, SkipInvalidLeavesNoTraceOfBadRows) {
    const auto dataset = read_texts({"platform,module,runtime_us\np,a,1\nq,b,nan\nr,c\np,a,2\n"}, {true, {}, {}});
    ASSERT_TRUE(dataset);
    EXPECT_EQ(dataset->dropped_rows, 2);
    EXPECT_EQ(dataset->platforms.names, (Names{"p"}));
    EXPECT_EQ(dataset->modules.names, (Names{"a"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{1, 2}));
    ASSERT_EQ(dataset->problems.size(), 1U);
    EXPECT_NE(dataset->problems[0].find("line 3"), std::string::npos);
}

TEST(LongForm, TablesBesideAFileListItsSides) {
    const TempFolder folder;
    folder.put("runs.platforms.csv", "name,ghz\nq,1\np,2\n");
    folder.put("runs.modules.csv", "name,op1\na,0\nb,9\n");
    const auto file = folder.put("runs.csv", "platform,module,runtime_us,with\np,b,1,\n");
    const auto dataset = read_files({file});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"q", "p"}));
    EXPECT_EQ(flat(dataset->platforms), (Doubles{1, 2}));
    EXPECT_EQ(flat(dataset->modules), (Doubles{0, logged(9)}));
    EXPECT_EQ(dataset->sources,
              (Names{file.string(), (folder / "runs.platforms.csv").string(), (folder / "runs.modules.csv").string()}));
    folder.put("runs.csv", "platform,module,runtime_us,with\np,b,1,\np,bb,1,\n");
    EXPECT_TRUE(
        refuses(read_files({file}), {"runs.csv", "line 3", "module 'bb'", "runs.modules.csv", "did you mean 'b'"}));
    EXPECT_EQ(read_files({file}, {true, {}, {}})->dropped_rows, 1);
    folder.put("runs.csv", "platform,module,runtime_us,with\np,b,1,c\n");
    EXPECT_TRUE(refuses(read_files({file}), {"line 2", "'with'", "module 'c'"}));
}

TEST(LongForm, ANameWithoutFeaturesAmongOthersWithSome) {
    const TempFolder folder;
    folder.put("a.npz", npz(index_arrays()));
    folder.put("more.csv", "platform,module,runtime_us\njit.desk,fft,5\njit.desk,blur,6\n");
    EXPECT_TRUE(refuses(read_files({folder / "a.npz", folder / "more.csv"}),
                        {"more.csv", "line 3", "'blur'", "has no features"}));
    folder.put("modules.csv", "name,op1\nfft,1\nsort,2\nhash,3\nblur,4\n");
    const auto dataset = read_files({folder / "a.npz", folder / "more.csv"}, {false, {}, folder / "modules.csv"});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->modules.names, (Names{"fft", "sort", "hash", "blur"}));
    EXPECT_EQ(dataset->pool(kAlone).module.back(), 3);
}

}  // namespace
}  // namespace pitot::dataset
