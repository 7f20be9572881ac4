#include "wasm/interpreter.hpp"

#include <sys/time.h>
#include <unistd.h>
#include <wabt/binary-reader.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "wasm/features.hpp"
#include "wasm/interpreter_thread.hpp"

namespace pitot::wasm {
namespace {

namespace interp = wabt::interp;

/// What a signal handler can reach: the counters and where to write them.
struct Counters {
    std::vector<const interp::Global*> globals;
    std::size_t expected = 0;
    int fd = -1;
};
Counters counters;  // NOLINT: a signal handler has no other way to its data

void write_all(int fd, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t count = ::write(fd, bytes, size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return;
        }
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
}

// Async-signal-safe: reads memory and writes it.
void answer(Interpreted ending) {
    write_all(counters.fd, &ending, sizeof(ending));
    std::array<std::uint64_t, 256> batch{};
    std::size_t used = 0;
    for (std::size_t i = 0; i < counters.expected; ++i) {
        batch[used++] = i < counters.globals.size() ? counters.globals[i]->UnsafeGet<std::uint64_t>() : 0;
        if (used == batch.size()) {
            write_all(counters.fd, batch.data(), sizeof(batch));
            used = 0;
        }
    }
    write_all(counters.fd, batch.data(), used * sizeof(std::uint64_t));
}

extern "C" void on_alarm(int /*signal*/) {
    answer(Interpreted::kTimedOut);
    ::_exit(0);
}

int answer_with(Interpreted ending, const std::string& reason) {
    const itimerval none{};
    ::setitimer(ITIMER_REAL, &none, nullptr);
    answer(ending);
    write_all(counters.fd, reason.data(), reason.size());
    return 0;
}

void set_alarm(double seconds) {
    if (seconds <= 0) {
        return;
    }
    std::signal(SIGALRM, on_alarm);
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(seconds);
    timer.it_value.tv_usec = std::max<suseconds_t>(1, static_cast<suseconds_t>(std::fmod(seconds, 1.0) * 1e6));
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

struct Callable {
    std::string name;
    interp::Ref function;
    interp::ValueTypes parameters;
};

struct Call {
    interp::Ref function;
    interp::Values values;
};

/// A parameter as parse_parameters() wrote it.
interp::Value value_of(const std::string& text, wabt::Type type) {
    if (type == wabt::Type::I32) {
        return interp::Value::Make(static_cast<std::uint32_t>(std::strtoll(text.c_str(), nullptr, 10)));
    }
    if (type == wabt::Type::I64) {
        const bool negative = text.front() == '-';
        return interp::Value::Make(negative ? static_cast<std::uint64_t>(std::strtoll(text.c_str(), nullptr, 10))
                                            : static_cast<std::uint64_t>(std::strtoull(text.c_str(), nullptr, 10)));
    }
    if (type == wabt::Type::F32) {
        return interp::Value::Make(std::strtof(text.c_str(), nullptr));
    }
    return interp::Value::Make(std::strtod(text.c_str(), nullptr));
}

bool is_own(const std::string& name) { return name.rfind("pitot:", 0) == 0; }

std::vector<Callable> callables(interp::Store& store, const interp::Module& module, const interp::Instance& instance) {
    std::vector<Callable> found;
    const auto& exports = module.export_types();
    for (std::size_t i = 0; i < exports.size(); ++i) {
        if (exports[i].type->kind != wabt::ExternalKind::Func) {
            continue;
        }
        const interp::Ref ref = instance.exports()[i];
        found.push_back({exports[i].name, ref, store.UnsafeGet<interp::Func>(ref)->type().params});
    }
    return found;
}

/// The order of docs/opcodes.md; none and a reason if there is nothing to call.
std::vector<Call> to_call(const std::vector<Callable>& found, const InterpreterTask& task, std::string& reason) {
    std::vector<Call> calls;
    const auto add = [&](const std::string& name) {
        for (const Callable& one : found) {
            if (one.name == name && one.parameters.empty()) {
                calls.push_back({one.function, {}});
            }
        }
    };
    add("pitot:start");
    const std::size_t before = calls.size();
    if (!task.invoke.empty()) {
        if (task.invoke != "_initialize") {
            add("_initialize");
        }
        for (const Callable& one : found) {
            if (one.name == task.invoke && !is_own(one.name) && one.parameters.size() == task.parameters.size()) {
                interp::Values values;
                for (std::size_t i = 0; i < task.parameters.size(); ++i) {
                    values.push_back(value_of(task.parameters[i], one.parameters[i]));
                }
                calls.push_back({one.function, std::move(values)});
                return calls;
            }
        }
        reason = "it exports no function '" + task.invoke + "' with " + std::to_string(task.parameters.size()) +
                 " parameters";
        return {};
    }
    add("_start");
    if (calls.size() == before) {
        add("_initialize");
        for (const Callable& one : found) {
            if (one.name != "_initialize" && !is_own(one.name)) {
                add(one.name);
            }
        }
    }
    if (calls.empty()) {
        reason = "it has no start function and exports no function without parameters";
    }
    return calls;
}

}  // namespace

std::vector<Invalid> find_invalid(const std::uint8_t* bytes, std::size_t size) {
    wabt::Errors errors;
    interp::ModuleDesc desc;
    const wabt::ReadBinaryOptions options(features(), nullptr, false, true, false);
    if (wabt::Succeeded(interp::ReadBinaryInterp("module", bytes, size, options, &errors, &desc))) {
        return {};
    }
    if (errors.empty()) {
        return {{"libwabt cannot read it", 0}};
    }
    return {{errors.front().message, errors.front().loc.offset}};
}

int interpret(const InterpreterTask& task, int answer_fd) {
    counters.fd = answer_fd;
    counters.expected = task.counters;
    wabt::Errors errors;
    interp::ModuleDesc desc;
    const wabt::ReadBinaryOptions options(features(), nullptr, false, true, false);
    if (wabt::Failed(
            interp::ReadBinaryInterp("module", task.bytes->data(), task.bytes->size(), options, &errors, &desc))) {
        return answer_with(Interpreted::kRefused, errors.empty() ? "libwabt cannot read it" : errors.front().message);
    }
    interp::Store store(features());
    const interp::Module::Ptr module = interp::Module::New(store, std::move(desc));
    interp::Trap::Ptr trap;
    const interp::Instance::Ptr instance = interp::Instance::Instantiate(store, module.ref(), {}, &trap);
    if (!instance) {
        return answer_with(Interpreted::kTrapped, trap ? trap->message() : "it cannot be instantiated");
    }
    std::vector<const interp::Global*> globals;
    for (std::size_t i = 0; i < task.counters; ++i) {
        globals.push_back(store.UnsafeGet<interp::Global>(instance->globals()[task.first_counter + i]).get());
    }
    counters.globals = std::move(globals);

    std::string reason;
    const std::vector<Call> calls = to_call(callables(store, *module, *instance), task, reason);
    if (calls.empty()) {
        return answer_with(Interpreted::kRefused, reason);
    }
    set_alarm(task.timeout_s);
    for (const Call& call : calls) {
        interp::Values results;
        if (wabt::Failed(call_deeply(store, call.function, call.values, results, reason))) {
            return answer_with(Interpreted::kTrapped, reason);
        }
    }
    return answer_with(Interpreted::kFinished, "");
}

}  // namespace pitot::wasm
