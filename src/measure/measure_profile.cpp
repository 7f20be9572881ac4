#include "measure/measure_profile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "wasm/instrument.hpp"
#include "wasm/module.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/profile.hpp"

namespace pitot::measure {
namespace {

/// Has this process, which counts and does nothing else, where the module's folders are and read what it reads.
Result<void> settle(const engines::RunInput& input) {
    const auto refused = [](const std::filesystem::path& what) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot read '{}': {}; restore it", what.string(), std::strerror(errno)));
    };
    if (!input.folders.empty() && ::chdir(input.folder.c_str()) != 0) {
        return refused(input.folder);
    }
    if (!input.standard_input.empty()) {
        const int fd = ::open(input.standard_input.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || ::dup2(fd, STDIN_FILENO) < 0) {
            return refused(input.standard_input);
        }
    }
    return {};
}

Result<wasm::Profile> count(const ModuleFile& file, double limit_s) {
    if (auto settled = settle(file.input); !settled) {
        return Failure(settled.error());
    }
    PITOT_TRY(const auto text, core::read_file(file.path));
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    PITOT_TRY(auto module, wasm::Module::read(bytes, file.file));
    wasm::RunRequest request;
    request.name = file.path.stem().string();
    request.args = file.input.args;
    const std::string& invoke = file.input.program.invoke;
    if (!invoke.empty()) {
        if (auto set = wasm::set_invocation(module, invoke, file.input.args, request); !set) {
            return fail(ErrorCode::kInput, set.error().to_string());
        }
    } else if (auto good = module.check_start(file.file); !good) {
        return Failure(good.error());
    }
    request.stub_imports = file.input.program.stub_imports;
    request.imports_module = file.input.imports.string();
    const std::vector<wasm::ImportName> imports = module.imports();
    PITOT_TRY(const auto instrumented, wasm::instrument(std::move(module), file.file));
    request.environment = file.input.environment;
    request.folders = file.input.folders;
    request.timeout_s = limit_s;
    request.own_group = false;
    return wasm::run_profile(instrumented, imports, request, wasm::Engine::kAny, true);
}

/// The child's answer.
std::string answer(const ModuleFile& file, double limit_s) {
    const Result<wasm::Profile> profile = count(file, limit_s);
    const auto failed = [](ErrorCode code, const std::string& why) {
        return Json{{"code", static_cast<int>(code)}, {"failed", why}};
    };
    const Json json = !profile                       ? failed(profile.error().code(), profile.error().to_string())
                      : !profile->incomplete.empty() ? failed(ErrorCode::kInput, profile->incomplete)
                                                     : Json{{"engine", profile->engine},
                                                            {"counts", wasm::counts_by_byte(profile->counts)},
                                                            {"stubs", profile->stubs},
                                                            {"stub_calls", profile->stub_calls}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<ProfileRecord> profile_module(const ModuleFile& module, double limit_s, const std::stop_token& stop) {
    const auto count_and_answer = [&](int out) { return core::write_all(out, answer(module, limit_s)) ? 0 : 1; };
    const Result<core::ChildAnswer> child = core::run_child(count_and_answer, {{}, stop, core::Streams::kNone});
    if (!child) {
        return Failure(child.error());
    }
    if (child->stopped) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    const Json json = Json::parse(child->bytes, nullptr, false);
    if (!json.is_object()) {
        return fail(ErrorCode::kEnvironment,
                    "the process that counts ended without an answer; is there memory enough?");
    }
    if (!json.contains("failed")) {
        return ProfileRecord{json.at("engine"), json.at("counts"), "", 0.0, json.at("stubs"), json.at("stub_calls")};
    }
    const std::string failure = json.at("failed");
    return json.at("code") == static_cast<int>(ErrorCode::kInput)
               ? Result<ProfileRecord>(ProfileRecord{"", {}, failure, limit_s})
               : fail(ErrorCode::kEnvironment, failure);
}

}  // namespace pitot::measure
