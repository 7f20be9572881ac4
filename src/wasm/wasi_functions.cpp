#include "wasm/wasi_functions.hpp"

#include <map>

namespace pitot::wasm {
namespace {

/// Parameters of every function, a letter each: i of 32 bits, I of 64. All but one give an i32, the error.
const std::map<std::string, std::string>& known_types() {
    static const std::map<std::string, std::string> types{{"args_get", "ii"},
                                                          {"args_sizes_get", "ii"},
                                                          {"clock_res_get", "ii"},
                                                          {"clock_time_get", "iIi"},
                                                          {"environ_get", "ii"},
                                                          {"environ_sizes_get", "ii"},
                                                          {"fd_advise", "iIIi"},
                                                          {"fd_allocate", "iII"},
                                                          {"fd_close", "i"},
                                                          {"fd_datasync", "i"},
                                                          {"fd_fdstat_get", "ii"},
                                                          {"fd_fdstat_set_flags", "ii"},
                                                          {"fd_fdstat_set_rights", "iII"},
                                                          {"fd_filestat_get", "ii"},
                                                          {"fd_filestat_set_size", "iI"},
                                                          {"fd_filestat_set_times", "iIIi"},
                                                          {"fd_pread", "iiiIi"},
                                                          {"fd_prestat_dir_name", "iii"},
                                                          {"fd_prestat_get", "ii"},
                                                          {"fd_pwrite", "iiiIi"},
                                                          {"fd_read", "iiii"},
                                                          {"fd_readdir", "iiiIi"},
                                                          {"fd_renumber", "ii"},
                                                          {"fd_seek", "iIii"},
                                                          {"fd_sync", "i"},
                                                          {"fd_tell", "ii"},
                                                          {"fd_write", "iiii"},
                                                          {"path_create_directory", "iii"},
                                                          {"path_filestat_get", "iiiii"},
                                                          {"path_filestat_set_times", "iiiiIIi"},
                                                          {"path_link", "iiiiiii"},
                                                          {"path_open", "iiiiiIIii"},
                                                          {"path_readlink", "iiiiii"},
                                                          {"path_remove_directory", "iii"},
                                                          {"path_rename", "iiiiii"},
                                                          {"path_symlink", "iiiii"},
                                                          {"path_unlink_file", "iii"},
                                                          {"poll_oneoff", "iiii"},
                                                          {"proc_exit", "i"},
                                                          {"proc_raise", "i"},
                                                          {"random_get", "ii"},
                                                          {"sched_yield", ""},
                                                          {"sock_accept", "iii"},
                                                          {"sock_recv", "iiiiii"},
                                                          {"sock_send", "iiiii"},
                                                          {"sock_shutdown", "ii"}};
    return types;
}

std::string type_words(const std::vector<std::string>& parameters, const std::vector<std::string>& results) {
    std::string words = "(";
    for (const std::string& type : parameters) {
        words += (words.size() > 1 ? ", " : "") + type;
    }
    words += ")";
    for (std::size_t i = 0; i < results.size(); ++i) {
        words += (i == 0 ? " -> " : ", ") + results[i];
    }
    return words;
}

}  // namespace

bool is_wasi_function(const std::string& field) { return known_types().count(field) > 0; }

std::string wasi_fault(const WasiImport& import) {
    const std::string imports = "imports '" + import.field + "' from '" + import.module + "'";
    const auto known = known_types().find(import.field);
    if (known == known_types().end()) {
        return imports + ", and WASI has no such function";
    }
    std::vector<std::string> parameters;
    for (const char letter : known->second) {
        parameters.emplace_back(letter == 'I' ? "i64" : "i32");
    }
    const std::vector<std::string> results(import.field == "proc_exit" ? 0 : 1, "i32");
    if (import.parameters == parameters && import.results == results) {
        return "";
    }
    return imports + " as " + type_words(import.parameters, import.results) + ", and WASI's is " +
           type_words(parameters, results);
}

}  // namespace pitot::wasm
