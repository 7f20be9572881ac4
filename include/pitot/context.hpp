// Where and how something long runs: threads, backend, devices, precision, ranks, progress and a way to stop.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/export.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// The place of this process among several that work on one thing, from 0.
struct Rank {
    int number = 0;
    int count = 1;
    bool operator==(const Rank&) const = default;
};

/// For fit(), evaluate() and what else takes long. Results do not depend on threads, devices or ranks.
struct Context {
    int threads = 0;  ///< 0 or less = as many as this process may run on; results do not depend on it
    /// "cpu", "reference", "cuda" (NVIDIA cards) or "auto": cuda where this build has it and a card answers, else cpu.
    std::string backend = "cpu";
    /// Numbers of the backend's devices to use, none twice; empty = what the backend takes by itself, which is every
    /// card that the driver shows. Backends on the processor have the device 0 alone.
    std::vector<int> devices{};
    /// What numbers products of matrices are computed in while a model is trained:
    ///   "auto"  what the backend takes by itself;
    ///   "fp32"  32-bit floating point, as the backend cpu always does;
    ///   "tf32"  factors rounded to 10 bits of mantissa, sums in fp32: cards alone;
    ///   "bf16"  factors, and what layers give one another, rounded to 7 bits of mantissa, sums in fp32: cards alone.
    /// Parameters and the optimiser's state are in fp32 with any of them. The backend reference computes in 64-bit
    /// floating point and takes "auto" alone.
    std::string precision = "auto";
    Rank rank{};             ///< processes cannot share a fit yet: a count above 1 is refused
    std::stop_token stop{};  ///< asks for an early end
    /// Called from worker threads, one at a time, a few times a second at most: model-steps done and in all.
    std::function<void(std::int64_t done, std::int64_t total)> progress{};

    /// kUsage naming the field that is wrong by itself; whether backend and devices can be had is asked where they are
    /// needed.
    [[nodiscard]] PITOT_API Result<void> validate() const;
};

}  // namespace pitot
