// Plain double-precision loops: what every other backend is compared with.
#include <span>

#include "backend/host/executor.hpp"
#include "backend/ops/adam/adam_reference.hpp"
#include "backend/ops/dense/dense_reference.hpp"

namespace pitot::backend {
namespace {

// What HostExecutor needs beside the operations.
struct ReferenceKernels : AdamKernels<double> {
    using Scalar = double;
    static constexpr std::int64_t kSparseColumns = DenseKernels<double>::kSparseColumns;

    static void fill_below(core::Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) {
        key.fill_below(position, bound, out);
    }
};

class ReferenceBackend final : public Backend {
public:
    [[nodiscard]] std::string_view name() const override { return "reference"; }
    [[nodiscard]] std::string description() const override { return "plain double-precision loops"; }
    [[nodiscard]] Peak measure_peak(std::int64_t /*block_bytes*/) const override { return {}; }
    [[nodiscard]] Result<std::shared_ptr<const ResidentTables>> make_resident(
        std::span<const PairColumns> tables) const override {
        return std::make_shared<const HostTables>(tables);
    }

private:
    [[nodiscard]] Result<std::unique_ptr<Executor>> make_executor(const Program& program, std::int64_t group,
                                                                  const ExecutionPlan& plan) const override {
        return std::make_unique<HostExecutor<ReferenceKernels>>(program, group, plan);
    }
};

}  // namespace

const Backend& reference_backend() {
    static const ReferenceBackend backend;
    return backend;
}

}  // namespace pitot::backend
