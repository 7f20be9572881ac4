#include "backend/cpu/kernels.hpp"
#include "backend/host/executor.hpp"

namespace pitot {
namespace {

// The kernels under the names HostExecutor calls them by.
struct CpuKernels {
    using Scalar = float;
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto dense_forward = cpu::dense_forward;
    static constexpr auto wants_transposed = cpu::wants_transposed;
    static constexpr auto transpose = cpu::transpose;
    static constexpr auto input_gradient = cpu::input_gradient;
    static constexpr auto weight_gradient = cpu::weight_gradient;
    static constexpr auto column_sums = cpu::column_sums;
    static constexpr auto tanh_slope = cpu::tanh_slope;
    static constexpr auto pair_dot = cpu::pair_dot;
    static constexpr auto pair_dot_backward = cpu::pair_dot_backward;
    static constexpr auto interference = cpu::interference;
    static constexpr auto interference_backward = cpu::interference_backward;
    static constexpr auto sum_tanh = cpu::sum_tanh;
    static constexpr auto sum_tanh_backward = cpu::sum_tanh_backward;
    static constexpr auto adam = cpu::adam;
    static constexpr auto adam_rows = cpu::adam_rows;
    static constexpr auto catch_up = cpu::catch_up;
    // NOLINTEND(readability-identifier-naming)
};

class CpuBackend final : public Backend {
public:
    [[nodiscard]] std::string_view name() const override { return "cpu"; }
    [[nodiscard]] std::string description() const override { return cpu::instruction_set(); }
    [[nodiscard]] Result<std::unique_ptr<Executor>> prepare(const Program& program, std::int64_t group,
                                                            const ExecutionPlan& plan) const override {
        return std::make_unique<HostExecutor<CpuKernels>>(program, group, plan);
    }
};

}  // namespace

const Backend& cpu_backend() {
    static const CpuBackend backend;
    return backend;
}

}  // namespace pitot
