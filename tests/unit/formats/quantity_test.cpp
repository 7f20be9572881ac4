#include "formats/quantity.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace pitot::formats {
namespace {

// The number of a cell, or NaN; its unit's name behind it.
std::pair<double, std::string> read_cell(const std::string& cell, DecimalMark mark = DecimalMark::kPoint) {
    const auto quantity = parse_quantity(cell, mark);
    if (!quantity) {
        return {-1.0, "none"};
    }
    return {number_of(quantity->digits), quantity->unit ? quantity->unit->name : ""};
}
using CellRead = std::pair<double, std::string>;

TEST(Quantity, NumbersOfManyLocales) {
    EXPECT_EQ(read_cell("14.026"), (CellRead{14.026, ""}));
    EXPECT_EQ(read_cell("+.5"), (CellRead{0.5, ""}));
    EXPECT_EQ(read_cell("-1.5e-3"), (CellRead{-0.0015, ""}));
    EXPECT_EQ(read_cell("\xE2\x88\x92"
                        "2"),
              (CellRead{-2, ""}));
    EXPECT_EQ(read_cell("1,234,567.5"), (CellRead{1234567.5, ""}));
    EXPECT_EQ(read_cell("12,34,567"), (CellRead{1234567, ""}));  // India
    EXPECT_EQ(read_cell("1'234.5"), (CellRead{1234.5, ""}));     // Switzerland
    EXPECT_EQ(read_cell("1\xE2\x80\x99"
                        "234.5"),
              (CellRead{1234.5, ""}));
    EXPECT_EQ(read_cell("1 234 567"), (CellRead{1234567, ""}));
    EXPECT_EQ(read_cell("1_000"), (CellRead{1000, ""}));
    EXPECT_EQ(read_cell("'12"), (CellRead{12, ""}));  // a spreadsheet's mark of text
    EXPECT_EQ(read_cell("14,026", DecimalMark::kComma), (CellRead{14.026, ""}));
    EXPECT_EQ(read_cell("1.234.567,5", DecimalMark::kComma), (CellRead{1234567.5, ""}));
    EXPECT_EQ(read_cell("1\xC2\xA0"
                        "234,5",
                        DecimalMark::kComma),
              (CellRead{1234.5, ""}));
    EXPECT_EQ(read_cell("1\xE2\x80\xAF"
                        "234,5",
                        DecimalMark::kComma),
              (CellRead{1234.5, ""}));
    EXPECT_TRUE(std::isnan(read_cell("NaN").first));
    EXPECT_TRUE(std::isinf(read_cell("inf").first));
    EXPECT_TRUE(std::isinf(read_cell("1e999").first));
}

TEST(Quantity, WhatIsNoNumber) {
    for (const char* text : {"", "x", "1,23", "1,2345", "12,34", "1,234,56", "1.2.3", "1,234 567", "0x10", "12%", "1e",
                             "--1", "5 apples", "1:2", "1/2", "2025-11-02", "10.0 ± 0.2"}) {
        EXPECT_FALSE(parse_quantity(text, DecimalMark::kPoint)) << text;
    }
    EXPECT_FALSE(parse_quantity("14.5", DecimalMark::kComma));
    EXPECT_FALSE(parse_quantity("1.23", DecimalMark::kComma));
}

TEST(Quantity, Units) {
    EXPECT_EQ(read_cell("14.0 ms"), (CellRead{14, "ms"}));
    EXPECT_EQ(read_cell("14ms"), (CellRead{14, "ms"}));
    EXPECT_EQ(read_cell("3 \xC2\xB5s"), (CellRead{3, "us"}));
    EXPECT_EQ(read_cell("3 \xCE\xBCs"), (CellRead{3, "us"}));
    EXPECT_EQ(read_cell("3 Seconds"), (CellRead{3, "s"}));
    EXPECT_EQ(read_cell("1,5 min", DecimalMark::kComma), (CellRead{1.5, "min"}));
    EXPECT_EQ(read_cell("0:00:14.026"), (CellRead{14.026, "s"}));
    EXPECT_EQ(read_cell("0 days 00:01:00.5"), (CellRead{60.5, "s"}));
    EXPECT_EQ(read_cell("1 day, 1:00:00"), (CellRead{90000, "s"}));
    EXPECT_EQ(read_cell("0:00:60"), (CellRead{-1, "none"}));
    for (const char* word : {"", "m", "cycles", "ops", "kB", "GHz"}) {
        EXPECT_FALSE(find_time_unit(word)) << word;
    }
}

TEST(Quantity, ConversionIsExact) {
    const auto in = [](const std::string& cell, const char* unit) {
        return microseconds_of(*parse_quantity(cell, DecimalMark::kPoint), *find_time_unit(unit));
    };
    EXPECT_EQ(in("14.026", "ms"), 14026.0);
    EXPECT_EQ(in("0.0123", "s"), 12300.0);
    EXPECT_EQ(in("123", "ns"), 0.123);
    EXPECT_EQ(in("1.5e-5", "s"), 15.0);
    EXPECT_EQ(in("2", "min"), 120e6);
    EXPECT_EQ(in("1", "h"), 3600e6);
    EXPECT_EQ(in("7 s", "ns"), 7e6);  // a cell's own unit counts
    EXPECT_TRUE(std::isinf(in("1e9999999999", "ms")));
    EXPECT_EQ(in("1e-9999999999", "ms"), 0.0);
}

std::optional<DecimalMark> mark_of(const std::vector<std::string>& cells, char delimiter, bool* assumed = nullptr) {
    MarkSurvey survey;
    for (const std::string& cell : cells) {
        survey.see(cell);
    }
    bool guess = false;
    const auto mark = decimal_mark_of(survey, delimiter, guess);
    if (assumed != nullptr) {
        *assumed = guess;
    }
    return mark;
}

TEST(Quantity, TheDecimalMarkOfAColumn) {
    bool assumed = true;
    EXPECT_EQ(mark_of({"14,026", "92,43"}, ';', &assumed), DecimalMark::kComma);
    EXPECT_FALSE(assumed);
    EXPECT_EQ(mark_of({"14.026", "100.5"}, ';'), DecimalMark::kPoint);
    EXPECT_EQ(mark_of({"14.026", "9.583"}, ';'), std::nullopt);  // grouped, or all with three decimals
    EXPECT_EQ(mark_of({"14.026", "926"}, ';'), std::nullopt);
    EXPECT_EQ(mark_of({"14.026", "1.014.026"}, ';'), DecimalMark::kComma);
    EXPECT_EQ(mark_of({"14.026", "926"}, ','), DecimalMark::kPoint);
    EXPECT_EQ(mark_of({"14,026", "926"}, ';', &assumed), DecimalMark::kComma);
    EXPECT_TRUE(assumed);
    EXPECT_EQ(mark_of({"14,026", "926"}, ',', &assumed), DecimalMark::kPoint);
    EXPECT_TRUE(assumed);
    EXPECT_EQ(mark_of({"14,026"}, '\t'), std::nullopt);
    EXPECT_EQ(mark_of({"14,026", "14.026"}, ','), std::nullopt);
    EXPECT_EQ(mark_of({"1.5", "1,5"}, ','), std::nullopt);
    EXPECT_EQ(mark_of({"1,234.5", "14,026"}, '\t'), DecimalMark::kPoint);
    EXPECT_EQ(mark_of({"5", "x", ""}, ','), DecimalMark::kPoint);
}

TEST(Quantity, MixedMarksAreNotDecidedByTheirNumber) {
    EXPECT_EQ(mark_of({"1.5", "2.5", "1,5", "14,026"}, ','), std::nullopt);
    EXPECT_EQ(mark_of({"1,5", "2,5", "3,5", "1.5"}, ';'), std::nullopt);
    EXPECT_EQ(mark_of({"14.026", "15.583"}, ';'), std::nullopt);
    EXPECT_EQ(mark_of({"14.026"}, '\t'), DecimalMark::kPoint);
    // What begins with 0 is not grouped.
    EXPECT_FALSE(parse_quantity("0.015", DecimalMark::kComma));
    EXPECT_FALSE(parse_quantity("0,015", DecimalMark::kPoint));
    EXPECT_EQ(mark_of({"14.026", "0.583"}, ';'), DecimalMark::kPoint);
    EXPECT_EQ(mark_of({"14,026", "0,583"}, ','), DecimalMark::kComma);
}

RC_GTEST_PROP(QuantityProperty, NumbersComeBackInEitherForm, (std::int64_t whole, std::uint16_t fraction)) {
    const std::string sign = whole < 0 ? "-" : "";
    std::string digits = std::to_string(whole);
    digits.erase(0, sign.size());
    for (const auto& [mark, group, point] :
         {std::tuple(DecimalMark::kPoint, ',', '.'), {DecimalMark::kComma, '.', ','}}) {
        std::string grouped = digits;
        for (std::ptrdiff_t at = std::ssize(grouped) - 3; at > 0; at -= 3) {
            grouped.insert(static_cast<std::size_t>(at), 1, group);
        }
        const auto quantity = parse_quantity(sign + grouped + point + std::to_string(fraction), mark);
        RC_ASSERT(quantity.has_value());
        RC_ASSERT(quantity->digits == sign + digits + "." + std::to_string(fraction));
    }
}

}  // namespace
}  // namespace pitot::formats
