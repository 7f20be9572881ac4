#include "models/kernel/machine.hpp"

#include "backend/backend.hpp"

namespace pitot::models::kernel {

Result<std::unique_ptr<backend::device::Device>> device_of(const Context& context) {
    PITOT_TRY(const auto backend, backend::find_backend(context));
    if (backend->name() != "cuda") {
        return nullptr;
    }
    return backend::device::open_device(context.devices);
}

}  // namespace pitot::models::kernel
