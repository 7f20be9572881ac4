// Plain double-precision loops: what every other backend is compared with.
#include <cmath>
#include <span>

#include "backend/host/executor.hpp"

namespace pitot {
namespace {

struct ReferenceKernels {
    using Scalar = double;
    using View = MatrixView<double>;
    using ConstView = MatrixView<const double>;
    using Index = std::span<const std::int32_t>;

    static void dense_forward(ConstView x, ConstView weight, const double* bias, Activation activation, View out) {
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

    static void dense_backward(ConstView x, ConstView weight, ConstView out, Activation activation, View dout,
                               bool accumulate, View dweight, double* dbias, View dx, std::span<double> /*scratch*/) {
        for (std::int64_t i = 0; i < x.rows; ++i) {
            for (std::int64_t j = 0; j < weight.cols; ++j) {
                dout(i, j) *= activation == Activation::kTanh ? 1.0 - out(i, j) * out(i, j) : 1.0;
            }
        }
        for (std::int64_t j = 0; j < weight.cols; ++j) {
            double sum = 0.0;
            for (std::int64_t i = 0; i < x.rows; ++i) {
                sum += dout(i, j);
            }
            if (dbias != nullptr) {
                dbias[j] = accumulate ? dbias[j] + sum : sum;
            }
            for (std::int64_t p = 0; p < x.cols; ++p) {
                double product = accumulate ? dweight(p, j) : 0.0;
                for (std::int64_t i = 0; i < x.rows; ++i) {
                    product += x(i, p) * dout(i, j);
                }
                dweight(p, j) = product;
            }
        }
        const std::int64_t first = x.cols - dx.cols;
        for (std::int64_t i = 0; i < dx.rows; ++i) {
            for (std::int64_t p = 0; p < dx.cols; ++p) {
                double sum = 0.0;
                for (std::int64_t j = 0; j < weight.cols; ++j) {
                    sum += dout(i, j) * weight(first + p, j);
                }
                dx(i, p) = sum;
            }
        }
    }

    static double dot(const double* a, const double* b, std::int64_t n) {
        double sum = 0.0;
        for (std::int64_t c = 0; c < n; ++c) {
            sum += a[c] * b[c];
        }
        return sum;
    }
    static void add_scaled(double scale, const double* x, double* y, std::int64_t n) {
        for (std::int64_t c = 0; c < n; ++c) {
            y[c] += scale * x[c];
        }
    }

    static void pair_dot(Index platform, Index module, ConstView left, ConstView right, std::int64_t width,
                         double scale, std::span<double> prediction) {
        for (std::size_t b = 0; b < prediction.size(); ++b) {
            prediction[b] += scale * dot(&left(platform[b], 0), &right(module[b], 0), width);
        }
    }
    static void pair_dot_backward(Index platform, Index module, ConstView left, ConstView right, std::int64_t width,
                                  double scale, std::span<const double> slope, View dleft, View dright) {
        for (std::size_t b = 0; b < slope.size(); ++b) {
            add_scaled(scale * slope[b], &right(module[b], 0), &dleft(platform[b], 0), width);
            add_scaled(scale * slope[b], &left(platform[b], 0), &dright(module[b], 0), width);
        }
    }

    // Calls visit(k) for each co-runner of row b.
    template <typename Visit>
    static void for_each_co_runner(Index co_runner, std::int32_t width, std::size_t b, Visit visit) {
        for (std::int32_t c = 0; c < width; ++c) {
            const std::int32_t k = co_runner[b * static_cast<std::size_t>(width) + static_cast<std::size_t>(c)];
            if (k >= 0) {
                visit(k);
            }
        }
    }
    static void interference(const PairInterference& op, Index platform, Index module, Index co_runner,
                             std::int32_t width, ConstView left, ConstView right, std::span<double> prediction) {
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
    static void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                                      std::int32_t width, ConstView left, ConstView right,
                                      std::span<const double> slope, View dleft, View dright) {
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

    static void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out) {
        for (std::int64_t b = 0; b < out.rows; ++b) {
            const auto n = static_cast<std::size_t>(b);
            for (std::int64_t c = 0; c < out.cols; ++c) {
                out(b, c) = std::tanh(left(platform[n], c) + right(module[n], c));
            }
        }
    }
    static void sum_tanh_backward(Index platform, Index module, ConstView out, View dout, View dleft, View dright) {
        for (std::int64_t b = 0; b < out.rows; ++b) {
            const auto n = static_cast<std::size_t>(b);
            for (std::int64_t c = 0; c < out.cols; ++c) {
                const double slope = dout(b, c) * (1.0 - out(b, c) * out(b, c));
                dleft(platform[n], c) += slope;
                dright(module[n], c) += slope;
            }
        }
    }

    static void adam(std::span<double> parameters, std::span<const double> gradient, std::span<double> first,
                     std::span<double> second, const Adam& adam, std::int64_t update) {
        const double correction1 = 1.0 - std::pow(adam.beta1, static_cast<double>(update));
        const double correction2 = 1.0 - std::pow(adam.beta2, static_cast<double>(update));
        for (std::size_t n = 0; n < parameters.size(); ++n) {
            first[n] = adam.beta1 * first[n] + (1.0 - adam.beta1) * gradient[n];
            second[n] = adam.beta2 * second[n] + (1.0 - adam.beta2) * gradient[n] * gradient[n];
            parameters[n] -=
                adam.learning_rate * (first[n] / correction1) / (std::sqrt(second[n] / correction2) + adam.epsilon);
        }
    }
};

class ReferenceBackend final : public Backend {
public:
    [[nodiscard]] std::string_view name() const override { return "reference"; }
    [[nodiscard]] std::string description() const override { return "plain double-precision loops"; }
    [[nodiscard]] Result<std::unique_ptr<Executor>> prepare(const Program& program, std::int64_t group) const override {
        return std::make_unique<HostExecutor<ReferenceKernels>>(program, group);
    }
};

}  // namespace

const Backend& reference_backend() {
    static const ReferenceBackend backend;
    return backend;
}

}  // namespace pitot
