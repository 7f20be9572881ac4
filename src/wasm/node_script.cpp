#include "wasm/node_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "core/temporary_folder.hpp"
#include "wasm/node_preload.hpp"
#include "wasm/wabt_ir.hpp"

namespace pitot::wasm {
namespace {

namespace fs = std::filesystem;
using ScriptJson = nlohmann::json;

/// Node is killed this long after its own clock should have ended it, and threads have this long to answer.
constexpr double kScriptGraceSeconds = 5.0;
constexpr int kPatienceMs = 2000;

std::map<std::string, OpcodeId> opcode_ids() {
    std::map<std::string, OpcodeId> ids;
    for (std::uint32_t i = 0; i < wabt::Opcode::Invalid; ++i) {
        const OpcodeCount named = named_opcode(wabt::Opcode(static_cast<wabt::Opcode::Enum>(i)));
        ids.try_emplace(named.name, named.id);
    }
    return ids;
}

/// What the threads wrote, joined.
class Answers {
public:
    /// One file of a thread.
    void add(const ScriptJson& answer) {
        const bool counted = answer.value("counted", false);
        const ScriptJson modules = answer.value("modules", ScriptJson::array());
        for (const ScriptJson& said : modules) {
            const ScriptJson counts = said.value("counts", ScriptJson::object());
            ScriptModule& module = modules_[said.value("digest", "")];
            module.digest = said.value("digest", "");
            module.name = module.name.empty() ? said.value("name", "") : module.name;
            module.bytes = said.value("bytes", std::uint64_t{0});
            module.failure = module.failure.empty() ? said.value("failure", "") : module.failure;
            const auto instances = said.value("instances", std::uint64_t{0});
            module.instances += instances;
            module.uncounted += counted ? 0 : instances;
            for (const auto& [opcode, count] : counts.items()) {
                sums_[module.digest][opcode] += std::strtoull(count.get<std::string>().c_str(), nullptr, 10);
            }
        }
    }

    [[nodiscard]] std::vector<ScriptModule> modules() {
        static const std::map<std::string, OpcodeId> ids = opcode_ids();
        std::vector<ScriptModule> all;
        for (auto& [digest, module] : modules_) {
            for (const auto& [opcode, count] : sums_[digest]) {
                const auto id = ids.find(opcode);
                if (count > 0 && id != ids.end()) {
                    module.counts.push_back({id->second, opcode, count});
                }
            }
            std::ranges::sort(module.counts, {}, &OpcodeCount::id);
            all.push_back(std::move(module));
        }
        name_all(all);
        std::ranges::sort(all, {}, &ScriptModule::name);
        return all;
    }

private:
    /// No two have the same name, and none has none.
    static void name_all(std::vector<ScriptModule>& all) {
        std::map<std::string, int> times;
        for (ScriptModule& module : all) {
            if (module.name.ends_with(".wasm")) {
                module.name.resize(module.name.size() - std::string_view(".wasm").size());
            }
            module.name = module.name.empty() ? "module" : module.name;
            ++times[module.name];
        }
        for (ScriptModule& module : all) {
            if (times[module.name] > 1) {
                module.name += "-" + module.digest.substr(0, 6);
            }
        }
    }

    std::map<std::string, ScriptModule> modules_;  // by digest
    std::map<std::string, std::map<std::string, std::uint64_t>> sums_;
};

Result<std::vector<ScriptModule>> read_answers(const fs::path& folder) {
    Answers answers;
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) {
        PITOT_TRY(const auto text, core::read_file(file));
        const ScriptJson json = ScriptJson::parse(text, nullptr, false);
        if (json.is_object()) {
            answers.add(json);
        }
    }
    return answers.modules();
}

core::ProgramCall call_of(const fs::path& node, const ScriptRequest& request, const fs::path& folder) {
    const ScriptJson setting{
        {"program", request.instrumenter.front()},
        {"arguments", std::vector<std::string>(request.instrumenter.begin() + 1, request.instrumenter.end())},
        {"folder", folder.string()},
        {"timeout_ms", std::ceil(request.timeout_s.value_or(0.0) * 1000.0)},
        {"patience_ms", kPatienceMs}};
    core::ProgramCall call;
    call.argv = {node.string(), request.script};
    call.argv.insert(call.argv.end(), request.args.begin(), request.args.end());
    constexpr std::string_view options_name = "NODE_OPTIONS=";
    const char* own = std::getenv("NODE_OPTIONS");
    std::string given = own != nullptr ? own : "";
    for (const std::string& entry : request.environment) {
        if (entry.starts_with(options_name)) {
            given = entry.substr(options_name.size());
        } else {
            call.environment.push_back(entry);
        }
    }
    // not ours: an option of node
    const std::string load = fmt::format("--require \"{}\" ", (folder / "preload.cjs").string());
    call.environment.push_back(fmt::format("{}{}{}", options_name, load, given));
    call.environment.push_back("PITOT_PROFILE=" + setting.dump(-1, ' ', false, ScriptJson::error_handler_t::replace));
    return call;
}

std::string ending_words(const core::ChildAnswer& answer, bool own_clock, double timeout_s) {
    if (answer.timed_out || own_clock) {
        return fmt::format("was stopped after {:g} s", timeout_s);
    }
    if (answer.signal != 0) {
        return fmt::format("was ended by signal {}", answer.signal);
    }
    return answer.exit_status != 0 ? fmt::format("exited with status {}", answer.exit_status) : "";
}

}  // namespace

Result<ScriptRun> run_script_in_node(const fs::path& node, const ScriptRequest& request) {
    PITOT_TRY(const auto folder, core::TemporaryFolder::create("pitot-profile"));
    if (const Result<void> written = core::write_text(folder.path() / "preload.cjs", kNodePreload); !written) {
        return Failure(written.error());
    }
    std::optional<double> limit_s;
    if (request.timeout_s) {
        limit_s = *request.timeout_s + kScriptGraceSeconds;
    }
    const Result<core::ChildAnswer> answer =
        core::run_program(call_of(node, request, folder.path()), {limit_s, request.stop, core::Streams::kShared, true});
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->stopped) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    std::error_code ignored;
    const bool own_clock = fs::exists(folder.path() / "timed-out", ignored);
    ScriptRun run;
    PITOT_TRY(run.modules, read_answers(folder.path()));
    run.incomplete = ending_words(*answer, own_clock, request.timeout_s.value_or(0.0));
    return run;
}

}  // namespace pitot::wasm
