// What a plan is made of: modules, engines and cores.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <numeric>
#include <system_error>
#include <utility>

#include "core/digest.hpp"
#include "core/read_file.hpp"
#include "core/suggest.hpp"
#include "measure/measure.hpp"
#include "measure/tasks.hpp"
#include "pitot/remedy.hpp"
#include "traces/form.hpp"

namespace pitot::measure {
namespace {

namespace fs = std::filesystem;

constexpr double kMostSeconds = 1e6;

bool matches(const std::string& pattern, const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool is_glob(const std::string& pattern) { return pattern.find_first_of("*?[") != std::string::npos; }

/// Without '@' this machine's engines are meant, with it those of emulated devices.
bool matches_engine(const std::string& pattern, const engines::Engine& engine) {
    const std::size_t at = pattern.find('@');
    const bool here = at == std::string::npos;
    return here == engine.device.empty() && matches(pattern.substr(0, at), engine.name) &&
           (here || matches(pattern.substr(at + 1), engine.device));
}

using engines::full_name;

/// Whether what is said of `one` goes for the module.
bool is_about(const UnfitModule& one, const ModuleFile& module) {
    return one.file == module.file || (one.all_tasks && one.file == module_of(module.file));
}

/// The error for a pattern that chose nothing; `missing`: an engine of that name that is not here, or null.
Failure none_like(const std::string& pattern, const engines::Engine* missing,
                  const std::vector<engines::Engine>& found) {
    if (missing != nullptr) {
        return fail(
            ErrorCode::kEnvironment,
            fmt::format("engine '{}' is not on this machine: {} was not found; it comes with {}", full_name(*missing),
                        missing->missing, missing->package.empty() ? "its project" : missing->package));
    }
    std::vector<std::string> names;
    std::transform(found.begin(), found.end(), std::back_inserter(names), full_name);
    return fail(ErrorCode::kUsage,
                fmt::format("engines: {} '{}'{}", is_glob(pattern) ? "none is named like" : "there is no", pattern,
                            core::suggestion(pattern, names)),
                Remedy::kSettings, {"engines"});
}

Result<ModuleFile> module_file(const fs::path& folder, const fs::path& path) {
    ModuleFile module;
    std::error_code error;
    module.path = fs::absolute(path, error);
    module.file =
        std::string(traces::form::kModuleFolder) + "/" + fs::path(path).lexically_relative(folder).generic_string();
    const auto forbidden = [](char c) { return c < 0x20 || c > 0x7E || c == ':'; };
    if (std::any_of(module.file.begin(), module.file.end(), forbidden)) {
        return fail(ErrorCode::kInput,
                    fmt::format("module '{}': a name in a trace has no ':' and nothing but printable "
                                "ASCII; rename it",
                                path.string()));
    }
    PITOT_TRY(const auto bytes, core::read_file(path));
    module.sha256 = core::sha256_of(bytes);
    return module;
}

/// All cores this process may run on.
std::vector<int> allowed_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cores;
    if (::sched_getaffinity(0, sizeof(set), &set) == 0) {
        for (int core = 0; core < CPU_SETSIZE; ++core) {
            if (CPU_ISSET(static_cast<std::size_t>(core), &set)) {
                cores.push_back(core);
            }
        }
    }
    return cores;
}

/// "2" or "2-5"; both ends, or nothing.
std::optional<std::pair<int, int>> parse_range(const std::string& text) {
    const std::size_t dash = text.find('-');
    const auto number = [](const std::string& digits) -> std::optional<int> {
        int value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
    };
    const auto first = number(text.substr(0, dash));
    const auto last = dash == std::string::npos ? first : number(text.substr(dash + 1));
    return first && last && *first <= *last ? std::optional(std::pair(*first, *last)) : std::nullopt;
}

}  // namespace

Result<std::vector<ModuleFile>> find_modules(const fs::path& folder, const std::vector<std::string>& only) {
    std::error_code error;
    std::vector<fs::path> paths;
    const fs::path root = folder.lexically_normal();
    if (fs::is_regular_file(root, error)) {
        PITOT_TRY(auto module, module_file(root.parent_path(), root));
        return std::vector<ModuleFile>{std::move(module)};
    }
    error.clear();
    for (auto entry = fs::recursive_directory_iterator(root, error); !error && entry != fs::end(entry);
         entry.increment(error)) {
        const std::string below = entry->path().lexically_relative(root).generic_string();
        const bool wanted = only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& pattern) {
                                return matches(pattern, below);
                            });
        if (wanted && entry->path().extension() == ".wasm" && entry->is_regular_file(error)) {
            paths.push_back(entry->path());
        }
    }
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot read folder '{}': {}; check the path and its "
                                                         "permissions",
                                                         folder.string(), error.message()));
    }
    if (paths.empty()) {
        return fail(ErrorCode::kInput,
                    only.empty()
                        ? fmt::format("there is no .wasm file in or below '{}'; name another folder", folder.string())
                        : fmt::format("no .wasm file below '{}' matches {}; a pattern is held against the path "
                                      "below that folder, as in 'sorting/*'",
                                      folder.string(), fmt::join(only, " or ")));
    }
    std::sort(paths.begin(), paths.end());
    std::vector<ModuleFile> modules;
    for (const fs::path& path : paths) {
        PITOT_TRY(auto module, module_file(root, path));
        modules.push_back(std::move(module));
    }
    return modules;
}

Result<std::vector<engines::Engine>> choose_engines(const std::vector<engines::Engine>& found,
                                                    const std::vector<std::string>& patterns) {
    std::vector<bool> chosen(found.size(), false);
    for (const std::string& pattern : patterns) {
        bool any = false;
        const engines::Engine* missing = nullptr;
        for (std::size_t e = 0; e < found.size(); ++e) {
            if (pattern == "all" || matches_engine(pattern, found[e])) {
                const bool here = found[e].missing.empty();
                missing = here ? missing : &found[e];
                chosen[e] = chosen[e] || here;
                any = any || here;
            }
        }
        if (!any) {
            return none_like(pattern, missing, found);
        }
    }
    std::vector<engines::Engine> engines;
    for (std::size_t e = 0; e < found.size(); ++e) {
        if (chosen[e]) {
            engines.push_back(found[e]);
        }
    }
    return engines;
}

Result<std::vector<int>> choose_cores(const std::string& list) {
    const auto bad_cores = [](const std::string& why) {
        return fail(ErrorCode::kUsage, "cores: " + why, Remedy::kSettings, {"cores"});
    };
    const std::vector<int> allowed = allowed_cores();
    if (list.empty()) {
        return allowed;
    }
    std::vector<int> cores;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        const auto range = parse_range(list.substr(at, end - at));
        if (!range) {
            return bad_cores(fmt::format("'{}' is no list of cores; write 0,1 or 0-3", list));
        }
        for (int core = range->first; core <= range->second; ++core) {
            if (std::find(allowed.begin(), allowed.end(), core) == allowed.end()) {
                return bad_cores(fmt::format("core {} is none that this process may use; those are {}", core,
                                             fmt::join(allowed, ",")));
            }
            if (std::find(cores.begin(), cores.end(), core) != cores.end()) {
                return bad_cores(fmt::format("core {} is given twice; leave one out", core));
            }
            cores.push_back(core);
        }
        at = end + 1;
    }
    return cores;
}

std::vector<std::size_t> draw_members(core::Key key, std::size_t count, std::size_t members) {
    std::vector<std::size_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    for (std::size_t i = 0; i < members; ++i) {
        std::swap(numbers[i], numbers[i + key.below(i, count - i)]);
    }
    numbers.resize(members);
    return numbers;
}

std::string Plan::refusal(std::size_t module, std::size_t engine) const {
    const std::string name = full_name(engines[engine]);
    const auto found = std::ranges::find_if(unfit, [&](const UnfitModule& one) {
        return is_about(one, modules[module]) &&
               (one.nowhere || std::ranges::find(one.engines, name) != one.engines.end());
    });
    if (found != unfit.end()) {
        return found->reason;
    }
    const std::string missing = engines::what_is_not_given(engines[engine], modules[module].input);
    return missing.empty() ? "" : fmt::format("{} gives a module {}; leave out the engine or the task", name, missing);
}

bool Plan::is_refused(std::size_t module) const {
    for (std::size_t engine = 0; engine < engines.size(); ++engine) {
        if (refusal(module, engine).empty()) {
            return false;
        }
    }
    return !engines.empty();
}

bool Plan::is_uncounted(std::size_t module) const {
    return std::ranges::any_of(unfit,
                               [&](const UnfitModule& one) { return is_about(one, modules[module]) && !one.counts; });
}

Result<void> Plan::validate() const {
    const auto usage = [](std::vector<std::string> fields, const std::string& what) {
        std::string message = fmt::format("{}: {}", fmt::join(fields, ", "), what);
        return fail(ErrorCode::kUsage, std::move(message), Remedy::kSettings, std::move(fields));
    };
    const std::array limits{std::pair("limit_s", settings.limit_s), std::pair("together_limit_s", together_limit_s),
                            std::pair("profile_limit_s", profile_limit_s),
                            std::pair("compile_limit_s", compile_limit_s)};
    for (const auto& [field, seconds] : limits) {
        if (!(seconds > 0.0 && seconds <= kMostSeconds)) {
            return usage({field}, fmt::format("{:g} is not above 0 and at most {:g} seconds", seconds, kMostSeconds));
        }
    }
    if (alone && repeat == 0 && warm == 0) {
        return usage({"repeat", "alone"}, "give at least 1 run, or run nothing alone");
    }
    if (abandon == 0) {
        return usage({"abandon"}, "give at least 1");
    }
    if (!(cell_seconds >= 0.0)) {
        return usage({"cell_seconds"}, "give seconds, or 0 for no bound");
    }
    if (settings.cores.empty() || settings.jobs < 1 ||
        static_cast<std::size_t>(settings.jobs) > settings.cores.size()) {
        return usage({"jobs"}, fmt::format("give 1 to {}, the number of cores", settings.cores.size()));
    }
    if (together == 1 || (together > 0 && together > modules.size())) {
        return usage({"together"}, fmt::format("give 2 to {}, the number of modules", modules.size()));
    }
    if ((together > 0) != (sets > 0)) {
        return usage({"together", "sets"}, "one needs the other");
    }
    if (!alone && together == 0 && warm == 0) {
        return usage({"alone", "together", "sets"}, "where nothing runs alone, something has to run side by side");
    }
    return {};
}

}  // namespace pitot::measure
