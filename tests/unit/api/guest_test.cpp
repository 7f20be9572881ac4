// What a program that embeds the library counts on: bytes instead of paths, names in bulk, reasons as values, and a
// process that stays as it was.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/temp_folder.hpp"
#include "unit/api/small.hpp"

namespace pitot {
namespace {

using test::small_model;

std::vector<std::byte> bytes_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

TEST(Guest, AModelInMemoryIsTheFile) {
    const test::TempFolder folder;
    ASSERT_TRUE(small_model().save(folder / "model.pitot"));
    const auto bytes = small_model().to_bytes();
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    EXPECT_EQ(*bytes, bytes_of(folder / "model.pitot"));
    std::vector<std::byte> lent = *bytes;
    const auto again = Predictor::from_bytes(lent);
    ASSERT_TRUE(again) << again.error().to_string();
    std::ranges::fill(lent, std::byte{0});  // nothing of it is kept
    EXPECT_EQ(again->predict_pair(1, 2, 0.9)->runtime_us, small_model().predict_pair(1, 2, 0.9)->runtime_us);
    EXPECT_EQ(again->to_bytes().value(), *bytes);
}

TEST(Guest, BytesThatAreNoModelAreErrors) {
    std::vector<std::byte> bytes = small_model().to_bytes().value();
    EXPECT_FALSE(Predictor::from_bytes({}));
    for (const std::size_t size : {std::size_t{1}, bytes.size() / 3, bytes.size() - 1}) {
        const auto refused = Predictor::from_bytes(std::span(bytes).first(size));
        ASSERT_FALSE(refused) << size;
        EXPECT_EQ(refused.error().code(), ErrorCode::kInput) << size;
    }
    for (std::size_t n = bytes.size() / 2; n < bytes.size() / 2 + 64; ++n) {
        bytes[n] ^= std::byte{0xff};
    }
    EXPECT_FALSE(Predictor::from_bytes(bytes));
}

TEST(Guest, FindsNamesInBulk) {
    const Predictor& model = small_model();
    const std::vector<std::string> names{model.platforms().names[2], model.platforms().names[0]};
    EXPECT_EQ(model.find_platforms(names).value(), (std::vector<std::int32_t>{2, 0}));
    EXPECT_EQ(model.find_modules({&model.modules().names[3], 1}).value(), std::vector<std::int32_t>{3});
    const std::vector<std::string> strange{model.platforms().names[2], "stranger"};
    const auto refused = model.find_platforms(strange);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("'stranger'"), std::string::npos);
}

TEST(Guest, SaysWhyThereIsNoBound) {
    const Predictor& model = small_model();
    EXPECT_EQ(model.why_no_bound(Basis::kMeasured, 0, 0.5), NoBound::kNothing);
    EXPECT_EQ(model.why_no_bound(Basis::kMeasured, 0, 0.9999), NoBound::kFewCalibrationRows);
    EXPECT_EQ(model.why_no_bound(Basis::kFeatures, 0, 0.5), NoBound::kNeverMeasured);
    EXPECT_EQ(model.why_no_bound(Basis::kAverage, 0, 0.5), NoBound::kNeverMeasured);
    EXPECT_EQ(model.why_no_bound(Basis::kApart, 0, 0.5), NoBound::kApart);
    EXPECT_EQ(to_string(NoBound::kFewCalibrationRows), "few calibration rows");
    for (const double confidence : {0.5, 0.9, 0.9999}) {
        const Prediction answer = model.predict_pair(0, 0, confidence).value();
        EXPECT_EQ(std::isnan(answer.bound_us), model.why_no_bound(answer.basis, 0, confidence) != NoBound::kNothing);
    }
}

TEST(Guest, FilesHaveTheRightsThatTheMaskLeavesOrTheOldFileHad) {
    const test::TempFolder folder;
    const auto rights = [](const std::filesystem::path& file) {
        struct stat info {};
        return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 0777U : 0U;
    };
    const mode_t before = ::umask(027);
    ASSERT_TRUE(small_model().save(folder / "new.pitot"));
    EXPECT_EQ(rights(folder / "new.pitot"), 0640U);
    ASSERT_EQ(::chmod((folder / "new.pitot").c_str(), 0604), 0);
    ASSERT_TRUE(small_model().save(folder / "new.pitot"));
    EXPECT_EQ(rights(folder / "new.pitot"), 0604U);
    EXPECT_EQ(::umask(before), 027U) << "the library leaves the mask alone";
}

}  // namespace
}  // namespace pitot
