// Any bytes as a module: read, counted, instrumented. The copy of a valid module is valid. Nothing is run.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

#include "wasm/instrument.hpp"
#include "wasm/module.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto module = pitot::wasm::Module::read(std::span(data, size), "fuzz.wasm");
    if (!module) {
        return 0;
    }
    const auto copy = pitot::wasm::instrument(std::move(*module), "fuzz.wasm");
    if (copy && !pitot::wasm::Module::read(copy->bytes, "copy.wasm")) {
        std::abort();
    }
    return 0;
}
