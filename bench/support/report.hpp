// What this machine makes of training steps and predictions, short enough for a page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "backend/devices.hpp"
#include "bench/support/step.hpp"
#include "pitot/result.hpp"

namespace pitot::bench {

/// The training step of one preset, on a made-up fleet of the size that the preset was published with.
struct StepReport {
    std::string preset;
    StepTime time;
    bool by_arithmetic = true;  ///< else bytes bound it
    double work = 0.0;          ///< useful floating-point operations, or bytes, a step
};

struct MachineReport {
    std::string machine;
    std::string instructions;
    std::vector<backend::DeviceInfo> cards;  ///< none where the backend cuda has none
    int threads = 1;
    backend::Peak peak;
    std::vector<StepReport> steps;
    std::int64_t models = 20;
    double one_thread = 0.0;   ///< seconds a model-step of `models` models on one thread
    double all_threads = 0.0;  ///< and on all
    double predictions = 0.0;  ///< a second, with bounds, on one thread
};

/// Measures everything, each for about `seconds`. `threads`: 0 = as many as this process may use. Errors: as
/// StepTrial::make().
[[nodiscard]] Result<MachineReport> measure_machine(int threads, double seconds);

}  // namespace pitot::bench
