// Proposals of WebAssembly that engines take or do not take, by name.
#pragma once

namespace pitot::core {

inline constexpr const char* kSimd = "SIMD";
inline constexpr const char* kThreads = "threads";
inline constexpr const char* kTailCalls = "tail calls";
inline constexpr const char* kExceptions = "exception handling";
inline constexpr const char* kMemory64 = "memory64";
inline constexpr const char* kMultipleMemories = "multiple memories";

}  // namespace pitot::core
