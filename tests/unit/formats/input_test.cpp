#include "formats/input.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "core/utf8.hpp"
#include "formats/csv.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::formats {
namespace {

using namespace std::string_literals;
using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

std::string packed(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(text.size() + 200, '\0');
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());    // NOLINT: characters are bytes
    stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT
    stream.avail_in = static_cast<uInt>(in.size());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(out.size() - stream.avail_out);
    ::deflateEnd(&stream);
    return out;
}

// A text in UTF-16 or UTF-32.
std::string wide(const std::string& text, std::size_t unit, bool big_endian, bool mark) {
    std::u32string codes = mark ? U"\xFEFF" : U"";
    codes += core::decode_utf8(text).value();
    std::string out;
    const auto put = [&](std::uint32_t value) {
        for (std::size_t i = 0; i < unit; ++i) {
            out += static_cast<char>((value >> (8 * (big_endian ? unit - 1 - i : i))) & 0xFFU);
        }
    };
    for (const char32_t code : codes) {
        if (unit == 2 && code > 0xFFFF) {
            put(0xD800 + ((static_cast<std::uint32_t>(code) - 0x10000) >> 10U));
            put(0xDC00 + ((static_cast<std::uint32_t>(code) - 0x10000) & 0x3FFU));
        } else {
            put(static_cast<std::uint32_t>(code));
        }
    }
    return out;
}

TEST(Input, GzipIsUnpacked) {
    const TempFolder folder;
    std::string text;
    for (std::int64_t i = 0; i < 300'000; ++i) {
        text += std::to_string(i * 7919) + ",";
    }
    EXPECT_TRUE(read_input(folder.put("a.gz", packed(text))).value() == text);
    EXPECT_EQ(read_input(folder.put("b.gz", packed("ab") + packed("c"))).value(), "abc");
    EXPECT_EQ(read_input(folder.put("c", packed("") + "\0\0"s)).value(), "");
    const std::string whole = packed(text);
    for (const std::size_t length : {whole.size() - 1, whole.size() / 2, std::size_t{12}, std::size_t{2}}) {
        EXPECT_TRUE(
            refuses(read_input(folder.put("cut.gz", whole.substr(0, length))), {"cut.gz", "gzip", "cut short"}));
    }
    std::string damaged = whole;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
    EXPECT_TRUE(refuses(read_input(folder.put("d.gz", damaged)), {"d.gz", "damaged"}));
}

TEST(Input, TextsOfManyEncodings) {
    const std::string text =
        "platform,module\nGr\xC3\xB6\xC3\x9F"
        "e,\xF0\x9F\x98\x80\n";
    EXPECT_EQ(decode_text(text, "x").value(), text);
    EXPECT_EQ(decode_text("\xEF\xBB\xBF" + text, "x").value(), text);
    for (const bool big_endian : {false, true}) {
        EXPECT_EQ(decode_text(wide(text, 2, big_endian, true), "x").value(), text);
        EXPECT_EQ(decode_text(wide(text, 2, big_endian, false), "x").value(), text);
        EXPECT_EQ(decode_text(wide(text, 4, big_endian, true), "x").value(), text);
    }
    EXPECT_EQ(decode_text("", "x").value(), "");
    EXPECT_EQ(decode_text("\xFF", "x").value(), "\xFF");  // told of where it stands
    EXPECT_TRUE(refuses(decode_text("\xFF\xFE\x41", "x.csv"), {"x.csv", "UTF-16", "byte 2"}));
    EXPECT_TRUE(refuses(decode_text("\xFF\xFE\x00\xD8\x41\x00"s, "x.csv"), {"UTF-16", "byte 2"}));
    EXPECT_TRUE(refuses(decode_text("abc\0def"s, "x.csv"), {"x.csv", "byte 3 is zero"}));
}

TEST(Input, WindowsTextIsToldByBytesThatAreNoUtf8) {
    EXPECT_EQ(decode_windows_1252("Ger\xE4t,\x80 5\r\n").value(), "Ger\xC3\xA4t,\xE2\x82\xAC 5\r\n");
    EXPECT_EQ(decode_windows_1252("runtime (\xB5s)").value(), "runtime (\xC2\xB5s)");
    EXPECT_FALSE(decode_windows_1252("Ger\xC3\xA4t"));  // UTF-8
    EXPECT_FALSE(decode_windows_1252("a\x81"));         // no letter
    EXPECT_FALSE(decode_windows_1252("\xE4\x01"));      // no text
    EXPECT_FALSE(decode_windows_1252(""));
}

TEST(Input, KindsAreToldByTheirBeginnings) {
    EXPECT_TRUE(is_json(" {\n\"a\": 1}"));
    EXPECT_TRUE(is_json("[{\"a\": 1}]"));
    EXPECT_TRUE(is_json("[]"));
    EXPECT_FALSE(is_json("platform,module"));
    EXPECT_FALSE(is_json("[ms],module"));
    EXPECT_FALSE(is_json(""));
    EXPECT_STREQ(other_content("PAR1...."), "a Parquet file");
    EXPECT_STREQ(other_content("<!DOCTYPE html>"), "a page of HTML or XML");
    EXPECT_STREQ(other_content("PK\x03\x04" + std::string(26, '\0') + "[Content_Types].xml"),
                 "an Excel workbook (.xlsx)");
    EXPECT_EQ(other_content("PK\x03\x04" + std::string(26, '\0') + "t.npy"), nullptr);
    EXPECT_EQ(other_content("platform,module"), nullptr);
}

TEST(Input, TheDelimiterAndWhatStandsBeforeTheHeader) {
    EXPECT_EQ(delimited_text("x", "a;b;c\n1,5;2;3\n").delimiter, ';');
    EXPECT_EQ(delimited_text("x", "a\tb\n1,5\t2\n").delimiter, '\t');
    EXPECT_EQ(delimited_text("x", "a,b,with\n1,2,\"c;d;e\"\n1,2,c;d\n").delimiter, ',');
    EXPECT_EQ(delimited_text("x", "a|b|c\n1|2|3\n").delimiter, '|');
    EXPECT_EQ(delimited_text("x", "\"a;b\",c\n1,2\n").delimiter, ',');
    EXPECT_EQ(delimited_text("x", "a;runtime, ms\n1;2,5\n").delimiter, ';');
    EXPECT_EQ(delimited_text("x", "alone\na;b\n").delimiter, ',');
    const DelimitedText text = delimited_text("x", "sep=;\r\n# made by\n\na;b\n1;2\n");
    EXPECT_EQ(text.delimiter, ';');
    EXPECT_EQ(text.comments, 1);
    std::vector<std::pair<std::int64_t, std::size_t>> lines;
    ASSERT_TRUE(text.for_each_record([&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
        lines.emplace_back(line, fields.size());
        return {};
    }));
    EXPECT_EQ(lines, (std::vector<std::pair<std::int64_t, std::size_t>>{{4, 2}, {5, 2}}));
}

}  // namespace
}  // namespace pitot::formats
