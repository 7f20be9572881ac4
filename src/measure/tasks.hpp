// Tasks: what modules are given when they run, so that one module can be measured with several inputs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "measure/collection_records.hpp"
#include "pitot/result.hpp"

namespace pitot::measure {

/// The modules with what a file of tasks (docs/measuring.md) gives them: one entry a task, in place of its module,
/// whose `file` then has the task behind a colon. Modules of which the file says nothing stay as they are. With `all`
/// every pattern of the file has to fit a module. Errors: kInput naming file, pattern, task and field; kEnvironment for
/// files and folders that cannot be read.
[[nodiscard]] Result<std::vector<ModuleFile>> with_tasks(const std::vector<ModuleFile>& modules,
                                                         const std::filesystem::path& file, bool all);

/// What one task without a name gives all modules.
struct CommonTask {
    std::vector<std::string> args{};
    std::string invoke{};             ///< the exported function to call, whose parameters `args` are
    bool stub_imports = false;        ///< whether imports that are not WASI's are made up
    std::filesystem::path imports{};  ///< a JavaScript module that gives imports
};

/// The same of one task for all modules. kInput error for arguments that make no name, for both kinds of imports and
/// for a file of imports that is not there.
[[nodiscard]] Result<std::vector<ModuleFile>> with_task(std::vector<ModuleFile> modules, const CommonTask& common);

/// A module's file without the task: "wasm/sort.wasm:-n:5" or "wasm/sort.wasm:quick:5" -> "wasm/sort.wasm".
[[nodiscard]] std::string module_of(const std::string& file);

}  // namespace pitot::measure
