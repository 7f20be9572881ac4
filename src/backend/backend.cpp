#include "backend/backend.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/suggest.hpp"

namespace pitot::backend {

Result<const Backend*> find_backend(std::string_view name) {
    if (name == "cpu") {
        return check_instruction_set().map([] { return &cpu_backend(); });
    }
    if (name == "reference") {
        return &reference_backend();
    }
    if (name == "cuda") {
        return cuda_backend();
    }
    static const std::array<std::string, 3> known{"cpu", "reference", "cuda"};
    return fail(ErrorCode::kUsage, "there is no backend '" + std::string(name) + "' (known: cpu, reference, cuda)" +
                                       core::suggestion(name, known));
}

Result<const Backend*> find_backend(const Context& context) {
    if (auto ok = context.validate(); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(const auto backend, find_backend(context.backend));
    const auto other = std::ranges::find_if(context.devices, [](int device) { return device != 0; });
    if (other != context.devices.end() && context.backend != "cuda") {
        return fail(ErrorCode::kUsage, fmt::format("backend '{}' runs on the processor, which is its device 0; there "
                                                   "is no device {}",
                                                   context.backend, *other));
    }
    return backend;
}

}  // namespace pitot::backend
