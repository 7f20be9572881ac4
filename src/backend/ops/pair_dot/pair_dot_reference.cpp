#include "backend/ops/pair_dot/pair_dot_reference.hpp"

#include "backend/ops/dense/dense_reference.hpp"

namespace pitot::backend::reference {

void pair_dot(Index platform, Index module, ConstView left, ConstView right, double scale,
              std::span<double> prediction) {
    for (std::size_t b = 0; b < prediction.size(); ++b) {
        prediction[b] += scale * dot(&left(platform[b], 0), &right(module[b], 0), left.cols);
    }
}

void pair_dot_backward(Index platform, Index module, Index /*by_module*/, ConstView left, ConstView right, double scale,
                       std::span<const double> slope, View dleft, View dright) {
    for (std::size_t b = 0; b < slope.size(); ++b) {
        add_scaled(scale * slope[b], &right(module[b], 0), &dleft(platform[b], 0), left.cols);
        add_scaled(scale * slope[b], &left(platform[b], 0), &dright(module[b], 0), left.cols);
    }
}

}  // namespace pitot::backend::reference

namespace pitot::backend {

template void forward(const PairDot&, const HostStep<double>&);
template void backward(const PairDot&, const HostStep<double>&);

}  // namespace pitot::backend
