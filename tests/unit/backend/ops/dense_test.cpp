// Layers: every cpu kernel against plain double-precision loops, for each instruction set this machine has, on ragged
// and misaligned sizes. Tolerance: unit roundoff times the length of the sum times the magnitudes summed.
#include "backend/ops/dense/dense_cpu.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"
#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::Block;
using test::expect_near;
using test::for_each_target;
using test::ProgramBuilder;
using test::Trial;

struct Shape {
    std::int64_t n, k, m;
};

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> kShapes{{1, 1, 1},     {1, 5, 3},    {2, 3, 16},  {5, 7, 17},
                                            {6, 128, 64},  {7, 41, 31},  {13, 4, 65}, {29, 132, 128},
                                            {3, 200, 127}, {12, 16, 48}, {4, 33, 129}};
    return kShapes;
}

TEST(Dense, Forward) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const std::int64_t shift : {0, 1, 3}) {
                for (const Activation activation : {Activation::kNone, Activation::kTanh}) {
                    const core::Key key = core::Key(1).fold(static_cast<std::uint64_t>(n * 1000 + k * 10 + shift));
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

TEST(Dense, InputGradient) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const std::int64_t wanted : {std::int64_t{1}, std::min<std::int64_t>(k, 8), k}) {
                for (const bool after_tanh : {false, true}) {
                    const std::int64_t shift = wanted % 3;
                    const core::Key key = core::Key(2).fold(static_cast<std::uint64_t>(n * 1000 + k));
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

TEST(Dense, WeightAndBiasGradients) {
    for_each_target([](const std::string& /*target*/) {
        for (const auto& [n, k, m] : shapes()) {
            for (const bool accumulate : {false, true}) {
                const std::int64_t shift = n % 3;
                const core::Key key = core::Key(3).fold(static_cast<std::uint64_t>(n * 1000 + k));
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
TEST(Dense, BitsDoNotDependOnTheRange) {
    for_each_target([](const std::string& /*target*/) {
        const Block x(29, 41, 1, core::Key(4).fold("x"));
        const Block w(41, 70, 3, core::Key(4).fold("w"));
        Block whole(29, 70, 1, core::Key(4), true);
        Block parts(29, 70, 1, core::Key(4), true);
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

TEST(Dense, DenormalsAreNumbers) {
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

// The bound stated beside it, on every 1 009th float from -12 to 12 and at the ends of the line.
TEST(Dense, TanhKeepsItsErrorBound) {
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

// Two layers over a side, the first of them on a constant (with zeros, which may be left out) or on learned rows.
Program towers(std::int64_t in, std::int64_t hidden, std::int64_t out, bool learned, bool zeros = false) {
    ProgramBuilder b;
    const BufferId x = b.of_modules("x", learned ? Role::kParameter : Role::kConstant, in);
    const BufferId first = b.of_modules("first", Role::kTower, hidden);
    const BufferId second = b.of_modules("second", Role::kTower, out);
    b.tower(Dense{x, b.parameter("first.weight", in, hidden), b.parameter("first.bias", 1, hidden), first,
                  Activation::kTanh, learned ? 0 : in});
    b.tower(Dense{first, b.parameter("second.weight", hidden, out), -1, second, Activation::kNone, 0});
    b.pair(PairDot{b.of_platforms("p", Role::kParameter, out), second, out, 0.5});
    Program program = b.program();
    for (std::size_t n = 0; zeros && n < program.buffers[0].values.size(); ++n) {
        program.buffers[0].values[n] *= n % 5 < 3 ? 0.0F : 1.0F;
    }
    return program;
}

// Layers over pairs.
Program on_pairs(std::int64_t in, std::int64_t hidden, Activation activation, std::int64_t from = 0) {
    ProgramBuilder b;
    const BufferId x = b.hidden(in);
    const BufferId first = b.pairs("first", hidden);
    const BufferId y = b.pairs("y", 1);
    b.pair(Dense{x, b.parameter("first.weight", in, hidden), b.parameter("first.bias", 1, hidden), first, activation,
                 from});
    b.pair(Dense{first, b.parameter("y.weight", hidden, 1), b.parameter("y.bias", 1, 1), y, Activation::kNone, 0});
    b.pair(PairOutput{y, 0.6});
    return b.program();
}

TEST(Dense, AgreesWithFiniteDifferences) {
    for (const auto& [n, k, m] : {Shape{1, 1, 1}, {3, 16, 5}, {17, 9, 16}, {5, 33, 2}}) {
        Trial(towers(n, k, m, false)).expect_right();
        Trial(towers(n, k, m, true)).expect_right();
        Trial(on_pairs(n, k, Activation::kTanh)).expect_right();
        Trial(on_pairs(n, k, Activation::kNone)).expect_right();
    }
    Trial(towers(21, 16, 32, false, true)).expect_right();
    Trial(on_pairs(5, 6, Activation::kTanh), 0, 600).expect_right();  // in parts
}

TEST(Dense, RefusesWhatDoesNotFit) {
    const auto refused = [](Dense op, const std::string& why) {
        Program program = towers(3, 4, 5, false);
        program.tower[0] = op;
        test::expect_refused(program, "operation 0 on towers, dense", why);
    };
    const Program program = towers(3, 4, 5, false);
    const auto& right = std::get<Dense>(program.tower[0]);
    EXPECT_TRUE(program.check());
    Dense op = right;
    op.weight = 5;
    refused(op, "weight 'second.weight' has 4 rows, not 3");
    op = right;
    op.x_gradient_from = 0;
    refused(op, "a gradient of the constant x is wanted");
    op = right;
    op.x_gradient_from = 4;
    refused(op, "x_gradient_from is none of x's columns");
    op = right;
    op.bias = 99;
    refused(op, "bias is buffer 99");
    op = right;
    op.out = 0;
    refused(op, "out 'x' may not be a constant buffer");
    op = right;
    op.x = 6;
    op.x_gradient_from = 0;
    refused(op, "x 'p' has 5 rows, not 7");
}

TEST(Dense, CostsForwardWeightsAndWantedInputs) {
    const Program program = towers(3, 4, 5, false);
    EXPECT_EQ(cost(std::get<Dense>(program.tower[0]), program, {}).multiply_adds, 7.0 * (3 + 3 + 0) * 4);
    EXPECT_EQ(cost(std::get<Dense>(program.tower[1]), program, {}).multiply_adds, 7.0 * (4 + 4 + 4) * 5);
    const Program pairs = on_pairs(3, 4, Activation::kTanh, 1);
    EXPECT_EQ(cost(std::get<Dense>(pairs.pair[1]), pairs, {100, 0}).multiply_adds, 100.0 * (3 + 3 + 2) * 4);
}

}  // namespace
}  // namespace pitot::backend
