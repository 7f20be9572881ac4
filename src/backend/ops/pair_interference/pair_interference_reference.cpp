#include "backend/ops/pair_interference/pair_interference_reference.hpp"

namespace pitot::backend::reference {
namespace {

// Calls visit(k) for each co-runner of row b.
template <typename Visit>
void for_each_co_runner(Index co_runner, std::int32_t width, std::size_t b, Visit visit) {
    for (std::int32_t c = 0; c < width; ++c) {
        const std::int32_t k = co_runner[b * static_cast<std::size_t>(width) + static_cast<std::size_t>(c)];
        if (k >= 0) {
            visit(k);
        }
    }
}

}  // namespace

void interference(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                  ConstView left, ConstView right, std::span<double> prediction) {
    for (std::size_t b = 0; b < prediction.size(); ++b) {
        for (std::int64_t t = 0; t < op.types; ++t) {
            const double* vs = &left(platform[b], op.susceptibility_column + t * op.rank);
            const double* vg = &left(platform[b], op.magnitude_column + t * op.rank);
            double magnitude = 0.0;
            for_each_co_runner(co_runner, width, b,
                               [&](std::int32_t k) { magnitude += dot(&right(k, 0), vg, op.rank); });
            prediction[b] += op.scale * dot(&right(module[b], 0), vs, op.rank) * magnitude;
        }
    }
}

void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                           std::int32_t width, ConstView left, ConstView right, std::span<const double> slope,
                           View dleft, View dright) {
    for (std::size_t b = 0; b < slope.size(); ++b) {
        const double* m = &right(module[b], 0);
        for (std::int64_t t = 0; t < op.types; ++t) {
            const std::int64_t s = op.susceptibility_column + t * op.rank;
            const std::int64_t g = op.magnitude_column + t * op.rank;
            const double* vs = &left(platform[b], s);
            const double* vg = &left(platform[b], g);
            const double susceptibility = dot(m, vs, op.rank);
            double magnitude = 0.0;
            for_each_co_runner(co_runner, width, b, [&](std::int32_t k) {
                magnitude += dot(&right(k, 0), vg, op.rank);
                add_scaled(op.scale * slope[b] * susceptibility, vg, &dright(k, 0), op.rank);
                add_scaled(op.scale * slope[b] * susceptibility, &right(k, 0), &dleft(platform[b], g), op.rank);
            });
            add_scaled(op.scale * slope[b] * magnitude, vs, &dright(module[b], 0), op.rank);
            add_scaled(op.scale * slope[b] * magnitude, m, &dleft(platform[b], s), op.rank);
        }
    }
}

}  // namespace pitot::backend::reference

namespace pitot::backend {

template void forward(const PairInterference&, const HostStep<double>&);
template void backward(const PairInterference&, const HostStep<double>&);

}  // namespace pitot::backend
