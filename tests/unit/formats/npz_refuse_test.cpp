// Archives and arrays that cannot be what they claim to be.
#include <gtest/gtest.h>

#include <string>

#include "formats/npz.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/formats/npz_bytes.hpp"

namespace pitot::formats {
namespace {

using test::fails_with;
using test::npy;
using test::npy_raw;
using test::packed;
using test::refuses;

Result<NpzReader> open(const std::string& archive) { return NpzReader::open_buffer(test::bytes_of(archive), "a.npz"); }

// What is said of an archive's one array "x".
Result<std::vector<double>> read(const std::vector<test::Member>& members) {
    const std::string archive = test::zip(members);
    auto reader = NpzReader::open_buffer(test::bytes_of(archive), "a.npz");
    return reader ? reader->values<double>("x") : Failure(reader.error());
}
Result<std::vector<double>> read(const std::string& array) { return read({{"x.npy", array, false, -1, -1, 0}}); }

const std::string kGood = npy("<f8", "(3,)", packed<double>({1, 2, 3}));

TEST(NpzRefuse, FilesThatCannotBeOpened) {
    const test::TempFolder folder;
    EXPECT_TRUE(
        fails_with(NpzReader::open(folder / "none.npz"), ErrorCode::kEnvironment, {"none.npz", "check the path"}));
    EXPECT_TRUE(fails_with(NpzReader::open(folder.path()), ErrorCode::kEnvironment, {"folder"}));
}

TEST(NpzRefuse, FilesThatAreNoArchive) {
    const test::TempFolder folder;
    EXPECT_TRUE(refuses(NpzReader::open(folder.put("text.npz", "platform,module\n")), {"text.npz", "zip", "again"}));
    EXPECT_TRUE(refuses(NpzReader::open(folder.put("empty.npz", "")), {"empty.npz", "zip"}));
    EXPECT_TRUE(refuses(open(""), {"a.npz", "zip"}));
}

TEST(NpzRefuse, ArchivesCutAnywhere) {
    const std::string archive = test::npz({{"x", kGood}}, true);
    for (std::size_t length = 0; length < archive.size(); ++length) {
        const auto reader = open(archive.substr(0, length));
        EXPECT_TRUE(refuses(reader, {"a.npz"})) << length;
    }
}

TEST(NpzRefuse, DamagedElements) {
    EXPECT_TRUE(refuses(read({{"x.npy", kGood, false, -1, -1, 1}}), {"a.npz", "'x'", "CRC", "again"}));
    EXPECT_TRUE(refuses(read({{"x.npy", kGood, true, -1, -1, 1}}), {"CRC"}));
    std::string archive = test::npz({{"x", kGood}}, true);
    archive[30 + 5 + 2] = '\x7F';  // a length within the compressed stream
    const auto reader = open(archive);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(refuses(reader->values<double>("x"), {"'x'", "damaged"}));
}

TEST(NpzRefuse, CompressionThatNumPyDoesNotWrite) {
    EXPECT_TRUE(refuses(read({{"x.npy", kGood, false, 9, -1, 0}}), {"'x'", "Deflate64", "savez_compressed"}));
    EXPECT_TRUE(refuses(read({{"x.npy", kGood, false, 6, -1, 0}}), {"'x'", "method 6", "savez_compressed"}));
}

TEST(NpzRefuse, MissingArrays) {
    const std::string archive = test::npz({{"y", kGood}});
    const auto reader = open(archive);
    EXPECT_TRUE(refuses(reader->values<double>("x"), {"a.npz", "'x'", "missing"}));
    EXPECT_TRUE(refuses(reader->info("x"), {"'x'"}));
    EXPECT_TRUE(refuses(reader->strings("x"), {"'x'"}));
}

TEST(NpzRefuse, ArraysOfAnotherSizeThanTheirHeaderSays) {
    EXPECT_TRUE(refuses(read(npy("<f8", "(4,)", packed<double>({1, 2, 3}))), {"'x'", "24 bytes", "32"}));
    EXPECT_TRUE(refuses(read(npy("<f8", "(2,)", packed<double>({1, 2, 3}))), {"'x'", "24 bytes", "16"}));
    EXPECT_TRUE(refuses(read(kGood.substr(0, 40)), {"'x'", "header"}));
    EXPECT_TRUE(refuses(read(kGood.substr(0, 7)), {"'x'"}));
    EXPECT_TRUE(refuses(read(""), {"'x'"}));
}

TEST(NpzRefuse, HugeShapesBeforeAnythingIsAllocated) {
    EXPECT_TRUE(refuses(read(npy("<f8", "(1000000000000,)", "")), {"'x'", "8000000000000"}));
    EXPECT_TRUE(refuses(read(npy("<f8", "(4294967296, 4294967296)", "")), {"'x'", "too large"}));
    EXPECT_TRUE(refuses(read(npy("<f8", "(2305843009213693952,)", "")), {"'x'", "too large"}));
    EXPECT_TRUE(refuses(read(npy_raw("{'shape': (2305843009213693952,), 'fortran_order': False, 'descr': '<f8'}", "")),
                        {"'x'", "too large"}));
    EXPECT_TRUE(refuses(read(npy("<f8", "(99999999999999999999,)", "")), {"'x'", "shape"}));
    EXPECT_TRUE(refuses(read(npy("<f8", "(-1,)", "")), {"'x'", "shape"}));
    // an archive whose directory claims terabytes along with the header
    const std::string header = npy("<f8", "(400000000,)", "");
    EXPECT_TRUE(refuses(read({{"x.npy", header, false, -1, 3200000000LL + 128, 0}}), {"'x'", "more bytes"}));
    EXPECT_TRUE(refuses(read({{"x.npy", header, true, -1, 3200000000LL + 128, 0}}), {"'x'", "more bytes"}));
}

TEST(NpzRefuse, TextsWithoutWidthInAnyNumber) {
    const std::string archive = test::npz({{"x", npy("<U0", "(1000000000000,)", "")}});
    EXPECT_TRUE(refuses(open(archive)->strings("x"), {"'x'", "width 0"}));
}

TEST(NpzRefuse, Objects) {
    EXPECT_TRUE(refuses(read(npy("|O", "(1,)", "\x80\x04N.")), {"a.npz", "'x'", "Python objects", "save it again"}));
}

TEST(NpzRefuse, StructuredAndOtherTypes) {
    const auto with = [](const std::string& descr) {
        return npy_raw("{'descr': " + descr + ", 'fortran_order': False, 'shape': (1,), }", std::string(16, '\0'));
    };
    EXPECT_TRUE(refuses(read(with("[('a', '<f8'), ('b', '<f8')]")), {"'x'", "structured", "array of its own"}));
    for (const char* descr : {"'<c16'", "'<M8[ns]'", "'<f16'", "'|V16'", "'<i3'", "'<f8x'", "'<U-4'", "'<U'"}) {
        EXPECT_TRUE(refuses(read(with(descr)), {"'x'", "dtype", "save it again"})) << descr;
    }
    EXPECT_TRUE(refuses(read(with("''")), {"'x'", "dtype"}));
    EXPECT_TRUE(refuses(read(with("8")), {"'x'", "dtype"}));
}

TEST(NpzRefuse, BrokenHeaders) {
    for (const char* header :
         {"", "{}", "descr", "{'descr': '<f8', 'fortran_order': False}", "{'descr': '<f8', 'shape': (1,)}",
          "{'fortran_order': False, 'shape': (1,)}", "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,)}",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (nan,)}",
          "{'descr': '<f8', 'fortran_order': False, 'shape': 1}",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
          "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} + 1",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (1,",
          "{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}", "{'descr': '<f8"}) {
        EXPECT_TRUE(refuses(read(npy_raw(header, packed<double>({1}))), {"a.npz", "'x'", "header"})) << header;
    }
    EXPECT_TRUE(refuses(read(npy("<f8", "(1,)", packed<double>({1}), false, 4)), {"version 4.0"}));
    EXPECT_TRUE(refuses(read("PK" + kGood), {"'x'", "not a .npy array"}));
}

TEST(NpzRefuse, TextForNumbersAndNumbersForText) {
    EXPECT_TRUE(refuses(read(test::text({U"1"})), {"'x'", "text", "numbers"}));
    const std::string archive = test::npz({{"x", kGood}});
    EXPECT_TRUE(refuses(open(archive)->strings("x"), {"'x'", "numbers", "text"}));
}

TEST(NpzRefuse, TextThatIsNotUnicode) {
    for (const std::uint32_t point : {0xD800U, 0x110000U, 0xFFFFFFFFU}) {
        const std::string archive = test::npz({{"x", npy("<U1", "(2,)", packed<std::uint32_t>({'a', point}))}});
        EXPECT_TRUE(refuses(open(archive)->strings("x"), {"'x'", "Unicode", "element 1"}));
    }
    const std::string archive = test::npz({{"x", npy("|S2", "(1,)", "\xFF\xFE")}});
    EXPECT_TRUE(refuses(open(archive)->strings("x"), {"'x'", "Unicode", "element 0"}));
}

}  // namespace
}  // namespace pitot::formats
