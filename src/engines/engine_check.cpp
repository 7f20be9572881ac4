#include "engines/engine_check.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/atomic_file.hpp"
#include "core/programs.hpp"
#include "core/temporary_folder.hpp"
#include "engines/files.hpp"
#include "engines/process.hpp"

namespace pitot::engines {

Result<void> check_engine(const Engine& engine, const std::stop_token& stop) {
    constexpr const char* argument = "wind tunnel";
    constexpr double limit_s = 60.0;
    PITOT_TRY(const auto folder, core::TemporaryFolder::create("pitot-check"));
    const std::filesystem::path module = folder.path() / "check.wasm";
    if (Result<void> written = core::write_text(module, embedded_file("check.wasm")); !written) {
        return written;
    }
    const Result<Command> command = prepare(engine, module, {.args = {argument}}, folder.path(), {limit_s, stop});
    if (!command) {
        return Failure(command.error());
    }
    const Result<core::ChildAnswer> answer =
        core::run_program({command->argv, command->environment}, {limit_s, stop, core::Streams::kCaptured});
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->stopped) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    if (answer->good() && answer->bytes == fmt::format("{}\n", argument)) {
        return {};
    }
    return fail(ErrorCode::kEnvironment,
                fmt::format("'{}' {} and printed '{}'; reinstall {} or leave the engine out", command->argv.front(),
                            ending_of(*answer, limit_s), last_words(answer->bytes), engine.package));
}

}  // namespace pitot::engines
