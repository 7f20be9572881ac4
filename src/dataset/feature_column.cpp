#include "dataset/feature_column.hpp"

#include <algorithm>
#include <array>

#include "dataset/column_words.hpp"
#include "dataset/gaps.hpp"

namespace pitot::dataset {

std::optional<std::string> digits_in(std::string_view cell, formats::DecimalMark mark) {
    auto quantity = formats::parse_quantity(cell, mark);
    return quantity && !quantity->unit ? std::optional(std::move(quantity->digits)) : std::nullopt;
}

std::string category_of(const std::string& cell) {
    std::string lower = formats::lower_ascii(cell);
    return lower == "true" || lower == "false" ? lower : cell;
}

void FeatureColumn::look_at(const std::string& cell, formats::MarkSurvey& marks) {
    if (is_gap(cell)) {
        ++gaps;
    } else if (is_gap_among_numbers(cell)) {
        ++gaps_among_numbers;
        categories.insert(cell);
    } else if (digits_in(cell, formats::DecimalMark::kPoint) || digits_in(cell, formats::DecimalMark::kComma)) {
        ++numbers;
        marks.see(cell);
    } else {
        ++texts;
        if (categories.size() <= kMostCategories) {
            categories.insert(category_of(cell));
        }
    }
}

bool FeatureColumn::has_too_many_texts(std::int64_t rows, const Side* known) const {
    constexpr std::int64_t few = 2;  // rows, of which texts that all differ are kept
    const bool all_differ = rows > few && std::ssize(categories) == rows;
    const bool wanted = known != nullptr && std::ranges::any_of(known->feature_names, [&](const std::string& feature) {
                            return feature.starts_with(name + "=");
                        });
    return !wanted && (all_differ || categories.size() > kMostCategories);
}

bool is_static_count(const std::string& feature) {
    constexpr std::string_view start = "static(";
    return feature.starts_with(start) && feature.ends_with(')') && feature.size() > start.size() + 1;
}

std::pair<std::string, Scale> named_scale(const std::string& header) {
    if (is_static_count(header)) {
        return {header, Scale::kCount};
    }
    constexpr std::array<std::pair<std::string_view, Scale>, 4> forms{
        {{"log1p(", Scale::kLog}, {"ln(1+", Scale::kLog}, {"ln(1 + ", Scale::kLog}, {"count(", Scale::kCount}}};
    const std::string lower = formats::lower_ascii(header);
    for (const auto& [start, scale] : forms) {
        if (lower.starts_with(start) && lower.ends_with(')') && lower.size() > start.size() + 1) {
            return {header.substr(start.size(), header.size() - start.size() - 1), scale};
        }
    }
    return {header, Scale::kUnknown};
}

std::optional<std::size_t> name_column(const std::vector<std::string>& header, std::span<const FeatureColumn> columns,
                                       std::int64_t rows, Axis axis) {
    const auto find = [&](auto fits) -> std::optional<std::size_t> {
        const auto at = std::ranges::find_if(header, fits);
        return at == header.end() ? std::nullopt : std::optional<std::size_t>(at - header.begin());
    };
    auto at = find([](const std::string& h) { return header_words(h).is("name"); });
    at = at ? at : find([&](const std::string& h) { return formats::lower_ascii(h) == word(axis); });
    at = at ? at : find([&](const std::string& h) { return names_side(header_words(h), axis); });
    const bool first = columns[0].numbers == 0 && columns[0].texts == rows;
    return at ? at : first ? std::optional<std::size_t>(0) : std::nullopt;
}

}  // namespace pitot::dataset
