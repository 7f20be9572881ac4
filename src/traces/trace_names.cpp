#include "traces/trace_names.hpp"

#include <algorithm>
#include <array>

namespace pitot::traces {
namespace {

constexpr std::array<std::string_view, 3> kFolders = {form::kModuleFolder, "aot", "native"};
constexpr std::array<std::string_view, 9> kExtensions = {"wasm", "wat", "aot", "cwasm", "wasmu",
                                                         "so",   "elf", "exe", "bin"};

// "a/b/c" -> "a"; "" where there is no folder.
std::string_view first_folder(std::string_view path) {
    const std::size_t slash = path.find('/');
    return slash == std::string_view::npos || slash + 1 == path.size() ? std::string_view() : path.substr(0, slash);
}

std::string_view without_first(std::string_view path) {
    const std::string_view folder = first_folder(path);
    return folder.empty() ? path : path.substr(folder.size() + 1);
}

std::string_view without_extension(std::string_view path, bool any) {
    const std::size_t slash = path.rfind('/');
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos || dot <= begin) {
        return path;
    }
    const bool known = std::ranges::find(kExtensions, path.substr(dot + 1)) != kExtensions.end();
    return any || known ? path.substr(0, dot) : path;
}

std::string_view file_part(std::string_view text) { return text.substr(0, text.find(':')); }

}  // namespace

ModuleNames::ModuleNames(const Collection& collection, const TraceOptions& options) : options_(options) {
    for (const Trace& trace : collection.traces) {
        for (const TraceMember& member : trace.members) {
            const std::string_view file = file_part(member.module_file);
            if (first_folder(file) == form::kModuleFolder) {
                known_.emplace(without_extension(without_first(file), options.release == Release::k2023));
            }
        }
    }
}

std::string ModuleNames::name(const std::string& file, const std::string& engine, bool any_folder) const {
    std::string_view path = file_part(file);
    const std::string_view folder = first_folder(path);
    if (any_folder || std::ranges::find(kFolders, folder) != kFolders.end()) {
        path = without_first(path);
    }
    path = without_extension(path, any_folder);
    if (folder == "aot" && !first_folder(path).empty()) {
        const std::string_view shorter = without_first(path);
        if ((!engine.empty() && first_folder(path) == engine) || (!known_.contains(path) && known_.contains(shorter))) {
            path = shorter;
        }
    }
    return std::string(path);
}

std::string ModuleNames::replaced(std::string text) const {
    for (const auto& [from, to] : options_.renames) {
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
            text.replace(at, from.size(), to);
        }
    }
    return text;
}

std::string ModuleNames::of_trace(const Trace& trace, const TraceMember& member) const {
    const bool old = options_.release == Release::k2023;
    std::string text = name(member.module_file, trace.engine, old);
    if (!old) {
        text += member.module_file.substr(file_part(member.module_file).size());
        for (const std::string& argument : member.arguments) {
            text += ':' + argument;
        }
    }
    return replaced(std::move(text));
}

std::string ModuleNames::of_flat(const std::string& file) const {
    return replaced(name(file, {}, false) + file.substr(file_part(file).size()));
}

}  // namespace pitot::traces
