#include "engines/engine_words.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace pitot::engines {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One pass, so that what is put in is not looked at again.
std::string fill_word(const std::string& word, const Places& places) {
    std::string filled;
    std::size_t done = 0;
    while (done < word.size()) {
        const std::size_t open = word.find('{', done);
        const std::size_t close = open == std::string::npos ? open : word.find('}', open);
        if (close == std::string::npos) {
            break;
        }
        const auto place = places.find(word.substr(open + 1, close - open - 1));
        filled += word.substr(done, open - done);
        const bool is_name = open == 0 || word[open - 1] != '$';
        if (is_name && place != places.end() && place->second.size() == 1) {
            filled += place->second.front();
        } else {
            filled += word.substr(open, close + 1 - open);
        }
        done = close + 1;
    }
    return filled + word.substr(done);
}

}  // namespace

Words fill(const Words& words, const Places& places) {
    Words filled;
    for (const std::string& word : words) {
        const bool whole = word.size() > 2 && word.front() == '{' && word.find('}') == word.size() - 1;
        const auto place = whole ? places.find(word.substr(1, word.size() - 2)) : places.end();
        if (place != places.end()) {
            filled.insert(filled.end(), place->second.begin(), place->second.end());
        } else {
            filled.push_back(fill_word(word, places));
        }
    }
    return filled;
}

Places folder_places() {
    std::filesystem::path engines = variable("PITOT_ENGINES");
    if (engines.empty()) {
        const std::filesystem::path data = variable("XDG_DATA_HOME");
        engines = (data.empty() ? std::filesystem::path(variable("HOME")) / ".local/share" : data) / "pitot/engines";
    }
    std::error_code ignored;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    return {{"engines", {engines.string()}}, {"self", {self.string()}}};
}

std::string version_in(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t end = i;
        while (end < text.size() && is_digit(text[end])) {
            ++end;
        }
        if (end > i && end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
            const std::size_t stop = text.find_first_of(" \t\r\n,;()", end);
            return text.substr(i, stop == std::string::npos ? stop : stop - i);
        }
        i = std::max(i, end > i ? end - 1 : i);
    }
    return "";
}

}  // namespace pitot::engines
