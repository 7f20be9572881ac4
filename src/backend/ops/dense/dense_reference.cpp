#include "backend/ops/dense/dense_reference.hpp"

#include <cmath>

namespace pitot::backend::reference {

void dense_forward(ConstView x, ConstView weight, const double* bias, Activation activation, View out) {
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::int64_t j = 0; j < weight.cols; ++j) {
            double sum = bias == nullptr ? 0.0 : bias[j];
            for (std::int64_t p = 0; p < x.cols; ++p) {
                sum += x(i, p) * weight(p, j);
            }
            out(i, j) = activation == Activation::kTanh ? std::tanh(sum) : sum;
        }
    }
}

bool wants_transposed(ConstView /*weight*/, std::int64_t /*dx_cols*/) { return false; }
void transpose(ConstView /*in*/, View /*out*/) {}
void input_gradient(ConstView dout, ConstView weight, ConstView /*transposed*/, ConstView tanh_out, View dx) {
    const std::int64_t first = weight.rows - dx.cols;
    for (std::int64_t i = 0; i < dx.rows; ++i) {
        for (std::int64_t p = 0; p < dx.cols; ++p) {
            double sum = 0.0;
            for (std::int64_t j = 0; j < weight.cols; ++j) {
                sum += dout(i, j) * weight(first + p, j);
            }
            dx(i, p) = tanh_out.data == nullptr ? sum : sum * (1.0 - tanh_out(i, p) * tanh_out(i, p));
        }
    }
}

void weight_gradient(ConstView x, ConstView dout, bool accumulate, View dweight) {
    for (std::int64_t p = 0; p < x.cols; ++p) {
        for (std::int64_t j = 0; j < dout.cols; ++j) {
            double sum = accumulate ? dweight(p, j) : 0.0;
            for (std::int64_t i = 0; i < x.rows; ++i) {
                sum += x(i, p) * dout(i, j);
            }
            dweight(p, j) = sum;
        }
    }
}

void column_sums(ConstView dout, bool accumulate, double* sums) {
    for (std::int64_t j = 0; j < dout.cols; ++j) {
        double sum = accumulate ? sums[j] : 0.0;
        for (std::int64_t i = 0; i < dout.rows; ++i) {
            sum += dout(i, j);
        }
        sums[j] = sum;
    }
}

void tanh_slope(ConstView out, View dout) {
    for (std::int64_t i = 0; i < dout.rows; ++i) {
        for (std::int64_t j = 0; j < dout.cols; ++j) {
            dout(i, j) *= 1.0 - out(i, j) * out(i, j);
        }
    }
}

}  // namespace pitot::backend::reference

namespace pitot::backend {

template void forward(const Dense&, const HostStep<double>&);
template void backward(const Dense&, const HostStep<double>&);

}  // namespace pitot::backend
