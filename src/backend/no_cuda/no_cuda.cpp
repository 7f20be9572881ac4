#include "backend/backend.hpp"

#include "pitot/remedy.hpp"

namespace pitot::backend {

Result<const Backend*> cuda_backend() {
    return fail(ErrorCode::kEnvironment, "this pitot was built without CUDA; use the backend 'cpu'",
                Remedy::kUseCpuBackend);
}

}  // namespace pitot::backend
