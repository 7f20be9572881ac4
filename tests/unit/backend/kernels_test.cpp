// Every cpu kernel against plain double-precision loops, for each instruction set this machine has, on ragged and
// misaligned sizes. Tolerance: unit roundoff times the length of the sum times the magnitudes summed.
#include "backend/cpu/kernels.hpp"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <bit>
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

TEST(Kernels, PairProductsAndTheirGradients) {
    for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t width : {1, 5, 16, 33, 64, 129, 200}) {
            const Key key = Key(5).fold(static_cast<std::uint64_t>(width));
            const Block left(7, width, 1, key.fold("left"));
            const Block right(9, width, 3, key.fold("right"));
            const std::vector<std::int32_t> platform{0, 0, 2, 2, 2, 6, 1, 2};
            const std::vector<std::int32_t> module{8, 8, 0, 1, 0, 3, 3, 5};
            const std::vector<std::int32_t> by_module{2, 4, 3, 5, 6, 7, 0, 1};
            std::vector<float> prediction(platform.size(), 0.25F);
            const std::vector<float> slope{1.0F, -2.0F, 0.5F, 3.0F, 0.0F, 1.5F, -1.0F, 0.25F};
            cpu::pair_dot(platform, module, left.view(), right.view(), 0.5F, prediction);
            Block dleft(7, width, 1, key, true);
            Block dright(9, width, 2, key, true);
            cpu::pair_dot_backward(platform, module, by_module, left.view(), right.view(), 0.5F, slope, dleft.view(),
                                   dright.view());
            for (std::size_t b = 0; b < platform.size(); ++b) {
                double sum = 0.25;
                for (std::int64_t c = 0; c < width; ++c) {
                    sum += 0.5 * left(platform[b], c) * right(module[b], c);
                }
                expect_near(static_cast<double>(prediction[b]), sum, 1.0, width, "prediction");
            }
            for (std::int64_t c = 0; c < width; ++c) {
                for (std::int64_t row = 0; row < 9; ++row) {
                    double want_left = 0.0;
                    double want_right = 0.0;
                    for (std::size_t b = 0; b < platform.size(); ++b) {
                        const double s = 0.5 * static_cast<double>(slope[b]);
                        want_left += platform[b] == row ? s * right(module[b], c) : 0.0;
                        want_right += module[b] == row ? s * left(platform[b], c) : 0.0;
                    }
                    if (row < 7) {
                        expect_near(dleft(row, c), want_left, 4.0, 8, "dleft");
                    }
                    expect_near(dright(row, c), want_right, 4.0, 8, "dright");
                }
            }
            EXPECT_TRUE(dleft.guarded() && dright.guarded());
        }
    });
}

TEST(Kernels, PairProductsDoNotDependOnTheirNeighbours) {
    for_each_target([](const std::string& /*target*/) {
        const Block left(3, 37, 1, Key(11));
        const Block right(4, 37, 1, Key(12));
        const std::vector<std::int32_t> platform{0, 1, 2, 2, 1, 0};
        const std::vector<std::int32_t> module{3, 2, 1, 0, 1, 2};
        std::vector<float> together(platform.size());
        cpu::pair_dot(platform, module, left.view(), right.view(), 1.0F, together);
        for (std::size_t b = 0; b < platform.size(); ++b) {
            std::vector<float> one(1);
            cpu::pair_dot(std::span(platform).subspan(b, 1), std::span(module).subspan(b, 1), left.view(), right.view(),
                          1.0F, one);
            EXPECT_EQ(one[0], together[b]);
        }
    });
}

TEST(Kernels, SumsWithoutTheirZeroTermsAreTheSame) {
    for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t rows : {1, 2, 5, 6, 7, 13, 23}) {
            const std::int64_t depth = 21;
            Block x(rows, depth, 1, Key(13).fold(static_cast<std::uint64_t>(rows)));
            std::vector<bool> zero(static_cast<std::size_t>(rows * depth));
            std::vector<bool> transposed(zero.size());
            for (std::int64_t i = 0; i < rows; ++i) {
                for (std::int64_t j = 0; j < depth; ++j) {
                    const bool is_zero = (i * 5 + j * 3) % 7 > 2 || j == 4;  // one column has nothing else
                    x.view()(i, j) *= is_zero ? 0.0F : 1.0F;
                    zero[static_cast<std::size_t>(i * depth + j)] = is_zero;
                    transposed[static_cast<std::size_t>(j * rows + i)] = is_zero;
                }
            }
            const NonzeroBlocks by_row(zero, depth);
            const NonzeroBlocks by_column(transposed, rows);
            EXPECT_LT(by_row.density(), 1.0);
            for (const std::int64_t cols : {16, 80, 128}) {
                const Block w(depth, cols, 3, Key(14));
                const Block bias(1, cols, 0, Key(15));
                Block dense(rows, cols, 2, Key(16), true);
                Block sparse(rows, cols, 2, Key(16), true);
                cpu::dense_forward(x.view(), w.view(), bias.view().data, Activation::kTanh, dense.view());
                const auto half = static_cast<std::int64_t>(by_row.size()) / 2;
                const auto rest = static_cast<std::int64_t>(by_row.size()) - half;
                for (const auto& [first, count] : {std::pair(std::int64_t{0}, half), std::pair(half, rest)}) {
                    cpu::sparse_forward(by_row, first, count, x.view(), w.view(), bias.view().data, Activation::kTanh,
                                        sparse.view());
                }
                Block dense_gradient(depth, cols, 1, Key(17), true);
                Block sparse_gradient(depth, cols, 1, Key(17), true);
                const Block dout(rows, cols, 2, Key(18));
                cpu::weight_gradient(x.view(), dout.view(), false, dense_gradient.view());
                cpu::sparse_weight_gradient(by_column, 0, static_cast<std::int64_t>(by_column.size()), x.view(),
                                            dout.view(), sparse_gradient.view());
                for (std::int64_t j = 0; j < cols; ++j) {
                    for (std::int64_t i = 0; i < rows; ++i) {
                        ASSERT_EQ(dense(i, j), sparse(i, j)) << rows << ' ' << cols;
                    }
                    for (std::int64_t i = 0; i < depth; ++i) {
                        ASSERT_EQ(dense_gradient(i, j), sparse_gradient(i, j)) << rows << ' ' << cols;
                    }
                }
                EXPECT_TRUE(sparse.guarded() && sparse_gradient.guarded());
            }
        }
    });
}

TEST(Kernels, DrawsAreTheKeys) {
    for_each_target([](const std::string& /*target*/) {
        const Key key = Key(19).fold("draws");
        for (const std::uint64_t bound : {std::uint64_t{1}, std::uint64_t{27056}, (std::uint64_t{1} << 32U) - 1,
                                          std::uint64_t{1} << 32U, std::uint64_t{1} << 60U}) {
            for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{1} << 33U}) {
                for (const std::size_t n : {0U, 1U, 15U, 16U, 67U}) {
                    std::vector<std::int64_t> wanted(n);
                    std::vector<std::int64_t> drawn(n);
                    key.fill_below(position, bound, wanted);
                    cpu::fill_below(key, position, bound, drawn);
                    EXPECT_EQ(drawn, wanted) << bound << ' ' << position << ' ' << n;
                }
            }
        }
    });
}

TEST(Kernels, SumsUnderTanhAndTheirGradients) {
    for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t width : {1, 7, 16, 65}) {
            const Key key = Key(6).fold(static_cast<std::uint64_t>(width));
            const Block left(3, width, 1, key.fold("left"));
            const Block right(4, width, 3, key.fold("right"));
            const std::vector<std::int32_t> platform{0, 2, 2};
            const std::vector<std::int32_t> module{3, 3, 1};
            Block out(3, width, 2, key, true);
            cpu::sum_tanh(platform, module, left.view(), right.view(), out.view());
            Block slope(3, width, 2, key.fold("slope"));
            const Block slope_before(3, width, 2, key.fold("slope"));
            cpu::tanh_slope(out.view(), slope.view());
            Block dleft(3, width, 1, key, true);
            Block dright(4, width, 1, key, true);
            cpu::sum_tanh_backward(platform, module, slope.view(), dleft.view(), dright.view());
            for (std::int64_t c = 0; c < width; ++c) {
                std::vector<double> want(4);
                for (std::int64_t b = 0; b < 3; ++b) {
                    const auto n = static_cast<std::size_t>(b);
                    const double y = std::tanh(left(platform[n], c) + right(module[n], c));
                    expect_near(out(b, c), y, 1.0, 4, "out");
                    want[static_cast<std::size_t>(module[n])] += slope_before(b, c) * (1.0 - y * y);
                }
                for (std::int64_t j = 0; j < 4; ++j) {
                    expect_near(dright(j, c), want[static_cast<std::size_t>(j)], 2.0, 8, "dright");
                }
                EXPECT_EQ(dleft(1, c), 0.0);
            }
            EXPECT_TRUE(out.guarded() && slope.guarded() && dleft.guarded() && dright.guarded());
        }
    });
}

// Denormal operands are neither flushed nor turned into anything else.
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
                cpu::adam(p.view().row(0), g.view().row(0), m.view().row(0), v.view().row(0), adam_step(adam, t));
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
