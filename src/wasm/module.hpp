// A WebAssembly module, read and checked by libwabt.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/opcodes.hpp"

namespace wabt {
struct Module;
}  // namespace wabt

namespace pitot::wasm {

struct ImportName {
    std::string module;
    std::string field;
    bool is_function = false;
};

class Module {
public:
    /// Reads and validates the binary format: every feature libwabt knows but garbage collection, typed function
    /// references and annotations. `name` is for messages. kInput error with libwabt's reason and the byte it found it
    /// at; blocks nested more than kMostNested deep are refused too.
    [[nodiscard]] static Result<Module> read(std::span<const std::uint8_t> bytes, const std::string& name);
    Module(Module&& other) noexcept;
    Module& operator=(Module&& other) noexcept;
    ~Module();

    /// How often each opcode stands in the function bodies, in order of opcode, those that are absent left out.
    [[nodiscard]] const std::vector<OpcodeCount>& static_counts() const { return static_counts_; }
    [[nodiscard]] std::vector<ImportName> imports() const;
    /// For the sources of this room that rewrite it.
    [[nodiscard]] wabt::Module& ir() { return *ir_; }

    static constexpr int kMostNested = 4000;

private:
    Module();

    std::unique_ptr<wabt::Module> ir_;
    std::vector<OpcodeCount> static_counts_;
};

}  // namespace pitot::wasm
