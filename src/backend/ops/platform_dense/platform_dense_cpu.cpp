#include "backend/ops/dense/dense_cpu.hpp"
#include "backend/ops/platform_dense/platform_dense_host.hpp"

namespace pitot::backend {

template void forward(const PlatformDense&, const HostStep<float>&);
template void backward(const PlatformDense&, const HostStep<float>&);

}  // namespace pitot::backend
