// On the host: copies and sums, the same for every backend there.
#include <algorithm>

#include "backend/host/step.hpp"

namespace pitot::backend {

template <typename T>
void forward(const Concat& op, const HostStep<T>& step) {
    const MatrixView<T> out = step.writable(op.out);
    const MatrixView<const T> left = step.value(op.left);
    const MatrixView<const T> right = step.value(op.right);
    for (std::int64_t i = 0; i < out.rows; ++i) {
        const auto row = out.row(i);
        if (!step.primed(op.out)) {
            std::ranges::copy(left.row(i), row.begin());
        }
        std::ranges::copy(right.row(i), row.begin() + left.cols);
    }
}

template <typename T>
void backward(const Concat& op, const HostStep<T>& step) {
    const MatrixView<T> to = step.gradient(op.right);
    const MatrixView<T> from = step.gradient(op.out).columns(step.info(op.left).cols, to.cols);
    for (std::int64_t i = 0; i < to.rows; ++i) {
        std::ranges::copy(from.row(i), to.row(i).begin());
    }
}

template void forward(const Concat&, const HostStep<double>&);
template void backward(const Concat&, const HostStep<double>&);
template void forward(const Concat&, const HostStep<float>&);
template void backward(const Concat&, const HostStep<float>&);

}  // namespace pitot::backend
