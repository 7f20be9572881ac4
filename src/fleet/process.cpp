#include "fleet/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "core/programs.hpp"

namespace pitot::fleet {
namespace {

constexpr std::size_t kLastWords = 400;

bool is_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

/// This process's environment, with `more` in place of variables of the same name.
std::vector<std::string> joined_environment(const std::vector<std::string>& more) {
    std::vector<std::string> all = more;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        const std::string_view name = text.substr(0, text.find('=') + 1);
        if (std::none_of(more.begin(), more.end(), [&](const std::string& one) { return one.starts_with(name); })) {
            all.emplace_back(text);
        }
    }
    return all;
}

}  // namespace

std::optional<std::filesystem::path> find_file(const std::vector<std::string>& candidates) {
    for (const std::string& candidate : candidates) {
        if (candidate.find('/') == std::string::npos) {
            if (auto found = find_program(candidate)) {
                return found;
            }
        } else if (is_file(candidate)) {
            std::error_code ignored;
            return std::filesystem::absolute(candidate, ignored);
        }
    }
    return std::nullopt;
}

Result<Answer> run_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                           std::optional<double> limit_s) {
    std::vector<std::string> words = argv;
    std::vector<std::string> variables = joined_environment(environment);
    const std::vector<char*> word_pointers = exec_pointers(words);
    const std::vector<char*> variable_pointers = exec_pointers(variables);
    const auto become = [&](int answer_fd) {
        const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(answer_fd, STDOUT_FILENO);
        ::dup2(answer_fd, STDERR_FILENO);
        ::execve(word_pointers.front(), word_pointers.data(), variable_pointers.data());
        return kCannotExecute;
    };
    Result<ChildAnswer> child = run_child(become, {limit_s, {}});
    if (!child) {
        return Failure(child.error());
    }
    return Answer{std::move(child->bytes), child->exit_status, child->signal, child->timed_out};
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

}  // namespace pitot::fleet
