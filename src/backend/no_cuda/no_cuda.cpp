#include "backend/backend.hpp"
#include "backend/devices.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend {
namespace {

Failure not_built() {
    return fail(ErrorCode::kEnvironment,
                "this pitot was built without CUDA: build it with -DPITOT_CUDA=ON (nvcc of CUDA 12 or later), or use "
                "the backend 'cpu'",
                Remedy::kUseCpuBackend);
}

}  // namespace

Result<const Backend*> cuda_backend(std::span<const int> /*devices*/, std::string_view /*precision*/) {
    return not_built();
}

bool has_cuda() { return false; }

Result<std::vector<DeviceInfo>> cuda_devices() { return not_built(); }

}  // namespace pitot::backend
