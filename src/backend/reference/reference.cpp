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

    static void fill_below(Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) {
        key.fill_below(position, bound, out);
    }
    static bool wants_transposed(ConstView /*weight*/, std::int64_t /*dx_cols*/) { return false; }
    static void transpose(ConstView /*in*/, View /*out*/) {}
    static void input_gradient(ConstView dout, ConstView weight, ConstView /*transposed*/, ConstView tanh_out,
                               View dx) {
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
    static void weight_gradient(ConstView x, ConstView dout, bool accumulate, View dweight) {
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
    static constexpr std::int64_t kSparseColumns = 0;  // none
    static void column_sums(ConstView dout, bool accumulate, double* sums) {
        for (std::int64_t j = 0; j < dout.cols; ++j) {
            double sum = accumulate ? sums[j] : 0.0;
            for (std::int64_t i = 0; i < dout.rows; ++i) {
                sum += dout(i, j);
            }
            sums[j] = sum;
        }
    }
    static void tanh_slope(ConstView out, View dout) {
        for (std::int64_t i = 0; i < dout.rows; ++i) {
            for (std::int64_t j = 0; j < dout.cols; ++j) {
                dout(i, j) *= 1.0 - out(i, j) * out(i, j);
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

    static void pair_dot(Index platform, Index module, ConstView left, ConstView right, double scale,
                         std::span<double> prediction) {
        for (std::size_t b = 0; b < prediction.size(); ++b) {
            prediction[b] += scale * dot(&left(platform[b], 0), &right(module[b], 0), left.cols);
        }
    }
    static void pair_dot_backward(Index platform, Index module, Index /*by_module*/, ConstView left, ConstView right,
                                  double scale, std::span<const double> slope, View dleft, View dright) {
        for (std::size_t b = 0; b < slope.size(); ++b) {
            add_scaled(scale * slope[b], &right(module[b], 0), &dleft(platform[b], 0), left.cols);
            add_scaled(scale * slope[b], &left(platform[b], 0), &dright(module[b], 0), left.cols);
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
    static void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright) {
        for (std::int64_t b = 0; b < dout.rows; ++b) {
            const auto n = static_cast<std::size_t>(b);
            for (std::int64_t c = 0; c < dout.cols; ++c) {
                dleft(platform[n], c) += dout(b, c);
                dright(module[n], c) += dout(b, c);
            }
        }
    }

    // After its moments were updated.
    static void move(const AdamStep& step, double m, double v, double& p) {
        p -= step.rate * m / (std::sqrt(v) * step.root + step.epsilon);
    }
    static void adam(std::span<double> parameters, std::span<const double> gradient, std::span<double> first,
                     std::span<double> second, const AdamStep& step) {
        for (std::size_t n = 0; n < parameters.size(); ++n) {
            first[n] = step.beta1 * first[n] + (1.0 - step.beta1) * gradient[n];
            second[n] = step.beta2 * second[n] + (1.0 - step.beta2) * gradient[n] * gradient[n];
            move(step, first[n], second[n], parameters[n]);
        }
    }
    static void adam_rows(Index rows, ConstView gradient, View parameters, View first, View second,
                          const AdamStep& step) {
        for (std::size_t c = 0; c < rows.size(); ++c) {
            adam(parameters.row(rows[c]), gradient.row(static_cast<std::int64_t>(c)), first.row(rows[c]),
                 second.row(rows[c]), step);
        }
    }
    static void catch_up(Index rows, std::span<const SkippedTerms> skipped, double epsilon, View parameters, View first,
                         View second, View to) {
        for (std::size_t c = 0; c < rows.size(); ++c) {
            for (std::int64_t n = 0; n < parameters.cols; ++n) {
                catch_up(skipped[c], epsilon, parameters(rows[c], n), first(rows[c], n), second(rows[c], n));
            }
            if (to.data != nullptr) {
                std::ranges::copy(parameters.row(rows[c]), to.row(static_cast<std::int64_t>(c)).begin());
            }
        }
    }
    static void catch_up(const SkippedTerms& skipped, double epsilon, double& p, double& m, double& v) {
        if (skipped.missed == 0) {
            return;
        }
        const double bottom = std::sqrt(v) + epsilon * skipped.centre;
        if (skipped.steps != nullptr && !(epsilon / bottom < SkippedTerms::kSeriesBelow)) {
            double decaying_m = m;
            double decaying_v = v;
            for (const AdamStep& step : std::span(skipped.steps, static_cast<std::size_t>(skipped.replay))) {
                decaying_m *= step.beta1;
                decaying_v *= step.beta2;
                move(step, decaying_m, decaying_v, p);
            }
        } else {
            double power = 1.0 / bottom;
            double sum = 0.0;
            for (const double moment : skipped.moments) {
                sum += moment * power;
                power *= -epsilon / bottom;
            }
            p -= m * sum;
        }
        m *= skipped.beta1_power;
        v *= skipped.beta2_power;
    }
};

class ReferenceBackend final : public Backend {
public:
    [[nodiscard]] std::string_view name() const override { return "reference"; }
    [[nodiscard]] std::string description() const override { return "plain double-precision loops"; }
    [[nodiscard]] Peak measure_peak(std::int64_t /*block_bytes*/) const override { return {}; }
    [[nodiscard]] Result<std::shared_ptr<const ResidentTables>> make_resident(
        std::span<const PairColumns> tables) const override {
        return std::make_shared<const HostTables>(tables);
    }
    [[nodiscard]] Result<std::unique_ptr<Executor>> prepare(const Program& program, std::int64_t group,
                                                            const ExecutionPlan& plan) const override {
        return std::make_unique<HostExecutor<ReferenceKernels>>(program, group, plan);
    }
};

}  // namespace

const Backend& reference_backend() {
    static const ReferenceBackend backend;
    return backend;
}

}  // namespace pitot
