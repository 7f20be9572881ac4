// On the host: copies and sums, the same for every backend there.
#include "backend/host/step.hpp"

namespace pitot::backend {

template <typename T>
void forward(const PairBaseline& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    const T* a = step.value(op.platform_term).data;
    const T* b = step.value(op.module_term).data;
    for (std::size_t n = 0; n < part.prediction.size(); ++n) {
        part.prediction[n] += a[part.platform[n]] + b[part.module[n]];
    }
}

template <typename T>
void backward(const PairBaseline& /*op*/, const HostStep<T>& /*step*/) {}

template void forward(const PairBaseline&, const HostStep<double>&);
template void backward(const PairBaseline&, const HostStep<double>&);
template void forward(const PairBaseline&, const HostStep<float>&);
template void backward(const PairBaseline&, const HostStep<float>&);

}  // namespace pitot::backend
