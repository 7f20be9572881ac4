// Categories of text features, as a model knows them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/feature_column.hpp"
#include "dataset/side_table.hpp"

namespace pitot::dataset {
namespace {

// "cpu" of the feature "cpu=i5"; "" of others.
std::string_view text_of_category(std::string_view feature) {
    const auto at = feature.find('=');
    return at == std::string_view::npos ? std::string_view() : feature.substr(0, at);
}

// The texts that became a feature a category: 1 or 0, or between where a row has the mean of others. Values below 0 or
// above 1 show that a feature is none of them: traces code "uarch=zen3" as 1, -1 and, where nothing is known, 0.
std::set<std::string> texts_of(const Side& side) {
    std::set<std::string> texts;
    std::set<std::string> others{""};
    for (std::size_t j = 0; j < side.feature_names.size(); ++j) {
        bool category = true;
        for (std::int64_t i = 0; i < side.size(); ++i) {
            const double value = side.features(i, static_cast<std::int64_t>(j));
            category = category && value >= 0.0 && value <= 1.0;
        }
        (category ? texts : others).emplace(text_of_category(side.feature_names[j]));
    }
    std::erase_if(texts, [&](const std::string& text) { return others.contains(text); });
    return texts;
}

}  // namespace

void match_categories(const Side& known, Side& table, std::vector<std::string>& notes) {
    // "jit=True", as models and archives have it that were made before truth values were one category each.
    for (std::string& feature : table.feature_names) {
        const std::string_view text = text_of_category(feature);
        const auto same = [&](const std::string& other) {
            return !text.empty() && text_of_category(other) == text &&
                   category_of(other.substr(text.size() + 1)) == category_of(feature.substr(text.size() + 1));
        };
        if (std::ranges::find(known.feature_names, feature) == known.feature_names.end()) {
            const auto found = std::ranges::find_if(known.feature_names, same);
            feature = found == known.feature_names.end() ? feature : *found;
        }
    }
    const std::set<std::string_view> wanted(known.feature_names.begin(), known.feature_names.end());
    const std::set<std::string> texts_known = texts_of(known);
    const std::set<std::string> texts_here = texts_of(table);
    const auto is_shared = [&](const std::string& text) {
        return texts_known.contains(text) && texts_here.contains(text);
    };
    std::vector<std::size_t> kept;
    std::vector<std::string> names;
    std::vector<std::string> left_out;
    for (std::size_t j = 0; j < table.feature_names.size(); ++j) {
        const std::string& feature = table.feature_names[j];
        if (is_shared(std::string(text_of_category(feature))) && !wanted.contains(feature)) {
            left_out.push_back(core::printable(feature));
            continue;
        }
        kept.push_back(j);
        names.push_back(feature);
    }
    const std::set<std::string_view> present(table.feature_names.begin(), table.feature_names.end());
    for (const std::string& feature : known.feature_names) {
        if (is_shared(std::string(text_of_category(feature))) && !present.contains(feature)) {
            names.push_back(feature);
        }
    }
    if (names == table.feature_names) {
        return;
    }
    Matrix<double> features(table.size(), std::ssize(names));
    for (std::int64_t i = 0; i < table.size(); ++i) {
        for (std::size_t j = 0; j < names.size(); ++j) {
            features(i, static_cast<std::int64_t>(j)) =
                j < kept.size() ? table.features(i, static_cast<std::int64_t>(kept[j])) : 0.0;
        }
    }
    table.feature_names = std::move(names);
    table.features = std::move(features);
    if (!left_out.empty()) {
        notes.push_back(fmt::format("not known to the model, as if they were none of its categories: {}",
                                    fmt::join(left_out, ", ")));
    }
}

}  // namespace pitot::dataset
