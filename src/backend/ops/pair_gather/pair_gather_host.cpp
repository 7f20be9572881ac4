// On the host: copies and sums, the same for every backend there.
#include <algorithm>

#include "backend/host/step.hpp"

namespace pitot::backend {

template <typename T>
void forward(const PairGather& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    const MatrixView<const T> from = step.value(op.rows);
    const MatrixView<T> to = step.writable(op.out);
    for (std::int64_t b = 0; b < part.size(); ++b) {
        std::ranges::copy(from.row(part.module[static_cast<std::size_t>(b)]), to.row(b).begin());
    }
}

template <typename T>
void backward(const PairGather& /*op*/, const HostStep<T>& /*step*/) {}

template void forward(const PairGather&, const HostStep<double>&);
template void backward(const PairGather&, const HostStep<double>&);
template void forward(const PairGather&, const HostStep<float>&);
template void backward(const PairGather&, const HostStep<float>&);

}  // namespace pitot::backend
