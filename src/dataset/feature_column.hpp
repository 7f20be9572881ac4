// A column of a table of features, by what stands in it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataset/feature_scale.hpp"
#include "dataset/side_table.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {

/// The category that a text is: "TRUE" and "true" are one.
[[nodiscard]] std::string category_of(const std::string& cell);

struct FeatureColumn {
    static constexpr std::size_t kMostCategories = 64;  ///< of a text

    std::size_t at = 0;  ///< in the file
    std::string name;
    Scale said = Scale::kUnknown;  ///< by the header
    std::int64_t numbers = 0;
    std::int64_t texts = 0;
    std::int64_t gaps = 0;
    std::int64_t gaps_among_numbers = 0;
    std::set<std::string> categories;

    [[nodiscard]] bool is_text() const { return numbers == 0 && texts + gaps_among_numbers > 0; }
    /// Counts a cell; numbers go into `marks`, too.
    void look_at(const std::string& cell, formats::MarkSurvey& marks);
    /// Whether too many texts of its `rows` differ to tell anything of others. What `known` has is kept.
    [[nodiscard]] bool has_too_many_texts(std::int64_t rows, const Side* known) const;
};

/// The number of a cell; nothing of one with a unit, which is a text.
[[nodiscard]] std::optional<std::string> digits_in(std::string_view cell, formats::DecimalMark mark);

/// Whether a feature of modules counts what stands in their code: "static(x41)".
[[nodiscard]] bool is_static_count(const std::string& feature);

/// "log1p(x)", "ln(1+x)", "count(x)": a feature and what its numbers are; "static(x)" keeps its name.
[[nodiscard]] std::pair<std::string, Scale> named_scale(const std::string& header);

/// Which column has the names: "name", a word for the side, or the first if it holds texts alone in all `rows`.
[[nodiscard]] std::optional<std::size_t> name_column(const std::vector<std::string>& header,
                                                     std::span<const FeatureColumn> columns, std::int64_t rows,
                                                     Axis axis);

}  // namespace pitot::dataset
