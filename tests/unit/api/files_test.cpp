// Files that are absent, folders, empty or something else, and names that no file can have: an error each, and nothing
// written.
#include <gtest/gtest.h>

#include <filesystem>

#include "pitot/dataset.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/api/small.hpp"

namespace pitot {
namespace {

namespace fs = std::filesystem;
using test::fails_with;

class HostileFiles : public testing::Test {
protected:
    HostileFiles() {
        fs::create_directory(folder_ / "folder.csv");
        fs::create_directory(folder_ / "folder.npz");
    }

    // Names that cannot be opened, whatever for; each ends in the extension.
    [[nodiscard]] std::vector<fs::path> unusable(const std::string& extension) const {
        return {folder_ / ("folder" + extension), folder_ / "none" / ("a" + extension),
                folder_ / ("a" + std::string(1, '\0') + extension), folder_ / (std::string(300, 'a') + extension),
                // A file as a folder.
                folder_.put("file", "text") / ("a" + extension)};
    }

    static Result<Dataset> read(const fs::path& file, const ReadOptions& options = {}) {
        return read_dataset({&file, 1}, options);
    }

    test::TempFolder folder_;
};

TEST_F(HostileFiles, DatasetsThatCannotBeReadAreNamed) {
    ASSERT_TRUE(write_dataset(test::small_dataset(), folder_ / "good.npz"));
    folder_.put("a", "platform,module,runtime_us\nx,y,1\n");
    EXPECT_TRUE(fails_with(read_dataset({}), ErrorCode::kUsage, {}));
    EXPECT_TRUE(fails_with(read(""), ErrorCode::kEnvironment, {}));
    EXPECT_TRUE(fails_with(read(folder_.path()), ErrorCode::kEnvironment, {}));
    for (const char* extension : {".csv", ".npz"}) {
        for (const fs::path& file : unusable(extension)) {
            EXPECT_TRUE(fails_with(read(file), ErrorCode::kEnvironment, {extension})) << file;
        }
        folder_.put(std::string("gone") + extension, "x");
        fs::remove(folder_ / (std::string("gone") + extension));
        EXPECT_TRUE(fails_with(read(folder_ / (std::string("gone") + extension)), ErrorCode::kEnvironment, {"gone"}));
        for (const std::string& content :
             {std::string(), std::string("\0", 1), std::string("PK\x03\x04"), std::string(5000, '\xFF'),
              std::string("\xEF\xBB\xBF"), std::string("\n\n")}) {
            EXPECT_TRUE(
                fails_with(read(folder_.put(std::string("wrong") + extension, content)), ErrorCode::kInput, {"wrong"}))
                << content.substr(0, 10) << extension;
        }
    }
}

TEST_F(HostileFiles, OneUnreadableFileAmongSeveralIsNamed) {
    const fs::path good = folder_ / "good.npz";
    ASSERT_TRUE(write_dataset(test::small_dataset(), good));
    const std::vector<fs::path> files{good, folder_ / "none.npz", good};
    EXPECT_TRUE(fails_with(read_dataset(files), ErrorCode::kEnvironment, {"none.npz"}));
}

TEST_F(HostileFiles, FeatureTablesThatCannotBeReadAreNamed) {
    const fs::path good = folder_ / "good.npz";
    ASSERT_TRUE(write_dataset(test::small_dataset(), good));
    for (const bool of_platforms : {true, false}) {
        const auto with = [&](const fs::path& table) {
            ReadOptions options;
            (of_platforms ? options.platform_features : options.module_features) = table;
            return read(good, options);
        };
        for (const fs::path& table : unusable(".csv")) {
            EXPECT_TRUE(fails_with(with(table), ErrorCode::kEnvironment, {".csv"})) << table;
        }
        for (const std::string& content :
             {std::string(), std::string("name"), std::string("name,x\n"), std::string("name,x\nplatform0\n"),
              std::string("name,x\nplatform0,nan\n"), std::string("name,x\nplatform0,1e999\n"),
              std::string("name,x,x\nplatform0,1,2\n"), "name," + test::kNotUtf8 + "\nplatform0,1\n",
              "name,x\n" + test::kNul + ",1\n"}) {
            EXPECT_TRUE(fails_with(with(folder_.put("table.csv", content)), ErrorCode::kInput, {"table.csv"}))
                << content;
        }
    }
}

TEST_F(HostileFiles, DatasetsAreWrittenNowhereElse) {
    const Dataset dataset = test::small_dataset();
    for (const char* name : {"", ".", "..", "a", "a.pitot", ".npz", "a.npz/"}) {
        EXPECT_TRUE(fails_with(write_dataset(dataset, name), ErrorCode::kUsage, {})) << name;
    }
    for (const char* extension : {".csv", ".npz"}) {
        for (const fs::path& file : unusable(extension)) {
            for (const Layout layout : {Layout::kIndex, Layout::kDense}) {
                EXPECT_TRUE(fails_with(write_dataset(dataset, file, layout), ErrorCode::kEnvironment, {extension}))
                    << file;
            }
        }
    }
    EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(HostileFiles, NamesThatNoFileCanHoldAreRefused) {
    for (const auto side : {&Dataset::platforms, &Dataset::modules}) {
        for (const auto list : {&Side::names, &Side::feature_names}) {
            for (const std::string& name : {std::string(), test::kNul, test::kNotUtf8, std::string("line\nbreak")}) {
                Dataset dataset = test::small_dataset();
                (dataset.*side.*list)[1] = name;
                for (const char* file : {"a.csv", "a.npz"}) {
                    EXPECT_TRUE(fails_with(write_dataset(dataset, folder_ / file), ErrorCode::kInput, {file})) << name;
                    EXPECT_FALSE(fs::exists(folder_ / file));
                }
            }
        }
    }
}

TEST_F(HostileFiles, ModelsThatCannotBeReadOrWrittenAreNamed) {
    EXPECT_TRUE(fails_with(Predictor::load(""), ErrorCode::kEnvironment, {}));
    EXPECT_TRUE(fails_with(test::small_model().save(""), ErrorCode::kEnvironment, {}));
    EXPECT_TRUE(fails_with(test::small_model().save("/dev/full"), ErrorCode::kEnvironment, {"/dev/full"}));
    for (const fs::path& file : unusable(".npz")) {
        EXPECT_TRUE(fails_with(Predictor::load(file), ErrorCode::kEnvironment, {".npz"})) << file;
        EXPECT_TRUE(fails_with(test::small_model().save(file), ErrorCode::kEnvironment, {".npz"})) << file;
    }
    EXPECT_FALSE(fs::exists(folder_ / "a"));
    for (const std::string& content : {std::string(), std::string("PK\x03\x04"), std::string(5000, '\0')}) {
        EXPECT_TRUE(fails_with(Predictor::load(folder_.put("wrong", content)), ErrorCode::kInput, {"wrong"}));
    }
}

TEST_F(HostileFiles, NothingOfARefusedFileStays) {
    const auto listed = [&] { return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()); };
    (void)unusable(".npz");
    const auto before = listed();
    for (const char* extension : {".csv", ".npz"}) {
        for (const fs::path& file : unusable(extension)) {
            EXPECT_FALSE(write_dataset(test::small_dataset(), file));
            EXPECT_FALSE(test::small_model().save(file));
        }
    }
    EXPECT_EQ(listed(), before);
}

}  // namespace
}  // namespace pitot
