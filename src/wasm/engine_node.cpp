#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/programs.hpp"
#include "pitot/remedy.hpp"
#include "wasm/engine.hpp"
#include "wasm/node_runner.hpp"

namespace pitot::wasm {
namespace {

using Json = nlohmann::json;

/// Node is killed this long after it should have answered.
constexpr double kGraceSeconds = 5.0;

/// A file in memory, for a child to read.
class MemoryFile {
public:
    explicit MemoryFile(std::span<const std::uint8_t> bytes) : fd_(::memfd_create("module", MFD_CLOEXEC)) {
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (fd_ < 0 || !core::write_all(fd_, text)) {
            return;
        }
        whole_ = ::lseek(fd_, 0, SEEK_SET) == 0;
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool whole() const { return whole_; }

private:
    int fd_;
    bool whole_ = false;
};

Json imports_json(const std::vector<ImportName>& imports) {
    Json all = Json::array();
    for (const ImportName& import : imports) {
        all.push_back({{"module", import.module},
                       {"field", import.field},
                       {"kind", import.kind},
                       {"parameters", import.parameters},
                       {"results", import.results},
                       {"initial", import.initial},
                       {"maximum", import.maximum ? Json(*import.maximum) : Json()},
                       {"shared", import.shared},
                       {"mutable", import.is_mutable}});
    }
    return all;
}

std::string request_json(const RunRequest& request) {
    Json args = Json::array({request.name});
    for (const std::string& argument : request.args) {
        args.push_back(argument);
    }
    const Json json{{"module", core::kGivenFile},
                    {"answer", core::kAnswerFile},
                    {"args", args},
                    {"folders", request.folders},
                    {"environment", request.environment},
                    {"invoke", request.invoke},
                    {"parameters", request.parameters},
                    {"types", request.types},
                    {"stub_imports", request.stub_imports},
                    {"imports_module", request.imports_module},
                    {"imports", imports_json(request.imports)},
                    {"timeout_ms", std::ceil(request.timeout_s.value_or(0.0) * 1000.0)}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RunOutcome> read_answer(const std::string& text, const Instrumented& module, const RunRequest& request) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("ending")) {
        return fail(ErrorCode::kEnvironment,
                    "Node gave no answer that can be read; check that its version is 18 or later, or run the module in "
                    "libwabt's "
                    "interpreter",
                    Remedy::kUseInterpreter);
    }
    const std::string ending = json.value("ending", "");
    RunOutcome outcome;
    outcome.reason = json.value("reason", "");
    outcome.exit_status = json.value("status", 0);
    outcome.stubs = json.value("stubs", std::vector<std::string>());
    outcome.stub_calls = json.value("stub_calls", std::uint64_t{0});
    if (ending == "refused") {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' cannot be run: {}; count without running", request.name, outcome.reason),
                    Remedy::kCountStatically);
    }
    if (ending == "missing") {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' cannot be run: {}; give them, have them return zeros, or count without running",
                                request.name, outcome.reason),
                    Remedy::kSettings, {"imports_module", "stub_imports", "count_static"});
    }
    if (ending == "bad imports") {
        return fail(ErrorCode::kInput,
                    fmt::format("the file of imports '{}' {}; mend it", request.imports_module, outcome.reason));
    }
    if (ending == "threw") {
        outcome.reason += fmt::format(" in '{}'", request.imports_module);
    }
    outcome.ending = ending == "finished"  ? Ending::kFinished
                     : ending == "exited"  ? Ending::kExited
                     : ending == "trapped" ? Ending::kTrapped
                     : ending == "threw"   ? Ending::kImportThrew
                                           : Ending::kTimedOut;
    const Json& counts = json.at("counts");
    if (counts.size() == module.opcodes.size()) {
        outcome.counts.emplace();
        for (const OpcodeCount& opcode : module.opcodes) {
            const std::string decimal = counts.value(opcode.name, "0");
            outcome.counts->push_back(std::strtoull(decimal.c_str(), nullptr, 10));
        }
    }
    return outcome;
}

}  // namespace

std::optional<std::filesystem::path> find_node() {
    const auto node = core::find_program("node");
    return node ? node : core::find_program("nodejs");
}

Result<RunOutcome> run_in_node(const std::filesystem::path& node, const Instrumented& module,
                               const RunRequest& request) {
    const MemoryFile file(module.bytes);
    if (!file.whole()) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("no memory for the instrumented module: {}; free some", std::strerror(errno)));
    }
    // Fast calls into node:wasi crash on a memory that has grown (nodejs/node#53087).
    // not ours: options of node
    const core::ProgramCall program{.argv = {node.string(), "--no-warnings", "--no-turbo-fast-api-calls", "-e",
                                             kNodeRunner, "--", request_json(request)},
                                    .file = file.fd()};
    std::optional<double> limit_s;
    if (request.timeout_s) {
        limit_s = *request.timeout_s + kGraceSeconds;
    }
    const Result<core::ChildAnswer> answer =
        core::run_program(program, {limit_s, request.stop, core::Streams::kShared, request.own_group});
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->stopped) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    if (answer->timed_out) {
        return RunOutcome{Ending::kTimedOut, 0, "", std::nullopt};
    }
    if (answer->signal != 0 || answer->exit_status != 0) {
        const std::string how = answer->signal != 0 ? fmt::format("was ended by signal {}", answer->signal)
                                                    : fmt::format("ended with status {}", answer->exit_status);
        return fail(ErrorCode::kEnvironment,
                    fmt::format("'{}' {} while it ran '{}'; give it more memory, check "
                                "that its version is 18 or later, or run the module in libwabt's interpreter",
                                node.string(), how, request.name),
                    Remedy::kUseInterpreter);
    }
    return read_answer(answer->bytes, module, request);
}

}  // namespace pitot::wasm
