#include "backend/backend.hpp"

#include "pitot/remedy.hpp"

namespace pitot::backend {

Result<const Backend*> cuda_backend(std::span<const int> /*devices*/, std::string_view /*precision*/) {
    return fail(ErrorCode::kEnvironment,
                "this pitot was built without CUDA: build it with -DPITOT_CUDA=ON (nvcc of CUDA 12 or later), or use "
                "the backend 'cpu'",
                Remedy::kUseCpuBackend);
}

}  // namespace pitot::backend
