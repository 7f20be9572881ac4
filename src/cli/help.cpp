#include "cli/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "cli/terminal.hpp"
#include "cli/verb_words.hpp"
#include "core/utf8.hpp"

namespace pitot::cli {
namespace {

using core::display_width;

constexpr std::size_t kWidest = 100;
constexpr std::size_t kNarrow = 72;  // below, what an option does begins on a line of its own
constexpr std::size_t kDescriptionColumn = 30;

std::vector<std::string> words_of(std::string_view text, bool keep_quoted) {
    std::vector<std::string> words;
    std::string word;
    char quote = 0;
    for (const char c : text) {
        if (keep_quoted && (c == '\'' || c == '"') && (quote == 0 || quote == c)) {
            quote = quote == 0 ? c : char{0};
        }
        if (c == ' ' && quote == 0) {
            if (!word.empty()) {
                words.push_back(std::move(word));
                word.clear();
            }
        } else {
            word += c;
        }
    }
    if (!word.empty()) {
        words.push_back(std::move(word));
    }
    return words;
}

// Lines of words, none of which is wider than `width` where its words allow that.
std::vector<std::string> fill(const std::vector<std::string>& words, std::size_t width) {
    std::vector<std::string> lines;
    for (const std::string& word : words) {
        if (!lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= width) {
            lines.back() += " " + word;
        } else {
            lines.push_back(word);
        }
    }
    return lines;
}

std::string heading(std::string_view text, std::FILE* stream = stdout) { return styled(stream, Style::kHeading, text); }

// Names behind names, or below them where they are too wide, what they are.
std::string entry(const std::string& names, const std::string& meaning, std::size_t width) {
    if (width < kNarrow) {
        return fmt::format("{}\n{}\n", wrap(names, width, 2), wrap(meaning, width, 6));
    }
    std::string text = wrap(meaning, width, kDescriptionColumn) + "\n";
    const std::size_t own = display_width(names) + 2;
    if (own + 2 > kDescriptionColumn) {
        return fmt::format("  {}\n{}", names, text);
    }
    return fmt::format("  {}{}", names, text.substr(std::min(own, text.size())));
}

std::string option_entry(const OptionWords& option, std::size_t width) {
    std::string names = fmt::format("{}", fmt::join(option.names, ", "));
    names += (option.type.empty() ? "" : " ") + option.type;
    if (option.several) {
        names += " ...";
    }
    std::string meaning = option.description;
    for (const std::string& remark : option.remarks) {
        meaning += fmt::format(" ({})", remark);
    }
    return entry(names, meaning, width);
}

std::string footer_text(const std::string& footer, std::size_t width) {
    std::string text;
    for (const FooterPart& part : footer_parts(footer)) {
        switch (part.kind) {
            case FooterPart::Kind::kParagraph:
                text += wrap(part.text, width) + "\n";
                break;
            case FooterPart::Kind::kLine:
                text += wrap_command(part.text, width, 2) + "\n";
                break;
            case FooterPart::Kind::kExamples:
                text += heading(part.text) + "\n";
                break;
            case FooterPart::Kind::kBlank:
                text += "\n";
                break;
        }
    }
    return text;
}

}  // namespace

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
    const std::string space(indent, ' ');
    const auto lines = fill(words_of(text, false), width > indent ? width - indent : 1);
    return space + fmt::format("{}", fmt::join(lines, "\n" + space));
}

std::string wrap_command(std::string_view command, std::size_t width, std::size_t indent) {
    const std::string space(indent, ' ');
    if (indent + display_width(command) <= width || command.find('#') != std::string_view::npos) {
        return space + std::string(command);  // a comment goes on to the end of its line
    }
    constexpr std::size_t further = 4;  // lines that go on are indented more
    constexpr std::size_t mark = 2;     // " \"
    const std::size_t taken = indent + further + mark;
    const auto lines = fill(words_of(command, true), width > taken ? width - taken : 1);
    return space + fmt::format("{}", fmt::join(lines, " \\\n" + space + std::string(further, ' ')));
}

std::string overview(std::span<const VerbGroup> groups, std::size_t width, std::FILE* stream) {
    std::string text = fmt::format("{}\n\nUsage: {}\n", wrap(kProgramSentence, width), kProgramUsage);
    std::size_t column = 0;
    for (const VerbGroup& group : groups) {
        for (const Verb& verb : group.verbs) {
            column = std::max(column, verb.name.size() + 4);
        }
    }
    for (const VerbGroup& group : groups) {
        text += fmt::format("\n{}\n", heading(group.title + ":", stream));
        for (const Verb& verb : group.verbs) {
            text +=
                fmt::format("  {:<{}}{}\n", verb.name, column - 2, wrap(verb.summary, width, column).substr(column));
        }
    }
    text += fmt::format("\n{}\n", heading("Options:", stream));
    for (const auto& [names, meaning] : kProgramOptions) {
        constexpr std::size_t place = 17;
        text += fmt::format("  {:<{}}{}\n", names, place - 2, wrap(meaning, width, place).substr(place));
    }
    return text + fmt::format("\n{}\n{}\n", heading("Example:", stream), wrap_command(kProgramExample, width, 2));
}

std::string verb_help(const CLI::App& app, std::size_t width) {
    std::string text =
        fmt::format("{}\n\n{}\n", wrap(app.get_description(), width), wrap("Usage: " + usage(app), width));
    for (const OptionSection& section : option_sections(app)) {
        text += fmt::format("\n{}\n", heading(section.title + ":"));
        for (const OptionWords& option : section.options) {
            text += option_entry(option, width);
        }
    }
    const std::string footer = app.get_footer();
    return text + (footer.empty() ? "" : "\n" + footer_text(footer, width));
}

std::size_t help_width(std::FILE* stream) { return std::min(terminal_width(stream, kWidest), kWidest); }

}  // namespace pitot::cli
