// pitot presets: the named configurations and their fields.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/help.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verb_words.hpp"
#include "cli/verbs.hpp"
#include "pitot/config.hpp"

namespace pitot::cli {
namespace presets_command {
namespace {

constexpr const char* kWhichToChoose =
    "Which to choose: none, at first. Without --preset, 'pitot fit' takes kernel, which was more accurate than all "
    "published ones wherever we compared them, tells how far off it may be and learns on ('pitot observe'). For a "
    "fleet "
    "too large for it, 'pitot fit' takes embedding/128, or interference/2 where rows have co-runners, and for a dozen "
    "pairs "
    "baseline/linear_scaling. Where minutes do not matter, kernel/+embeddings is a little more accurate still. "
    "factor/wide is the factorization that it learns from; the others are the published experiments, to compare with.";

struct Options {
    std::string name;
    bool json = false;
};

Result<void> list(bool json) {
    if (json) {
        nlohmann::ordered_json array = nlohmann::ordered_json::array();
        for (const PresetInfo& info : presets()) {
            array.push_back({{"name", info.name}, {"summary", info.summary}});
        }
        print_json(array);
        return {};
    }
    Table table({{"PRESET", Align::kName}, {"WHAT IT CHANGES", Align::kLeft}});
    for (const PresetInfo& info : presets()) {
        table.add({info.name, info.summary});
    }
    fmt::print("{}\n{}\n", table.to_string(), wrap(kWhichToChoose, help_width()));
    return {};
}

/// Every field as `--set` takes it, one a line.
void print_fields(const nlohmann::ordered_json& json, const std::string& prefix) {
    for (const auto& [key, value] : json.items()) {
        const std::string name = prefix.empty() ? key : fmt::format("{}.{}", prefix, key);
        if (value.is_object()) {
            print_fields(value, name);
        } else if (value.is_array()) {
            std::string joined;
            for (const auto& item : value) {
                joined += (joined.empty() ? "" : ",") + item.dump();
            }
            fmt::print("{}={}\n", name, joined);
        } else {
            fmt::print("{}={}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
}

Result<void> show(const Options& options) {
    PITOT_TRY(const auto config, preset(options.name));
    const auto json = nlohmann::ordered_json::parse(to_json(config));
    if (options.json) {
        print_json(json);
    } else {
        print_fields(json, "");
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    offer(app.add_option("name", options->name, "Show this preset's fields instead of the list"), preset_names())
        ->type_name("NAME");
    app.add_flag("--json", options->json, "Print JSON; of one preset, what --config reads");
    app.footer(
        "Examples:\n"
        "  pitot presets\n"
        "  pitot presets embedding/128\n"
        "  pitot presets linear/64 --json > my.json   # edit it, then:\n"
        "  pitot fit examples/fleet.csv --config my.json --checkpoints 20 -o my.pitot");
    return [options] { return options->name.empty() ? list(options->json) : show(*options); };
}

}  // namespace
}  // namespace presets_command

Verb presets_verb() { return {"presets", "List the named configurations, or show one", presets_command::add}; }

}  // namespace pitot::cli
