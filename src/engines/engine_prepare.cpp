// Makes modules ready for engines.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/check.hpp"
#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "engines/engine.hpp"
#include "engines/engine_words.hpp"
#include "engines/files.hpp"
#include "engines/process.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::ordered_json;

std::string name_of(const Engine& engine) {
    return engine.device.empty() ? engine.name : fmt::format("{} ({})", engine.name, engine.device);
}

Failure cannot_write(const std::filesystem::path& folder) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot write to the folder '{}': {}; make room or choose another",
                                                     folder.string(), std::strerror(errno)));
}

/// A step that is given the module and says no has refused it; all else is the machine's fault.
Result<void> run_step(const Words& step, bool takes_module, const Engine& engine, const std::string& module,
                      const PrepareOptions& options) {
    const Result<core::ChildAnswer> answer =
        core::run_program({step}, {options.limit_s, options.stop, core::Streams::kCaptured});
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->stopped) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    if (answer->good()) {
        return {};
    }
    if (answer->timed_out) {
        return fail(
            ErrorCode::kEnvironment,
            fmt::format("{} cannot compile '{}' in {:g} s; give it longer, or leave out the module or the engine",
                        name_of(engine), module, options.limit_s));
    }
    const std::string words = last_words(answer->bytes);
    if (takes_module && answer->signal == 0 && answer->exit_status != core::kCannotExecute) {
        return fail(ErrorCode::kInput, fmt::format("{} refuses '{}': {}; leave out the module or the engine",
                                                   name_of(engine), module, words.empty() ? "no reason given" : words));
    }
    return fail(ErrorCode::kEnvironment,
                fmt::format("{} cannot compile '{}': '{}' {}{}{}; reinstall {} or leave the engine out",
                            name_of(engine), module, step.front(), ending_of(*answer, options.limit_s),
                            words.empty() ? "" : ": ", words, engine.package));
}

Result<void> build(const Json& declared, Places places, const Engine& engine, const std::filesystem::path& target,
                   const PrepareOptions& options) {
    TemporaryFolder folder(target);
    if (folder.path().empty()) {
        return cannot_write(target.parent_path());
    }
    places["build"] = {folder.path().string()};
    const std::string module = places["module"].front();
    for (const Json& step : declared.at("compile")) {
        const auto words = step.get<Words>();
        bool takes_module = false;
        for (const std::string& word : words) {
            takes_module = takes_module || word.find("{module}") != std::string::npos;
        }
        if (Result<void> done = run_step(fill(words, places), takes_module, engine, module, options); !done) {
            return done;
        }
    }
    return folder.become(target) ? Result<void>() : cannot_write(target.parent_path());
}

/// The folder of what `compile` makes of the module, made if it is not there.
Result<std::filesystem::path> built(const Json& declared, const Places& places, const Engine& engine,
                                    const std::filesystem::path& cache, const PrepareOptions& options) {
    const std::string& module = places.at("module").front();
    PITOT_TRY(const auto bytes, core::read_file(module));
    const std::string digest = short_digest(
        {bytes, declared.at("version").get<std::string>(), declared.at("compile").dump(), places.at("files").front()});
    const std::string device = engine.device.empty() ? "" : engine.device + "-";
    std::filesystem::path target = cache / fmt::format("{}{}-{}", device, engine.name, digest);
    std::error_code ignored;
    if (!std::filesystem::is_directory(target, ignored)) {
        if (const Result<void> made = build(declared, places, engine, target, options); !made) {
            return Failure(made.error());
        }
    }
    return target;
}

}  // namespace

Result<Command> prepare(const Engine& engine, const std::filesystem::path& module, const std::vector<std::string>& args,
                        const std::filesystem::path& cache, const PrepareOptions& options) {
    if (!engine.missing.empty()) {
        return fail(ErrorCode::kEnvironment, fmt::format("{} is not here: no {}; {} brings it", name_of(engine),
                                                         engine.missing, engine.package));
    }
    const Json declared = Json::parse(engine.declared, nullptr, false);
    PITOT_CHECK(declared.is_object());
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::absolute(cache, error);
    const Result<std::filesystem::path> files = runtime_folder(folder);
    if (!files) {
        return Failure(files.error());
    }
    Places places;
    places["module"] = {std::filesystem::absolute(module, error).string()};
    places["files"] = {files->string()};
    if (!declared.at("compile").empty()) {
        PITOT_TRY(const auto target, built(declared, places, engine, folder, options));
        places["build"] = {target.string()};
    }
    places["args"] = args;
    Command command;
    command.argv = fill(declared.at("run").get<Words>(), places);
    for (const auto& [name, value] : declared.at("environment").items()) {
        command.environment.push_back(fmt::format("{}={}", name, value.get<std::string>()));
    }
    return command;
}

}  // namespace pitot::engines
