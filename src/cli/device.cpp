// pitot device: what this machine is, as a collection's runtimes.json tells it.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "fleet/device.hpp"

namespace pitot::cli {
namespace {

Action add(CLI::App& app) {
    auto emulated = std::make_shared<std::string>();
    app.add_option("--emulated", *emulated, "The device that this emulator presents (qemu-aarch64, qemu-riscv64, …)")
        ->type_name("NAME");
    app.footer(
        "Prints JSON: sizes in bytes, the frequency in Hz, 0 for what is not known.\n\n"
        "Examples:\n"
        "  pitot device\n"
        "  pitot device --emulated qemu-aarch64");
    return [emulated]() -> Result<void> {
        const Result<fleet::Device> device = fleet::describe_device(*emulated);
        if (!device) {
            return Failure(device.error());
        }
        print_json({{device->id, nlohmann::ordered_json::parse(device->json)}});
        return {};
    };
}

}  // namespace

Verb device_verb() { return {"device", "Describe this machine as traces do", add}; }

}  // namespace pitot::cli
