#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/atomic_file.hpp"
#include "core/suggest.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/units.hpp"

namespace pitot {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "pitot-test-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    static std::string read(const fs::path& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    fs::path folder_;
};

TEST_F(AtomicFile, WritesAndReplacesWhole) {
    const fs::path target = folder_ / "a.txt";
    ASSERT_TRUE(write_text(target, "first"));
    ::chmod(target.c_str(), 0640);
    ASSERT_TRUE(write_text(target, "second"));
    EXPECT_EQ(read(target), "second");
    EXPECT_EQ(fs::status(target).permissions(), fs::perms(0640));
    EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, AFailureLeavesTheOldFileAndNothingElse) {
    const fs::path target = folder_ / "a.txt";
    ASSERT_TRUE(write_text(target, "old"));
    const auto result = write_whole(target, [](const fs::path& path) -> Result<void> {
        std::ofstream(path) << "half";
        return fail(ErrorCode::kInput, "no more");
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message(), "no more");
    EXPECT_EQ(read(target), "old");
    EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, NamesWhatCannotBeWritten) {
    const auto missing = write_text(folder_ / "none" / "a.txt", "x");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), ErrorCode::kEnvironment);
    EXPECT_NE(missing.error().message().find("none/a.txt"), std::string::npos);
    const auto folder = write_text(folder_, "x");
    ASSERT_FALSE(folder);
    EXPECT_NE(folder.error().message().find("folder"), std::string::npos);
}

TEST(Suggestion, NamesTheNearestWithoutCase) {
    const std::array<std::string, 4> known{"embedding/128", "embedding/64", "linear/128", "paragon/32"};
    EXPECT_EQ(suggestion("Embeding/128", known).substr(0, 32), "; did you mean 'embedding/128' o");
    EXPECT_EQ(suggestion("paragon/23", known), "; did you mean 'paragon/32'?");
    EXPECT_EQ(suggestion("xyz", known), "");
    EXPECT_EQ(suggestion("a", {}), "");
}

TEST(Error, TellsItsContextOutermostFirst) {
    const Failure failure = fail(Error(ErrorCode::kInput, "row 3 is negative"), "array 't'");
    Error error = failure.value();
    error.add_context("reading a.npz");
    EXPECT_EQ(error.to_string(), "reading a.npz: array 't': row 3 is negative");
    EXPECT_EQ(error.message(), "row 3 is negative");
}

TEST(Matrix, ViewsAddressRowsAndColumns) {
    Matrix<float> m(3, 4);
    m(1, 2) = 5.0F;
    EXPECT_EQ(m.view()(1, 2), 5.0F);
    EXPECT_EQ(m.view().row_range(1, 2).columns(2, 1)(0, 0), 5.0F);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(m.flat().data()) % 64, 0U);
    EXPECT_EQ(m.clone()(1, 2), 5.0F);
}

TEST(Units, LogarithmAndBack) {
    EXPECT_DOUBLE_EQ(to_log(Microseconds{25000.0}).value, 0.0);
    EXPECT_NEAR(to_time(to_log(Microseconds{1234.5})).value, 1234.5, 1e-9);
}

}  // namespace
}  // namespace pitot
