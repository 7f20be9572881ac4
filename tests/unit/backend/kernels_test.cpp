// Every cpu kernel against plain double-precision loops, for each instruction set this machine has, on ragged and
// misaligned sizes. Tolerance: unit roundoff times the length of the sum times the magnitudes summed.
#include "backend/cpu/kernels.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"

namespace pitot {
namespace {

using test::Block;
using test::expect_near;
using test::for_each_target;
using test::kEpsilon;

struct Shape {
    std::int64_t n, k, m;
};

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> kShapes{{1, 1, 1},     {1, 5, 3},    {2, 3, 16},  {5, 7, 17},
                                            {6, 128, 64},  {7, 41, 31},  {13, 4, 65}, {29, 132, 128},
                                            {3, 200, 127}, {12, 16, 48}, {4, 33, 129}};
    return kShapes;
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

TEST(Kernels, InputGradient) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const std::int64_t wanted : {std::int64_t{1}, std::min<std::int64_t>(k, 8), k}) {
                for (const bool after_tanh : {false, true}) {
                    const std::int64_t shift = wanted % 3;
                    const Key key = Key(2).fold(static_cast<std::uint64_t>(n * 1000 + k));
                    const Block w(k, m, m == 1 ? 0 : shift, key.fold("w"));
                    const Block dout(n, m, shift, key.fold("dout"));
                    const Block y(n, wanted, shift, key.fold("y"));
                    Block transposed(m, wanted, shift, key, true);
                    Block dx(n, wanted, shift, key, true);
                    const cpu::ConstView rows = w.view().row_range(k - wanted, wanted);
                    if (cpu::wants_transposed(w.view(), wanted)) {
                        cpu::transpose(rows, transposed.view());
                        for (std::int64_t i = 0; i < wanted; ++i) {
                            for (std::int64_t j = 0; j < m; ++j) {
                                ASSERT_EQ(transposed(j, i), w(k - wanted + i, j));
                            }
                        }
                    }
                    cpu::input_gradient(dout.view(), w.view(), transposed.view(),
                                        after_tanh ? y.view() : cpu::ConstView{}, dx.view());
                    for (std::int64_t i = 0; i < n; ++i) {
                        for (std::int64_t p = 0; p < wanted; ++p) {
                            double sum = 0.0;
                            for (std::int64_t j = 0; j < m; ++j) {
                                sum += dout(i, j) * w(k - wanted + p, j);
                            }
                            expect_near(dx(i, p), after_tanh ? sum * (1.0 - y(i, p) * y(i, p)) : sum, 1.0, m, "dx");
                        }
                    }
                    EXPECT_TRUE(dx.guarded() && transposed.guarded());
                }
            }
        }
    });
}

TEST(Kernels, WeightAndBiasGradients) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const bool accumulate : {false, true}) {
                const std::int64_t shift = n % 3;
                const Key key = Key(3).fold(static_cast<std::uint64_t>(n * 1000 + k));
                const Block x(n, k, shift, key.fold("x"));
                const Block dout(n, m, shift, key.fold("dout"));
                Block dw(k, m, shift, key.fold("dw"));
                const Block dw_before(k, m, shift, key.fold("dw"));
                Block db(1, m, shift, key.fold("db"));
                const Block db_before(1, m, shift, key.fold("db"));
                cpu::weight_gradient(x.view(), dout.view(), accumulate, dw.view());
                cpu::column_sums(dout.view(), accumulate, db.view().data);
                for (std::int64_t j = 0; j < m; ++j) {
                    double sum = accumulate ? db_before(0, j) : 0.0;
                    for (std::int64_t i = 0; i < n; ++i) {
                        sum += dout(i, j);
                    }
                    expect_near(db(0, j), sum, 1.0, n, "dbias");
                    for (std::int64_t p = 0; p < k; ++p) {
                        double product = accumulate ? dw_before(p, j) : 0.0;
                        for (std::int64_t i = 0; i < n; ++i) {
                            product += x(i, p) * dout(i, j);
                        }
                        expect_near(dw(p, j), product, 1.0, n, "dweight");
                    }
                }
                EXPECT_TRUE(dw.guarded() && db.guarded());
            }
        }
    });
}

// An element's bits are the same whatever range it was asked for with: threads may share a call.
TEST(Kernels, BitsDoNotDependOnTheRange) {
    for_each_target([](const std::string& /*target*/) {
        const Block x(29, 41, 1, Key(4).fold("x"));
        const Block w(41, 70, 3, Key(4).fold("w"));
        Block whole(29, 70, 1, Key(4), true);
        Block parts(29, 70, 1, Key(4), true);
        cpu::dense_forward(x.view(), w.view(), nullptr, Activation::kTanh, whole.view());
        for (const auto& [first, count] :
             std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 5}, {5, 16}, {21, 8}}) {
            cpu::dense_forward(x.view().row_range(first, count), w.view(), nullptr, Activation::kTanh,
                               parts.view().row_range(first, count));
        }
        for (std::int64_t i = 0; i < 29; ++i) {
            for (std::int64_t j = 0; j < 70; ++j) {
                ASSERT_EQ(whole(i, j), parts(i, j));
            }
        }
    });
}

TEST(Kernels, DenormalsAreNumbers) {
    for_each_target([](const std::string& /*target*/) {
        const std::vector<float> x(20, 1e-40F);
        const std::vector<float> w(20, 0.5F);
        float y = 0.0F;
        cpu::dense_forward({x.data(), 1, 20, 20}, {w.data(), 20, 1, 1}, nullptr, Activation::kNone, {&y, 1, 1, 1});
        EXPECT_NEAR(static_cast<double>(y), 20 * 0.5e-40, 1e-44);
        cpu::dense_forward({x.data(), 1, 20, 20}, {w.data(), 20, 1, 1}, nullptr, Activation::kTanh, {&y, 1, 1, 1});
        EXPECT_NEAR(static_cast<double>(y), 20 * 0.5e-40, 1e-44);
        std::vector<float> products(32);
        const std::vector<float> columns(20 * 32, 0.5F);
        cpu::dense_forward({x.data(), 1, 20, 20}, {columns.data(), 20, 32, 32}, nullptr, Activation::kNone,
                           {products.data(), 1, 32, 32});
        for (const float product : products) {
            EXPECT_NEAR(static_cast<double>(product), 20 * 0.5e-40, 1e-44);
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
                cpu::adam(p.view().row(0), g.view().row(0), m.view().row(0), v.view().row(0), adam_step(adam, t, 0));
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

// The bound stated beside it, on every 1 009th float from -12 to 12 and at the ends of the line.
TEST(Kernels, TanhKeepsItsErrorBound) {
    for_each_target([](const std::string& /*target*/) {
        constexpr double unit = 0x1p-24;
        const float one = 1.0F;
        const auto tanh = [&](float x) {
            float y = 0.0F;
            cpu::dense_forward({&x, 1, 1, 1}, {&one, 1, 1, 1}, nullptr, Activation::kTanh, {&y, 1, 1, 1});
            return y;
        };
        double worst = 0.0;
        for (std::uint32_t bits = 0x20000000; bits < std::bit_cast<std::uint32_t>(12.0F); bits += 1009) {
            const auto x = std::bit_cast<float>(bits);
            const double want = std::tanh(static_cast<double>(x));
            worst = std::max(worst, std::abs(static_cast<double>(tanh(x)) - want) / want);
            ASSERT_EQ(tanh(-x), -tanh(x));
        }
        EXPECT_LT(worst, 6.0 * unit);
        EXPECT_EQ(tanh(0.0F), 0.0F);
        EXPECT_NEAR(tanh(std::numeric_limits<float>::infinity()), 1.0, unit);
        EXPECT_NEAR(tanh(-std::numeric_limits<float>::infinity()), -1.0, unit);
        EXPECT_TRUE(std::isnan(tanh(std::numeric_limits<float>::quiet_NaN())));
    });
}

}  // namespace
}  // namespace pitot
