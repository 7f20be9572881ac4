// Internal to the room, and C++17 as well as C++20: a thread of libwabt's interpreter that may call deeply.
#pragma once

#include <wabt/interp/interp.h>

#include <cstddef>
#include <string>

namespace pitot::wasm {

/// Calls within calls that a module may make: more than V8 has room for on its stack by default, so that what runs
/// there runs here. libwabt's own limit is about 1,200.
inline constexpr std::size_t kDeepestCalls = 200'000;

namespace detail {

using Frames = std::vector<wabt::interp::Frame> wabt::interp::Thread::*;
Frames frames_of_thread();

/// libwabt 1.0.32 has its limit in the capacity of a private vector and no way to set it. The language lets an explicit
/// instantiation name a private member.
template <Frames member>
struct Reach {
    friend Frames frames_of_thread() { return member; }
};
template struct Reach<&wabt::interp::Thread::frames_>;

}  // namespace detail

/// Calls an exported function of the right type. The reason in words if it traps or throws.
inline wabt::Result call_deeply(wabt::interp::Store& store, wabt::interp::Ref function,
                                const wabt::interp::Values& parameters, wabt::interp::Values& results,
                                std::string& reason) {
    wabt::interp::Thread thread(store);
    (thread.*detail::frames_of_thread()).reserve(kDeepestCalls);
    wabt::interp::Trap::Ptr trap;
    const wabt::Result done = store.UnsafeGet<wabt::interp::Func>(function)->Call(thread, parameters, results, &trap);
    if (wabt::Failed(done)) {
        reason = trap ? trap->message() : "an exception that nothing caught";
        if (reason == "call stack exhausted") {
            reason += " (more than " + std::to_string(kDeepestCalls) +
                      " calls in one another, which is the limit of this interpreter)";
        }
    }
    return done;
}

}  // namespace pitot::wasm
