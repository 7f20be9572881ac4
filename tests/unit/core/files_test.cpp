#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "core/atomic_file.hpp"
#include "core/suggest.hpp"
#include "core/temporary_folder.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/units.hpp"
#include "support/killed.hpp"

namespace pitot::core {
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

TEST_F(AtomicFile, FollowsLinksAndLeavesThemInPlace) {
    const fs::path inner = folder_ / "inner";
    fs::create_directory(inner);
    ASSERT_TRUE(write_text(inner / "a.txt", "old"));
    fs::create_symlink("inner/a.txt", folder_ / "one");
    fs::create_symlink(folder_ / "one", folder_ / "two");
    fs::create_symlink("inner/new.txt", folder_ / "dangling");
    ASSERT_TRUE(write_text(folder_ / "two", "new"));
    ASSERT_TRUE(write_text(folder_ / "dangling", "made"));
    EXPECT_TRUE(fs::is_symlink(folder_ / "one") && fs::is_symlink(folder_ / "two"));
    EXPECT_TRUE(fs::is_symlink(folder_ / "dangling"));
    EXPECT_EQ(read(inner / "a.txt"), "new");
    EXPECT_EQ(read(inner / "new.txt"), "made");
    EXPECT_EQ(std::distance(fs::directory_iterator(inner), fs::directory_iterator()), 2);

    fs::create_symlink("ring", folder_ / "ring");
    const auto ring = write_text(folder_ / "ring", "x");
    ASSERT_FALSE(ring);
    EXPECT_EQ(ring.error().code(), ErrorCode::kEnvironment);
}

TEST_F(AtomicFile, WritesIntoAFifoAndLeavesIt) {
    const fs::path fifo = folder_ / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_TRUE(check_writable(fifo));
    const std::string text(300'000, 'x');  // more than a pipe holds
    std::string got;
    std::thread reader([&] { got = read(fifo); });
    const auto written = write_text(fifo, text);
    reader.join();
    ASSERT_TRUE(written) << written.error().message();
    EXPECT_TRUE(got == text);
    EXPECT_TRUE(fs::is_fifo(fifo));
    EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, RefusesSockets) {
    const fs::path path = folder_ / "socket";
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as bind has it
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    for (const auto& refused : {write_text(path, "x"), check_writable(path)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::kEnvironment);
    }
    EXPECT_TRUE(fs::is_socket(path));
    ::close(socket);
}

TEST_F(AtomicFile, AKilledProcessLeavesTheOldFileAndNothingElse) {
    const fs::path target = folder_ / "a.txt";
    ASSERT_TRUE(write_text(target, "old"));
    if (NewFile::create(target)->path().native().starts_with(folder_.native())) {
        GTEST_SKIP() << "this file system has no files without names";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        (void)write_whole(target, [](const fs::path& path) -> Result<void> {
            std::ofstream(path) << "half" << std::flush;
            ::kill(::getpid(), SIGKILL);
            return {};
        });
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(read(target), "old");
    EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, WhatAKilledProcessLeavesIsGoneAfterTheNext) {
    for (int n = 0;; ++n) {
        const fs::path target = folder_ / "a.txt";
        ASSERT_TRUE(write_text(target, "old"));
        const bool killed = test::killed_before_change(n, [&] { (void)write_text(target, "new"); });
        EXPECT_EQ(read(target), killed ? "old" : "new");
        ASSERT_TRUE(write_text(target, "third"));
        EXPECT_EQ(read(target), "third");
        EXPECT_EQ(files(), 1U) << "killed before change " << n;
        if (!killed) {
            EXPECT_GE(n, 2) << "a name, and another's place";
            break;
        }
    }
}

TEST_F(AtomicFile, TwoWritersOfOneFileKeepApart) {
    const fs::path target = folder_ / "a.txt";
    ASSERT_TRUE(write_text(target, "old"));
    ASSERT_TRUE(write_whole(target, [&](const fs::path& path) {
        std::ofstream(path) << "first";
        return write_text(target, "second");
    }));
    EXPECT_EQ(read(target), "first");
    EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFile, SeveralFilesTakeTheirPlacesTogether) {
    auto first = NewFile::create(folder_ / "a.txt");
    auto second = NewFile::create(folder_ / "b.txt");
    ASSERT_TRUE(first && second);
    std::ofstream(first->path()) << "a";
    std::ofstream(second->path()) << "b";
    EXPECT_FALSE(fs::exists(folder_ / "a.txt") || fs::exists(folder_ / "b.txt"));
    EXPECT_TRUE(first->sync() && second->sync());
    std::array<NewFile, 2> both{*std::move(first), *std::move(second)};
    EXPECT_TRUE(NewFile::put_all(both));
    EXPECT_EQ(read(folder_ / "a.txt") + read(folder_ / "b.txt"), "ab");
    EXPECT_EQ(files(), 2U);
}

TEST_F(AtomicFile, ATemporaryFolderGoesUnlessItBecomesAnother) {
    fs::path gone;
    {
        TemporaryFolder folder(folder_ / "part");
        gone = folder.path();
        ASSERT_TRUE(write_text(folder.path() / "a", "text"));
        TemporaryFolder moved(std::move(folder));
        EXPECT_TRUE(fs::exists(gone / "a"));
    }
    EXPECT_FALSE(fs::exists(gone));
    {
        TemporaryFolder folder(folder_ / "part");
        ASSERT_TRUE(write_text(folder.path() / "a", "text"));
        EXPECT_TRUE(folder.become(folder_ / "whole"));
        EXPECT_TRUE(folder.path().empty());
    }
    EXPECT_EQ(read(folder_ / "whole/a"), "text");
    const char* const given = ::getenv("TMPDIR");
    const std::string before = given != nullptr ? given : "";
    ::setenv("TMPDIR", folder_.c_str(), 1);
    EXPECT_TRUE(TemporaryFolder::create("pitot-x")->path().string().starts_with((folder_ / "pitot-x").string()));
    ::setenv("TMPDIR", (folder_ / "none").c_str(), 1);
    const auto none = TemporaryFolder::create("pitot-x");
    given != nullptr ? ::setenv("TMPDIR", before.c_str(), 1) : ::unsetenv("TMPDIR");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::kEnvironment);
    EXPECT_NE(none.error().message().find((folder_ / "none").string()), std::string::npos);
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
}  // namespace pitot::core
