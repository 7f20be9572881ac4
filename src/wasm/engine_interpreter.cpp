#include <fmt/format.h>

#include <cstring>

#include "core/programs.hpp"
#include "pitot/remedy.hpp"
#include "wasm/engine.hpp"
#include "wasm/interpreter.hpp"

namespace pitot::wasm {

// In a process of its own: what the module does to the memory of its interpreter, or how long it takes, is then not
// ours.
Result<RunOutcome> run_in_interpreter(const Instrumented& module, const RunRequest& request) {
    InterpreterTask task;
    task.bytes = &module.bytes;
    task.first_counter = module.first_counter;
    task.counters = module.pieces.size();
    task.invoke = request.invoke;
    task.parameters = request.parameters;
    task.timeout_s = request.timeout_s.value_or(0.0);
    constexpr double grace_s = 5.0;
    std::optional<double> limit_s;
    if (request.timeout_s) {
        limit_s = *request.timeout_s + grace_s;
    }
    const Result<core::ChildAnswer> answer =
        core::run_child([&](int fd) { return interpret(task, fd); },
                        {limit_s, request.stop, core::Streams::kShared, request.own_group});
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->stopped) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    if (answer->timed_out) {
        return RunOutcome{Ending::kTimedOut, 0, "", std::nullopt};
    }
    const std::size_t head = 1 + task.counters * sizeof(std::uint64_t);
    if (answer->signal != 0 || answer->bytes.size() < head) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("libwabt's interpreter broke down on '{}' (signal {}); run it in Node", request.name,
                                answer->signal),
                    Remedy::kUseNode);
    }
    const auto ending = static_cast<Interpreted>(answer->bytes.front());
    std::string reason = answer->bytes.substr(head);
    if (ending == Interpreted::kRefused) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' cannot be run: {}; count without running", request.name, reason),
                    Remedy::kCountStatically);
    }
    std::vector<std::uint64_t> entered(task.counters);
    if (!entered.empty()) {
        std::memcpy(entered.data(), answer->bytes.data() + 1, entered.size() * sizeof(std::uint64_t));
    }
    RunOutcome outcome;
    outcome.ending = ending == Interpreted::kFinished  ? Ending::kFinished
                     : ending == Interpreted::kTrapped ? Ending::kTrapped
                                                       : Ending::kTimedOut;
    outcome.reason = std::move(reason);
    outcome.counts = module.counts_from(entered);
    return outcome;
}

}  // namespace pitot::wasm
