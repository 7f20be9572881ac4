// The kernels of Adam on the host.
#pragma once

#include "backend/ops/adam/adam.hpp"
#include "backend/ops/adam/skipped_updates.hpp"

namespace pitot::backend {

/// Those of a backend, by its scalar type: see adam_reference.hpp and adam_cpu.hpp.
template <typename T>
struct AdamKernels;

}  // namespace pitot::backend
