#include "dataset/co_runner_lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/utf8.hpp"
#include "dataset/gaps.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {
namespace {

using Known = std::function<bool(std::string_view)>;

constexpr std::string_view kOtherSeparators = ",+|";
// What people put between names, or around them, that is no separator here.
constexpr std::string_view kStrangeSeparators = ":/\\&*~\t ()<>_-.#@";

std::vector<std::string_view> split_at(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (const std::string_view part = formats::trimmed(text.substr(0, end)); !part.empty()) {
            parts.push_back(part);
        }
        if (end == text.size()) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

// What says that there is none. "-" keeps a place free, and who is not known ("?") is there.
bool says_none(std::string_view text) {
    constexpr std::array<std::string_view, 10> words{"alone", "[]",      "{}",   "()", "idle",
                                                     "0",     "nothing", "solo", "no", "nobody"};
    const bool brackets = text.size() > 2 &&
                          ((text.front() == '(' && text.back() == ')') || (text.front() == '[' && text.back() == ']') ||
                           (text.front() == '{' && text.back() == '}') || (text.front() == '<' && text.back() == '>'));
    if (brackets) {
        text = text.substr(1, text.size() - 2);
    }
    return (is_gap_among_numbers(text) && text != "-" && text != "?") ||
           std::ranges::find(words, formats::lower_ascii(text)) != words.end();
}

// A part without the quotes around it.
std::string_view unquoted(std::string_view text) {
    const bool quoted =
        text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

// Whether a name that is not known is most likely made of modules by a separator that is none: "sort:hash", "sort and
// hash", "2x sort". Words between them and counts are no names.
bool joins_modules(std::string_view text, const Known& known) {
    const auto is_filler = [](std::string_view word) {
        constexpr std::array<std::string_view, 7> words{"and", "with", "plus", "und", "or", "x", "vs"};
        const bool count = word.find_first_not_of("0123456789xX") == std::string_view::npos;
        return count || std::ranges::find(words, formats::lower_ascii(word)) != words.end();
    };
    std::string_view rest = text;
    std::size_t modules = 0;
    std::size_t fillers = 0;
    std::size_t others = 0;
    bool strong = false;  // a sign that seldom is a part of a name
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find_first_of(kStrangeSeparators), rest.size());
        if (const std::string_view part = rest.substr(0, end); !part.empty()) {
            ++(known(part) ? modules : is_filler(part) ? fillers : others);
        }
        strong = strong || (end < rest.size() && std::string_view(":/&*").find(rest[end]) != std::string_view::npos);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const bool counted = fillers > 0 && text.find_first_of(" *") != std::string_view::npos;
    return modules > 0 && (others == 0 ? modules > 1 || counted || strong : strong && modules + others > 1);
}

// One part of a list.
void add_part(std::string_view part, const Known& known, CoRunnerList& list) {
    if (part == "-" || known(part)) {
        list.names.emplace_back(part);
        return;
    }
    if (says_none(part)) {
        return;
    }
    for (const char separator : kOtherSeparators) {
        const auto parts = split_at(part, separator);
        if (parts.size() > 1 && std::ranges::all_of(parts, [&](std::string_view p) { return p == "-" || known(p); })) {
            list.names.insert(list.names.end(), parts.begin(), parts.end());
            return;
        }
    }
    if (part.find_first_of(kOtherSeparators) == std::string_view::npos && !joins_modules(part, known)) {
        list.names.emplace_back(part);
        return;
    }
    if (list.problem.empty()) {
        list.problem = fmt::format(
            "'{}' is no module that was measured here; if it lists several, separate them with "
            "';' (',', '+' and '|' do where all parts are measured modules), and if it is one, "
            "name it in a table of module features",
            core::printable(part));
    }
}

}  // namespace

CoRunnerList parse_co_runners(std::string_view cell, const Known& known) {
    CoRunnerList list;
    if (known(cell)) {
        list.names.emplace_back(cell);
        return list;
    }
    cell = formats::trimmed(cell);
    if (cell.empty() || (says_none(cell) && !known(cell))) {
        return list;
    }
    if (known(cell)) {
        list.names.emplace_back(cell);
        return list;
    }
    const bool brackets = cell.size() >= 2 &&
                          ((cell.front() == '[' && cell.back() == ']') || (cell.front() == '{' && cell.back() == '}') ||
                           (cell.front() == '(' && cell.back() == ')'));
    if (brackets) {
        const std::string_view inner = cell.substr(1, cell.size() - 2);
        for (const std::string_view part : split_at(inner, inner.find(';') == std::string_view::npos ? ',' : ';')) {
            add_part(unquoted(part), known, list);
        }
        return list;
    }
    for (const std::string_view part : split_at(cell, ';')) {
        add_part(part, known, list);
    }
    return list;
}

}  // namespace pitot::dataset
