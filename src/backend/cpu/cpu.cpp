#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>

#include "backend/cpu/kernels.hpp"
#include "backend/host/executor.hpp"
#include "backend/ops/adam/adam_cpu.hpp"
#include "backend/ops/dense/dense_cpu.hpp"

namespace pitot::backend {
namespace {

// What HostExecutor needs beside the operations.
struct CpuKernels : AdamKernels<float> {
    using Scalar = float;
    static constexpr std::int64_t kSparseColumns = cpu::kSparseColumns;
    static constexpr auto fill_below = cpu::fill_below;  // NOLINT(readability-identifier-naming): a function
};

// The best of a few tries of `work`, which returns how much it did, a second.
template <typename Work>
double best_rate(const Work& work) {
    constexpr int tries = 20;
    double best = 0.0;
    for (int n = 0; n < tries; ++n) {
        const auto start = std::chrono::steady_clock::now();
        const double done = work();
        best = std::max(best, done / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
}

class CpuBackend final : public Backend {
public:
    [[nodiscard]] std::string_view name() const override { return "cpu"; }
    [[nodiscard]] std::string description() const override { return cpu::instruction_set(); }
    [[nodiscard]] Peak measure_peak(std::int64_t block_bytes) const override {
        constexpr std::int64_t rounds = 100'000;
        float sink = 0.0F;
        const double flops = best_rate([&] { return cpu::multiply_adds(rounds, sink); });
        // x and y are half of the block each; x is read, y read and written.
        const auto n = static_cast<std::size_t>(std::max<std::int64_t>(block_bytes / 8, 1024));
        const AlignedVector<float> x(n, 1.0F);
        AlignedVector<float> y(n, sink);
        const std::size_t passes = std::max<std::size_t>(1, (std::size_t{1} << 22U) / n);
        const double bytes = best_rate([&] {
            for (std::size_t pass = 0; pass < passes; ++pass) {
                cpu::add(x, y);
            }
            return static_cast<double>(passes * n * 3 * sizeof(float));
        });
        return {flops, bytes};
    }
    [[nodiscard]] Result<std::shared_ptr<const ResidentTables>> make_resident(
        std::span<const PairColumns> tables) const override {
        return std::make_shared<const HostTables>(tables);
    }

private:
    [[nodiscard]] Result<std::unique_ptr<Executor>> make_executor(const Program& program, std::int64_t group,
                                                                  const ExecutionPlan& plan) const override {
        return std::make_unique<HostExecutor<CpuKernels>>(program, group, plan);
    }
};

// Instruction sets by the names a user knows them by, beside Highway's.
std::string set_name(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    std::erase(name, '-');
    return name == "AVX512" ? "AVX3" : name == "NONE" ? "SCALAR" : name;
}

// Highway has one of two targets for processors without vectors, by the compiler.
bool use_set(const std::string& name) {
    return cpu::use_instruction_set(name) || (name == "SCALAR" && cpu::use_instruction_set("EMU128"));
}

Result<void> choose_instruction_set() {
    const char* asked = std::getenv("PITOT_INSTRUCTION_SET");  // NOLINT(concurrency-mt-unsafe): before any thread
    if (asked == nullptr || *asked == '\0' || use_set(set_name(asked))) {
        return {};
    }
    constexpr std::array known{"SCALAR", "SSE4", "AVX2", "AVX3", "NEON", "SVE", "SVE2"};
    std::string here;
    for (const std::string& name : cpu::instruction_sets()) {
        here += (here.empty() ? "" : ", ") + name;
    }
    const bool exists = std::ranges::find(known, set_name(asked)) != known.end();
    return fail(exists ? ErrorCode::kEnvironment : ErrorCode::kUsage,
                std::string("PITOT_INSTRUCTION_SET asks for '") + asked + "', which " +
                    (exists ? "this machine does not have" : "is no instruction set") + "; unset it or choose one of " +
                    here);
}

}  // namespace

Result<void> check_instruction_set() {
    static const Result<void> chosen = choose_instruction_set();
    return chosen;
}

const Backend& cpu_backend() {
    static const CpuBackend backend;
    static_cast<void>(check_instruction_set());
    return backend;
}

}  // namespace pitot::backend
