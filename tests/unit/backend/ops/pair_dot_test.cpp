#include "backend/ops/pair_dot/pair_dot_cpu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
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

TEST(PairDot, KernelsAgreeWithPlainLoops) {
    for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t width : {1, 5, 16, 33, 64, 129, 200}) {
            const core::Key key = core::Key(5).fold(static_cast<std::uint64_t>(width));
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

TEST(PairDot, DoesNotDependOnNeighbours) {
    for_each_target([](const std::string& /*target*/) {
        const Block left(3, 37, 1, core::Key(11));
        const Block right(4, 37, 1, core::Key(12));
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

Program dots(std::int64_t width, std::int64_t module_cols) {
    ProgramBuilder b;
    b.pair(PairDot{b.of_platforms("left", Role::kParameter, width + 2),
                   b.of_modules("right", Role::kParameter, module_cols), width, 0.7});
    return b.program();
}

TEST(PairDot, AgreesWithFiniteDifferences) {
    for (const std::int64_t width : {1, 5, 16, 33, 64}) {
        Trial(dots(width, width)).expect_right();
    }
    Trial(dots(9, 12), 0, 600).expect_right();
}

TEST(PairDot, RefusesWhatDoesNotFit) {
    test::expect_refused(dots(4, 3), "pair dot", "right 'right' has 3 columns, and 4 are needed");
    test::expect_refused(dots(0, 3), "pair dot", "it has no columns");
    Program turned = dots(4, 4);
    turned.pair[0] = PairDot{1, 0, 4, 1.0};
    test::expect_refused(turned, "pair dot", "left 'right' has rows of modules, not of platforms");
}

TEST(PairDot, CostsThreeProductsAndEightRows) {
    const Program program = dots(6, 6);
    const Cost found = cost(std::get<PairDot>(program.pair[0]), program, {100, 0});
    EXPECT_EQ(found.multiply_adds, 3.0 * 6 * 100);
    EXPECT_EQ(found.bytes, 8.0 * 6 * 100 * sizeof(float));
}

}  // namespace
}  // namespace pitot::backend
