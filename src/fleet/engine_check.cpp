#include "fleet/engine_check.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "core/atomic_file.hpp"
#include "fleet/files.hpp"
#include "fleet/process.hpp"

namespace pitot::fleet {

Result<void> check_engine(const Engine& engine) {
    constexpr const char* argument = "wind tunnel";
    constexpr double limit_s = 60.0;
    std::error_code ignored;
    const TemporaryFolder folder(std::filesystem::temp_directory_path(ignored) / "pitot-check");
    if (folder.path().empty()) {
        return fail(ErrorCode::kEnvironment,
                    "cannot make a folder for temporary files; set TMPDIR to a place for them");
    }
    const std::filesystem::path module = folder.path() / "check.wasm";
    if (Result<void> written = write_text(module, embedded_file("check.wasm")); !written) {
        return written;
    }
    const Result<Command> command = prepare(engine, module, {argument}, folder.path());
    if (!command) {
        return Failure(command.error());
    }
    const Result<Answer> answer = run_program(command->argv, command->environment, limit_s);
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->good() && answer->output == fmt::format("{}\n", argument)) {
        return {};
    }
    const std::string how = answer->timed_out     ? "took too long"
                            : answer->signal != 0 ? fmt::format("was ended by signal {}", answer->signal)
                                                  : fmt::format("ended with status {}", answer->status);
    return fail(ErrorCode::kEnvironment,
                fmt::format("'{}' {} and printed '{}'; reinstall {} or leave the engine out", command->argv.front(),
                            how, last_words(answer->output), engine.package));
}

}  // namespace pitot::fleet
