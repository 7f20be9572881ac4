#include "core/suggest.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>
#include <vector>

namespace pitot::core {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Levenshtein's distance, letters compared without case.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
        }
    }
    return row.back();
}

}  // namespace

std::string suggestion(std::string_view unknown, std::span<const std::string> known) {
    std::vector<std::pair<std::size_t, std::string_view>> near;
    const std::size_t limit = std::max<std::size_t>(2, unknown.size() / 2);
    for (const std::string& name : known) {
        const bool contains = !unknown.empty() && name.find(unknown) != std::string::npos;
        const std::size_t d = contains ? 1 : distance(unknown, name);
        // Of a name that shares hardly a letter it is none.
        const bool near_to_nothing = d * 3 > std::max(unknown.size(), name.size()) * 2;
        if (d <= limit && !near_to_nothing) {
            near.emplace_back(d, name);
        }
    }
    std::ranges::stable_sort(near, {}, &std::pair<std::size_t, std::string_view>::first);
    std::string text;
    const std::size_t count = std::min<std::size_t>(3, near.size());
    for (std::size_t i = 0; i < count; ++i) {
        text += i == 0 ? "; did you mean '" : (i + 1 == count ? " or '" : ", '");
        text += std::string(near[i].second) + "'";
    }
    return count == 0 ? text : text + "?";
}

}  // namespace pitot::core
