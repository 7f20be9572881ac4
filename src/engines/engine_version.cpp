#include "engines/engine_version.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/programs.hpp"
#include "engines/process.hpp"

namespace pitot::engines {
namespace {

constexpr double kVersionSeconds = 20.0;

std::string ask_version(const Words& command, const std::stop_token& stop, Answers& answers) {
    const auto [place, is_new] = answers.emplace(command, "");
    if (!is_new) {
        return place->second;
    }
    const std::optional<std::filesystem::path> program = find_file({command.front()});
    Words argv = command;
    if (program && !stop.stop_requested()) {
        argv.front() = program->string();
        const Result<core::ChildAnswer> answer =
            core::run_program({argv}, {kVersionSeconds, stop, core::Streams::kCaptured});
        place->second = answer && answer->good() ? version_in(answer->bytes) : "";
    }
    return place->second;
}

}  // namespace

std::string version_of(const NamedWords& commands, const Places& places, const std::stop_token& stop,
                       Answers& answers) {
    std::string all;
    for (const auto& [label, command] : commands) {
        const std::string version = ask_version(fill(command, places), stop, answers);
        all += fmt::format("{}{} {}", all.empty() ? "" : ", ", label, version.empty() ? "of unknown version" : version);
    }
    return all;
}

std::optional<std::string> find_programs(const NamedWords& programs, Places& places) {
    for (const auto& [name, candidates] : programs) {
        const Words files = fill(candidates, places);
        const auto found = find_file(files);
        if (!found) {
            return fmt::format("{}", fmt::join(files, " or "));
        }
        places[name] = {found->string()};
    }
    return std::nullopt;
}

}  // namespace pitot::engines
