#include "core/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pitot::core {
namespace {

TEST(Utf8, EveryCodePointComesBack) {
    for (std::uint32_t point = 0; point < 0x110000; ++point) {
        std::string text;
        const bool is_character = point < 0xD800 || point >= 0xE000;
        ASSERT_EQ(append_utf8(text, point), is_character) << point;
        const auto back = decode_utf8(text);
        ASSERT_TRUE(back) << point;
        ASSERT_EQ(*back, is_character ? std::u32string(1, static_cast<char32_t>(point)) : std::u32string()) << point;
    }
    std::string text = "a";
    EXPECT_FALSE(append_utf8(text, 0x110000));
    EXPECT_EQ(text, "a");
}

TEST(Utf8, WhatIsNotWellFormed) {
    for (const char* text :
         {"\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xC3(", "\xE2(\xA1"}) {
        EXPECT_FALSE(decode_utf8(text)) << text;
    }
}

TEST(Utf8, Names) {
    EXPECT_EQ(name_fault("grüße, \"x\" / 7"), nullptr);
    EXPECT_STREQ(name_fault(""), "is empty");
    EXPECT_STREQ(name_fault("a\tb"), "holds a control character");
    EXPECT_STREQ(name_fault(std::string_view("a\0b", 3)), "holds a control character");
    EXPECT_STREQ(name_fault("\xFF"), "is not UTF-8");
}

TEST(Utf8, Printable) {
    EXPECT_EQ(printable("grüße"), "grüße");
    EXPECT_EQ(printable("a\x1B[31m\n"), "a?[31m?");
    EXPECT_EQ(printable("\xFF\xFEz"), "??z");
    const std::string cut = printable(std::string(59, 'x') + "üü");
    EXPECT_EQ(cut, std::string(59, 'x') + "...");
}

}  // namespace
}  // namespace pitot::core
