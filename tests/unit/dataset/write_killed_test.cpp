// A dataset of three CSV files is the old one or the new one, whenever its writer is killed.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <set>
#include <string>

#include "support/killed.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

// Of other names than each other's, so that rows of one beside tables of another are refused.
Dataset dataset_called(const std::string& suffix) {
    auto dataset = read_arrays({dense_arrays()}).value();
    for (std::string& name : dataset.platforms.names) {
        name += suffix;
    }
    for (std::string& name : dataset.modules.names) {
        name += suffix;
    }
    return dataset;
}

// The digest of what is read; "" if there is nothing.
std::string digest_in(const std::filesystem::path& file) {
    const auto read = read_files({file});
    EXPECT_TRUE(read || read.error().code() == ErrorCode::kEnvironment) << read.error().to_string();
    return read ? dataset_digest(*read) : "";
}

std::int64_t files_in(const std::filesystem::path& folder) {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

class KilledWriter : public testing::Test {
protected:
    // The change that comes after `name` was made, when the new dataset replaces the old one.
    [[nodiscard]] int change_after(const std::string& name) const {
        for (int n = 0;; ++n) {
            const TempFolder folder;
            (void)write_dataset(old_, folder / "d.csv");
            const bool killed = killed_before_change(n, [&] { (void)write_dataset(new_, folder / "d.csv"); });
            if (!killed || std::filesystem::exists(folder / name)) {
                EXPECT_TRUE(killed) << "there never is a " << name;
                return n;
            }
        }
    }

    const Dataset old_ = dataset_called("-old");
    const Dataset new_ = dataset_called("-new");
    const Dataset third_ = dataset_called("-third");
};

TEST_F(KilledWriter, LeavesAllOldFilesOrAllNewOnes) {
    std::set<std::string> seen;
    for (int n = 0;; ++n) {
        const TempFolder folder;
        const auto file = folder / "d.csv";
        ASSERT_TRUE(write_dataset(old_, file));
        const bool killed = killed_before_change(n, [&] { (void)write_dataset(new_, file); });
        const std::string digest = digest_in(file);
        EXPECT_TRUE(digest == dataset_digest(old_) || digest == dataset_digest(new_)) << "killed before change " << n;
        seen.insert(digest);
        ASSERT_TRUE(write_dataset(third_, file));
        EXPECT_EQ(digest_in(file), dataset_digest(third_));
        EXPECT_EQ(files_in(folder.path()), 3) << "killed before change " << n;
        if (!killed) {
            EXPECT_GE(n, 6) << "three names, three places";
            break;
        }
    }
    EXPECT_EQ(seen.size(), 2U);
}

TEST_F(KilledWriter, LeavesNothingOrAllWhereNothingWas) {
    for (int n = 0;; ++n) {
        const TempFolder folder;
        const bool killed = killed_before_change(n, [&] { (void)write_dataset(new_, folder / "d.csv"); });
        const std::string digest = digest_in(folder / "d.csv");
        EXPECT_TRUE(digest.empty() || digest == dataset_digest(new_)) << "killed before change " << n;
        if (!killed) {
            EXPECT_FALSE(digest.empty());
            break;
        }
    }
}

TEST_F(KilledWriter, MayBeFollowedByAnotherThatIsKilled) {
    const int begun = change_after("d.platforms.csv.pitot-new");
    const int complete = change_after("d.csv.pitot-new");
    for (const int first : {begun, complete + 1}) {
        bool killed = true;
        for (int second = 0; killed; ++second) {
            const TempFolder folder;
            const auto file = folder / "d.csv";
            ASSERT_TRUE(write_dataset(old_, file));
            ASSERT_TRUE(killed_before_change(first, [&] { (void)write_dataset(new_, file); }));
            const std::string before = digest_in(file);
            killed = killed_before_change(second, [&] { (void)write_dataset(third_, file); });
            const std::string after = digest_in(file);
            EXPECT_TRUE(after == before || after == dataset_digest(third_)) << first << ' ' << second;
        }
    }
}

TEST_F(KilledWriter, IsToldOf) {
    const TempFolder folder;
    const auto file = folder / "d.csv";
    ASSERT_TRUE(write_dataset(old_, file));
    ASSERT_TRUE(killed_before_change(change_after("d.csv.pitot-new"), [&] { (void)write_dataset(new_, file); }));
    const auto read = read_files({file});
    ASSERT_TRUE(read);
    ASSERT_EQ(read->problems.size(), 1U);
    EXPECT_NE(read->problems[0].find("d.csv.pitot-new"), std::string::npos) << read->problems[0];
}

}  // namespace
}  // namespace pitot::dataset
