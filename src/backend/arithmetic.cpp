#include "backend/arithmetic.hpp"

#include <variant>

namespace pitot {
namespace {

class Counter {
public:
    explicit Counter(const Program& program) : program_(program) {}

    double tower() const {
        double sum = 0.0;
        for (const TowerOp& op : program_.tower) {
            if (const auto* dense = std::get_if<Dense>(&op)) {
                sum += layer(*dense) * static_cast<double>(info(dense->out).rows);
            }
        }
        return sum;
    }
    double pair(const BatchShape& batch) const {
        double sum = 0.0;
        for (const PairOp& op : program_.pair) {
            if (const auto* dense = std::get_if<Dense>(&op)) {
                sum += layer(*dense);
            } else if (const auto* own = std::get_if<PlatformDense>(&op)) {
                sum += layer(*own);
            } else if (const auto* dot = std::get_if<PairDot>(&op)) {
                sum += 3.0 * static_cast<double>(dot->width);
            } else if (const auto* with = std::get_if<PairInterference>(&op); with != nullptr && batch.co_runners > 0) {
                sum += 3.0 * static_cast<double>(with->types * with->rank * (1 + batch.co_runners));
            }
        }
        return sum * static_cast<double>(batch.rows);
    }

private:
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }
    // Of one row.
    template <typename Op>
    [[nodiscard]] double layer(const Op& op) const {
        const std::int64_t in = info(op.x).cols;
        return static_cast<double>((2 * in + in - op.x_gradient_from) * info(op.out).cols);
    }

    const Program& program_;
};

}  // namespace

double multiply_adds_of_step(const Program& program, std::span<const BatchShape> batches) {
    const Counter counter(program);
    double sum = counter.tower();
    for (const BatchShape& batch : batches) {
        sum += counter.pair(batch);
    }
    return sum;
}

double bytes_of_step(const Program& program, std::span<const BatchShape> batches) {
    constexpr double scalar = 4.0;
    double sum = 7.0 * scalar * static_cast<double>(program.parameter_count());
    for (const PairOp& op : program.pair) {
        if (const auto* dot = std::get_if<PairDot>(&op)) {
            for (const BatchShape& batch : batches) {
                sum += 8.0 * scalar * static_cast<double>(batch.rows * dot->width);
            }
        }
    }
    return sum;
}

}  // namespace pitot
