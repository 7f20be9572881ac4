#include "backend/ops/dense/dense_reference.hpp"
#include "backend/ops/platform_dense/platform_dense_host.hpp"

namespace pitot::backend {

template void forward(const PlatformDense&, const HostStep<double>&);
template void backward(const PlatformDense&, const HostStep<double>&);

}  // namespace pitot::backend
