#include "cli/man_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/help.hpp"
#include "cli/verb_words.hpp"
#include "pitot/version.hpp"

namespace pitot::cli {
namespace {

constexpr std::size_t kExampleWidth = 70;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kExitStatuses{
    {{"0", "Success."},
     {"5", "Success, and what was asked about is so: runs differ, bounds no longer hold."},
     {"2", "Wrong use: an option or argument that is not understood."},
     {"3", "Wrong input: a file that cannot be used."},
     {"4", "The machine refused: a file that cannot be opened or written, a program or memory that is not there."},
     {"1", "A fault of Pitot. Please report it."},
     {"130", "Stopped by the user, as with Ctrl-C."}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kEnvironment{
    {{"NO_COLOR", "If it is set and not empty, nothing is coloured."},
     {"PITOT_PROGRESS_SECONDS", "Seconds between the lines that tell how far long work is; 0 for none. Default: 10."},
     {"PITOT_REFERENCE_DATA", "Folder of the public datasets, which experiments take where no dataset is named."},
     {"PITOT_INSTRUCTION_SET", "The processor's instructions to compute with, fewer than it has."},
     {"XDG_CACHE_HOME", "Folder of caches; what engines compile ahead of time is kept there."}}};

// Code points of UTF-8 as roff names them; all the rest of the page is ASCII, so that no locale changes it.
void append_code_point(std::string& out, std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::size_t length = byte(at) >= 0xF0U ? 4 : byte(at) >= 0xE0U ? 3 : 2;
    std::uint32_t point = byte(at) & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length && at + i < text.size(); ++i) {
        point = (point << 6U) | (byte(at + i) & 0x3FU);
    }
    at += length - 1;
    out += fmt::format("\\[u{:04X}]", point);
}

// Text that roff prints as it is. `literal`: of commands, whose hyphens and quotes are those of the keyboard.
std::string roff(std::string_view text, bool literal = false) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (static_cast<unsigned char>(c) >= 0x80U) {
            append_code_point(out, text, i);
        } else if (c == '\\') {
            out += "\\(rs";
        } else if (c == '\'') {
            out += "\\(aq";
        } else if (c == '`') {
            out += "\\(ga";
        } else if (c == '^') {
            out += "\\(ha";
        } else if (c == '~') {
            out += "\\(ti";
        } else if (c == '-' && (literal || i == 0 || text[i - 1] == ' ' || text[i - 1] == '-' || text[i - 1] == '\'')) {
            out += "\\-";  // of an option
        } else {
            out += c;
        }
    }
    return out.starts_with('.') ? "\\&" + out : out;
}

std::string head(const std::string& name) {
    std::string title;
    for (const char c : name) {
        title += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return fmt::format(".\\\" Written by 'pitot man'.\n.TH {} 1 \"\" \"pitot {}\" \"Pitot\"\n.nh\n.ad l\n",
                       roff(title, true), version());
}

std::string name_section(const std::string& name, std::string what) {
    what.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(what.front())));
    return fmt::format(".SH NAME\n{} \\- {}\n", roff(name, true), roff(what));
}

template <typename Rows>
std::string table(std::string_view title, const Rows& rows) {
    std::string text = fmt::format(".SH {}\n", title);
    for (const auto& [term, meaning] : rows) {
        text += fmt::format(".TP\n.B {}\n{}\n", roff(term, true), roff(meaning));
    }
    return text;
}

std::string option_entry(const OptionWords& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.names) {
        names.push_back(fmt::format("\\fB{}\\fR", roff(name, true)));
    }
    std::string text = fmt::format(".TP\n{}", fmt::join(names, ", "));
    if (!option.type.empty()) {
        text += fmt::format(" \\fI{}\\fR", roff(option.type, true));
    }
    text += fmt::format("{}\n{}", option.several ? " ..." : "", roff(option.description));
    for (const std::string& remark : option.remarks) {
        text += fmt::format(" ({})", roff(remark));
    }
    return text + "\n";
}

std::string options_text(const CLI::App& app) {
    std::string text = ".SH OPTIONS\n";
    for (const OptionSection& section : option_sections(app)) {
        text += fmt::format(".SS {}\n", roff(section.title));
        for (const OptionWords& option : section.options) {
            text += option_entry(option);
        }
    }
    return text;
}

// Lines as they are; `commands` in as many as each needs.
std::string literal_lines(const std::vector<std::string>& lines, bool commands) {
    std::string text = ".PP\n.nf\n";
    for (const std::string& line : lines) {
        const std::string wrapped = commands ? wrap_command(line, kExampleWidth, 0) : line;
        for (std::size_t at = 0; at <= wrapped.size();) {
            const std::size_t end = std::min(wrapped.find('\n', at), wrapped.size());
            text += roff(wrapped.substr(at, end - at), true) + "\n";
            at = end + 1;
        }
    }
    return text + ".fi\n";
}

// Paragraphs, lists and, under a heading of their own, examples.
std::string footer_text(const std::string& footer) {
    std::string text;
    std::vector<std::string> lines;
    bool heading = false;
    const auto end_lines = [&] {
        if (!lines.empty()) {
            text += literal_lines(std::exchange(lines, {}), heading);
        }
    };
    for (const FooterPart& part : footer_parts(footer)) {
        if (part.kind == FooterPart::Kind::kLine) {
            lines.push_back(part.text);
            continue;
        }
        end_lines();
        if (part.kind == FooterPart::Kind::kExamples) {
            text += ".SH EXAMPLES\n";
            heading = true;
        } else if (part.kind == FooterPart::Kind::kParagraph) {
            text += fmt::format("{}{}\n", heading || text.empty() ? "" : ".PP\n", roff(part.text));
        }
    }
    end_lines();
    return text;
}

// What stands before the examples belongs to the description.
std::pair<std::string, std::string> split_footer(const std::string& footer) {
    const std::string text = footer_text(footer);
    const std::size_t examples = std::min(text.find(".SH EXAMPLES\n"), text.size());
    return {text.substr(0, examples), text.substr(examples)};
}

}  // namespace

std::string man_page(std::span<const VerbGroup> groups) {
    std::string text = head("pitot");
    text += name_section("pitot", "predict how long WebAssembly modules run on platforms");
    text += fmt::format(".SH SYNOPSIS\n.B pitot\n.I VERB\n[OPTIONS]\n.SH DESCRIPTION\n{}\n", roff(kProgramSentence));
    text +=
        ".PP\nA model is fitted on measured pairs of modules and platforms and answers for those that were not "
        "measured, "
        "alone or beside other modules, with bounds that hold with a confidence asked for. Each verb has a page of its "
        "own. Hyphens and underscores are the same in names of verbs and options.\n.SH VERBS\n";
    std::vector<std::string> pages;
    for (const VerbGroup& group : groups) {
        text += fmt::format(".SS {}\n", roff(group.title));
        for (const Verb& verb : group.verbs) {
            text += fmt::format(".TP\n.B {}\n{}\n", roff(verb.name, true), roff(verb.summary));
            pages.push_back(fmt::format(".BR pitot\\-{} (1)", roff(verb.name, true)));
        }
    }
    text += table("OPTIONS", kProgramOptions);
    text += table("EXIT STATUS", kExitStatuses);
    text += table("ENVIRONMENT", kEnvironment);
    text +=
        ".SH EXAMPLES\n" + literal_lines({std::string(kProgramExample)}, true).substr(std::string_view(".PP\n").size());
    return text + fmt::format(".SH SEE ALSO\n{}\n", fmt::join(pages, ",\n"));
}

std::string man_page(const Verb& verb) {
    CLI::App app(verb.summary, "pitot " + verb.name);
    [[maybe_unused]] const Action action = set_up(app, verb);
    const std::string name = "pitot-" + verb.name;
    const std::string called = "pitot " + verb.name;
    const auto [told, examples] = split_footer(app.get_footer());
    std::string text = head(name) + name_section(name, verb.summary);
    text += fmt::format(".SH SYNOPSIS\n.B {}\n{}\n.SH DESCRIPTION\n{}.\n", roff(called, true),
                        roff(usage(app).substr(called.size() + 1), true), roff(app.get_description()));
    text += told.empty() || told.starts_with(".PP") ? told : ".PP\n" + told;
    text += options_text(app);
    std::string shown = examples;
    if (const std::size_t first = shown.find(".PP\n.nf\n"); first != std::string::npos) {
        shown.erase(first, std::string_view(".PP\n").size());  // a heading begins a paragraph by itself
    }
    return text + shown + ".SH SEE ALSO\n.BR pitot (1)\n";
}

}  // namespace pitot::cli
