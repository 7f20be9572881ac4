// A WebAssembly module, read and checked by libwabt.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "wasm/opcodes.hpp"

namespace wabt {
struct Module;
}  // namespace wabt

namespace pitot::wasm {

/// What a module imports, and of which type. Types are named as in the text format ("i32", "funcref").
struct ImportName {
    std::string module;
    std::string field;
    bool is_function = false;
    std::string kind{};                     ///< "func", "table", "memory", "global" or "tag"
    std::vector<std::string> parameters{};  ///< of a function or tag
    std::vector<std::string> results{};     ///< of a function; the type of a global or of a table's elements
    std::uint64_t initial = 0;              ///< least size of a memory (pages) or table (elements)
    std::optional<std::uint64_t> maximum{};
    bool shared = false;
    bool is_mutable = false;
};

/// Whether it is a function of WASI, preview 1 or the one before it.
[[nodiscard]] bool is_wasi(const ImportName& import);

/// What is wrong with the first import of a function of WASI that there is none of or that has another type, as the end
/// of a sentence that begins with the module's name; empty if nothing is. `unknown`: whether there may be ones of other
/// names.
[[nodiscard]] std::string find_wasi_fault(const std::vector<ImportName>& imports, bool unknown = false);

/// The type of a function.
struct Signature {
    std::vector<std::string> parameters;
    std::vector<std::string> results;
};

class Module {
public:
    /// Reads and validates the binary format: every feature libwabt knows but garbage collection, typed function
    /// references and annotations. `name` is for messages. kInput error that names the proposal it uses or the kind of
    /// file it is, else with libwabt's reason and the byte it found it at; blocks nested more than kMostNested deep are
    /// refused too.
    [[nodiscard]] static Result<Module> read(std::span<const std::uint8_t> bytes, const std::string& name);
    /// Whether some engine may take what read() refuses: whole sections of version 1, which may hold what is newer than
    /// libwabt, or a component.
    [[nodiscard]] static bool may_be_taken(std::span<const std::uint8_t> bytes);
    Module(Module&& other) noexcept;
    Module& operator=(Module&& other) noexcept;
    ~Module();

    /// How often each opcode stands in the function bodies, in order of opcode, those that are absent left out.
    [[nodiscard]] const std::vector<OpcodeCount>& static_counts() const { return static_counts_; }
    [[nodiscard]] std::vector<ImportName> imports() const;
    /// Nothing if it exports no function of that name.
    [[nodiscard]] std::optional<Signature> exported_function(const std::string& name) const;
    /// Names of all that it exports, in its order.
    [[nodiscard]] std::vector<std::string> exported_functions() const;
    /// kInput error, naming `name`, if it exports a `_start` that takes or gives something.
    [[nodiscard]] Result<void> check_start(const std::string& name) const;
    /// Whether it exports a memory as "memory", where WASI looks for it.
    [[nodiscard]] bool exports_memory() const;
    /// Whether a function runs as the module is instantiated.
    [[nodiscard]] bool has_start() const;
    /// What it uses of the proposals that core/proposals.hpp names.
    [[nodiscard]] std::vector<std::string> proposals() const;
    /// For the sources of this room that rewrite it.
    [[nodiscard]] wabt::Module& ir() { return *ir_; }

    static constexpr int kMostNested = 4000;

private:
    Module();
    /// As read(), with libwabt's reasons alone.
    [[nodiscard]] static Result<Module> parse(std::span<const std::uint8_t> bytes, const std::string& name);

    std::unique_ptr<wabt::Module> ir_;
    std::vector<OpcodeCount> static_counts_;
};

}  // namespace pitot::wasm
