// The cpu kernels of pairs against plain double-precision loops, for each instruction set this machine has.
#include "backend/cpu/kernels.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pitot
