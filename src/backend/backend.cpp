#include "backend/backend.hpp"

#include <array>

#include "core/suggest.hpp"

namespace pitot {

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
                                       suggestion(name, known));
}

}  // namespace pitot
