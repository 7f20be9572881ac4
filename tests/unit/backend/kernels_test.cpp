// Every cpu kernel against plain double-precision loops, for each instruction set this machine has, on ragged and
// misaligned sizes. Tolerance: unit roundoff times the length of the sum times the magnitudes summed.
#include "backend/cpu/kernels.hpp"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/key.hpp"

namespace pitot {
namespace {

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

// A matrix inside a larger block: any stride, any misalignment, and a guard value around it that must survive.
class Block {
public:
    Block(std::int64_t rows, std::int64_t cols, std::int64_t shift, Key key, bool zero = false)
        : rows_(rows),
          cols_(cols),
          stride_(cols + shift),
          shift_(shift),
          data_(static_cast<std::size_t>(rows * stride_ + shift + 16), kGuard) {
        Stream stream(key);
        for (std::int64_t i = 0; i < rows; ++i) {
            for (std::int64_t j = 0; j < cols; ++j) {
                view()(i, j) = zero ? 0.0F : static_cast<float>(2.0 * stream.uniform() - 1.0);
            }
        }
    }
    [[nodiscard]] cpu::View view() { return {data_.data() + shift_, rows_, cols_, stride_}; }
    [[nodiscard]] cpu::ConstView view() const { return {data_.data() + shift_, rows_, cols_, stride_}; }
    [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const { return static_cast<double>(view()(i, j)); }
    // True if nothing outside the matrix was written.
    [[nodiscard]] bool guarded() const {
        std::size_t kept = 0;
        for (const float x : data_) {
            kept += x == kGuard ? 1 : 0;
        }
        return kept >= data_.size() - static_cast<std::size_t>(rows_ * cols_);
    }

private:
    static constexpr float kGuard = 12345.0F;
    std::int64_t rows_, cols_, stride_, shift_;
    std::vector<float> data_;
};

struct Shape {
    std::int64_t n, k, m;
};

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> kShapes{{1, 1, 1},     {1, 5, 3},    {2, 3, 16},  {5, 7, 17},
                                            {6, 128, 64},  {7, 41, 31},  {13, 4, 65}, {29, 132, 128},
                                            {3, 200, 127}, {12, 16, 48}, {4, 33, 129}};
    return kShapes;
}

// Runs the test once for every instruction set compiled in that this machine can run.
void for_each_target(const std::function<void(const std::string&)>& test) {
    std::int64_t targets = 0;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
        const std::int64_t target = left & -left;
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().DeInit();
        const std::string name = cpu::instruction_set();
        if (name == hwy::TargetName(target)) {
            ++targets;
            SCOPED_TRACE(name);
            test(name);
        }
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
    EXPECT_GE(targets, 1);
}

void expect_near(double got, double want, double magnitude, std::int64_t terms, const char* what) {
    EXPECT_NEAR(got, want, kEpsilon * static_cast<double>(terms + 4) * (magnitude + 1.0)) << what;
}

TEST(Kernels, DenseForward) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const std::int64_t shift : {0, 1, 3}) {
                for (const Activation activation : {Activation::kNone, Activation::kTanh}) {
                    const Key key = Key(1).fold(static_cast<std::uint64_t>(n * 1000 + k * 10 + shift));
                    const Block x(n, k, shift, key.fold("x"));
                    const Block w(k, m, shift, key.fold("w"));
                    const Block bias(1, m, shift, key.fold("b"));
                    Block out(n, m, shift, key, true);
                    for (const bool with_bias : {true, false}) {
                        cpu::dense_forward(x.view(), w.view(), with_bias ? bias.view().data : nullptr, activation,
                                           out.view());
                        for (std::int64_t i = 0; i < n; ++i) {
                            for (std::int64_t j = 0; j < m; ++j) {
                                double sum = with_bias ? bias(0, j) : 0.0;
                                for (std::int64_t p = 0; p < k; ++p) {
                                    sum += x(i, p) * w(p, j);
                                }
                                const double want = activation == Activation::kTanh ? std::tanh(sum) : sum;
                                expect_near(out(i, j), want, 1.0, k, "out");
                            }
                        }
                        EXPECT_TRUE(out.guarded());
                    }
                }
            }
        }
    });
}

TEST(Kernels, DenseBackward) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const std::int64_t wanted : {std::int64_t{0}, std::int64_t{1}, k}) {
                for (const bool accumulate : {false, true}) {
                    const std::int64_t shift = wanted % 3;
                    const Key key = Key(2).fold(static_cast<std::uint64_t>(n * 1000 + k));
                    const Block x(n, k, shift, key.fold("x"));
                    const Block w(k, m, shift, key.fold("w"));
                    const Block out(n, m, shift, key.fold("out"));
                    Block dout(n, m, shift, key.fold("dout"));
                    const Block dout_before(n, m, shift, key.fold("dout"));
                    Block dw(k, m, shift, key.fold("dw"));
                    const Block dw_before(k, m, shift, key.fold("dw"));
                    Block db(1, m, shift, key.fold("db"));
                    const Block db_before(1, m, shift, key.fold("db"));
                    Block dx(n, std::max<std::int64_t>(wanted, 1), shift, key, true);
                    std::vector<float> scratch(static_cast<std::size_t>((k + 16) * (m + 16)));
                    cpu::View dx_view = dx.view();
                    dx_view.cols = wanted;
                    cpu::dense_backward(x.view(), w.view(), out.view(), Activation::kTanh, dout.view(), accumulate,
                                        dw.view(), db.view().data, dx_view, scratch);
                    const auto slope = [&](std::int64_t i, std::int64_t j) {
                        return dout_before(i, j) * (1.0 - out(i, j) * out(i, j));
                    };
                    for (std::int64_t j = 0; j < m; ++j) {
                        double sum = accumulate ? db_before(0, j) : 0.0;
                        for (std::int64_t i = 0; i < n; ++i) {
                            sum += slope(i, j);
                            expect_near(dout(i, j), slope(i, j), 1.0, 1, "dout");
                        }
                        expect_near(db(0, j), sum, 1.0, n, "dbias");
                        for (std::int64_t p = 0; p < k; ++p) {
                            double product = accumulate ? dw_before(p, j) : 0.0;
                            for (std::int64_t i = 0; i < n; ++i) {
                                product += x(i, p) * slope(i, j);
                            }
                            expect_near(dw(p, j), product, 1.0, n, "dweight");
                        }
                    }
                    for (std::int64_t i = 0; i < n; ++i) {
                        for (std::int64_t p = 0; p < wanted; ++p) {
                            double sum = 0.0;
                            for (std::int64_t j = 0; j < m; ++j) {
                                sum += slope(i, j) * w(k - wanted + p, j);
                            }
                            expect_near(dx(i, p), sum, 1.0, m, "dx");
                        }
                    }
                    EXPECT_TRUE(dw.guarded() && dx.guarded() && db.guarded());
                }
            }
        }
    });
}

TEST(Kernels, AdamFollowsTheDefinition) {
    for_each_target([](const std::string& /*target*/) {
        const Adam adam{1e-3, 0.9, 0.999, 1e-8};
        for (const std::int64_t n : {1, 15, 16, 33, 100}) {
            Block p(1, n, 1, Key(3).fold("p"));
            Block m(1, n, 1, Key(3), true);
            Block v(1, n, 1, Key(3), true);
            std::vector<double> want(static_cast<std::size_t>(n)), first(want), second(want);
            for (std::int64_t c = 0; c < n; ++c) {
                want[static_cast<std::size_t>(c)] = p(0, c);
            }
            for (std::int64_t t = 1; t <= 50; ++t) {
                const Block g(1, n, 1, Key(3).fold(static_cast<std::uint64_t>(t)));
                cpu::adam(p.view().row(0), g.view().row(0), m.view().row(0), v.view().row(0), adam, t);
                for (std::int64_t c = 0; c < n; ++c) {
                    const auto i = static_cast<std::size_t>(c);
                    first[i] = 0.9 * first[i] + 0.1 * g(0, c);
                    second[i] = 0.999 * second[i] + 0.001 * g(0, c) * g(0, c);
                    const double mhat = first[i] / (1.0 - std::pow(0.9, static_cast<double>(t)));
                    const double vhat = second[i] / (1.0 - std::pow(0.999, static_cast<double>(t)));
                    want[i] -= 1e-3 * mhat / (std::sqrt(vhat) + 1e-8);
                }
            }
            for (std::int64_t c = 0; c < n; ++c) {
                EXPECT_NEAR(p(0, c), want[static_cast<std::size_t>(c)], 2e-6);
            }
            EXPECT_TRUE(p.guarded() && m.guarded() && v.guarded());
        }
    });
}

TEST(Kernels, TanhIsExactToAFewUnitsOverItsRange) {
    for_each_target([](const std::string& /*target*/) {
        constexpr std::int64_t kCount = 20'001;
        std::vector<float> bias(1, 0.0F);
        const float one = 1.0F;
        double worst = 0.0;
        for (std::int64_t n = 0; n < kCount; ++n) {
            const float x = -20.0F + 40.0F * static_cast<float>(n) / static_cast<float>(kCount - 1);
            float y = 0.0F;
            cpu::dense_forward({&x, 1, 1, 1}, {&one, 1, 1, 1}, bias.data(), Activation::kTanh, {&y, 1, 1, 1});
            const double want = std::tanh(static_cast<double>(x));
            worst = std::max(worst, std::abs(static_cast<double>(y) - want) / (std::abs(want) + 1e-30));
        }
        EXPECT_LT(worst, 8 * kEpsilon);
    });
}

}  // namespace
}  // namespace pitot
