// pitot engines: what runs WebAssembly on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "engines/engine.hpp"
#include "engines/engine_check.hpp"

namespace pitot::cli {
namespace engines_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::filesystem::path table;
    bool json = false;
    bool check = false;
    bool found = false;
};

/// An engine, and what checking it gave.
struct Checked {
    engines::Engine engine;
    Result<void> works;
};

std::string state_of(const Checked& checked, bool check) {
    if (!checked.engine.missing.empty()) {
        return fmt::format("missing: {}", checked.engine.package);
    }
    if (!check) {
        return "found";
    }
    return checked.works ? "works" : fmt::format("fails: {}", checked.works.error().to_string());
}

Json to_json(const Checked& checked, bool check) {
    const engines::Engine& engine = checked.engine;
    const bool here = engine.missing.empty();
    Json json{{"name", engine.name},
              {"title", engine.title},
              {"device", engine.device.empty() ? Json() : Json(engine.device)},
              {"emulated", !engine.device.empty()},
              {"version", here ? Json(engine.version) : Json()},
              {"package", engine.package},
              {"missing", here ? Json() : Json(engine.missing)}};
    if (here) {
        const Json declared = Json::parse(engine.declared);
        json["environment"] = declared.at("environment");
        json["compile"] = declared.at("compile");
        json["run"] = declared.at("run");
    }
    if (check && here) {
        json["works"] = checked.works.has_value();
        json["reason"] = checked.works ? Json() : Json(checked.works.error().to_string());
    }
    return json;
}

Result<void> list(const Options& options) {
    const Interrupt interrupt;
    Result<std::vector<engines::Engine>> engines = engines::find_engines(options.table, interrupt.token());
    if (!engines) {
        return Failure(engines.error());
    }
    Table table(
        {{"ENGINE", Align::kName}, {"DEVICE", Align::kName}, {"VERSION", Align::kLeft}, {"STATE", Align::kLeft}});
    Json array = Json::array();
    std::size_t found = 0;
    std::size_t failed = 0;
    for (engines::Engine& engine : *engines) {
        Checked checked{std::move(engine), {}};
        const bool here = checked.engine.missing.empty();
        if (options.found && !here) {
            continue;
        }
        if (here && options.check) {
            checked.works = engines::check_engine(checked.engine, interrupt.token());
            if (interrupt.token().stop_requested()) {
                return fail(ErrorCode::kCancelled, "stopped before all engines were checked");
            }
        }
        found += here ? 1U : 0U;
        failed += checked.works ? 0U : 1U;
        array.push_back(to_json(checked, options.check));
        table.add({checked.engine.name, checked.engine.device.empty() ? "here" : checked.engine.device + " (emulated)",
                   checked.engine.version, state_of(checked, options.check)});
    }
    if (options.json) {
        print_json(array);
    } else {
        fmt::print("{}", table.to_string());
        fmt::print("{} found, {} missing\n", found, array.size() - found);
    }
    if (failed > 0) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("{} of {} engines do not work; the table says why", failed, found));
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("--table", options->table, "Table of further engines (JSON; docs/engines.md describes it)")
        ->type_name("FILE");
    app.add_flag("--found", options->found, "Leave out engines that are missing");
    app.add_flag("--check", options->check, "Have each run a small module and say whether it works");
    app.add_flag("--json", options->json, "Print JSON, with the commands");
    app.footer(
        "Examples:\n"
        "  pitot engines\n"
        "  pitot engines --check\n"
        "  pitot engines --table examples/engines.json --found --json");
    return [options] { return list(*options); };
}

}  // namespace
}  // namespace engines_command

Verb engines_verb() {
    return {"engines", "List the engines that run WebAssembly on this machine", engines_command::add};
}

}  // namespace pitot::cli
