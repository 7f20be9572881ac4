// pitot man: the manual's pages, as roff.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/man_page.hpp"
#include "cli/output.hpp"
#include "cli/verb_words.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "core/suggest.hpp"

namespace pitot::cli {
namespace man_command {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string verb;
    std::string folder;
};

Result<void> write_all(const std::vector<VerbGroup>& groups, const fs::path& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("{}: cannot be made: {}; choose another folder", folder.string(), failed.message()));
    }
    std::vector<std::pair<std::string, std::string>> pages{{"pitot.1", man_page(groups)}};
    for (const VerbGroup& group : groups) {
        for (const Verb& verb : group.verbs) {
            pages.emplace_back(fmt::format("pitot-{}.1", verb.name), man_page(verb));
        }
    }
    for (const auto& [name, text] : pages) {
        if (auto written = core::write_text(folder / name, text); !written) {
            return written;
        }
    }
    return {};
}

Result<void> print(const std::vector<VerbGroup>& groups, const std::string& name) {
    if (name.empty()) {
        fmt::print("{}", man_page(groups));
        return {};
    }
    const std::vector<std::string> spelled = spellings(name);
    for (const VerbGroup& group : groups) {
        for (const Verb& verb : group.verbs) {
            if (std::ranges::find(spelled, verb.name) != spelled.end()) {
                fmt::print("{}", man_page(verb));
                return {};
            }
        }
    }
    return fail(ErrorCode::kUsage,
                fmt::format("there is no verb '{}'{}", name, core::suggestion(name, verb_names(groups))));
}

Result<void> run(const std::vector<VerbGroup>& groups, const Options& options) {
    if (!options.folder.empty() && !options.verb.empty()) {
        return fail(ErrorCode::kUsage, "-o writes the pages of all verbs; name none");
    }
    return options.folder.empty() ? print(groups, options.verb) : write_all(groups, options.folder);
}

Action add(CLI::App& app, const std::vector<VerbGroup>& groups) {
    auto options = std::make_shared<Options>();
    offer(app.add_option("verb", options->verb, "Verb to print the page of; else the program's")->type_name("VERB"),
          verb_names(groups));
    app.add_option("-o,--out", options->folder, "Write all pages into this folder instead, pitot.1 and pitot-VERB.1")
        ->type_name("FOLDER");
    app.footer(
        "Prints roff, which man shows. An installed pitot has brought its pages along: man pitot, man pitot-fit.\n"
        "\n"
        "Examples:\n"
        "  pitot man fit > pitot-fit.1   # to be read by 'man ./pitot-fit.1'\n"
        "  pitot man -o man1");
    return [options, &groups] { return run(groups, *options); };
}

}  // namespace
}  // namespace man_command

Verb man_verb(const std::vector<VerbGroup>& groups) {
    return {"man", "Print a page of the manual", [&groups](CLI::App& app) { return man_command::add(app, groups); }};
}

}  // namespace pitot::cli
