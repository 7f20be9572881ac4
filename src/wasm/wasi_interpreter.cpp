#include "wasm/wasi_interpreter.hpp"

#include <sched.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wabt/binary-reader.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "wasm/features.hpp"
#include "wasm/interpreter_thread.hpp"
#include "wasm/wasi_functions.hpp"

namespace pitot::wasm {
namespace {

namespace interp = wabt::interp;

enum Errno : std::uint32_t { kOk = 0, kBadFd = 8, kFault = 21, kInvalid = 28, kIo = 29, kNotHere = 52, kNoSeek = 70 };
constexpr std::uint32_t kLastStream = 2;

/// One module's view of WASI: its arguments and its memory.
class Wasi {
public:
    Wasi(const std::vector<std::string>& args, const std::vector<std::string>& environment)
        : args_(&args), environment_(&environment) {}
    void set_memory(interp::Memory* memory) { memory_ = memory; }
    void exit(std::uint32_t status) { status_ = status; }
    [[nodiscard]] std::optional<std::uint32_t> status() const { return status_; }

    std::uint32_t args_sizes_get(std::uint32_t count, std::uint32_t bytes) { return put_sizes(*args_, count, bytes); }
    std::uint32_t args_get(std::uint32_t pointers, std::uint32_t bytes) { return put_texts(*args_, pointers, bytes); }
    std::uint32_t environ_sizes_get(std::uint32_t count, std::uint32_t bytes) {
        return put_sizes(*environment_, count, bytes);
    }
    std::uint32_t environ_get(std::uint32_t pointers, std::uint32_t bytes) {
        return put_texts(*environment_, pointers, bytes);
    }
    std::uint32_t clock_time_get(std::uint32_t id, std::uint32_t at) { return put_time(::clock_gettime, id, at); }
    std::uint32_t clock_res_get(std::uint32_t id, std::uint32_t at) { return put_time(::clock_getres, id, at); }
    std::uint32_t random_get(std::uint32_t at, std::uint32_t size) {
        if (!within(at, size)) {
            return kFault;
        }
        while (size > 0) {
            const ssize_t got = ::getrandom(memory_->UnsafeData() + at, size, 0);
            if (got < 0 && errno != EINTR) {
                return kIo;
            }
            const auto more = static_cast<std::uint32_t>(std::max<ssize_t>(got, 0));
            at += more;
            size -= more;
        }
        return kOk;
    }
    /// readv or writev on a standard stream, as far as it goes at once.
    template <typename Call>
    std::uint32_t move(Call call, std::uint32_t fd, std::uint32_t vectors, std::uint32_t count, std::uint32_t moved) {
        std::array<iovec, 64> native{};
        count = std::min(count, static_cast<std::uint32_t>(native.size()));
        for (std::uint32_t i = 0; i < count; ++i) {
            std::array<std::uint32_t, 2> vector{};
            if (!within(vectors + i * sizeof(vector), sizeof(vector))) {
                return kFault;
            }
            std::memcpy(vector.data(), memory_->UnsafeData() + vectors + i * sizeof(vector), sizeof(vector));
            if (!within(vector[0], vector[1])) {
                return kFault;
            }
            native.at(i) = {memory_->UnsafeData() + vector[0], vector[1]};
        }
        ssize_t done = 0;
        do {
            done = call(static_cast<int>(fd), native.data(), static_cast<int>(count));
        } while (done < 0 && errno == EINTR);
        return done < 0 ? kIo : put(moved, static_cast<std::uint32_t>(done)) ? kOk : kFault;
    }
    /// No stream is a terminal, so that the module's library buffers alike wherever it runs.
    std::uint32_t fd_fdstat_get(std::uint32_t fd, std::uint32_t at) {
        if (fd > kLastStream) {
            return kBadFd;
        }
        return put(at, std::array<std::uint64_t, 3>{0, ~std::uint64_t{0}, ~std::uint64_t{0}}) ? kOk : kFault;
    }

private:
    std::uint32_t put_sizes(const std::vector<std::string>& texts, std::uint32_t count, std::uint32_t bytes) {
        std::uint32_t size = 0;
        for (const std::string& text : texts) {
            size += static_cast<std::uint32_t>(text.size()) + 1;
        }
        const auto number = static_cast<std::uint32_t>(texts.size());
        return put(count, number) && put(bytes, size) ? kOk : kFault;
    }
    std::uint32_t put_texts(const std::vector<std::string>& texts, std::uint32_t pointers, std::uint32_t bytes) {
        for (const std::string& text : texts) {
            const auto size = static_cast<std::uint32_t>(text.size()) + 1;
            if (!put(pointers, bytes) || !within(bytes, size)) {
                return kFault;
            }
            std::memcpy(memory_->UnsafeData() + bytes, text.c_str(), size);
            pointers += sizeof(bytes);
            bytes += size;
        }
        return kOk;
    }
    [[nodiscard]] bool within(std::uint64_t at, std::uint64_t size) const {
        return memory_ != nullptr && at + size <= memory_->ByteSize();
    }
    template <typename T>
    bool put(std::uint32_t at, const T& value) {
        if (!within(at, sizeof(value))) {
            return false;
        }
        std::memcpy(memory_->UnsafeData() + at, &value, sizeof(value));
        return true;
    }
    template <typename Call>
    std::uint32_t put_time(Call call, std::uint32_t id, std::uint32_t at) {
        constexpr std::array clocks{CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
        constexpr std::uint64_t second = 1'000'000'000;
        timespec time{};
        if (id >= clocks.size() || call(clocks.at(id), &time) != 0) {
            return kInvalid;
        }
        const auto seconds = static_cast<std::uint64_t>(time.tv_sec);
        return put(at, seconds * second + static_cast<std::uint64_t>(time.tv_nsec)) ? kOk : kFault;
    }

    const std::vector<std::string>* args_;
    const std::vector<std::string>* environment_;
    std::optional<std::uint32_t> status_;  // once it has exited
    interp::Memory* memory_ = nullptr;
};

using Arguments = std::vector<std::uint64_t>;
using Function = std::uint32_t (*)(Wasi&, const Arguments&);

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

std::uint32_t only_streams(std::uint64_t fd, std::uint32_t otherwise) {
    return low(fd) > kLastStream ? std::uint32_t{kBadFd} : otherwise;
}

/// A function of WASI and how many parameters it takes; those that are not here answer that they are not.
struct Known {
    std::size_t parameters;
    Function function;
};

const std::map<std::string, Known>& known_functions() {
    static const std::map<std::string, Known> functions{
        {"args_sizes_get", {2, [](Wasi& w, const Arguments& a) { return w.args_sizes_get(low(a[0]), low(a[1])); }}},
        {"args_get", {2, [](Wasi& w, const Arguments& a) { return w.args_get(low(a[0]), low(a[1])); }}},
        {"environ_sizes_get",
         {2, [](Wasi& w, const Arguments& a) { return w.environ_sizes_get(low(a[0]), low(a[1])); }}},
        {"environ_get", {2, [](Wasi& w, const Arguments& a) { return w.environ_get(low(a[0]), low(a[1])); }}},
        {"clock_time_get", {3, [](Wasi& w, const Arguments& a) { return w.clock_time_get(low(a[0]), low(a[2])); }}},
        {"clock_res_get", {2, [](Wasi& w, const Arguments& a) { return w.clock_res_get(low(a[0]), low(a[1])); }}},
        {"random_get", {2, [](Wasi& w, const Arguments& a) { return w.random_get(low(a[0]), low(a[1])); }}},
        {"fd_write",
         {4,
          [](Wasi& w, const Arguments& a) -> std::uint32_t {
              const bool good = low(a[0]) == 1 || low(a[0]) == 2;
              return good ? w.move(::writev, low(a[0]), low(a[1]), low(a[2]), low(a[3])) : std::uint32_t{kBadFd};
          }}},
        {"fd_read",
         {4,
          [](Wasi& w, const Arguments& a) -> std::uint32_t {
              return low(a[0]) == 0 ? w.move(::readv, 0, low(a[1]), low(a[2]), low(a[3])) : std::uint32_t{kBadFd};
          }}},
        {"fd_fdstat_get", {2, [](Wasi& w, const Arguments& a) { return w.fd_fdstat_get(low(a[0]), low(a[1])); }}},
        {"fd_close", {1, [](Wasi&, const Arguments& a) { return only_streams(a[0], kOk); }}},
        {"fd_seek", {4, [](Wasi&, const Arguments& a) { return only_streams(a[0], kNoSeek); }}},
        {"fd_tell", {2, [](Wasi&, const Arguments& a) { return only_streams(a[0], kNoSeek); }}},
        {"fd_prestat_get", {2, [](Wasi&, const Arguments&) -> std::uint32_t { return kBadFd; }}},
        {"fd_prestat_dir_name", {3, [](Wasi&, const Arguments&) -> std::uint32_t { return kBadFd; }}},
        {"sched_yield", {0, [](Wasi&, const Arguments&) -> std::uint32_t { return ::sched_yield() == 0 ? kOk : kIo; }}},
        {"proc_exit",
         {1,
          [](Wasi& w, const Arguments& a) -> std::uint32_t {
              w.exit(low(a[0]));
              return kOk;
          }}},
    };
    return functions;
}

interp::HostFunc::Callback callback_of(Wasi& wasi, const std::string& name, const interp::FuncType& type) {
    const auto known = known_functions().find(name);
    const bool fits = known != known_functions().end() && known->second.parameters == type.params.size();
    const Function function =
        fits ? known->second.function : [](Wasi&, const Arguments&) -> std::uint32_t { return kNotHere; };
    return [&wasi, function, types = type.params](interp::Thread& thread, const interp::Values& params,
                                                  interp::Values& results, interp::Trap::Ptr* trap) {
        Arguments arguments;
        for (std::size_t i = 0; i < params.size(); ++i) {
            const bool is_long = types[i] == wabt::Type::I64;
            arguments.push_back(is_long ? params[i].Get<std::uint64_t>() : params[i].Get<std::uint32_t>());
        }
        const std::uint32_t error = function(wasi, arguments);
        if (wasi.status()) {
            *trap = interp::Trap::New(thread.store(), "proc_exit");  // unwinds all calls
            return wabt::Result::Error;
        }
        if (!results.empty()) {
            results[0] = interp::Value::Make(error);
        }
        return wabt::Result::Ok;
    };
}

bool is_wasi_module(const std::string& name) { return name == "wasi_snapshot_preview1" || name == "wasi_unstable"; }

std::vector<std::string> type_names(const interp::ValueTypes& types) {
    std::vector<std::string> names;
    for (const wabt::Type type : types) {
        names.push_back(type.GetName());
    }
    return names;
}

/// The functions that a module imports, in its order; otherwise what is wrong with one.
std::string find_imports(interp::Store& store, const interp::Module& module, Wasi& wasi, interp::RefVec& imports) {
    for (const interp::ImportDesc& import : module.desc().imports) {
        if (!is_wasi_module(import.type.module) || import.type.type->kind != wabt::ExternalKind::Func) {
            return "imports '" + import.type.module + "." + import.type.name + "', which is not WASI's (preview 1)";
        }
        const auto& type = *wabt::cast<interp::FuncType>(import.type.type.get());
        std::string fault =
            wasi_fault({import.type.module, import.type.name, type_names(type.params), type_names(type.results)});
        if (!fault.empty()) {
            return fault;
        }
        const auto callback = callback_of(wasi, import.type.name, type);
        imports.push_back(interp::HostFunc::New(store, type, callback).ref());
    }
    return "";
}

interp::Ref find_export(const interp::Module& module, const interp::Instance& instance, const char* name,
                        wabt::ExternalKind kind) {
    const auto& exports = module.export_types();
    for (std::size_t i = 0; i < exports.size(); ++i) {
        if (exports[i].name == name && exports[i].type->kind == kind) {
            return instance.exports()[i];
        }
    }
    return interp::Ref::Null;
}

/// What is called of a module without `_start`: `_initialize`, then all other functions that take nothing.
interp::RefVec functions_of_library(interp::Store& store, const interp::Module& module,
                                    const interp::Instance& instance) {
    interp::RefVec found;
    const auto& exports = module.export_types();
    for (std::size_t i = 0; i < exports.size(); ++i) {
        const interp::Ref ref = instance.exports()[i];
        if (exports[i].type->kind == wabt::ExternalKind::Func &&
            store.UnsafeGet<interp::Func>(ref)->type().params.empty()) {
            found.insert(exports[i].name == "_initialize" ? found.begin() : found.end(), ref);
        }
    }
    return found;
}

}  // namespace

WasiRun interpret_wasi(const std::vector<std::uint8_t>& bytes, const std::vector<std::string>& args,
                       const std::vector<std::string>& environment) {
    wabt::Errors errors;
    interp::ModuleDesc desc;
    const wabt::ReadBinaryOptions options(features(), nullptr, false, true, false);
    if (wabt::Failed(interp::ReadBinaryInterp("module", bytes.data(), bytes.size(), options, &errors, &desc))) {
        return {true, errors.empty() ? "libwabt cannot read it" : errors.front().message};
    }
    interp::Store store(features());
    const interp::Module::Ptr module = interp::Module::New(store, std::move(desc));
    Wasi wasi(args, environment);
    interp::RefVec imports;
    if (const std::string fault = find_imports(store, *module, wasi, imports); !fault.empty()) {
        return {true, "it " + fault};
    }
    interp::Trap::Ptr trap;
    const interp::Instance::Ptr instance = interp::Instance::Instantiate(store, module.ref(), imports, &trap);
    if (!instance && wasi.status()) {
        return {false, "", *wasi.status()};  // its start function exited
    }
    if (!instance) {
        return {!trap, trap ? trap->message() : "it cannot be instantiated"};  // or its start function trapped
    }
    const interp::Ref memory = find_export(*module, *instance, "memory", wabt::ExternalKind::Memory);
    if (memory == interp::Ref::Null && !imports.empty()) {
        return {true, "it imports WASI but does not export its memory as 'memory'"};
    }
    const interp::Ref start = find_export(*module, *instance, "_start", wabt::ExternalKind::Func);
    if (start != interp::Ref::Null) {
        const interp::FuncType& type = store.UnsafeGet<interp::Func>(start)->type();
        if (!type.params.empty() || !type.results.empty()) {
            return {true, type.params.empty() ? "its '_start' gives a result, where a program's gives none"
                                              : "its '_start' takes a parameter, where a program's takes none"};
        }
    }
    const interp::RefVec calls =
        start != interp::Ref::Null ? interp::RefVec{start} : functions_of_library(store, *module, *instance);
    if (calls.empty()) {
        return {true, "it exports no function '_start' and none without parameters"};
    }
    if (memory != interp::Ref::Null) {
        wasi.set_memory(store.UnsafeGet<interp::Memory>(memory).get());
    }
    WasiRun run;
    for (const interp::Ref function : calls) {
        interp::Values results;
        if (wabt::Succeeded(call_deeply(store, function, {}, results, run.reason))) {
            continue;
        }
        if (wasi.status()) {
            run.reason.clear();
            run.status = *wasi.status();
        }
        break;
    }
    return run;
}

}  // namespace pitot::wasm
