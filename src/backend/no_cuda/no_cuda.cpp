#include "backend/backend.hpp"

namespace pitot {

Result<const Backend*> cuda_backend() {
    return fail(ErrorCode::kEnvironment, "this pitot was built without CUDA; use --backend cpu");
}

}  // namespace pitot
