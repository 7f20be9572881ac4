#include "wasm/module.hpp"

#include <fmt/format.h>
#include <wabt/binary-reader-ir.h>
#include <wabt/binary-reader-nop.h>
#include <wabt/cast.h>
#include <wabt/validator.h>

#include <exception>
#include <map>
#include <string_view>
#include <utility>

#include "wasm/interpreter.hpp"
#include "wasm/wabt_ir.hpp"

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
    return fail(
        ErrorCode::kInput,
        fmt::format("'{}' is not a valid WebAssembly module: {} (at byte {}); build it again, and give the binary "
                    "(.wasm), not the text",
                    name, invalid.why, invalid.at_byte));
}

Failure refusal(const std::string& name, const wabt::Errors& errors) {
    if (errors.empty()) {
        return refusal(name, Invalid{"libwabt cannot read it", 0});
    }
    return refusal(name, Invalid{errors.front().message, errors.front().loc.offset});
}

}  // namespace

Module::Module() : ir_(std::make_unique<wabt::Module>()) {}
Module::Module(Module&& other) noexcept = default;
Module& Module::operator=(Module&& other) noexcept = default;
Module::~Module() = default;

Result<Module> Module::read(std::span<const std::uint8_t> bytes, const std::string& name) {
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

std::vector<ImportName> Module::imports() const {
    std::vector<ImportName> names;
    for (const wabt::Import* import : ir_->imports) {
        names.push_back({import->module_name, import->field_name, import->kind() == wabt::ExternalKind::Func});
    }
    return names;
}

}  // namespace pitot::wasm
