// The reader of whole files and the writer of many.
#include "core/read_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "core/file_batch.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::core {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::fails_with;
using test::TempFolder;

TEST(ReadFile, GivesAllBytes) {
    const TempFolder folder;
    std::string bytes;
    for (int i = 0; i < 300'000; ++i) {
        bytes += static_cast<char>(i * 7 % 256);
    }
    EXPECT_EQ(read_file(folder.put("many", bytes)), bytes);
    EXPECT_EQ(read_file(folder.put("none", "")), "");
    EXPECT_FALSE(read_file("/proc/self/status")->empty()) << "its size is said to be 0";
}

TEST(ReadFile, SaysWhichFileAndWhy) {
    const TempFolder folder;
    const fs::path none = folder / "none";
    EXPECT_TRUE(fails_with(read_file(none), ErrorCode::kEnvironment, {none.string(), "there is no such file"}));
    EXPECT_TRUE(fails_with(read_file(none / "x"), ErrorCode::kEnvironment, {"there is no such file"}));
    EXPECT_TRUE(
        fails_with(read_file(folder.path()), ErrorCode::kEnvironment, {folder.path().string(), "it is a folder"}));
    EXPECT_TRUE(fails_with(read_file(std::string("a\0b", 3)), ErrorCode::kEnvironment, {"NUL"}));
    if (const fs::path closed = folder.put("closed", "x"); ::geteuid() != 0) {
        ::chmod(closed.c_str(), 0);
        EXPECT_TRUE(fails_with(read_file(closed), ErrorCode::kEnvironment, {closed.string(), "permissions"}));
    }
}

TEST(ReadFile, RefusesWhatIsLargerThanTheLimit) {
    const TempFolder folder;
    const fs::path file = folder.put("ten", "0123456789");
    EXPECT_EQ(read_file(file, 10), "0123456789");
    EXPECT_TRUE(fails_with(read_file(file, 9), ErrorCode::kInput, {file.string(), "larger than 9 bytes"}));
    EXPECT_TRUE(fails_with(read_file("/dev/zero", 1 << 20), ErrorCode::kInput, {"larger than 1 MiB"}));
}

TEST(ReadFile, ReadsAFifoToItsEnd) {
    const TempFolder folder;
    const fs::path fifo = folder / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const std::string text(200'000, 'x');
    std::thread writer([&] { EXPECT_TRUE(write_text(fifo, text)); });
    EXPECT_EQ(read_file(fifo), text);
    writer.join();
}

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(folder), {}));
}

TEST(FileBatch, WritesMoreFilesThanAProcessMayHaveOpen) {
    const TempFolder folder;
    constexpr int count = 3000;
    for (const char* text : {"old", "new"}) {
        FileBatch files;
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(files.add(folder / "below" / std::to_string(i), text + std::to_string(i)));
        }
        ASSERT_TRUE(files.finish());
        EXPECT_EQ(entries(folder.path()), count + 1U) << "nothing but the files and their folder";
        for (const int i : {0, 255, 256, count - 1}) {
            EXPECT_EQ(content_of(folder / "below" / std::to_string(i)), text + std::to_string(i));
        }
    }
}

TEST(FileBatch, LeavesAloneWhatHasItsText) {
    const TempFolder folder;
    const fs::path same = folder.put("same", "text");
    const fs::path longer = folder.put("longer", "text and more");
    struct stat before {};
    ASSERT_EQ(::stat(same.c_str(), &before), 0);
    FileBatch files;
    ASSERT_TRUE(files.add(same, "text"));
    ASSERT_TRUE(files.add(longer, "text"));
    ASSERT_TRUE(files.finish());
    struct stat after {};
    ASSERT_EQ(::stat(same.c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_EQ(content_of(longer), "text");
}

TEST(FileBatch, WithoutAnEndNothingIsThere) {
    const TempFolder folder;
    {
        FileBatch files;
        ASSERT_TRUE(files.add(folder / "a", "text"));
    }
    EXPECT_EQ(entries(folder.path()), 0U);
    FileBatch files;
    EXPECT_TRUE(fails_with(files.add(folder.put("file", "") / "a", "x"), ErrorCode::kEnvironment, {"file"}));
}

}  // namespace
}  // namespace pitot::core
