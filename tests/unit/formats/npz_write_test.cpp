#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "formats/npz.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::formats {
namespace {

template <typename T>
void add_of(NpzWriter& npz, const std::string& name, std::initializer_list<T> values) {
    const std::vector<T> owned(values);
    npz.add(name, std::span<const T>(owned));
}

void fill(NpzWriter& npz) {
    const std::vector<double> table = {1, 2, 3, 4, 5, 6};
    const std::array<std::int64_t, 2> shape = {2, 3};
    npz.add("table", std::span<const double>(table), shape);
    add_of<float>(npz, "f", {0.5F});
    add_of<std::int64_t>(npz, "i8", {-1, 1LL << 62});
    add_of<std::int32_t>(npz, "i4", {-7});
    add_of<std::int8_t>(npz, "i1", {-8});
    add_of<std::uint8_t>(npz, "u1", {200});
    add_of<double>(npz, "none", {});
    npz.add_strings("names", std::vector<std::string>{"a", "", "grüße\U0001F680"});
    npz.add_text("json", R"({"a": 1})");
    npz.add_text("empty", "");
}

TEST(NpzWrite, ComesBackAsItWent) {
    const test::TempFolder folder;
    NpzWriter writer;
    fill(writer);
    ASSERT_TRUE(writer.write(folder / "a.npz"));
    const auto npz = NpzReader::open(folder / "a.npz");
    ASSERT_TRUE(npz) << npz.error().to_string();
    EXPECT_EQ(npz->names(),
              (std::vector<std::string>{"table", "f", "i8", "i4", "i1", "u1", "none", "names", "json", "empty"}));
    EXPECT_EQ(npz->info("table")->shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(npz->values<double>("table").value(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(npz->values<float>("f").value(), std::vector<float>{0.5F});
    EXPECT_EQ(npz->values<std::int64_t>("i8").value(), (std::vector<std::int64_t>{-1, 1LL << 62}));
    EXPECT_EQ(npz->values<std::int32_t>("i4").value(), std::vector<std::int32_t>{-7});
    EXPECT_EQ(npz->values<std::int32_t>("i1").value(), std::vector<std::int32_t>{-8});
    EXPECT_EQ(npz->values<std::uint8_t>("u1").value(), std::vector<std::uint8_t>{200});
    EXPECT_TRUE(npz->values<double>("none").value().empty());
    EXPECT_EQ(npz->strings("names").value(), (std::vector<std::string>{"a", "", "grüße\U0001F680"}));
    EXPECT_TRUE(npz->info("json")->shape.empty());
    EXPECT_EQ(npz->strings("json").value(), std::vector<std::string>{R"({"a": 1})"});
    EXPECT_EQ(npz->strings("empty").value(), std::vector<std::string>{""});
}

TEST(NpzWrite, EqualArraysGiveEqualBytesAtAnyTimeInAnyZone) {
    const test::TempFolder folder;
    std::string first;
    for (const char* zone : {"UTC", "Asia/Tokyo", "America/New_York"}) {
        ::setenv("TZ", zone, 1);
        ::tzset();
        NpzWriter writer;
        fill(writer);
        ASSERT_TRUE(writer.write(folder / "a.npz"));
        const std::string bytes = test::content_of(folder / "a.npz");
        first = first.empty() ? bytes : first;
        EXPECT_EQ(bytes, first);
    }
    ::unsetenv("TZ");
    ::tzset();
}

TEST(NpzWrite, IsCompressed) {
    const test::TempFolder folder;
    NpzWriter writer;
    const std::vector<double> zeros(100'000);
    writer.add("zeros", std::span<const double>(zeros));
    ASSERT_TRUE(writer.write(folder / "a.npz"));
    EXPECT_LT(std::filesystem::file_size(folder / "a.npz"), 10'000U);
}

TEST(NpzWrite, StoresLargeArraysThatDoNotCompress) {
    const test::TempFolder folder;
    constexpr std::size_t size = std::size_t{1} << 18U;  // 2 MiB
    std::vector<std::uint64_t> noise(size);
    for (std::size_t n = 0; n < size; ++n) {
        noise[n] = core::Key(3).bits(n);
    }
    const auto written = [&](const std::vector<std::uint64_t>& values, const char* name) {
        std::vector<double> numbers(values.size());
        std::ranges::transform(values, numbers.begin(),
                               [](std::uint64_t bits) { return static_cast<double>(bits >> 8U); });
        NpzWriter writer;
        writer.add("a", std::span<const double>(numbers));
        EXPECT_TRUE(writer.write(folder / name));
        EXPECT_EQ(NpzReader::open(folder / name)->values<double>("a").value(), numbers);
        return std::filesystem::file_size(folder / name);
    };
    EXPECT_GT(written(noise, "noise.npz"), 8 * size);
    EXPECT_LT(written(std::vector<std::uint64_t>(size), "zeros.npz"), size / 8);
}

// Numbers of rows in random order, in which there is nothing to find but small bytes, and repeated ones.
TEST(NpzWrite, CompressesLargeArraysOfSmallNumbers) {
    const test::TempFolder folder;
    constexpr std::size_t size = std::size_t{1} << 19U;  // 2 MiB
    std::vector<std::int32_t> rows(size);
    for (std::size_t n = 0; n < size; ++n) {
        rows[n] = static_cast<std::int32_t>(core::Key(3).bits(n) % 30'000);
    }
    const auto written = [&](const std::vector<std::int32_t>& numbers, const char* name) {
        NpzWriter writer;
        writer.add_borrowed("a", std::span<const std::int32_t>(numbers));
        EXPECT_TRUE(writer.write(folder / name));
        EXPECT_EQ(NpzReader::open(folder / name)->values<std::int32_t>("a").value(), numbers);
        return std::filesystem::file_size(folder / name);
    };
    EXPECT_LT(written(rows, "random.npz"), 4 * size * 7 / 10);
    for (std::size_t n = 0; n < size; ++n) {
        rows[n] = rows[n % 5000];
    }
    EXPECT_LT(written(rows, "repeated.npz"), 4 * size / 20);
}

TEST(NpzWrite, WholeOrNotAtAll) {
    const test::TempFolder folder;
    const auto target = folder.put("a.npz", "old");
    NpzWriter bad;
    bad.add_strings("names", std::vector<std::string>{"a", "\xFF"});
    EXPECT_TRUE(test::refuses(bad.write(target), {"a.npz", "text 1", "'names'", "UTF-8"}));
    EXPECT_EQ(test::content_of(target), "old");
    NpzWriter good;
    fill(good);
    ASSERT_TRUE(good.write(target));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "nothing is left behind";
    EXPECT_TRUE(test::fails_with(good.write(folder / "no/such/folder.npz"), ErrorCode::kEnvironment,
                                 {"folder.npz", "check the folder"}));
}

TEST(NpzWrite, LeavesTheFileReadableByOthers) {
    const test::TempFolder folder;
    const mode_t mask = ::umask(022);
    NpzWriter writer;
    fill(writer);
    const auto written = writer.write(folder / "a.npz");
    ::umask(mask);
    ASSERT_TRUE(written);
    struct stat info {};
    ASSERT_EQ(::stat((folder / "a.npz").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0644U);
}

RC_GTEST_PROP(NpzWriteProperty, NumbersSurviveToTheBit, (const std::vector<std::uint64_t>& bits)) {
    std::vector<double> values;
    for (const std::uint64_t pattern : bits) {
        values.push_back(std::bit_cast<double>(pattern));
    }
    const test::TempFolder folder;
    NpzWriter writer;
    writer.add("x", std::span<const double>(values));
    RC_ASSERT(writer.write(folder / "a.npz").has_value());
    const auto back = NpzReader::open(folder / "a.npz")->values<double>("x").value();
    RC_ASSERT(back.size() == bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) {
        RC_ASSERT(std::bit_cast<std::uint64_t>(back[i]) == bits[i]);
    }
}

}  // namespace
}  // namespace pitot::formats
