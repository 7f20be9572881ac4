// pitot device: what this machine is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "backend/devices.hpp"
#include "cli/cards.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "engines/device.hpp"

namespace pitot::cli {
namespace device_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string emulated;
    std::filesystem::path table;
    std::string name;
    bool json = false;
};

std::string size_of(const Json& bytes) { return bytes == 0 ? "none known" : format_bytes(bytes.get<std::uint64_t>()); }

using Cards = Result<std::vector<backend::DeviceInfo>>;

void print_text(const engines::Device& device, const Cards& cards) {
    const Json entry = Json::parse(device.json);
    const Json& cpu = entry.at("platform").at("cpu");
    const Json& mem = entry.at("platform").at("mem");
    const auto line = [](const char* what, const std::string& value) {
        fmt::print("{:<18}{}\n", what, printable(value));
    };
    line("name", device.name);
    line("id", device.id);
    line("microarchitecture", cpu.at("cpu").get<std::string>());
    const bool knows_frequency = cpu.at("cpufreq") != 0;
    const double ghz = cpu.at("cpufreq").get<double>() / 1e9;
    line("frequency", knows_frequency ? fmt::format("{:.2f} GHz", ghz) : "not known");
    line("cores", format_count(entry.at("cores").get<std::int64_t>()));
    line("L1 data", size_of(mem.at("l1d_size")));
    line("L1 instructions", size_of(mem.at("l1i_size")));
    const bool knows_ways = mem.at("l2_size") != 0;
    line("L2", size_of(mem.at("l2_size")) +
                   (knows_ways ? fmt::format(", {} bytes a line, {} ways", mem.at("l2_line").get<std::uint64_t>(),
                                             mem.at("l2_assoc").get<std::uint64_t>())
                               : ""));
    line("L3", size_of(mem.at("l3_size")));
    if (entry.contains("emulated")) {
        const Json& emulated = entry.at("emulated");
        line("emulated",
             fmt::format("{}, {}", emulated.at("title").get<std::string>(), emulated.at("version").get<std::string>()));
        return;
    }
    if (!cards) {
        line("cards", "none: " + cards.error().message());
    }
    for (std::size_t number = 0; cards && number < cards->size(); ++number) {
        fmt::print("{:<18}{}\n", fmt::format("card {}", number), card_text((*cards)[number]));
    }
}

Result<engines::Device> describe(const Options& options) {
    const Interrupt interrupt;
    return engines::describe_device(options.emulated, options.table, options.name, interrupt.token());
}

Result<void> show(const Options& options) {
    PITOT_TRY(const auto device, describe(options));
    const Cards cards = options.emulated.empty() ? backend::cuda_devices() : std::vector<backend::DeviceInfo>();
    if (options.json) {
        Json entry = Json::parse(device.json);
        entry["cards"] = cards_json(cards.value_or(std::vector<backend::DeviceInfo>()));
        print_json({{device.id, std::move(entry)}});
    } else {
        print_text(device, cards);
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("--emulated", options->emulated, "A device that is emulated here: qemu-aarch64, …")
        ->type_name("NAME");
    app.add_option("--name", options->name, "Call this machine so; else as the system does (its host name)")
        ->type_name("NAME");
    app.add_option("--table", options->table, "Table with further emulated devices (JSON; docs/engines.md)")
        ->type_name("FILE");
    app.add_flag("--json", options->json, "Print JSON, in the form of a collection's runtimes.json");
    app.footer(
        "Cards are those that --backend cuda can compute on, with the numbers that --devices takes; a pitot built "
        "without\n"
        "CUDA lists none (docs/gpu.md).\n"
        "\n"
        "Examples:\n"
        "  pitot device\n"
        "  pitot device --json > runtimes.json\n"
        "  pitot device --emulated qemu-aarch64");
    return [options] { return show(*options); };
}

}  // namespace
}  // namespace device_command

Verb device_verb() { return {"device", "Describe this machine, or one that is emulated on it", device_command::add}; }

}  // namespace pitot::cli
