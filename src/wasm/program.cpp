#include "wasm/program.hpp"

#include <fmt/format.h>
#include <wabt/binary-writer.h>
#include <wabt/cast.h>
#include <wabt/expr-visitor.h>
#include <wabt/stream.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "wasm/wabt_ir.hpp"
#include "wasm/wasi_functions.hpp"

namespace pitot::wasm {
namespace {

using wabt::ExternalKind;
using wabt::Index;
using wabt::Var;

constexpr const char* kStart = "_start";
constexpr const char* kInitialize = "_initialize";

bool is_made_up(const std::string& from, const std::string& field, bool is_function) {
    return !is_wasi({from, field, is_function}) || !is_wasi_function(field);
}

/// Whether the calls are what engines make of a program by themselves.
bool is_program(const Module& module, const std::vector<std::string>& calls) {
    const std::optional<Signature> start = module.exported_function(kStart);
    return calls == std::vector<std::string>{kStart} && start && start->parameters.empty() && start->results.empty();
}

bool takes_nothing(const Module& module, const std::string& name) {
    const std::optional<Signature> type = module.exported_function(name);
    return type && type->parameters.empty();
}

std::unique_ptr<wabt::Expr> zero_of(wabt::Type type) {
    switch (static_cast<wabt::Type::Enum>(type)) {
        case wabt::Type::I32:
            return std::make_unique<wabt::ConstExpr>(wabt::Const::I32(0));
        case wabt::Type::I64:
            return std::make_unique<wabt::ConstExpr>(wabt::Const::I64(0));
        case wabt::Type::F32:
            return std::make_unique<wabt::ConstExpr>(wabt::Const::F32(0));
        case wabt::Type::F64:
            return std::make_unique<wabt::ConstExpr>(wabt::Const::F64(0));
        case wabt::Type::V128:
            return std::make_unique<wabt::ConstExpr>(wabt::Const::V128(v128{}));
        default:
            return std::make_unique<wabt::RefNullExpr>(type);
    }
}

/// A parameter as set_invocation() wrote it.
wabt::Const constant_of(const std::string& text, wabt::Type type) {
    const bool negative = text.starts_with('-');
    const auto whole = negative ? static_cast<std::uint64_t>(std::strtoll(text.c_str(), nullptr, 10))
                                : static_cast<std::uint64_t>(std::strtoull(text.c_str(), nullptr, 10));
    if (type == wabt::Type::I32) {
        return wabt::Const::I32(static_cast<std::uint32_t>(whole));
    }
    if (type == wabt::Type::I64) {
        return wabt::Const::I64(whole);
    }
    if (type == wabt::Type::F32) {
        const float value = std::strtof(text.c_str(), nullptr);
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof(bits));
        return wabt::Const::F32(bits);
    }
    const double value = std::strtod(text.c_str(), nullptr);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return wabt::Const::F64(bits);
}

/// Gives functions their new numbers, wherever a body or an initial value names one.
class Renumber : public wabt::ExprVisitor::DelegateNop {
public:
    explicit Renumber(const std::vector<Index>& numbers) : numbers_(numbers) {}
    wabt::Result OnCallExpr(wabt::CallExpr* expr) override { return change(expr->var); }
    wabt::Result OnReturnCallExpr(wabt::ReturnCallExpr* expr) override { return change(expr->var); }
    wabt::Result OnRefFuncExpr(wabt::RefFuncExpr* expr) override { return change(expr->var); }

    wabt::Result change(Var& var) const {
        var.set_index(numbers_.at(var.index()));
        return wabt::Result::Ok;
    }

private:
    const std::vector<Index>& numbers_;
};

template <typename Change>
void for_initial_values(wabt::Module& ir, const Change& change) {
    for (wabt::Global* global : ir.globals) {
        change(global->init_expr);
    }
    for (wabt::ElemSegment* segment : ir.elem_segments) {
        change(segment->offset);
        for (wabt::ExprList& element : segment->elem_exprs) {
            change(element);
        }
    }
    for (wabt::DataSegment* segment : ir.data_segments) {
        change(segment->offset);
    }
}

void renumber_functions(wabt::Module& ir, const std::vector<Index>& numbers) {
    Renumber renumber(numbers);
    wabt::ExprVisitor visitor(&renumber);
    const auto change = [&](wabt::ExprList& list) { static_cast<void>(visitor.VisitExprList(list)); };
    for (wabt::Func* function : ir.funcs) {
        change(function->exprs);
    }
    for_initial_values(ir, change);
    for (wabt::Export* item : ir.exports) {
        if (item->kind == ExternalKind::Func) {
            static_cast<void>(renumber.change(item->var));
        }
    }
    for (Var* start : ir.starts) {
        static_cast<void>(renumber.change(*start));
    }
}

/// Imported globals are zero now, and initial values may only use imported ones.
void replace_imported_globals(wabt::Module& ir, Index imported) {
    for_initial_values(ir, [&](wabt::ExprList& list) {
        for (auto at = list.begin(); at != list.end(); ++at) {
            const auto* get = wabt::dyn_cast<wabt::GlobalGetExpr>(&*at);
            if (get != nullptr && get->var.index() < imported) {
                auto zero = zero_of(ir.globals[get->var.index()]->type);  // before what tells its type goes
                at = list.insert(list.erase(at), std::move(zero));
            }
        }
    });
}

/// Functions in their new order, each with its old number.
class Order {
public:
    void add(wabt::Func* function, Index from) {
        functions_.push_back(function);
        from_.push_back(from);
    }
    void add(const Order& others) {
        functions_.insert(functions_.end(), others.functions_.begin(), others.functions_.end());
        from_.insert(from_.end(), others.from_.begin(), others.from_.end());
    }
    [[nodiscard]] Index size() const { return static_cast<Index>(functions_.size()); }
    [[nodiscard]] const std::vector<wabt::Func*>& functions() const { return functions_; }
    /// By old number.
    [[nodiscard]] std::vector<Index> numbers() const {
        std::vector<Index> numbers(from_.size());
        for (Index now = 0; now < size(); ++now) {
            numbers[from_[now]] = now;
        }
        return numbers;
    }

private:
    std::vector<wabt::Func*> functions_;
    std::vector<Index> from_;
};

/// Gives an import what it is to be where it is the module's own.
void fill_in(wabt::Import& import) {
    if (auto* function = wabt::dyn_cast<wabt::FuncImport>(&import)) {
        for (const wabt::Type type : function->func.decl.sig.result_types) {
            function->func.exprs.push_back(zero_of(type));
        }
    } else if (auto* global = wabt::dyn_cast<wabt::GlobalImport>(&import)) {
        global->global.init_expr.push_back(zero_of(global->global.type));
    }
}

/// Makes imports the module's own, but for functions that WASI has. All memories, tables, globals and tags are among
/// them and keep their numbers; functions do not.
void make_up_imports(wabt::Module& ir) {
    Order order;
    Order own;
    std::vector<wabt::Import*> imports;
    for (wabt::Import* import : ir.imports) {
        auto* const function = wabt::dyn_cast<wabt::FuncImport>(import);
        const bool stays = !is_made_up(import->module_name, import->field_name, function != nullptr);
        if (stays) {
            imports.push_back(import);
        } else {
            fill_in(*import);
        }
        if (function != nullptr) {
            (stays ? order : own).add(&function->func, order.size() + own.size());
        }
    }
    const Index still_imported = order.size();
    order.add(own);
    for (Index from = order.size(); from < ir.funcs.size(); ++from) {
        order.add(ir.funcs[from], from);
    }
    const Index imported_globals = ir.num_global_imports;
    const bool had_memory = ir.num_memory_imports > 0;
    ir.imports = std::move(imports);
    ir.funcs = order.functions();
    ir.num_func_imports = still_imported;
    ir.num_table_imports = ir.num_memory_imports = ir.num_global_imports = ir.num_tag_imports = 0;
    renumber_functions(ir, order.numbers());
    replace_imported_globals(ir, imported_globals);
    const bool named = std::any_of(ir.exports.begin(), ir.exports.end(),
                                   [](const wabt::Export* item) { return item->name == "memory"; });
    if (had_memory && !named) {
        add_export(ir, "memory", ExternalKind::Memory, 0);  // where WASI looks for it
    }
}

Index add_global(wabt::Module& ir, wabt::Type type, std::unique_ptr<wabt::Expr> value) {
    auto field = std::make_unique<wabt::GlobalModuleField>();
    field->global.type = type;
    field->global.mutable_ = true;
    field->global.init_expr.push_back(std::move(value));
    ir.AppendField(std::move(field));
    return static_cast<Index>(ir.globals.size() - 1);
}

const wabt::Export* find_function(const wabt::Module& ir, const std::string& name) {
    const auto found = std::find_if(ir.exports.begin(), ir.exports.end(), [&](const wabt::Export* item) {
        return item->kind == ExternalKind::Func && item->name == name;
    });
    return found == ir.exports.end() ? nullptr : *found;
}

/// Puts a `_start` that makes the calls in the place of the module's own.
void add_start(wabt::Module& ir, const std::vector<std::string>& calls, const ProgramRequest& request) {
    wabt::ExprList body;
    for (const std::string& name : calls) {
        const Var function = find_function(ir, name)->var;
        const wabt::FuncSignature& type = ir.GetFunc(function)->decl.sig;
        for (std::size_t i = 0; i < type.param_types.size(); ++i) {
            const wabt::Type of = type.param_types[i];
            const Index parameter =
                add_global(ir, of, std::make_unique<wabt::ConstExpr>(constant_of(request.parameters.at(i), of)));
            body.push_back(std::make_unique<wabt::GlobalGetExpr>(Var(parameter, {})));
        }
        body.push_back(std::make_unique<wabt::CallExpr>(function));
        for (auto of = type.result_types.rbegin(); of != type.result_types.rend(); ++of) {
            body.push_back(std::make_unique<wabt::GlobalSetExpr>(Var(add_global(ir, *of, zero_of(*of)), {})));
        }
    }
    auto type = std::make_unique<wabt::TypeModuleField>();
    type->type = std::make_unique<wabt::FuncType>();
    ir.AppendField(std::move(type));
    auto field = std::make_unique<wabt::FuncModuleField>();
    field->func.decl.has_func_type = true;
    field->func.decl.type_var = Var(static_cast<Index>(ir.types.size() - 1), {});
    field->func.exprs = std::move(body);
    ir.AppendField(std::move(field));
    // Engines take a module with both for a mistake.
    std::erase_if(ir.exports,
                  [](const wabt::Export* item) { return item->name == kStart || item->name == kInitialize; });
    add_export(ir, kStart, ExternalKind::Func, static_cast<Index>(ir.funcs.size() - 1));
}

}  // namespace

std::vector<std::string> calls_of(const Module& module, const std::string& invoke) {
    std::vector<std::string> calls;
    if (invoke.empty() && module.exported_function(kStart)) {
        return {kStart};
    }
    if (takes_nothing(module, kInitialize)) {
        calls.emplace_back(kInitialize);
    }
    if (invoke.empty()) {
        for (const std::string& name : module.exported_functions()) {
            if (name != kInitialize && takes_nothing(module, name)) {
                calls.push_back(name);
            }
        }
    } else if (invoke != kInitialize) {
        calls.push_back(invoke);
    }
    return calls;
}

std::vector<std::string> made_up(const std::vector<ImportName>& imports) {
    std::vector<std::string> names;
    for (const ImportName& import : imports) {
        if (is_made_up(import.module, import.field, import.is_function)) {
            names.push_back(import.module + "." + import.field);
        }
    }
    return names;
}

bool needs_copy(const Module& module, const ProgramRequest& request) {
    return (request.stub_imports && !made_up(module.imports()).empty()) ||
           !is_program(module, calls_of(module, request.invoke));
}

Result<std::vector<std::uint8_t>> make_program(Module module, const ProgramRequest& request, const std::string& name) {
    const std::vector<std::string> calls = calls_of(module, request.invoke);
    if (calls.empty() && !module.has_start()) {
        return fail(
            ErrorCode::kInput,
            fmt::format("'{}' exports no function '_start' and none without parameters; name one to call", name));
    }
    const std::optional<Signature> last = calls.empty() ? Signature() : module.exported_function(calls.back());
    if (!last || last->parameters.size() != request.parameters.size()) {
        return fail(ErrorCode::kInput, fmt::format("'{}' exports no function '{}' with {} parameters; name another",
                                                   name, calls.back(), request.parameters.size()));
    }
    const bool starts = is_program(module, calls);
    wabt::Module& ir = module.ir();
    if (request.stub_imports) {
        make_up_imports(ir);
    }
    if (!starts) {
        add_start(ir, calls, request);
    }
    wabt::MemoryStream stream;
    const wabt::WriteBinaryOptions options(features(), true, false, false);
    if (wabt::Failed(wabt::WriteBinaryModule(&stream, &ir, options))) {
        return fail(ErrorCode::kInput, fmt::format("no copy of '{}' can be written that runs as a program: libwabt "
                                                   "gave no reason; leave it out",
                                                   name));
    }
    std::vector<std::uint8_t> bytes = std::move(stream.output_buffer().data);
    if (const auto valid = Module::read(bytes, name); !valid) {
        return fail(ErrorCode::kInput, fmt::format("the copy of '{}' that is to run as a program is not valid: {}",
                                                   name, valid.error().to_string()));
    }
    return bytes;
}

}  // namespace pitot::wasm
