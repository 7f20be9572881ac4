#include "engines/engine_lacks.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/proposals.hpp"

namespace pitot::engines {
namespace {

/// Whether the first step of compilation is wasm2c as it comes, without options for proposals.
bool runs_wasm2c(const Engine& engine) {
    const auto declared = nlohmann::json::parse(engine.declared, nullptr, false);
    if (!declared.is_object() || !declared.contains("compile") || declared["compile"].empty()) {
        return false;
    }
    bool is_wasm2c = false;
    for (const auto& word : declared["compile"].front()) {
        const auto text = word.is_string() ? word.get<std::string>() : std::string();
        is_wasm2c = is_wasm2c || text == "{wasm2c}" || text.ends_with("/wasm2c");
        // not ours: options of wasm2c
        if (text.starts_with("--enable")) {
            return false;
        }
    }
    return is_wasm2c;
}

}  // namespace

std::vector<std::string> proposals_lacking(const Engine& engine) {
    constexpr std::string_view label = "wabt 1.0.";
    constexpr int last_that_lacks = 32;
    const std::size_t at = engine.version.find(label);
    int minor = last_that_lacks + 1;
    if (at != std::string::npos) {
        const char* const begin = engine.version.data() + at + label.size();
        std::from_chars(begin, engine.version.data() + engine.version.size(), minor);
    }
    if (minor > last_that_lacks || !runs_wasm2c(engine)) {
        return {};
    }
    return {core::kSimd, core::kThreads, core::kTailCalls, core::kExceptions, core::kMemory64, core::kMultipleMemories};
}

bool Provides::may_have(const std::string& module) const {
    if (what == What::kOurs) {
        return module == "wasi_snapshot_preview1" || module == "wasi_unstable";
    }
    return what == What::kUnknown || std::any_of(modules.begin(), modules.end(), [&](const std::string& glob) {
               return ::fnmatch(glob.c_str(), module.c_str(), 0) == 0;
           });
}

Provides provided_imports(const Engine& engine) {
    const auto declared = nlohmann::json::parse(engine.declared, nullptr, false);
    if (!declared.is_object()) {
        return {};
    }
    if (declared.contains("provides")) {
        return {Provides::What::kOwn, declared["provides"].get<std::vector<std::string>>()};
    }
    bool ours = false;
    const auto look = [&](const nlohmann::json& command) {
        for (const auto& word : command) {
            ours = ours || (word.is_string() && word.get_ref<const std::string&>().starts_with("{files}/wasi."));
        }
        const bool named = command.size() > 1 && command[0].is_string() && command[1].is_string();
        ours = ours || (named && command[0].get_ref<const std::string&>().ends_with("pitot") &&
                        command[1].get_ref<const std::string&>() == "interpret");
    };
    look(declared.value("run", nlohmann::json::array()));
    for (const auto& step : declared.value("compile", nlohmann::json::array())) {
        look(step);
    }
    return {ours ? Provides::What::kOurs : Provides::What::kUnknown};
}

}  // namespace pitot::engines
