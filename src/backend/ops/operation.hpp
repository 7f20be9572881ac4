// What every operation of a program tells of itself. An operation `Op` is a struct in a folder of its own, whose header
// declares:
//
//     const char* name_of(const Op&);
//         its name in words
//     Operands operands(const Op&, const Program&);
//         the buffers it reads and writes
//     Result<void> check(const Op&, const Program&);
//         whether those buffers fit it; asked before anything else, and kBug in words where one does not
//     Cost cost(const Op&, const Program&, const BatchShape&);
//         what it takes in one step, forward and backward
//     template <typename T> void forward(const Op&, const HostStep<T>&);
//     template <typename T> void backward(const Op&, const HostStep<T>&);
//         what it does on the host, T being double in the reference backend and float in the cpu backend;
//         backward() turns the gradient of what the operation computed into those of what it read
#pragma once

#include <cstdint>
#include <vector>

#include "backend/buffer.hpp"
#include "pitot/result.hpp"

namespace pitot::backend {

struct Program;
template <typename T>
class HostStep;

/// A batch as far as its cost goes.
struct BatchShape {
    std::int64_t rows = 0;
    std::int64_t co_runners = 0;  ///< of each row
};

/// What an operation does for the gradient of a buffer it reads.
enum class Gradient : std::uint8_t {
    kNone,           ///< nothing: the buffer is constant, or nobody wants it
    kAdded,          ///< adds to it, so that it has to start at 0
    kSet,            ///< sets it, so that no other operation may have a share in it
    kSetTimesSlope,  ///< sets it, and multiplies by tanh' on the way where the buffer holds what tanh gave
};

struct Operand {
    BufferId buffer;
    Gradient gradient;
};

struct Operands {
    std::vector<Operand> inputs;
    BufferId output = -1;  ///< -1: it adds to the prediction
    bool tanh = false;     ///< whether the output is what tanh gave
};

/// What an operation takes at least in one step, from the dimensions alone.
struct Cost {
    double multiply_adds = 0.0;  ///< forward and backward
    /// Bytes of single-precision rows moved to and from memory or cache. Counted for operations that are little else.
    double bytes = 0.0;
};

}  // namespace pitot::backend
