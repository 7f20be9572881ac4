#include "backend/ops/pair_sum_tanh/pair_sum_tanh_cpu.hpp"

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

TEST(PairSumTanh, KernelsAgreeWithPlainLoops) {
    for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t width : {1, 7, 16, 65}) {
            const core::Key key = core::Key(6).fold(static_cast<std::uint64_t>(width));
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

Program sums(std::int64_t cols, std::int64_t module_cols) {
    ProgramBuilder b;
    const BufferId left = b.of_platforms("left", Role::kParameter, cols);
    const BufferId right = b.of_modules("right", Role::kParameter, module_cols);
    const BufferId hidden = b.pairs("hidden", cols);
    b.pair(PairSumTanh{left, right, hidden});
    const BufferId y = b.pairs("y", 1);
    b.pair(Dense{hidden, b.parameter("weight", cols, 1), -1, y, Activation::kNone, 0});
    b.pair(PairOutput{y, 0.8});
    return b.program();
}

TEST(PairSumTanh, AgreesWithFiniteDifferences) {
    for (const std::int64_t cols : {1, 3, 16, 21}) {
        Trial(sums(cols, cols)).expect_right();
    }
    Trial(sums(5, 5), 0, 600).expect_right();
}

TEST(PairSumTanh, RefusesWhatDoesNotFit) {
    test::expect_refused(sums(4, 3), "pair sum tanh", "right 'right' has 3 columns, not 4");
    EXPECT_EQ(cost(PairSumTanh{0, 1, 2}, sums(4, 4), {10, 0}).multiply_adds, 0.0);
}

}  // namespace
}  // namespace pitot::backend
