#include "measure/tasks.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/digest.hpp"
#include "core/read_file.hpp"
#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "traces/form.hpp"

namespace pitot::measure {
namespace {

namespace fs = std::filesystem;

constexpr int kSchema = 1;
constexpr std::size_t kLongestName = 64;

struct Task {
    std::string name;  ///< empty: called by its arguments
    engines::RunInput input;
    Json remembered = Json::object();
};

Failure wrong(const std::string& where, const std::string& what) {
    return fail(ErrorCode::kInput, fmt::format("{}: {}; docs/measuring.md describes the form", where, what));
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kLongestName && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '+' || c == '-';
    });
}

/// The texts of a field; none if it is absent.
Result<std::vector<std::string>> texts(const Json& task, const char* field, const std::string& where) {
    std::vector<std::string> all;
    const auto found = task.find(field);
    if (found == task.end()) {
        return all;
    }
    const bool good = found->is_array() && std::all_of(found->begin(), found->end(), [](const Json& one) {
                          return one.is_string() && one.get_ref<const std::string&>().find('\0') == std::string::npos;
                      });
    if (!good) {
        return wrong(where, fmt::format("'{}' must be a list of texts", field));
    }
    for (const Json& one : *found) {
        all.push_back(one.get<std::string>());
    }
    return all;
}

Result<void> take_name(const Json& json, const std::string& where, Task& task) {
    if (const auto name = json.find("name"); name != json.end()) {
        if (!name->is_string() || !is_name(name->get_ref<const std::string&>())) {
            return wrong(where, "'name' must be letters, digits, '.', '_', '+' and '-', at most 64");
        }
        task.name = name->get<std::string>();
        task.remembered["name"] = task.name;
    }
    return {};
}

Result<void> take_input(const Json& json, const std::string& where, const fs::path& folder, Task& task) {
    const auto named = json.find("stdin");
    if (named == json.end()) {
        return {};
    }
    if (!named->is_string() || named->get_ref<const std::string&>().empty()) {
        return wrong(where, "'stdin' must be the name of a file");
    }
    task.input.standard_input = folder / named->get<std::string>();
    std::error_code error;
    if (!fs::is_regular_file(task.input.standard_input, error)) {
        return fail(ErrorCode::kInput, fmt::format("{}: there is no file '{}' in the folder of the file of tasks; "
                                                   "names are looked for from there",
                                                   where, named->get<std::string>()));
    }
    PITOT_TRY(const auto bytes, core::read_file(task.input.standard_input));
    task.remembered["stdin_sha256"] = core::sha256_of(bytes);
    return {};
}

Result<void> take_environment(const Json& json, const std::string& where, Task& task) {
    const auto variables = json.find("env");
    if (variables == json.end()) {
        return {};
    }
    bool good = variables->is_object();
    const Json all = good ? *variables : Json::object();
    for (const auto& [name, value] : all.items()) {
        good = good && !name.empty() && name.find_first_of(std::string("=\0", 2)) == std::string::npos &&
               value.is_string() && value.get_ref<const std::string&>().find('\0') == std::string::npos;
        if (good) {
            task.input.environment.push_back(name + "=" + value.get<std::string>());
        }
    }
    if (!good) {
        return wrong(where, "'env' must be an object of texts, by names of variables without '='");
    }
    if (!task.input.environment.empty()) {
        task.remembered["env"] = task.input.environment;
    }
    return {};
}

Result<void> take_folders(const Json& json, const std::string& where, const fs::path& folder, Task& task) {
    PITOT_TRY(auto folders, texts(json, "dirs", where));
    for (const std::string& one : folders) {
        std::error_code error;
        if (one.empty() || !fs::is_directory(folder / one, error)) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: there is no folder '{}' in that of the file of tasks; names "
                                    "are looked for from there",
                                    where, one));
        }
    }
    if (!folders.empty()) {
        task.remembered["dirs"] = folders;
        task.input.folders = std::move(folders);
        task.input.folder = folder;
    }
    return {};
}

Result<void> take_invocation(const Json& json, const std::string& where, Task& task) {
    if (const auto invoke = json.find("invoke"); invoke != json.end()) {
        const bool good = invoke->is_string() && !invoke->get_ref<const std::string&>().empty();
        if (!good) {
            return wrong(where, "'invoke' must be the name of a function that the module exports");
        }
        task.input.program.invoke = invoke->get<std::string>();
        task.remembered["invoke"] = task.input.program.invoke;
    }
    return {};
}

/// The file of a user's imports, as the task has it and where it is.
Result<void> take_file_of_imports(const fs::path& path, const std::string& where, const std::string& named,
                                  Task& task) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
        return fail(ErrorCode::kInput, fmt::format("{}: there is no file '{}'; check the path", where, named));
    }
    if (task.input.program.stub_imports) {
        return fail(ErrorCode::kInput, fmt::format("{}: imports are made up or come from a file; leave out one of "
                                                   "'stub_imports' and 'imports'",
                                                   where));
    }
    PITOT_TRY(const auto bytes, core::read_file(path));
    task.input.imports = fs::absolute(path, error);
    task.remembered["imports_sha256"] = core::sha256_of(bytes);
    return {};
}

Result<void> take_imports(const Json& json, const std::string& where, const fs::path& folder, Task& task) {
    if (const auto stubs = json.find("stub_imports"); stubs != json.end()) {
        if (!stubs->is_boolean()) {
            return wrong(where, "'stub_imports' must be true or false");
        }
        task.input.program.stub_imports = stubs->get<bool>();
        if (task.input.program.stub_imports) {
            task.remembered["stub_imports"] = true;
        }
    }
    const auto named = json.find("imports");
    if (named == json.end()) {
        return {};
    }
    if (!named->is_string() || named->get_ref<const std::string&>().empty()) {
        return wrong(where, "'imports' must be the name of a JavaScript module");
    }
    return take_file_of_imports(folder / named->get<std::string>(), where, named->get<std::string>(), task);
}

Result<Task> read_task(const Json& json, const std::string& where, const fs::path& folder) {
    const std::vector<std::string> known{"name", "args", "stdin", "env", "dirs", "invoke", "stub_imports", "imports"};
    if (!json.is_object()) {
        return wrong(where, "must be an object");
    }
    for (const auto& [key, value] : json.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return wrong(where, fmt::format("'{}' is not known{}", key, core::suggestion(key, known)));
        }
    }
    Task task;
    Result<void> taken = take_name(json, where, task);
    PITOT_TRY(task.input.args, texts(json, "args", where));
    if (!task.input.args.empty()) {
        task.remembered["args"] = task.input.args;
    }
    taken = taken ? take_input(json, where, folder, task) : taken;
    taken = taken ? take_environment(json, where, task) : taken;
    taken = taken ? take_folders(json, where, folder, task) : taken;
    taken = taken ? take_invocation(json, where, task) : taken;
    taken = taken ? take_imports(json, where, folder, task) : taken;
    if (!taken) {
        return Failure(taken.error());
    }
    if (task.remembered.empty()) {
        task.remembered = Json();
    }
    return task;
}

/// The tasks of one pattern: a task or a list of them.
Result<std::vector<Task>> read_tasks(const Json& json, const std::string& where, const fs::path& folder) {
    std::vector<Task> tasks;
    if (!json.is_array()) {
        PITOT_TRY(auto task, read_task(json, where, folder));
        tasks.push_back(std::move(task));
        return tasks;
    }
    for (std::size_t i = 0; i < json.size(); ++i) {
        PITOT_TRY(auto task, read_task(json[i], fmt::format("{}: task {}", where, i + 1), folder));
        tasks.push_back(std::move(task));
    }
    return tasks.empty() ? wrong(where, "must be a task or a list of tasks") : Result<std::vector<Task>>(tasks);
}

struct TasksOfPattern {
    std::string pattern;
    std::vector<Task> tasks;
    bool fits = false;
};

Result<std::vector<TasksOfPattern>> read_file_of_tasks(const fs::path& file) {
    PITOT_TRY(const auto text, core::read_file(file));
    const Json json = Json::parse(text, nullptr, false);
    const std::string where = file.string();
    if (!json.is_object() || !json.contains("schema") || json["schema"] != kSchema || !json.contains("tasks") ||
        !json["tasks"].is_object() || json.size() != 2) {
        return wrong(where, fmt::format("must be an object of 'schema', {}, and 'tasks', an object", kSchema));
    }
    std::error_code error;
    const fs::path folder = fs::absolute(file, error).parent_path();
    std::vector<TasksOfPattern> all;
    for (const auto& [pattern, tasks] : json["tasks"].items()) {
        PITOT_TRY(auto read, read_tasks(tasks, fmt::format("{}: '{}'", where, pattern), folder));
        all.push_back({pattern, std::move(read)});
    }
    return all;
}

/// The module as that task, named as datasets do it: the function and the arguments, or the task's name, behind the
/// file.
Result<ModuleFile> as_task(const ModuleFile& module, const Task& task, const std::string& where) {
    ModuleFile one = module;
    one.input = task.input;
    one.task = task.remembered;
    if (!task.name.empty()) {
        one.file += ":" + task.name;
    } else {
        one.file += one.input.program.invoke.empty() ? "" : ":" + one.input.program.invoke;
        for (const std::string& argument : task.input.args) {
            one.file += ":" + argument;
        }
    }
    if (const char* fault = core::name_fault(one.file); fault != nullptr) {
        return fail(ErrorCode::kInput, fmt::format("{}: '{}' would be called by its arguments, and that name {}; give "
                                                   "the task a 'name'",
                                                   where, module.file, fault));
    }
    return one;
}

}  // namespace

Result<std::vector<ModuleFile>> with_tasks(const std::vector<ModuleFile>& modules, const fs::path& file, bool all) {
    PITOT_TRY(auto patterns, read_file_of_tasks(file));
    std::vector<ModuleFile> tasks;
    for (const ModuleFile& module : modules) {
        const std::string below = module.file.substr(traces::form::kModuleFolder.size() + 1);
        const std::size_t first = tasks.size();
        for (TasksOfPattern& pattern : patterns) {
            if (::fnmatch(pattern.pattern.c_str(), below.c_str(), 0) != 0) {
                continue;
            }
            pattern.fits = true;
            for (const Task& task : pattern.tasks) {
                const std::string where = fmt::format("{}: '{}'", file.string(), pattern.pattern);
                PITOT_TRY(auto one, as_task(module, task, where));
                const auto same = [&](const ModuleFile& other) { return other.file == one.file; };
                if (std::any_of(tasks.begin() + static_cast<std::ptrdiff_t>(first), tasks.end(), same)) {
                    return fail(ErrorCode::kInput,
                                fmt::format("{}: two tasks would be called '{}'; give one a 'name'", where, one.file));
                }
                tasks.push_back(std::move(one));
            }
        }
        if (tasks.size() == first) {
            tasks.push_back(module);
        }
    }
    const auto idle = std::find_if(patterns.begin(), patterns.end(), [](const auto& one) { return !one.fits; });
    if (all && idle != patterns.end()) {
        return fail(ErrorCode::kInput, fmt::format("{}: no module is called '{}'; names are paths below the folder of "
                                                   "modules, as in 'sorting/*.wasm'",
                                                   file.string(), idle->pattern));
    }
    return tasks;
}

Result<std::vector<ModuleFile>> with_task(std::vector<ModuleFile> modules, const CommonTask& common) {
    Task task;
    task.input.args = common.args;
    task.input.program.invoke = common.invoke;
    task.input.program.stub_imports = common.stub_imports;
    if (!common.args.empty()) {
        task.remembered["args"] = common.args;
    }
    if (!common.invoke.empty()) {
        task.remembered["invoke"] = common.invoke;
    }
    if (common.stub_imports) {
        task.remembered["stub_imports"] = true;
    }
    if (!common.imports.empty()) {
        auto taken = take_file_of_imports(common.imports, "imports", common.imports.string(), task);
        if (!taken) {
            return Failure(taken.error());
        }
    }
    if (task.remembered.empty()) {
        return modules;
    }
    for (ModuleFile& module : modules) {
        PITOT_TRY(module, as_task(module, task, "the arguments"));
    }
    return modules;
}

std::string module_of(const std::string& file) { return file.substr(0, file.find(':')); }

}  // namespace pitot::measure
