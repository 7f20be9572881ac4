#include "backend/ops/pair_sum_tanh/pair_sum_tanh_reference.hpp"

#include <cmath>

namespace pitot::backend::reference {

void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out) {
    for (std::int64_t b = 0; b < out.rows; ++b) {
        const auto n = static_cast<std::size_t>(b);
        for (std::int64_t c = 0; c < out.cols; ++c) {
            out(b, c) = std::tanh(left(platform[n], c) + right(module[n], c));
        }
    }
}

void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright) {
    for (std::int64_t b = 0; b < dout.rows; ++b) {
        const auto n = static_cast<std::size_t>(b);
        for (std::int64_t c = 0; c < dout.cols; ++c) {
            dleft(platform[n], c) += dout(b, c);
            dright(module[n], c) += dout(b, c);
        }
    }
}

}  // namespace pitot::backend::reference

namespace pitot::backend {

template void forward(const PairSumTanh&, const HostStep<double>&);
template void backward(const PairSumTanh&, const HostStep<double>&);

}  // namespace pitot::backend
