#include "fleet/measure_profile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "wasm/instrument.hpp"
#include "wasm/module.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/profile.hpp"

namespace pitot::fleet {
namespace {

Result<wasm::Profile> count(const ModuleFile& file, double limit_s) {
    std::ifstream stream(file.path, std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), {}};
    Result<wasm::Module> module = wasm::Module::read(bytes, file.file);
    if (!module) {
        return Failure(module.error());
    }
    const std::vector<wasm::ImportName> imports = module->imports();
    const auto instrumented = wasm::instrument(std::move(*module), file.file);
    if (!instrumented) {
        return Failure(instrumented.error());
    }
    wasm::RunRequest request;
    request.name = file.path.stem().string();
    request.timeout_s = limit_s;
    return wasm::run_profile(*instrumented, imports, request, wasm::Engine::kAny, false);
}

/// The child's answer.
std::string answer(const ModuleFile& file, double limit_s) {
    const Result<wasm::Profile> profile = count(file, limit_s);
    const Json json =
        profile ? Json{{"engine", profile->engine}, {"counts", wasm::counts_by_byte(profile->counts)}}
                : Json{{"code", static_cast<int>(profile.error().code())}, {"failed", profile.error().to_string()}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

[[noreturn]] void be_child(const ModuleFile& file, double limit_s, int out, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (::getppid() != parent || ::dup2(null_fd, STDIN_FILENO) < 0 || ::dup2(null_fd, STDOUT_FILENO) < 0 ||
        ::dup2(null_fd, STDERR_FILENO) < 0) {
        ::_exit(1);
    }
    const std::string text = answer(file, limit_s);
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(out, text.data() + at, text.size() - at);
        if (written < 0 && errno != EINTR) {
            ::_exit(1);
        }
        at += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    ::_exit(0);
}

/// All that is written to `fd`; nothing if stopped before.
std::optional<std::string> read_answer(int fd, const std::stop_token& stop) {
    constexpr int look_every_ms = 100;
    std::string text;
    std::array<char, 4096> buffer{};
    while (!stop.stop_requested()) {
        pollfd ready{fd, POLLIN, 0};
        if (::poll(&ready, 1, look_every_ms) <= 0) {
            continue;
        }
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got == 0) {
            return text;
        }
        text.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return std::nullopt;
}

Failure refused(const char* what) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot start a process: {}: {}; free some memory or end other "
                                                     "programs",
                                                     what, std::strerror(errno)));
}

}  // namespace

Result<ProfileRecord> profile_module(const ModuleFile& module, double limit_s, const std::stop_token& stop) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return refused("pipe");
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        be_child(module, limit_s, pipe[1], parent);
    }
    ::close(pipe[1]);
    if (child < 0) {
        const Failure failure = refused("fork");
        ::close(pipe[0]);
        return failure;
    }
    ::setpgid(child, child);
    const std::optional<std::string> text = read_answer(pipe[0], stop);
    ::close(pipe[0]);
    ::kill(-child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!text) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    const Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) {
        return fail(ErrorCode::kEnvironment,
                    "the process that counts ended without an answer; is there memory enough?");
    }
    if (!json.contains("failed")) {
        return ProfileRecord{json.at("engine"), json.at("counts"), ""};
    }
    const std::string failure = json.at("failed");
    return json.at("code") == static_cast<int>(ErrorCode::kInput)
               ? Result<ProfileRecord>(ProfileRecord{"", {}, failure})
               : fail(ErrorCode::kEnvironment, failure);
}

}  // namespace pitot::fleet
