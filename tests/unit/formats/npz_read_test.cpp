#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "formats/npz.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/formats/npz_bytes.hpp"

namespace pitot::formats {
namespace {

using test::npy;
using test::packed;
using test::refuses;

// Reads the one array of an archive.
template <typename T>
Result<std::vector<T>> values_of(const std::string& array, bool deflate = false) {
    const std::string archive = test::npz({{"x", array}}, deflate);
    auto reader = NpzReader::open_buffer(test::bytes_of(archive), "a.npz");
    return reader ? reader->values<T>("x") : Failure(reader.error());
}

Result<std::vector<std::string>> strings_of(const std::string& array) {
    const std::string archive = test::npz({{"x", array}});
    auto reader = NpzReader::open_buffer(test::bytes_of(archive), "a.npz");
    return reader ? reader->strings("x") : Failure(reader.error());
}

// Values that every type of at least 8 bits, signed or not, can hold come out the same in either byte order.
template <typename Element>
void expect_both_orders(const std::string& kind) {
    const std::vector<Element> values = {Element(0), Element(1), Element(100), Element(7)};
    const std::vector<double> wanted = {0, 1, 100, 7};
    const auto little = values_of<double>(npy("<" + kind, "(4,)", packed(values)));
    ASSERT_TRUE(little) << little.error().to_string();
    EXPECT_EQ(*little, wanted) << kind;
    const auto big = values_of<double>(npy(">" + kind, "(4,)", packed(values, true)), true);
    ASSERT_TRUE(big) << big.error().to_string();
    EXPECT_EQ(*big, wanted) << kind;
    EXPECT_EQ(values_of<std::uint8_t>(npy("<" + kind, "(4,)", packed(values))).value(),
              (std::vector<std::uint8_t>{0, 1, 100, 7}));
}

TEST(NpzRead, EveryNumberInEitherByteOrder) {
    expect_both_orders<std::int8_t>("i1");
    expect_both_orders<std::int16_t>("i2");
    expect_both_orders<std::int32_t>("i4");
    expect_both_orders<std::int64_t>("i8");
    expect_both_orders<std::uint8_t>("u1");
    expect_both_orders<std::uint16_t>("u2");
    expect_both_orders<std::uint32_t>("u4");
    expect_both_orders<std::uint64_t>("u8");
    expect_both_orders<float>("f4");
    expect_both_orders<double>("f8");
}

TEST(NpzRead, ExtremesOfIntegersAndBooleans) {
    const std::vector<std::int64_t> wide = {std::numeric_limits<std::int64_t>::min(), -1,
                                            std::numeric_limits<std::int64_t>::max()};
    EXPECT_EQ(values_of<std::int64_t>(npy("<i8", "(3,)", packed(wide))).value(), wide);
    EXPECT_EQ(values_of<std::int32_t>(npy("|i1", "(2,)", packed<std::int8_t>({-128, 127}))).value(),
              (std::vector<std::int32_t>{-128, 127}));
    EXPECT_EQ(values_of<double>(npy("<u8", "(1,)", packed<std::uint64_t>({~0ULL}))).value().front(), 0x1p64);
    EXPECT_EQ(values_of<std::uint8_t>(npy("|b1", "(3,)", std::string("\0\1\2", 3))).value(),
              (std::vector<std::uint8_t>{0, 1, 1}));
}

TEST(NpzRead, HalfPrecision) {
    // 1, -2, the largest, the smallest normal, the smallest, infinity, NaN, -0
    const std::vector<std::uint16_t> bits = {0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x7C00, 0x7E00, 0x8000};
    const auto values = values_of<double>(npy(">f2", "(8,)", packed(bits, true))).value();
    EXPECT_EQ(values[0], 1.0);
    EXPECT_EQ(values[1], -2.0);
    EXPECT_EQ(values[2], 65504.0);
    EXPECT_EQ(values[3], 0x1p-14);
    EXPECT_EQ(values[4], 0x1p-24);
    EXPECT_EQ(values[5], std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isnan(values[6]));
    EXPECT_TRUE(values[7] == 0 && std::signbit(values[7]));
}

TEST(NpzRead, NaNAndInfinityPassAsTheyAre) {
    const auto values = values_of<float>(npy("<f8", "(2,)", packed<double>({std::nan(""), -INFINITY}))).value();
    EXPECT_TRUE(std::isnan(values[0]));
    EXPECT_EQ(values[1], -std::numeric_limits<float>::infinity());
}

TEST(NpzRead, FortranOrderBecomesRowMajor) {
    // Element (i, j, k) of a 2 × 3 × 4 array is 100 i + 10 j + k.
    std::vector<std::int16_t> fortran;
    std::vector<std::int64_t> row_major;
    for (std::int16_t k = 0; k < 4; ++k) {
        for (std::int16_t j = 0; j < 3; ++j) {
            for (std::int16_t i = 0; i < 2; ++i) {
                fortran.push_back(static_cast<std::int16_t>(100 * i + 10 * j + k));
            }
        }
    }
    for (std::int64_t n = 0; n < 24; ++n) {
        row_major.push_back(100 * (n / 12) + 10 * (n / 4 % 3) + n % 4);
    }
    EXPECT_EQ(values_of<std::int64_t>(npy("<i2", "(2, 3, 4)", packed(fortran), true)).value(), row_major);
    EXPECT_EQ(values_of<std::int64_t>(npy("<i2", "(24,)", packed(fortran), true)).value(),
              std::vector<std::int64_t>(fortran.begin(), fortran.end()));
    const auto names = strings_of(npy("<U1", "(2, 2)", test::packed_text({U"a", U"b", U"c", U"d"}, 1), true)).value();
    EXPECT_EQ(names, (std::vector<std::string>{"a", "c", "b", "d"}));
}

TEST(NpzRead, ScalarsEmptyArraysAndVersions) {
    EXPECT_EQ(values_of<double>(npy("<f8", "()", packed<double>({2.5}))).value(), std::vector<double>{2.5});
    EXPECT_TRUE(values_of<double>(npy("<f8", "(0,)", "")).value().empty());
    EXPECT_TRUE(values_of<double>(npy("<f8", "(3, 0)", "", true)).value().empty());
    EXPECT_TRUE(strings_of(npy("<U0", "(0,)", "")).value().empty());
    for (const int major : {1, 2, 3}) {
        EXPECT_EQ(values_of<float>(npy("<f4", "(1, 1)", packed<float>({3}), false, major)).value(),
                  std::vector<float>{3});
    }
    // Python 2's long integers, other quotes and another order of the keys
    const auto odd = test::npy_raw("{ \"shape\":(2L,),'fortran_order':False,'descr':'<f4'}", packed<float>({1, 2}));
    EXPECT_EQ(values_of<float>(odd).value(), (std::vector<float>{1, 2}));
}

TEST(NpzRead, LargeArraysInManyPieces) {
    std::vector<std::int32_t> values(700'001);
    std::iota(values.begin(), values.end(), -5);
    for (const bool deflate : {false, true}) {
        EXPECT_EQ(values_of<std::int32_t>(npy("<i4", "(700001,)", packed(values)), deflate).value(), values);
    }
}

TEST(NpzRead, TextOfAnyWidth) {
    const std::vector<std::string> wanted = {"a", "grüße", "\U0001F680x", ""};
    const std::vector<std::u32string> points = {U"a", U"grüße", U"\U0001F680x", U""};
    for (const std::size_t width : {5U, 6U, 40U}) {
        for (const bool big : {false, true}) {
            const std::string descr = (big ? ">U" : "<U") + std::to_string(width);
            EXPECT_EQ(strings_of(npy(descr, "(4,)", test::packed_text(points, width, big))).value(), wanted);
        }
    }
    EXPECT_EQ(strings_of(npy("|S4", "(2,)", std::string("ab\0\0\xC3\xA4yz", 8))).value(),
              (std::vector<std::string>{"ab", "äyz"}));
    EXPECT_EQ(strings_of(npy("<U2", "()", test::packed_text({U"hi"}, 2))).value(), std::vector<std::string>{"hi"});
}

TEST(NpzRead, ListsArraysAndTheirShapes) {
    const std::string archive =
        test::zip({{"b.npy", npy(">i2", "(2, 1)", packed<std::int16_t>({1, 2}, true), true), false, -1, -1, 0},
                   {"readme.txt", "hello", false, -1, -1, 0},
                   {"a.npy", test::text({U"xyz"}), true, -1, -1, 0}});
    const test::TempFolder folder;
    const auto reader = NpzReader::open(folder.put("two.npz", archive));
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->names(), (std::vector<std::string>{"b", "a"}));
    EXPECT_TRUE(reader->contains("a"));
    EXPECT_FALSE(reader->contains("readme"));
    const auto info = reader->info("b").value();
    EXPECT_EQ(info.kind, 'i');
    EXPECT_EQ(info.item_size, 2);
    EXPECT_TRUE(info.fortran_order);
    EXPECT_TRUE(info.big_endian);
    EXPECT_EQ(info.shape, (std::vector<std::int64_t>{2, 1}));
    EXPECT_EQ(info.size(), 2);
    EXPECT_EQ(reader->info("a").value().item_size, 12);
    // arrays can be read in any order and again
    EXPECT_EQ(reader->strings("a").value().front(), "xyz");
    EXPECT_EQ(reader->values<float>("b").value(), (std::vector<float>{1, 2}));
    EXPECT_EQ(reader->strings("a").value().front(), "xyz");
}

TEST(NpzRead, ValuesATypeCannotHoldAreNamed) {
    EXPECT_TRUE(refuses(values_of<std::int32_t>(npy("<i8", "(2,)", packed<std::int64_t>({0, 1LL << 31}))),
                        {"a.npz", "'x'", "element 1", "-2147483648 to 2147483647", "correct it"}));
    EXPECT_TRUE(refuses(values_of<std::int64_t>(npy("<f8", "(2,)", packed<double>({1, 2.5}))), {"element 1"}));
    EXPECT_TRUE(refuses(values_of<std::int64_t>(npy("<f8", "(1,)", packed<double>({0x1p63}))), {"element 0"}));
    EXPECT_TRUE(refuses(values_of<std::int64_t>(npy("<f8", "(1,)", packed<double>({std::nan("")}))), {"element 0"}));
    EXPECT_TRUE(refuses(values_of<std::uint8_t>(npy("|i1", "(1,)", packed<std::int8_t>({-1}))), {"0 to 255"}));
    EXPECT_EQ(values_of<std::int64_t>(npy("<f8", "(1,)", packed<double>({-0x1p63}))).value().front(),
              std::numeric_limits<std::int64_t>::min());
    // the place is that of the row-major array, not of the file
    EXPECT_TRUE(
        refuses(values_of<std::int32_t>(npy("<f8", "(2, 2)", packed<double>({1, 1.5, 2, 3}), true)), {"element 2"}));
}

}  // namespace
}  // namespace pitot::formats
