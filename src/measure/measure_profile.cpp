#include "measure/measure_profile.hpp"

#include <utility>

#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "wasm/instrument.hpp"
#include "wasm/module.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/profile.hpp"

namespace pitot::measure {
namespace {

Result<wasm::Profile> count(const ModuleFile& file, double limit_s) {
    PITOT_TRY(const auto text, core::read_file(file.path));
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    PITOT_TRY(auto module, wasm::Module::read(bytes, file.file));
    const std::vector<wasm::ImportName> imports = module.imports();
    PITOT_TRY(const auto instrumented, wasm::instrument(std::move(module), file.file));
    wasm::RunRequest request;
    request.name = file.path.stem().string();
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
    const Json json = !profile ? failed(profile.error().code(), profile.error().to_string())
                      : !profile->incomplete.empty()
                          ? failed(ErrorCode::kInput, profile->incomplete)
                          : Json{{"engine", profile->engine}, {"counts", wasm::counts_by_byte(profile->counts)}};
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
        return ProfileRecord{json.at("engine"), json.at("counts"), "", 0.0};
    }
    const std::string failure = json.at("failed");
    return json.at("code") == static_cast<int>(ErrorCode::kInput)
               ? Result<ProfileRecord>(ProfileRecord{"", {}, failure, limit_s})
               : fail(ErrorCode::kEnvironment, failure);
}

}  // namespace pitot::measure
