#include "wasm/module.hpp"

#include <fmt/format.h>
#include <wabt/binary-reader-ir.h>
#include <wabt/binary-reader-nop.h>
#include <wabt/cast.h>
#include <wabt/validator.h>

#include <algorithm>
#include <exception>
#include <map>
#include <string_view>
#include <utility>

#include "core/proposals.hpp"
#include "pitot/remedy.hpp"
#include "wasm/file_kind.hpp"
#include "wasm/interpreter.hpp"
#include "wasm/unsupported.hpp"
#include "wasm/wabt_ir.hpp"
#include "wasm/wasi_functions.hpp"

namespace pitot::wasm {
namespace {

/// The stream of opcodes: counts them, and finds nesting too deep for what walks it by recursion.
class OpcodeScan : public wabt::BinaryReaderNop {
public:
    explicit OpcodeScan(wabt::Errors& errors) : errors_(errors) {}

    bool OnError(const wabt::Error& error) override {
        errors_.push_back(error);
        return true;
    }
    wabt::Result BeginFunctionBody(wabt::Index /*index*/, wabt::Offset /*size*/) override {
        in_body_ = true;
        depth_ = 0;
        return wabt::Result::Ok;
    }
    wabt::Result EndFunctionBody(wabt::Index /*index*/) override {
        in_body_ = false;
        return wabt::Result::Ok;
    }
    wabt::Result OnFuncType(wabt::Index /*index*/, wabt::Index params, wabt::Type* param_types, wabt::Index results,
                            wabt::Type* result_types) override {
        return check_types({param_types, params}) | check_types({result_types, results});
    }
    wabt::Result OnTable(wabt::Index /*index*/, wabt::Type type, const wabt::Limits* /*limits*/) override {
        return check_types({&type, 1});
    }
    wabt::Result OnImportTable(wabt::Index /*import*/, std::string_view /*module*/, std::string_view /*field*/,
                               wabt::Index /*table*/, wabt::Type type, const wabt::Limits* /*limits*/) override {
        return check_types({&type, 1});
    }
    wabt::Result OnImportGlobal(wabt::Index /*import*/, std::string_view /*module*/, std::string_view /*field*/,
                                wabt::Index /*global*/, wabt::Type type, bool /*is_mutable*/) override {
        return check_types({&type, 1});
    }
    wabt::Result BeginGlobal(wabt::Index /*index*/, wabt::Type type, bool /*is_mutable*/) override {
        return check_types({&type, 1});
    }
    wabt::Result OnLocalDecl(wabt::Index /*index*/, wabt::Index /*count*/, wabt::Type type) override {
        return check_types({&type, 1});
    }
    wabt::Result OnElemSegmentElemType(wabt::Index /*index*/, wabt::Type type) override {
        return check_types({&type, 1});
    }
    wabt::Result OnOpcode(wabt::Opcode opcode) override {
        if (!in_body_) {
            return constant(opcode) ? wabt::Result(wabt::Result::Ok) : refuse("an initial value is not constant");
        }
        ++counts_[opcode];
        switch (opcode) {
            case wabt::Opcode::Block:
            case wabt::Opcode::Loop:
            case wabt::Opcode::If:
            case wabt::Opcode::Try:
                too_deep_ = ++depth_ > Module::kMostNested;
                return too_deep_ ? wabt::Result::Error : wabt::Result::Ok;
            case wabt::Opcode::End:
            case wabt::Opcode::Delegate:
                --depth_;
                return wabt::Result::Ok;
            default:
                return wabt::Result::Ok;
        }
    }

    [[nodiscard]] bool too_deep() const { return too_deep_; }
    [[nodiscard]] std::vector<OpcodeCount> counts() const {
        std::map<OpcodeId, OpcodeCount> ordered;
        for (const auto& [opcode, count] : counts_) {
            OpcodeCount named = named_opcode(opcode);
            named.count = count;
            ordered.emplace(named.id, named);
        }
        std::vector<OpcodeCount> result;
        result.reserve(ordered.size());
        for (auto& [id, named] : ordered) {
            result.push_back(std::move(named));
        }
        return result;
    }

private:
    /// What may stand in an initial value. libwabt's reader of trees breaks down on blocks there.
    static bool constant(wabt::Opcode opcode) {
        switch (opcode) {
            case wabt::Opcode::End:
            case wabt::Opcode::GlobalGet:
            case wabt::Opcode::RefFunc:
            case wabt::Opcode::RefNull:
            case wabt::Opcode::I32Const:
            case wabt::Opcode::I64Const:
            case wabt::Opcode::F32Const:
            case wabt::Opcode::F64Const:
            case wabt::Opcode::V128Const:
            case wabt::Opcode::I32Add:
            case wabt::Opcode::I32Sub:
            case wabt::Opcode::I32Mul:
            case wabt::Opcode::I64Add:
            case wabt::Opcode::I64Sub:
            case wabt::Opcode::I64Mul:
                return true;
            default:
                return false;
        }
    }
    /// Typed references, which the reader lets through and the writer does not write back.
    wabt::Result check_types(std::span<const wabt::Type> types) {
        for (const wabt::Type type : types) {
            if (type == wabt::Type::Reference) {
                return refuse("typed references are not supported");
            }
        }
        return wabt::Result::Ok;
    }
    wabt::Result refuse(const char* why) {
        wabt::Location place;
        place.offset = state->offset;
        errors_.emplace_back(wabt::ErrorLevel::Error, place, why);
        return wabt::Result::Error;
    }

    wabt::Errors& errors_;
    std::map<wabt::Opcode::Enum, std::uint64_t> counts_;
    int depth_ = 0;
    bool in_body_ = false;
    bool too_deep_ = false;
};

Failure refusal(const std::string& name, const Invalid& invalid) {
    return fail(ErrorCode::kInput,
                fmt::format("'{}' is not a valid WebAssembly module: {} (at byte {}); build it again", name,
                            invalid.why, invalid.at_byte));
}

Failure refusal(const std::string& name, const wabt::Errors& errors) {
    if (errors.empty()) {
        return refusal(name, Invalid{"libwabt cannot read it", 0});
    }
    return refusal(name, Invalid{errors.front().message, errors.front().loc.offset});
}

bool is_script_name(const std::string& name) {
    return name.ends_with(".js") || name.ends_with(".mjs") || name.ends_with(".cjs");
}

}  // namespace

Module::Module() : ir_(std::make_unique<wabt::Module>()) {}
Module::Module(Module&& other) noexcept = default;
Module& Module::operator=(Module&& other) noexcept = default;
Module::~Module() = default;

Result<Module> Module::read(std::span<const std::uint8_t> bytes, const std::string& name) {
    Result<Module> module = parse(bytes, name);
    if (module) {
        return module;
    }
    if (!bytes.empty() && is_script_name(name) && !is_core_module(bytes)) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' is a script and no WebAssembly module; give the module, or run the script and "
                                "count what it executes",
                                name),
                    Remedy::kRunScript);
    }
    const std::string words = find_unsupported(bytes);
    return words.empty() ? std::move(module) : fail(ErrorCode::kInput, fmt::format("'{}' {}", name, words));
}

bool Module::may_be_taken(std::span<const std::uint8_t> bytes) {
    return is_core_module(bytes) ? find_broken_frame(bytes).empty() : is_component(bytes);
}

Result<Module> Module::parse(std::span<const std::uint8_t> bytes, const std::string& name) {
    try {
        Module module;
        wabt::Errors errors;
        const wabt::ReadBinaryOptions options(features(), nullptr, false, true, false);
        OpcodeScan scan(errors);
        if (wabt::Failed(wabt::ReadBinary(bytes.data(), bytes.size(), &scan, options))) {
            if (scan.too_deep()) {
                return fail(ErrorCode::kInput, fmt::format("'{}' nests blocks more than {} deep; build it with less "
                                                           "inlining or smaller switches",
                                                           name, kMostNested));
            }
            return refusal(name, errors);
        }
        if (wabt::Failed(
                wabt::ReadBinaryIr(name.c_str(), bytes.data(), bytes.size(), options, &errors, module.ir_.get())) ||
            wabt::Failed(wabt::ValidateModule(module.ir_.get(), &errors, wabt::ValidateOptions(features())))) {
            return refusal(name, errors);
        }
        module.static_counts_ = scan.counts();
        return module;
    } catch (const std::exception& error) {
        // libwabt reserves what a module announces; a false one announces more than there is.
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' cannot be read as a WebAssembly module: {}; build it again", name, error.what()));
    }
}

namespace {

std::vector<std::string> type_names(const wabt::TypeVector& types) {
    std::vector<std::string> names;
    for (const wabt::Type type : types) {
        names.push_back(type.GetName());
    }
    return names;
}

void describe(const wabt::Import& import, ImportName& name) {
    const auto set_limits = [&](const wabt::Limits& limits) {
        name.initial = limits.initial;
        name.maximum = limits.has_max ? std::optional(limits.max) : std::nullopt;
        name.shared = limits.is_shared;
    };
    switch (import.kind()) {
        case wabt::ExternalKind::Func: {
            const wabt::FuncSignature& type = wabt::cast<wabt::FuncImport>(&import)->func.decl.sig;
            name.parameters = type_names(type.param_types);
            name.results = type_names(type.result_types);
            return;
        }
        case wabt::ExternalKind::Table:
            name.results = {wabt::cast<wabt::TableImport>(&import)->table.elem_type.GetName()};
            return set_limits(wabt::cast<wabt::TableImport>(&import)->table.elem_limits);
        case wabt::ExternalKind::Memory:
            return set_limits(wabt::cast<wabt::MemoryImport>(&import)->memory.page_limits);
        case wabt::ExternalKind::Global:
            name.results = {wabt::cast<wabt::GlobalImport>(&import)->global.type.GetName()};
            name.is_mutable = wabt::cast<wabt::GlobalImport>(&import)->global.mutable_;
            return;
        case wabt::ExternalKind::Tag:
            name.parameters = type_names(wabt::cast<wabt::TagImport>(&import)->tag.decl.sig.param_types);
            return;
    }
}

}  // namespace

bool is_wasi(const ImportName& import) {
    return import.is_function && (import.module == "wasi_snapshot_preview1" || import.module == "wasi_unstable");
}

std::string find_wasi_fault(const std::vector<ImportName>& imports, bool unknown) {
    for (const ImportName& import : imports) {
        if (!is_wasi(import) || (unknown && !is_wasi_function(import.field))) {
            continue;
        }
        if (std::string fault = wasi_fault({import.module, import.field, import.parameters, import.results});
            !fault.empty()) {
            return fault;
        }
    }
    return "";
}

std::vector<ImportName> Module::imports() const {
    std::vector<ImportName> names;
    for (const wabt::Import* import : ir_->imports) {
        names.push_back({import->module_name, import->field_name, import->kind() == wabt::ExternalKind::Func});
        names.back().kind = wabt::GetKindName(import->kind());
        describe(*import, names.back());
    }
    return names;
}

std::optional<Signature> Module::exported_function(const std::string& name) const {
    for (const wabt::Export* item : ir_->exports) {
        if (item->kind == wabt::ExternalKind::Func && item->name == name) {
            const wabt::Func* function = ir_->GetFunc(item->var);
            return Signature{type_names(function->decl.sig.param_types), type_names(function->decl.sig.result_types)};
        }
    }
    return std::nullopt;
}

std::vector<std::string> Module::exported_functions() const {
    std::vector<std::string> names;
    for (const wabt::Export* item : ir_->exports) {
        if (item->kind == wabt::ExternalKind::Func) {
            names.push_back(item->name);
        }
    }
    return names;
}

Result<void> Module::check_start(const std::string& name) const {
    const std::optional<Signature> start = exported_function("_start");
    if (!start || (start->parameters.empty() && start->results.empty())) {
        return {};
    }
    const bool takes = !start->parameters.empty();
    return fail(
        ErrorCode::kInput,
        fmt::format("'{}' exports a '_start' that {} ({}), where a program's has neither parameters nor results; "
                    "export it by another name",
                    name, takes ? "takes a parameter" : "gives a result",
                    takes ? start->parameters.front() : start->results.front()));
}

std::vector<std::string> Module::proposals() const {
    const auto stands = [&](auto is_one) { return std::ranges::any_of(static_counts_, is_one); };
    const auto any_memory = [&](auto is_one) { return std::ranges::any_of(ir_->memories, is_one); };
    std::vector<std::string> used;
    const auto add = [&](bool uses, const char* name) {
        if (uses) {
            used.emplace_back(name);
        }
    };
    constexpr std::uint8_t vectors = 0xFD;
    constexpr std::uint8_t atomics = 0xFE;
    add(stands([](const OpcodeCount& one) { return one.id.prefix == vectors; }), core::kSimd);
    add(stands([](const OpcodeCount& one) { return one.id.prefix == atomics; }) ||
            any_memory([](const wabt::Memory* memory) { return memory->page_limits.is_shared; }),
        core::kThreads);
    add(stands([](const OpcodeCount& one) { return one.name.starts_with("return_call"); }), core::kTailCalls);
    add(!ir_->tags.empty() || stands([](const OpcodeCount& one) { return one.name == "try"; }), core::kExceptions);
    add(any_memory([](const wabt::Memory* memory) { return memory->page_limits.is_64; }), core::kMemory64);
    add(ir_->memories.size() > 1, core::kMultipleMemories);
    return used;
}

bool Module::has_start() const { return !ir_->starts.empty(); }

bool Module::exports_memory() const {
    return std::any_of(ir_->exports.begin(), ir_->exports.end(), [](const wabt::Export* item) {
        return item->kind == wabt::ExternalKind::Memory && item->name == "memory";
    });
}

}  // namespace pitot::wasm
