// Internal to the room, and C++17 as well as C++20: what of WebAssembly is taken.
#pragma once

#include <wabt/feature.h>

namespace pitot::wasm {

/// All that libwabt knows but garbage collection, typed function references and annotations.
inline wabt::Features features() {
    wabt::Features features;
    features.enable_exceptions();
    features.enable_threads();
    features.enable_tail_call();
    features.enable_memory64();
    features.enable_multi_memory();
    features.enable_extended_const();
    features.enable_relaxed_simd();
    return features;
}

}  // namespace pitot::wasm
