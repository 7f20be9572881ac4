#include "measure/look_at_modules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "core/read_file.hpp"
#include "engines/engine_lacks.hpp"
#include "measure/tasks.hpp"
#include "wasm/module.hpp"
#include "wasm/profile.hpp"
#include "wasm/program.hpp"

namespace pitot::measure {
namespace {

constexpr std::size_t kNamed = 4;

/// What is known of an engine of the plan.
struct KnownEngine {
    const engines::Engine* engine;
    std::string name;
    engines::Provides provides;
    std::vector<std::string> lacking;  ///< proposals
};

std::vector<KnownEngine> known_engines(const Plan& plan) {
    std::vector<KnownEngine> known;
    for (const engines::Engine& engine : plan.engines) {
        known.push_back({&engine, engines::full_name(engine), engines::provided_imports(engine),
                         engines::proposals_lacking(engine)});
    }
    return known;
}

/// What is seen of a task: rows of the table, and how its module is run.
struct Seen {
    std::vector<UnfitModule> unfit;
    engines::RunInput input;
    std::string remark;
};

/// An error's words about a file without its name in front.
std::string without_name(const Error& error, const std::string& file) {
    std::string why = error.to_string();
    if (const std::string named = "'" + file + "' "; why.starts_with(named)) {
        why.erase(0, named.size());
    }
    return why;
}

/// The first names of many.
std::string listed(const std::vector<std::string>& names) {
    const std::size_t shown = std::min(kNamed, names.size());
    return fmt::format("{}{}", fmt::join(std::span(names).first(shown), ", "), shown < names.size() ? ", …" : "");
}

/// A module that libwabt reads, and what one task does with it.
class TaskLook {
public:
    TaskLook(const wasm::Module& module, const ModuleFile& task) : module_(module), task_(task) {
        const std::vector<wasm::ImportName> all = module.imports();
        imports_ = all;
        if (task.input.program.stub_imports) {
            made_up_ = wasm::made_up(all);
            std::erase_if(imports_, [](const wasm::ImportName& one) { return !wasm::made_up({one}).empty(); });
            brings_memory_ = std::ranges::any_of(all, [](const wasm::ImportName& one) { return one.kind == "memory"; });
        }
    }

    /// Fills in what is called. Empty, or why there is nothing to call, whatever the engine.
    [[nodiscard]] std::string settle(Seen& seen) const {
        wasm::ProgramRequest& program = seen.input.program;
        const std::string file = module_of(task_.file);
        if (!program.invoke.empty()) {
            wasm::RunRequest request;
            request.name = file;
            if (auto set = wasm::set_invocation(module_, program.invoke, seen.input.args, request); !set) {
                return without_name(set.error(), file);
            }
            program.parameters = request.parameters;
        } else if (auto good = module_.check_start(file); !good) {
            return without_name(good.error(), file);
        }
        const std::vector<std::string> calls = wasm::calls_of(module_, program.invoke);
        if (calls.empty() && !module_.has_start()) {
            return "it exports no function '_start' and none without parameters; name one to call";
        }
        seen.input.copies = wasm::needs_copy(module_, program);
        if (program.invoke.empty() && seen.input.copies && calls != std::vector<std::string>{"_start"}) {
            seen.remark =
                fmt::format("{} exports no '_start': {} {} called", task_.file,
                            calls.empty() ? "its start function" : listed(calls), calls.size() < 2 ? "is" : "are");
        }
        if (!made_up_.empty()) {
            seen.remark +=
                fmt::format("{}{} {} of {} made up, of zeros: {}", seen.remark.empty() ? "" : "; ", made_up_.size(),
                            made_up_.size() == 1 ? "import" : "imports", task_.file, listed(made_up_));
        }
        return "";
    }

    /// What an import lacks where `provides` is all there is; empty if nothing.
    [[nodiscard]] std::string import_fault(const engines::Provides& provides) const {
        if (!task_.input.imports.empty()) {
            return "";
        }
        const auto foreign = std::ranges::find_if(imports_, [&](const wasm::ImportName& import) {
            return !provides.may_have(import.module) ||
                   (provides.what == engines::Provides::What::kOurs && !import.is_function);
        });
        if (foreign != imports_.end()) {
            return fmt::format("it imports '{}' from '{}', which nothing provides; give it, or have it made up",
                               foreign->field, foreign->module);
        }
        if (provides.what != engines::Provides::What::kOurs) {
            return "";
        }
        if (const std::string fault = wasm::find_wasi_fault(imports_); !fault.empty()) {
            return "it " + fault;
        }
        return !imports_.empty() && !module_.exports_memory() && !brings_memory_
                   ? "it imports WASI but does not export its memory as 'memory'"
                   : "";
    }

    /// Why that engine cannot run the task; empty if nothing is known.
    [[nodiscard]] std::string fault_on(const KnownEngine& known) const {
        if (std::string fault = import_fault(known.provides); !fault.empty()) {
            return fault;
        }
        std::vector<std::string> lacking;
        for (const std::string& proposal : known.lacking.empty() ? known.lacking : module_.proposals()) {
            if (std::ranges::find(known.lacking, proposal) != known.lacking.end()) {
                lacking.push_back(proposal);
            }
        }
        return lacking.empty()
                   ? ""
                   : fmt::format("it uses {}, which this version of wasm2c does not know", fmt::join(lacking, ", "));
    }

private:
    const wasm::Module& module_;
    const ModuleFile& task_;
    std::vector<wasm::ImportName> imports_;  ///< that are not made up
    std::vector<std::string> made_up_;
    bool brings_memory_ = false;  ///< a memory that is made up is exported, too
};

/// Collects why engines cannot run a task: a row a reason.
class Rows {
public:
    explicit Rows(std::string file) : file_(std::move(file)) {}

    void add(const std::string& engine, const std::string& reason) {
        const auto same = std::ranges::find_if(rows_, [&](const UnfitModule& row) { return row.reason == reason; });
        if (same != rows_.end()) {
            same->engines.push_back(engine);
        } else {
            rows_.push_back({file_, reason, false, true, {engine}});
        }
    }
    void add_everywhere(const std::string& reason, bool counts) { rows_.push_back({file_, reason, true, counts, {}}); }
    void add_uncounted(const std::string& reason) { rows_.push_back({file_, reason, false, false, {}}); }
    [[nodiscard]] bool refuses(const std::string& engine) const {
        return std::ranges::any_of(rows_, [&](const UnfitModule& row) {
            return row.nowhere || std::ranges::find(row.engines, engine) != row.engines.end();
        });
    }
    [[nodiscard]] std::vector<UnfitModule> take() { return std::move(rows_); }

private:
    std::string file_;
    std::vector<UnfitModule> rows_;
};

bool is_unknown(const KnownEngine& known) { return known.provides.what == engines::Provides::What::kUnknown; }

/// A fault of the module itself, which engines of which nothing is known need not mind, but where a copy is run.
void add_fault(Rows& rows, const std::string& fault, bool counts, bool copies,
               const std::vector<KnownEngine>& engines) {
    if (copies || std::ranges::none_of(engines, is_unknown)) {
        rows.add_everywhere(fault, counts);
        return;
    }
    for (const KnownEngine& known : engines) {
        if (!is_unknown(known)) {
            rows.add(known.name, fault);
        }
    }
}

Seen look_at(const ModuleFile& task, const Result<wasm::Module>& module, bool may_be_taken, const Plan& plan,
             const std::vector<KnownEngine>& engines) {
    Seen seen{{}, task.input, ""};
    Rows rows(task.file);
    const bool asks_for_copy = !task.input.program.invoke.empty() || task.input.program.stub_imports;
    std::string uncounted;
    if (!module) {
        uncounted = without_name(module.error(), module_of(task.file));
        if (!may_be_taken || asks_for_copy) {
            add_fault(rows, uncounted, false, asks_for_copy, engines);
        }
    } else {
        const TaskLook look(*module, task);
        if (const std::string fault = look.settle(seen); !fault.empty()) {
            add_fault(rows, fault, true, asks_for_copy, engines);
        }
        for (const KnownEngine& known : engines) {
            if (const std::string fault = look.fault_on(known); !fault.empty() && !rows.refuses(known.name)) {
                rows.add(known.name, fault);
            }
        }
        uncounted = look.import_fault({engines::Provides::What::kOurs, {}});
    }
    for (const KnownEngine& known : engines) {
        const std::string missing = engines::what_is_not_given(*known.engine, task.input);
        if (!missing.empty() && !rows.refuses(known.name)) {
            rows.add(known.name, fmt::format("{} gives a module {}", known.name, missing));
        }
    }
    const bool runs = std::ranges::any_of(engines, [&](const KnownEngine& known) { return !rows.refuses(known.name); });
    if (plan.profile && runs && !uncounted.empty()) {
        rows.add_uncounted(uncounted);
    }
    // Engines of which nothing is known are given libraries as they are.
    const bool copied = std::ranges::any_of(engines, [&](const KnownEngine& known) {
        return !rows.refuses(known.name) && (asks_for_copy || !is_unknown(known));
    });
    seen.remark = copied ? seen.remark : "";
    seen.unfit = rows.take();
    return seen;
}

/// All tasks of one file, which stand together in the plan.
using Group = std::pair<std::size_t, std::size_t>;

std::vector<Group> groups_of(const std::vector<ModuleFile>& modules) {
    std::vector<Group> groups;
    for (std::size_t m = 0; m < modules.size(); ++m) {
        if (m == 0 || modules[m].path != modules[m - 1].path) {
            groups.emplace_back(m, m);
        }
        groups.back().second = m + 1;
    }
    return groups;
}

Result<std::vector<Seen>> look_at(Group group, const Plan& plan, const std::vector<KnownEngine>& engines) {
    const ModuleFile& first = plan.modules[group.first];
    PITOT_TRY(const auto text, core::read_file(first.path));
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    const Result<wasm::Module> module = wasm::Module::read(bytes, module_of(first.file));
    const bool may_be_taken = module || wasm::Module::may_be_taken(bytes);
    std::vector<Seen> all;
    for (std::size_t m = group.first; m < group.second; ++m) {
        all.push_back(look_at(plan.modules[m], module, may_be_taken, plan, engines));
    }
    return all;
}

/// Adds the rows of a file's tasks, those of all alike as one of the file.
void add_rows(std::vector<Seen>& seen, const std::string& file, std::vector<UnfitModule>& unfit) {
    const auto rows_of_file = [&](const Seen& one) {
        std::vector<UnfitModule> rows = one.unfit;
        for (UnfitModule& row : rows) {
            row.file = file;
        }
        return rows;
    };
    const std::vector<UnfitModule> common = rows_of_file(seen.front());
    const bool alike =
        seen.size() > 1 && std::ranges::all_of(seen, [&](const Seen& one) { return rows_of_file(one) == common; });
    for (std::size_t i = 0; i < (alike ? 1 : seen.size()); ++i) {
        for (UnfitModule row : alike ? common : seen[i].unfit) {
            row.all_tasks = alike;
            unfit.push_back(std::move(row));
        }
    }
}

}  // namespace

Result<void> look_at_modules(Plan& plan, const std::function<void(double)>& progress, const std::stop_token& stop) {
    plan.unfit.clear();
    plan.remarks.clear();
    const std::vector<KnownEngine> engines = known_engines(plan);
    const std::vector<Group> groups = groups_of(plan.modules);
    std::vector<engines::RunInput> inputs;
    std::vector<UnfitModule> unfit;
    Result<void> result;
    const auto look = [&](std::int64_t g) { return look_at(groups[static_cast<std::size_t>(g)], plan, engines); };
    const auto keep = [&](std::int64_t g, Result<std::vector<Seen>> seen) {
        if (!seen) {
            result = Failure(seen.error());
            return false;
        }
        add_rows(*seen, module_of(plan.modules[inputs.size()].file), unfit);
        for (Seen& one : *seen) {
            inputs.push_back(std::move(one.input));
            if (!one.remark.empty()) {
                plan.remarks.push_back(std::move(one.remark));
            }
        }
        if (progress) {
            progress(static_cast<double>(g + 1) / static_cast<double>(groups.size()));
        }
        return !stop.stop_requested();
    };
    core::parallel_ordered(core::default_threads(), std::ssize(groups), look, keep);
    if (result && stop.stop_requested()) {
        return fail(ErrorCode::kCancelled, "stopped");
    }
    if (!result) {
        return result;
    }
    for (std::size_t m = 0; m < inputs.size(); ++m) {
        plan.modules[m].input = std::move(inputs[m]);
    }
    plan.unfit = std::move(unfit);
    return {};
}

}  // namespace pitot::measure
