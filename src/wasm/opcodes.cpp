#include "wasm/opcodes.hpp"

namespace pitot::wasm {

std::array<std::uint64_t, kOpcodeBytes> counts_by_byte(std::span<const OpcodeCount> counts) {
    std::array<std::uint64_t, kOpcodeBytes> bytes{};
    for (const OpcodeCount& opcode : counts) {
        bytes.at(opcode.id.byte()) += opcode.count;
    }
    return bytes;
}

std::uint64_t total(std::span<const OpcodeCount> counts) {
    std::uint64_t sum = 0;
    for (const OpcodeCount& opcode : counts) {
        sum += opcode.count;
    }
    return sum;
}

}  // namespace pitot::wasm
