#include "dataset/gaps.hpp"

#include <algorithm>
#include <array>

#include "formats/quantity.hpp"

namespace pitot::dataset {

bool is_gap(std::string_view cell) {
    constexpr std::array<std::string_view, 9> words{"", "na", "n/a", "nan", "null", "nil", "#n/a", "<na>", "?"};
    return std::ranges::find(words, formats::lower_ascii(formats::trimmed(cell))) != words.end();
}

bool is_gap_among_numbers(std::string_view cell) {
    constexpr std::array<std::string_view, 4> words{"-", "none", "\xE2\x80\x94", "\xE2\x80\x93"};
    return is_gap(cell) || std::ranges::find(words, formats::lower_ascii(formats::trimmed(cell))) != words.end();
}

}  // namespace pitot::dataset
