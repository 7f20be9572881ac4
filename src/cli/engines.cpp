// pitot engines: the WebAssembly engines found on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "fleet/engine.hpp"

namespace pitot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string table;
    bool json = false;
};

Result<void> engines(const Options& options) {
    const auto found = fleet::find_engines(options.table);
    if (!found) {
        return Failure(found.error());
    }
    if (options.json) {
        Json array = Json::array();
        for (const fleet::Engine& e : *found) {
            array.push_back({{"name", e.name},
                             {"title", e.title},
                             {"device", e.device.empty() ? Json() : Json(e.device)},
                             {"found", e.missing.empty()},
                             {"missing", e.missing.empty() ? Json() : Json(e.missing)},
                             {"version", e.version.empty() ? Json() : Json(e.version)},
                             {"package", e.package},
                             {"build", e.build},
                             {"run", e.run}});
        }
        print_json(array);
        return {};
    }
    Table table({{"ENGINE", Align::kLeft}, {"WHAT IT IS", Align::kLeft}, {"VERSION, OR WHAT BRINGS IT", Align::kLeft}});
    for (const fleet::Engine& e : *found) {
        table.add({e.key(), e.title, e.missing.empty() ? e.version : "missing: " + e.package});
    }
    fmt::print("{}", table.to_string());
    const auto here = std::ranges::count_if(*found, [](const fleet::Engine& e) { return e.missing.empty(); });
    fmt::print("{} of {} are here; --json shows how they are started\n", here, found->size());
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("--table", options->table, "JSON file of further engines (docs/engines.md)")->type_name("FILE");
    app.add_flag("--json", options->json, "Print JSON, with how each is started");
    app.footer(
        "An engine named NAME@DEVICE runs emulated on this machine.\n\n"
        "Examples:\n"
        "  pitot engines\n"
        "  pitot engines --table my-engines.json --json");
    return [options] { return engines(*options); };
}

}  // namespace

Verb engines_verb() { return {"engines", "List the WebAssembly engines found here", add}; }

}  // namespace pitot::cli
