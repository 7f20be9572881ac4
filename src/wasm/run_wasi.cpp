#include "wasm/run_wasi.hpp"

#include <unistd.h>
#include <wabt/binary-reader.h>
#include <wabt/interp/binary-reader-interp.h>
#include <wabt/interp/interp.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <random>

namespace pitot::wasm {
namespace {

namespace interp = wabt::interp;

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kBadDescriptor = 8;
constexpr std::uint32_t kFault = 21;
constexpr std::uint32_t kNotSupported = 58;
constexpr std::uint32_t kNoSeek = 70;
constexpr const char* kWasi = "wasi_snapshot_preview1";

/// What the functions offered to a program share.
class Host {
public:
    explicit Host(const std::vector<std::string>& args) : args_(args) {}

    interp::Memory* memory = nullptr;
    int exit_status = 0;
    bool exited = false;

    /// The function of this name, of parameters to an error number; null if there is none.
    using Function = std::function<std::uint32_t(const interp::Values&)>;
    [[nodiscard]] Function find(const std::string& name) {
        const std::map<std::string, Function> functions{
            {"args_sizes_get", [this](const auto& p) { return sizes(p, args_); }},
            {"args_get", [this](const auto& p) { return fill(p); }},
            {"environ_sizes_get", [this](const auto& p) { return sizes(p, {}); }},
            {"environ_get", [](const auto&) { return kSuccess; }},
            {"clock_time_get", [this](const auto& p) { return clock(p); }},
            {"random_get", [this](const auto& p) { return random(p); }},
            {"fd_write", [this](const auto& p) { return write(p); }},
            {"fd_read", [this](const auto& p) { return number(p, 0) == 0 ? put(number(p, 3), 0U) : kBadDescriptor; }},
            {"fd_close", [](const auto& p) { return number(p, 0) <= 2 ? kSuccess : kBadDescriptor; }},
            {"fd_seek", [](const auto& p) { return number(p, 0) <= 2 ? kNoSeek : kBadDescriptor; }},
            {"fd_fdstat_get", [this](const auto& p) { return describe(p); }},
            {"fd_prestat_get", [](const auto&) { return kBadDescriptor; }},
            {"sched_yield", [](const auto&) { return kSuccess; }},
        };
        const auto found = functions.find(name);
        return found == functions.end() ? Function() : found->second;
    }
    static std::uint32_t number(const interp::Values& p, std::size_t n) { return p[n].Get<std::uint32_t>(); }

private:
    /// `n` bytes of the program's memory; null if they lie outside.
    std::uint8_t* bytes(std::uint64_t at, std::uint64_t n) {
        return memory != nullptr && at + n <= memory->ByteSize() ? memory->UnsafeData() + at : nullptr;
    }
    template <typename T>
    std::uint32_t put(std::uint64_t at, T value) {
        std::uint8_t* to = bytes(at, sizeof(value));
        if (to == nullptr) {
            return kFault;
        }
        std::memcpy(to, &value, sizeof(value));
        return kSuccess;
    }
    std::uint32_t get(std::uint64_t at) {
        std::uint32_t value = 0;
        if (const std::uint8_t* from = bytes(at, sizeof(value)); from != nullptr) {
            std::memcpy(&value, from, sizeof(value));
        }
        return value;
    }
    std::uint32_t sizes(const interp::Values& p, const std::vector<std::string>& list) {
        std::uint32_t sum = 0;
        for (const std::string& text : list) {
            sum += static_cast<std::uint32_t>(text.size()) + 1;
        }
        const std::uint32_t first = put(number(p, 0), static_cast<std::uint32_t>(list.size()));
        return first != kSuccess ? first : put(number(p, 1), sum);
    }
    std::uint32_t fill(const interp::Values& p) {
        std::uint32_t at = number(p, 1);
        for (std::size_t n = 0; n < args_.size(); ++n) {
            std::uint8_t* to = bytes(at, args_[n].size() + 1);
            if (to == nullptr || put(number(p, 0) + 4 * n, at) != kSuccess) {
                return kFault;
            }
            std::memcpy(to, args_[n].c_str(), args_[n].size() + 1);
            at += static_cast<std::uint32_t>(args_[n].size()) + 1;
        }
        return kSuccess;
    }
    std::uint32_t clock(const interp::Values& p) {
        const auto ns = [](auto since) {
            return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
        };
        return put(number(p, 2), number(p, 0) == 0 ? ns(std::chrono::system_clock::now().time_since_epoch())
                                                   : ns(std::chrono::steady_clock::now().time_since_epoch()));
    }
    std::uint32_t random(const interp::Values& p) {
        std::random_device device;
        for (std::uint32_t n = 0; n < number(p, 1); ++n) {
            if (put(static_cast<std::uint64_t>(number(p, 0)) + n, static_cast<std::uint8_t>(device())) != kSuccess) {
                return kFault;
            }
        }
        return kSuccess;
    }
    std::uint32_t write(const interp::Values& p) {
        if (number(p, 0) != 1 && number(p, 0) != 2) {
            return kBadDescriptor;
        }
        std::uint32_t written = 0;
        for (std::uint32_t n = 0; n < number(p, 2); ++n) {
            const std::uint64_t vector = number(p, 1) + std::uint64_t{8} * n;
            const std::uint32_t size = get(vector + 4);
            const std::uint8_t* from = bytes(get(vector), size);
            if (from == nullptr) {
                return kFault;
            }
            const ssize_t done = ::write(static_cast<int>(number(p, 0)), from, size);
            written += done > 0 ? static_cast<std::uint32_t>(done) : 0;
        }
        return put(number(p, 3), written);
    }
    std::uint32_t describe(const interp::Values& p) {
        std::uint8_t* to = bytes(number(p, 1), 24);
        if (number(p, 0) > 2 || to == nullptr) {
            return number(p, 0) > 2 ? kBadDescriptor : kFault;
        }
        std::memset(to, 0, 24);
        to[0] = 2;     // a character device
        to[8] = 0x42;  // that can be read and written
        return kSuccess;
    }

    const std::vector<std::string>& args_;
};

interp::HostFunc::Ptr offer(interp::Store& store, Host& host, const std::string& name, const interp::FuncType& type) {
    if (name == "proc_exit") {
        return interp::HostFunc::New(
            store, type, [&](interp::Thread&, const interp::Values& p, interp::Values&, interp::Trap::Ptr* t) {
                host.exited = true;
                host.exit_status = static_cast<int>(Host::number(p, 0));
                *t = interp::Trap::New(store, "exit");
                return wabt::Result::Error;
            });
    }
    return interp::HostFunc::New(store, type,
                                 [function = host.find(name)](interp::Thread&, const interp::Values& p,
                                                              interp::Values& results, interp::Trap::Ptr*) {
                                     if (!results.empty()) {
                                         results[0] = interp::Value::Make(function ? function(p) : kNotSupported);
                                     }
                                     return wabt::Result::Ok;
                                 });
}

}  // namespace

WasiEnding run_wasi(const std::vector<std::uint8_t>& bytes, const std::vector<std::string>& args) {
    WasiEnding ending;
    wabt::Features features;
    wabt::Errors errors;
    interp::ModuleDesc desc;
    const wabt::ReadBinaryOptions options(features, nullptr, false, true, false);
    if (wabt::Failed(interp::ReadBinaryInterp("module", bytes.data(), bytes.size(), options, &errors, &desc))) {
        ending.refused = errors.empty() ? "libwabt cannot read it" : errors.front().message;
        return ending;
    }
    interp::Store store(features);
    Host host(args);
    interp::RefVec imports;
    for (const interp::ImportDesc& import : desc.imports) {
        if (import.type.module != kWasi || import.type.type->kind != wabt::ExternalKind::Func) {
            ending.refused = "it imports '" + import.type.module + "." + import.type.name + "', which is not WASI's";
            return ending;
        }
        const auto& type = *static_cast<const interp::FuncType*>(import.type.type.get());
        imports.push_back(offer(store, host, import.type.name, type).ref());
    }
    const interp::Module::Ptr module = interp::Module::New(store, std::move(desc));
    interp::Trap::Ptr trap;
    const interp::Instance::Ptr instance = interp::Instance::Instantiate(store, module.ref(), imports, &trap);
    interp::Func::Ptr start;
    for (std::size_t i = 0; instance && i < module->export_types().size(); ++i) {
        const auto& exported = module->export_types()[i];
        if (exported.name == "memory" && exported.type->kind == wabt::ExternalKind::Memory) {
            host.memory = store.UnsafeGet<interp::Memory>(instance->exports()[i]).get();
        }
        if (exported.name == "_start" && exported.type->kind == wabt::ExternalKind::Func) {
            start = store.UnsafeGet<interp::Func>(instance->exports()[i]);
        }
    }
    if (!instance || !start) {
        ending.refused = instance ? "it exports no '_start': it is no WASI command" : "it cannot be instantiated";
        return ending;
    }
    interp::Values results;
    if (wabt::Failed(start->Call(store, {}, results, &trap)) && !host.exited) {
        ending.trap = trap ? trap->message() : "an exception that nothing caught";
    }
    ending.exit_status = host.exit_status;
    return ending;
}

}  // namespace pitot::wasm
