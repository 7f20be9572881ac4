#include "backend/device_covariance.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend::device {

Result<std::unique_ptr<Device>> open_device(std::span<const int> /*devices*/) {
    return fail(ErrorCode::kEnvironment, "this pitot was built without CUDA; use the backend 'cpu'",
                Remedy::kUseCpuBackend);
}

}  // namespace pitot::backend::device
