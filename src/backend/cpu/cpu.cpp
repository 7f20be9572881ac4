#include "backend/cpu/kernels.hpp"
#include "backend/host/executor.hpp"

namespace pitot {
namespace {

// The kernels under the names HostExecutor calls them by.
struct CpuKernels {
    using Scalar = float;
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto dense_forward = cpu::dense_forward;
    static constexpr auto dense_backward = cpu::dense_backward;
    static constexpr auto pair_dot = cpu::pair_dot;
    static constexpr auto pair_dot_backward = cpu::pair_dot_backward;
    static constexpr auto interference = cpu::interference;
    static constexpr auto interference_backward = cpu::interference_backward;
    static constexpr auto sum_tanh = cpu::sum_tanh;
    static constexpr auto sum_tanh_backward = cpu::sum_tanh_backward;
    static constexpr auto adam = cpu::adam;
    // NOLINTEND(readability-identifier-naming)
};

class CpuBackend final : public Backend {
public:
    [[nodiscard]] std::string_view name() const override { return "cpu"; }
    [[nodiscard]] std::string description() const override { return cpu::instruction_set(); }
    [[nodiscard]] Result<std::unique_ptr<Executor>> prepare(const Program& program, std::int64_t group) const override {
        return std::make_unique<HostExecutor<CpuKernels>>(program, group);
    }
};

}  // namespace

const Backend& cpu_backend() {
    static const CpuBackend backend;
    return backend;
}

}  // namespace pitot
