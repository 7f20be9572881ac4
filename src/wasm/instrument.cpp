#include "wasm/instrument.hpp"

#include <fmt/format.h>
#include <wabt/binary-writer.h>
#include <wabt/cast.h>
#include <wabt/stream.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "pitot/remedy.hpp"
#include "wasm/pieces.hpp"
#include "wasm/wabt_ir.hpp"

namespace pitot::wasm {
namespace {

using wabt::Index;
using wabt::Var;

/// Keeps the functions that sum up well below the size an engine compiles.
constexpr std::size_t kTermsOfFunction = 20'000;

Index add_counter_global(wabt::Module& module) {
    auto field = std::make_unique<wabt::GlobalModuleField>();
    field->global.type = wabt::Type::I64;
    field->global.mutable_ = true;
    field->global.init_expr.push_back(std::make_unique<wabt::ConstExpr>(wabt::Const::I64(0)));
    module.AppendField(std::move(field));
    return static_cast<Index>(module.globals.size() - 1);
}

/// Index of the type () -> ().
Index plain_type(wabt::Module& module) {
    for (std::size_t i = 0; i < module.types.size(); ++i) {
        const auto* type = wabt::dyn_cast<wabt::FuncType>(module.types[i]);
        if (type != nullptr && type->GetNumParams() == 0 && type->GetNumResults() == 0) {
            return static_cast<Index>(i);
        }
    }
    auto field = std::make_unique<wabt::TypeModuleField>();
    field->type = std::make_unique<wabt::FuncType>();
    module.AppendField(std::move(field));
    return static_cast<Index>(module.types.size() - 1);
}

/// The functions that sum up pieces into the globals of opcodes.
class Summation {
public:
    Summation(wabt::Module& module, const std::vector<Piece>& pieces, Index first_counter, Index first_sum)
        : module_(module),
          pieces_(pieces),
          first_counter_(first_counter),
          first_sum_(first_sum),
          type_(plain_type(module)) {}

    /// Index of the function that calls them all.
    Index add(std::size_t opcodes) {
        wabt::ExprList calls;
        for (std::size_t opcode = 0; opcode < opcodes; ++opcode) {
            calls.push_back(std::make_unique<wabt::ConstExpr>(wabt::Const::I64(0)));
            calls.push_back(std::make_unique<wabt::GlobalSetExpr>(sum_of(opcode)));
        }
        for (std::size_t first = 0; first < pieces_.size();) {
            wabt::ExprList body;
            first = add_terms(body, first);
            calls.push_back(std::make_unique<wabt::CallExpr>(Var(add_function(std::move(body)), {})));
        }
        return add_function(std::move(calls));
    }

private:
    Var sum_of(std::size_t opcode) const { return Var(first_sum_ + static_cast<Index>(opcode), {}); }

    Index add_function(wabt::ExprList body) {
        auto field = std::make_unique<wabt::FuncModuleField>();
        field->func.decl.has_func_type = true;
        field->func.decl.type_var = Var(type_, {});
        field->func.exprs = std::move(body);
        module_.AppendField(std::move(field));
        return static_cast<Index>(module_.funcs.size() - 1);
    }

    /// Adds the pieces from `first` on, as many as fit; returns the next.
    std::size_t add_terms(wabt::ExprList& body, std::size_t first) const {
        std::map<std::uint32_t, std::vector<std::pair<std::size_t, std::uint32_t>>> by_opcode;
        std::size_t terms = 0;
        std::size_t piece = first;
        for (; piece < pieces_.size() && terms < kTermsOfFunction; ++piece) {
            terms += pieces_[piece].size();
            for (const auto& [opcode, times] : pieces_[piece]) {
                by_opcode[opcode].emplace_back(piece, times);
            }
        }
        for (const auto& [opcode, addends] : by_opcode) {
            body.push_back(std::make_unique<wabt::GlobalGetExpr>(sum_of(opcode)));
            for (const auto& [from, times] : addends) {
                body.push_back(
                    std::make_unique<wabt::GlobalGetExpr>(Var(first_counter_ + static_cast<Index>(from), {})));
                if (times != 1) {
                    body.push_back(std::make_unique<wabt::ConstExpr>(wabt::Const::I64(times)));
                    body.push_back(std::make_unique<wabt::BinaryExpr>(wabt::Opcode::I64Mul));
                }
                body.push_back(std::make_unique<wabt::BinaryExpr>(wabt::Opcode::I64Add));
            }
            body.push_back(std::make_unique<wabt::GlobalSetExpr>(sum_of(opcode)));
        }
        return piece;
    }

    wabt::Module& module_;
    const std::vector<Piece>& pieces_;
    Index first_counter_;
    Index first_sum_;
    Index type_;
};

void export_start(wabt::Module& module) {
    if (module.starts.empty()) {
        return;
    }
    const Index start = module.starts.front()->index();
    const auto field = std::find_if(module.fields.begin(), module.fields.end(), [](const wabt::ModuleField& f) {
        return f.type() == wabt::ModuleFieldType::Start;
    });
    module.starts.clear();
    module.fields.erase(field);
    add_export(module, std::string(kStartExport), wabt::ExternalKind::Func, start);
}

Result<void> check_exports(const wabt::Module& module, const std::string& name) {
    for (const wabt::Export* item : module.exports) {
        if (item->name.starts_with(kExportPrefix)) {
            return fail(ErrorCode::kInput, fmt::format("'{}' exports '{}': it is an instrumented copy; give the module "
                                                       "it was made from",
                                                       name, item->name));
        }
    }
    return {};
}

}  // namespace

std::vector<std::uint64_t> Instrumented::counts_from(const std::vector<std::uint64_t>& entered) const {
    std::vector<std::uint64_t> counts(opcodes.size(), 0);
    for (std::size_t piece = 0; piece < pieces.size(); ++piece) {
        for (const auto& [opcode, times] : pieces[piece]) {
            counts[opcode] += times * entered.at(piece);
        }
    }
    return counts;
}

Result<Instrumented> instrument(Module module, const std::string& name, std::size_t most_globals) {
    wabt::Module& ir = module.ir();
    if (const Result<void> checked = check_exports(ir, name); !checked) {
        return Failure(checked.error());
    }
    Instrumented result;
    result.first_counter = static_cast<std::uint32_t>(ir.globals.size());
    PieceCounters counters(result.first_counter);
    for (std::size_t i = ir.num_func_imports; i < ir.funcs.size(); ++i) {
        counters.add_to(ir.funcs[i]->exprs);
    }
    const std::size_t taken = ir.globals.size() + counters.opcodes().size();
    if (taken > most_globals || !counters.share(most_globals - taken)) {
        return fail(
            ErrorCode::kInput,
            fmt::format("'{}' has {} globals, so many that an engine has none left to count with; count without "
                        "running",
                        name, ir.globals.size()),
            Remedy::kCountStatically);
    }
    for (std::size_t i = 0; i < counters.pieces().size(); ++i) {
        add_counter_global(ir);
    }
    const auto first_sum = static_cast<Index>(ir.globals.size());
    for (const wabt::Opcode opcode : counters.opcodes()) {
        result.opcodes.push_back(named_opcode(opcode));
        add_export(ir, fmt::format("{}{}", kExportPrefix, result.opcodes.back().name), wabt::ExternalKind::Global,
                   add_counter_global(ir));
    }
    export_start(ir);
    Summation sums(ir, counters.pieces(), result.first_counter, first_sum);
    add_export(ir, std::string(kCountExport), wabt::ExternalKind::Func, sums.add(counters.opcodes().size()));

    wabt::MemoryStream stream;
    const wabt::WriteBinaryOptions options(features(), true, false, false);
    if (wabt::Failed(wabt::WriteBinaryModule(&stream, &ir, options))) {
        return fail(ErrorCode::kInput,
                    fmt::format("the instrumented copy of '{}' cannot be written: libwabt gave no "
                                "reason; count without running",
                                name),
                    Remedy::kCountStatically);
    }
    result.bytes = std::move(stream.output_buffer().data);
    result.pieces = counters.pieces();
    return result;
}

}  // namespace pitot::wasm
