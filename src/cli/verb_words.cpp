#include "cli/verb_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

namespace pitot::cli {
namespace {

// What begins and ends a list of words in the type of an option, as CLI11 gives it: of those that are checked, and of
// those that are offered.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kLists{{{":{", "}"}, {":<", ">"}}};

// -q and -v, which every verb has; a few verbs have a use of their own for -v, too.
void add_verbosity(CLI::App& app) {
    const auto set_none = [](std::int64_t /*count*/) {};  // the dispatcher reads both
    app.add_flag_function("-q,--quiet", set_none, "No notes and no progress, only results and errors");
    if (app.get_option_no_throw("--verbose") == nullptr) {
        app.add_flag_function("-v,--verbose", set_none, "Also what is done and how long it takes");
    }
}

std::string names_of(const std::set<CLI::Option*>& options) {
    std::vector<std::string> names(options.size());
    std::ranges::transform(options, names.begin(), [](const CLI::Option* option) { return option->get_name(); });
    std::ranges::sort(names);
    return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> choices_in(const std::string& type) {
    for (const auto& [open, close] : kLists) {
        const std::size_t begin = type.find(open);
        if (begin != std::string::npos) {
            const std::size_t end = std::min(type.rfind(close), type.size());
            return CLI::detail::split(type.substr(begin + open.size(), end - begin - open.size()), ',');
        }
    }
    return {};
}

// What a choice must be, where neither the description nor anything else names it.
std::string untold_choices(const std::string& type, const OptionWords& words) {
    const bool told = type.find(kLists[0].first) == std::string::npos ||
                      std::ranges::all_of(words.choices, [&](const std::string& choice) {
                          return words.description.find(choice) != std::string::npos;
                      });
    return told ? "" : fmt::format("one of {}", fmt::join(words.choices, ", "));
}

std::vector<std::string> remarks_on(const CLI::Option& option, const std::string& choices) {
    std::vector<std::string> remarks;
    if (!choices.empty()) {
        remarks.push_back(choices);
    }
    if (!option.get_default_str().empty()) {
        remarks.push_back("default: " + option.get_default_str());
    }
    if (option.get_required()) {
        remarks.emplace_back("required");
    }
    if (!option.get_excludes().empty()) {
        remarks.push_back("not with " + names_of(option.get_excludes()));
    }
    if (!option.get_needs().empty()) {
        remarks.push_back("with " + names_of(option.get_needs()));
    }
    return remarks;
}

OptionWords words_of(const CLI::Option& option) {
    OptionWords words;
    words.positional = option.get_positional();
    if (words.positional) {
        words.names.push_back(option.get_name(true));
    } else {
        for (const std::string& name : option.get_snames()) {
            words.names.push_back("-" + name);
        }
        for (const std::string& name : option.get_lnames()) {
            words.names.push_back("--" + name);
        }
    }
    const std::string type = option.get_type_size() != 0 ? option.get_type_name() : "";
    words.type = type.substr(0, type.find(':'));  // behind it is what checks say of themselves
    words.choices = choices_in(type);
    words.takes = !words.choices.empty() ? Takes::kWords : takes_of(words.type);
    words.several = option.get_expected_max() == CLI::detail::expected_max_vector_size;
    words.follows = words.several && option.get_allow_extra_args();
    words.required = option.get_required();
    words.description = option.get_description();
    words.remarks = remarks_on(option, untold_choices(type, words));
    return words;
}

template <typename Wanted>
void add_section(std::vector<OptionSection>& sections, const std::string& title, const CLI::App& app, Wanted wanted) {
    OptionSection section{title, {}};
    for (const CLI::Option* option : app.get_options(wanted)) {
        section.options.push_back(words_of(*option));
    }
    if (!section.options.empty()) {
        sections.push_back(std::move(section));
    }
}

}  // namespace

Action set_up(CLI::App& app, const Verb& verb) {
    app.set_help_flag("-h,--help", "This text");
    Action action = verb.add(app);
    add_verbosity(app);
    return action;
}

std::vector<OptionSection> option_sections(const CLI::App& app) {
    std::vector<OptionSection> sections;
    add_section(sections, "Arguments", app, [](const CLI::Option* option) { return option->get_positional(); });
    for (const std::string& group : app.get_groups()) {
        add_section(sections, group, app, [&](const CLI::Option* option) {
            return option->get_group() == group && option->nonpositional() && !group.empty();
        });
    }
    for (const CLI::App* group : app.get_subcommands({})) {  // option groups are the only ones there are
        add_section(sections, group->get_group(), *group, [&](const CLI::Option* option) {
            return option != group->get_help_ptr() && !option->get_group().empty();
        });
    }
    return sections;
}

std::string usage(const CLI::App& app) {
    std::string text = app.get_name() + " [OPTIONS]";
    for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return o->get_positional(); })) {
        const OptionWords words = words_of(*option);
        const std::string name = words.names.front() + (words.several ? "..." : "");
        text += words.required ? " " + name : fmt::format(" [{}]", name);
    }
    return text;
}

std::vector<FooterPart> footer_parts(std::string_view footer) {
    using Kind = FooterPart::Kind;
    std::vector<FooterPart> parts;
    std::string paragraph;
    const auto end_paragraph = [&] {
        if (!paragraph.empty()) {
            parts.push_back({Kind::kParagraph, std::exchange(paragraph, std::string())});
        }
    };
    while (!footer.empty()) {
        const std::size_t end = std::min(footer.find('\n'), footer.size());
        const std::string line(footer.substr(0, end));
        footer.remove_prefix(std::min(end + 1, footer.size()));
        if (line.empty()) {
            end_paragraph();
            parts.push_back({Kind::kBlank, ""});
        } else if (line.starts_with("  ")) {
            end_paragraph();
            parts.push_back({Kind::kLine, line.substr(2)});
        } else if (line.starts_with("Example") && line.ends_with(":")) {
            end_paragraph();
            parts.push_back({Kind::kExamples, line});
        } else {
            paragraph += (paragraph.empty() ? "" : " ") + line;
        }
    }
    end_paragraph();
    return parts;
}

Takes takes_of(std::string_view type) {
    // A DIR is a folder, but that of modules may be one module's file.
    constexpr std::array<std::string_view, 13> files{"FILE",    "FILE.wasm", "FILE.mjs", "MODEL", "MODEL_A",
                                                     "MODEL_B", "OLD",       "NEW",      "DATA",  "COLLECTION",
                                                     "MODULE",  "ARG",       "DIR"};
    if (type.empty()) {
        return Takes::kNothing;
    }
    if (type == "FOLDER") {
        return Takes::kFolder;
    }
    return std::ranges::find(files, type) != files.end() ? Takes::kFile : Takes::kText;
}

CLI::Option* offer(CLI::Option* option, const std::vector<std::string>& words) {
    const auto take_all = [](const std::string& /*text*/) { return std::string(); };
    const std::string list = fmt::format("{}{}{}", kLists[1].first.substr(1), fmt::join(words, ","), kLists[1].second);
    return option->check(CLI::Validator(take_all, list));
}

std::vector<std::string> verb_names(std::span<const VerbGroup> groups) {
    std::vector<std::string> names;
    for (const VerbGroup& group : groups) {
        for (const Verb& verb : group.verbs) {
            names.push_back(verb.name);
        }
    }
    return names;
}

std::vector<std::string> spellings(const std::string& name) {
    // An option's hyphens in front stay.
    const std::size_t begin = std::min(name.find_first_not_of('-'), name.size());
    std::vector<std::string> names{name, name};
    std::replace(names[0].begin() + static_cast<std::ptrdiff_t>(begin), names[0].end(), '_', '-');
    std::replace(names[1].begin() + static_cast<std::ptrdiff_t>(begin), names[1].end(), '-', '_');
    if (names[0] == names[1]) {
        names.pop_back();
    }
    return names;
}

}  // namespace pitot::cli
