#include "cli/profile_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include "cli/cli.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verb_words.hpp"
#include "core/read_file.hpp"
#include "wasm/instrument.hpp"
#include "wasm/profile.hpp"

namespace pitot::cli {
namespace {

constexpr std::size_t kNamedStubs = 4;

Result<wasm::Engine> engine_called(const std::string& name) {
    if (name == "auto") {
        return wasm::Engine::kAny;
    }
    if (name == "node") {
        return wasm::Engine::kNode;
    }
    if (name == "wabt") {
        return wasm::Engine::kInterpreter;
    }
    return fail(ErrorCode::kUsage, fmt::format("--engine: no engine '{}'; use auto, node or wabt", name));
}

Failure no_input(const std::string& file, int error) {
    return fail(ErrorCode::kEnvironment,
                fmt::format("--stdin: cannot read '{}': {}; check the path", file, std::strerror(error)));
}

/// All of standard input, which may be a socket, so that no path names it.
Result<std::vector<std::uint8_t>> read_input() {
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint8_t> part(1U << 20U);
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, part.data(), part.size());
        if (count == 0) {
            return bytes;
        }
        if (count > 0) {
            bytes.insert(bytes.end(), part.begin(), part.begin() + count);
        } else if (errno != EINTR) {
            return fail(ErrorCode::kEnvironment,
                        fmt::format("cannot read standard input: {}; give a file", std::strerror(errno)));
        }
    }
}

void say_stubs(const wasm::Profile& profile, const std::string& name) {
    if (profile.stubs.empty()) {
        return;
    }
    const std::size_t shown = std::min(kNamedStubs, profile.stubs.size());
    note(fmt::format(
        "{} of '{}' made up, of zeros, and called {}: {}{}", format_count(std::ssize(profile.stubs), "import"), name,
        profile.stub_calls == 1 ? "once"
                                : fmt::format("{} times", format_count(static_cast<std::int64_t>(profile.stub_calls))),
        fmt::join(std::span(profile.stubs).first(shown), ", "), shown < profile.stubs.size() ? ", …" : ""));
}

void say_about_modules(const wasm::ScriptRun& run) {
    for (const wasm::ScriptModule& module : run.modules) {
        if (!module.failure.empty()) {
            note(fmt::format("'{}' ran without being counted: {}", module.name, module.failure));
        } else if (module.uncounted > 0) {
            note(
                fmt::format("{} of {} instances of '{}' lacks what was counted since they began: their threads or "
                            "processes ended before they could be asked",
                            module.uncounted, module.instances, module.name));
        }
    }
}

}  // namespace

void ModuleRunFlags::add_to(CLI::App& app) {
    add_repeated(app, "--dir", folders, "Folder the module may use, through WASI; may be repeated")->type_name("DIR");
    add_repeated(app, "--env", environment, "Variable of its environment; may be repeated")->type_name("NAME=VALUE");
    app.add_option("--stdin", standard_input, "File that is its standard input")->type_name("FILE");
    app.add_option(
           "--invoke", invoke,
           "Exported function to call, with the arguments as parameters; else _start, or all exported functions "
           "without parameters. A reactor's _initialize comes first")
        ->type_name("NAME");
    offer(app.add_option("--engine", engine, "What runs it: node, wabt (slow, no imports) or auto"),
          {"node", "wabt", "auto"})
        ->type_name("NAME");
    app.add_flag("--stub-imports", stub_imports,
                 "Imports that are not WASI's are made up: functions that return zeros");
    app.add_option("--imports", imports,
                   "JavaScript module that provides imports: export default { MODULE: { NAME: value } }, or a function "
                   "of { exports, memory } that returns it")
        ->type_name("FILE.mjs");
    app.add_option("--timeout", timeout_s, "Stop it after so many seconds")->type_name("S");
    app.add_flag("--partial", partial, "Print what was counted even if the module fails or is stopped");
}

Result<void> ModuleRunFlags::check() const {
    if (timeout_s && !(*timeout_s > 0.0)) {
        return fail(ErrorCode::kUsage, "--timeout: give a number of seconds above 0");
    }
    for (const std::string& folder : folders) {
        if (!std::filesystem::is_directory(folder)) {
            return fail(ErrorCode::kUsage, fmt::format("--dir: '{}' is not a folder; make it or name another", folder));
        }
    }
    for (const std::string& entry : environment) {
        if (entry.find('=') == std::string::npos || entry.front() == '=') {
            return fail(ErrorCode::kUsage, fmt::format("--env: '{}' is not of the form NAME=VALUE", entry));
        }
    }
    std::error_code ignored;
    if (!imports.empty() && !std::filesystem::is_regular_file(imports, ignored)) {
        return fail(ErrorCode::kUsage, fmt::format("--imports: there is no file '{}'; check the path", imports));
    }
    return standard_input.empty() || ::access(standard_input.c_str(), R_OK) == 0 ? Result<void>()
                                                                                 : no_input(standard_input, errno);
}

Result<void> ModuleRunFlags::open_input() const {
    if (standard_input.empty()) {
        return {};
    }
    const int fd = ::open(standard_input.c_str(), O_RDONLY | O_CLOEXEC);
    const bool opened = fd >= 0 && ::dup2(fd, STDIN_FILENO) >= 0;
    const int error = errno;
    if (fd > STDIN_FILENO) {
        ::close(fd);
    }
    return opened ? Result<void>() : no_input(standard_input, error);
}

std::vector<std::string> ModuleRunFlags::given(std::initializer_list<std::string_view> but) const {
    const std::array<std::pair<std::string_view, bool>, 9> all{{{"--dir", !folders.empty()},
                                                                {"--env", !environment.empty()},
                                                                {"--stdin", !standard_input.empty()},
                                                                {"--invoke", !invoke.empty()},
                                                                {"--engine", engine != "auto"},
                                                                {"--stub-imports", stub_imports},
                                                                {"--imports", !imports.empty()},
                                                                {"--timeout", timeout_s.has_value()},
                                                                {"--partial", partial}}};
    std::vector<std::string> names;
    for (const auto& [name, is_given] : all) {
        if (is_given && std::ranges::find(but, name) == but.end()) {
            names.emplace_back(name);
        }
    }
    return names;
}

Result<std::vector<std::uint8_t>> read_module_bytes(const std::string& file) {
    if (file == "-") {
        return read_input();
    }
    PITOT_TRY(const auto bytes, core::read_file(file));
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
}

Result<ModuleCounts> count_module(const std::string& file, const std::string& name, wasm::Module module,
                                  const ModuleRunFlags& flags) {
    PITOT_TRY(const auto engine, engine_called(flags.engine));
    wasm::RunRequest request;
    request.name = name;
    request.args = flags.args;
    request.folders = flags.folders;
    request.environment = flags.environment;
    request.stub_imports = flags.stub_imports;
    request.imports_module = flags.imports.empty() ? "" : std::filesystem::absolute(flags.imports).string();
    request.timeout_s = flags.timeout_s;
    if (!flags.invoke.empty()) {
        if (auto set = wasm::set_invocation(module, flags.invoke, flags.args, request); !set) {
            return fail(set.error(), "--invoke");
        }
    } else if (auto good = module.check_start(file); !good) {
        return Failure(good.error());
    }
    const std::vector<wasm::ImportName> imports = module.imports();
    PITOT_TRY(const auto instrumented, wasm::instrument(std::move(module), file));
    const Interrupt interrupt;
    request.stop = interrupt.token();
    if (auto opened = flags.open_input(); !opened) {
        return Failure(opened.error());
    }
    PITOT_TRY(const auto profile, wasm::run_profile(instrumented, imports, request, engine, flags.partial));
    say_stubs(profile, name);
    if (!profile.incomplete.empty()) {
        note(fmt::format("the counts are those until '{}' {}", name, profile.incomplete));
    }
    return ModuleCounts{name, file, profile.counts, profile.engine, profile.incomplete};
}

Result<std::vector<ModuleCounts>> count_script(const std::string& script, const ModuleRunFlags& flags) {
    const auto node = wasm::find_node();
    if (!node) {
        return fail(ErrorCode::kEnvironment, "there is no `node` on the path; install nodejs");
    }
    if (!std::filesystem::is_regular_file(script)) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot read '{}': there is no such file; check the path", script));
    }
    std::error_code ignored;
    wasm::ScriptRequest request;
    request.script = script;
    request.args = flags.args;
    request.environment = flags.environment;
    request.instrumenter = {std::filesystem::read_symlink("/proc/self/exe", ignored).string(), "profile", "-", "-o",
                            "-"};
    request.timeout_s = flags.timeout_s;
    const Interrupt interrupt;
    request.stop = interrupt.token();
    if (auto opened = flags.open_input(); !opened) {
        return Failure(opened.error());
    }
    PITOT_TRY(const auto run, wasm::run_script_in_node(*node, request));
    say_about_modules(run);
    if (!run.incomplete.empty() && !flags.partial) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' {}; mend it or give it what it needs, or take what was counted until then with "
                                "--partial",
                                script, run.incomplete));
    }
    std::vector<ModuleCounts> all;
    std::size_t idle = 0;
    for (const wasm::ScriptModule& module : run.modules) {
        if (!module.counts.empty()) {
            all.push_back({module.name, script, module.counts, "node", run.incomplete, module.bytes, module.instances});
        } else {
            idle += module.failure.empty() && module.uncounted == 0 ? 1U : 0U;
        }
    }
    if (idle > 0 && !all.empty()) {
        note(fmt::format("{} compiled, but executed nothing, and left out",
                         idle == 1 ? "1 module more was" : fmt::format("{} modules more were", idle)));
    }
    if (all.empty()) {
        const char* what = run.modules.empty() ? "compiled no WebAssembly module"
                           : idle > 0          ? "compiled WebAssembly, but executed none of it"
                                               : "compiled no module that could be counted";
        return fail(ErrorCode::kInput, fmt::format("'{}' {}; give a script that uses WebAssembly", script, what));
    }
    if (!run.incomplete.empty()) {
        note(fmt::format("the counts are those until '{}' {}", script, run.incomplete));
    }
    return all;
}

}  // namespace pitot::cli
