#include "engines/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace pitot::engines {
namespace {

constexpr std::size_t kLastWords = 400;

bool is_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

std::optional<std::filesystem::path> find_file(const std::vector<std::string>& candidates) {
    for (const std::string& candidate : candidates) {
        if (candidate.find('/') == std::string::npos) {
            if (auto found = core::find_program(candidate)) {
                return found;
            }
        } else if (is_file(candidate)) {
            std::error_code ignored;
            return std::filesystem::absolute(candidate, ignored);
        }
    }
    return std::nullopt;
}

std::string ending_of(const core::ChildAnswer& answer, double limit_s) {
    if (answer.timed_out) {
        return fmt::format("was killed after {:g} s", limit_s);
    }
    return answer.signal != 0 ? fmt::format("was ended by signal {}", answer.signal)
                              : fmt::format("ended with status {}", answer.exit_status);
}

std::string last_words(const std::string& output) {
    std::string text = output.substr(output.size() - std::min(output.size(), kLastWords));
    const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_continuation));
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace pitot::engines
