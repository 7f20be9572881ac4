// Makes modules ready for engines.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "core/atomic_file.hpp"
#include "core/check.hpp"
#include "core/path.hpp"
#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "core/temporary_folder.hpp"
#include "engines/engine.hpp"
#include "engines/engine_words.hpp"
#include "engines/files.hpp"
#include "engines/process.hpp"
#include "wasm/module.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::ordered_json;

// The place of the module's path as it was given, for messages: what is compiled may be a copy.
constexpr const char* kAsGiven = "module as given";

std::string name_of(const Engine& engine) {
    return engine.device.empty() ? engine.name : fmt::format("{} ({})", engine.name, engine.device);
}

Failure cannot_write(const std::filesystem::path& folder) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot write to the folder '{}': {}; make room or choose another",
                                                     folder.string(), std::strerror(errno)));
}

/// How a step of a compilation ended, where it did not end well.
struct StepFailure {
    Error error;
    bool perhaps_the_module = false;  ///< it may be the module's fault as well as the machine's
    std::string words{};              ///< the compiler's last
};

/// A step that is given the module and says no has refused it. Whose fault all else is, is not known yet.
std::optional<StepFailure> run_step(const Words& step, bool takes_module, const Engine& engine,
                                    const std::string& module, const PrepareOptions& options) {
    const Result<core::ChildAnswer> answer =
        core::run_program({step}, {options.limit_s, options.stop, core::Streams::kCaptured});
    if (!answer) {
        return StepFailure{answer.error()};
    }
    if (answer->stopped) {
        return StepFailure{Error(ErrorCode::kCancelled, "stopped")};
    }
    if (answer->good()) {
        return std::nullopt;
    }
    if (answer->timed_out) {
        return StepFailure{
            Error(ErrorCode::kEnvironment,
                  fmt::format("{} cannot compile '{}' in {:g} s; give it longer, or leave out the module or the engine",
                              name_of(engine), module, options.limit_s))};
    }
    const std::string words = last_words(answer->bytes);
    const bool started = answer->exit_status != core::kCannotExecute;
    if (takes_module && answer->signal == 0 && started) {
        return StepFailure{
            Error(ErrorCode::kInput, fmt::format("{} refuses '{}': {}; leave out the module or the engine",
                                                 name_of(engine), module, words.empty() ? "no reason given" : words))};
    }
    return StepFailure{Error(ErrorCode::kEnvironment,
                             fmt::format("{} cannot compile '{}': '{}' {}{}{}; reinstall {} or leave the engine out",
                                         name_of(engine), module, step.front(), ending_of(*answer, options.limit_s),
                                         words.empty() ? "" : ": ", words, engine.package)),
                       started,
                       fmt::format("'{}' {}{}{}", std::filesystem::path(step.front()).filename().string(),
                                   ending_of(*answer, options.limit_s), words.empty() ? "" : ": ", words)};
}

/// The error of a step, once it is known whether the engine compiles a module of ours: then it is that one's fault.
Result<void> blamed(const StepFailure& failure, const Engine& engine, const std::string& module,
                    const std::filesystem::path& cache, const PrepareOptions& options) {
    const Result<std::filesystem::path> files = runtime_folder(cache);
    const std::filesystem::path ours = (files ? *files : cache) / "check.wasm";
    if (!failure.perhaps_the_module || std::filesystem::path(module).filename() == ours.filename() ||
        !core::write_text(ours, embedded_file("check.wasm")) || !prepare(engine, ours, {}, cache, options)) {
        return Failure(failure.error);
    }
    return fail(ErrorCode::kInput,
                fmt::format("{} cannot compile '{}', but others: {}; leave out the module or the engine",
                            name_of(engine), module, failure.words));
}

Result<void> build(const Json& declared, Places places, const Engine& engine, const std::filesystem::path& target,
                   const PrepareOptions& options) {
    core::TemporaryFolder folder(target);
    if (folder.path().empty()) {
        return cannot_write(target.parent_path());
    }
    places["build"] = {folder.path().string()};
    const std::string module = places[kAsGiven].front();
    for (const Json& step : declared.at("compile")) {
        const auto words = step.get<Words>();
        bool takes_module = false;
        for (const std::string& word : words) {
            takes_module = takes_module || word.find("{module}") != std::string::npos;
        }
        if (const auto failed = run_step(fill(words, places), takes_module, engine, module, options)) {
            return blamed(*failed, engine, module, target.parent_path(), options);
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

/// What engines run: the module, or a copy that does what `input` says, made once.
Result<std::filesystem::path> program_of(const std::filesystem::path& module, const RunInput& input,
                                         const std::filesystem::path& cache) {
    std::error_code error;
    if (!input.copies) {
        return std::filesystem::absolute(module, error);
    }
    const wasm::ProgramRequest& request = input.program;
    PITOT_TRY(const auto text, core::read_file(module));
    const std::string digest =
        short_digest({wasm::kProgramVersion, text, request.invoke,
                      fmt::format("{}", fmt::join(request.parameters, " ")), request.stub_imports ? "stubs" : ""});
    const std::filesystem::path copy = cache / ("program-" + digest) / module.filename();
    if (!std::filesystem::exists(copy, error)) {
        const std::vector<std::uint8_t> bytes(text.begin(), text.end());
        PITOT_TRY(auto read, wasm::Module::read(bytes, module.string()));
        PITOT_TRY(const auto program, wasm::make_program(std::move(read), request, module.string()));
        if (auto made = core::make_folder(copy.parent_path()); !made) {
            return Failure(made.error());
        }
        if (auto written = core::write_text(copy, std::string(program.begin(), program.end())); !written) {
            return Failure(written.error());
        }
    }
    return copy;
}

/// Collects what a process is told beside the module's arguments.
struct Options {
    Json given;
    Words& words;
    std::vector<std::string>& environment;

    /// `after`: what follows the variable's name.
    void add(const char* what, const std::string& value, const std::string& after) const {
        const Json& how = given.at(what);
        if (how.is_string()) {
            environment.push_back(how.get<std::string>() + after);
        } else {
            const Words filled = fill(how.get<Words>(), {{"value", {value}}});
            words.insert(words.end(), filled.begin(), filled.end());
        }
    }
};

}  // namespace

std::string what_is_not_given(const Engine& engine, const RunInput& input) {
    if (input.folders.empty() && input.environment.empty() && input.standard_input.empty() && input.imports.empty()) {
        return "";
    }
    const Json declared = Json::parse(engine.declared, nullptr, false);
    const Json given = declared.is_object() ? declared.value("given", Json::object()) : Json::object();
    std::vector<std::string> missing;
    if (!input.folders.empty() && !given.contains("dir")) {
        missing.emplace_back("no folders");
    }
    if (!input.environment.empty() && !given.contains("env")) {
        missing.emplace_back("no environment");
    }
    if (!input.standard_input.empty() && !given.value("stdin", true)) {
        missing.emplace_back("no standard input");
    }
    if (!input.imports.empty() && !given.contains("imports")) {
        missing.emplace_back("no imports from JavaScript");
    }
    return fmt::format("{}", fmt::join(missing, " and "));
}

Command with_warm_calls(Command command, const Engine& engine, std::size_t calls) {
    const Json declared = Json::parse(engine.declared, nullptr, false);
    PITOT_CHECK(declared.is_object() && engine.warms && calls > 0);
    Words words;
    Options{declared.at("given"), words, command.environment}.add("warm", fmt::format("{}", calls),
                                                                  fmt::format("={}", calls));
    command.argv.insert(command.argv.begin() + static_cast<std::ptrdiff_t>(command.options_end), words.begin(),
                        words.end());
    command.warm_calls = calls;
    return command;
}

Result<Command> prepare(const Engine& engine, const std::filesystem::path& module, const RunInput& input,
                        const std::filesystem::path& cache, const PrepareOptions& options) {
    if (!engine.missing.empty()) {
        return fail(ErrorCode::kEnvironment, fmt::format("{} is not here: no {}; {} brings it", name_of(engine),
                                                         engine.missing, engine.package));
    }
    if (const std::string missing = what_is_not_given(engine, input); !missing.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} gives a module {}; leave out the engine or the task", name_of(engine), missing));
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
    PITOT_TRY(const auto program, program_of(module, input, folder));
    places["module"] = {program.string()};
    places[kAsGiven] = {module.string()};
    places["files"] = {files->string()};
    if (!declared.at("compile").empty()) {
        PITOT_TRY(const auto target, built(declared, places, engine, folder, options));
        places["build"] = {target.string()};
    }
    places["args"] = input.program.parameters.empty() ? input.args : Words();
    Command command;
    command.standard_input =
        input.standard_input.empty() ? input.standard_input : std::filesystem::absolute(input.standard_input, error);
    command.folder = input.folders.empty() ? std::filesystem::path() : std::filesystem::absolute(input.folder, error);
    places["options"] = {};
    const Options given{declared.value("given", Json::object()), places["options"], command.environment};
    for (const std::string& variable : input.environment) {
        given.add("env", variable, variable);
    }
    for (const std::string& name : input.folders) {
        given.add("dir", name, "");
    }
    if (!input.imports.empty()) {
        given.add("imports", std::filesystem::absolute(input.imports, error).string(), "");
    }
    const auto run = declared.at("run").get<Words>();
    command.argv = fill(run, places);
    if (const auto at = std::find(run.begin(), run.end(), "{options}"); at != run.end()) {
        command.options_end = fill(Words(run.begin(), at + 1), places).size();
    }
    for (const auto& [name, value] : declared.at("environment").items()) {
        command.environment.push_back(fmt::format("{}={}", name, value.get<std::string>()));
    }
    return command;
}

}  // namespace pitot::engines
