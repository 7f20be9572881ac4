// On the host: copies and sums, the same for every backend there.
#include "backend/host/step.hpp"

namespace pitot::backend {

template <typename T>
void forward(const PairOutput& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    const MatrixView<const T> in = step.value(op.in);
    for (std::int64_t b = 0; b < part.size(); ++b) {
        part.prediction[static_cast<std::size_t>(b)] += static_cast<T>(op.scale) * in(b, 0);
    }
}

template <typename T>
void backward(const PairOutput& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    const MatrixView<T> din = step.gradient(op.in);
    for (std::int64_t b = 0; b < part.size(); ++b) {
        din(b, 0) = static_cast<T>(op.scale) * part.slope[static_cast<std::size_t>(b)];
    }
}

template void forward(const PairOutput&, const HostStep<double>&);
template void backward(const PairOutput&, const HostStep<double>&);
template void forward(const PairOutput&, const HostStep<float>&);
template void backward(const PairOutput&, const HostStep<float>&);

}  // namespace pitot::backend
