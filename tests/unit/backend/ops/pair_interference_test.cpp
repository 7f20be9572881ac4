#include "backend/ops/pair_interference/pair_interference_cpu.hpp"
#include "backend/ops/pair_interference/pair_interference_reference.hpp"
#include "unit/backend/kernel_blocks.hpp"
#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::Block;
using test::expect_near;
using test::ProgramBuilder;
using test::Trial;

Program interference(std::int64_t rank, std::int64_t types, std::int64_t platform_cols) {
    ProgramBuilder b;
    const BufferId left = b.of_platforms("left", Role::kParameter, platform_cols);
    const BufferId right = b.of_modules("right", Role::kParameter, rank);
    b.pair(PairDot{left, right, rank, 0.6});
    b.pair(PairInterference{left, right, rank, types, rank, rank * (1 + types), 0.8});
    return b.program();
}

Matrix<double> widened(const Block& block, std::int64_t rows, std::int64_t cols) {
    Matrix<double> out(rows, cols);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < cols; ++j) {
            out(i, j) = block(i, j);
        }
    }
    return out;
}

TEST(PairInterference, KernelsAgreeWithTheReference) {
    test::for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t rank : {1, 5, 16, 33, 70}) {
            for (const std::int64_t types : {1, 3}) {
                const PairInterference op{0, 1, rank, types, 2, 2 + types * rank, 0.75};
                const std::int64_t cols = 2 + 2 * types * rank;
                const core::Key key = core::Key(31).fold(static_cast<std::uint64_t>(rank * 10 + types));
                const Block left(3, cols, 1, key.fold("left"));
                const Block right(4, rank, 3, key.fold("right"));
                const std::vector<std::int32_t> platform{0, 0, 2, 2};
                const std::vector<std::int32_t> module{3, 1, 1, 0};
                const std::vector<std::int32_t> beside{2, -1, -1, -1, 1, 1, 3, 0};
                const std::vector<double> slope{1.0, -0.5, 2.0, 0.25};
                const std::vector<float> slope_narrow(slope.begin(), slope.end());
                std::vector<double> want(4, 0.5);
                std::vector<float> got(4, 0.5F);
                const Matrix<double> wide_left = widened(left, 3, cols);
                const Matrix<double> wide_right = widened(right, 4, rank);
                reference::interference(op, platform, module, beside, 2, wide_left.view(), wide_right.view(), want);
                cpu::interference(op, platform, module, beside, 2, left.view(), right.view(), got);
                for (std::size_t b = 0; b < want.size(); ++b) {
                    expect_near(static_cast<double>(got[b]), want[b], static_cast<double>(types * rank), 2 * rank, "y");
                }
                Matrix<double> dleft(3, cols), dright(4, rank);
                Block got_left(3, cols, 2, key, true);
                Block got_right(4, rank, 1, key, true);
                reference::interference_backward(op, platform, module, beside, 2, wide_left.view(), wide_right.view(),
                                                 slope, dleft.view(), dright.view());
                cpu::interference_backward(op, platform, module, beside, 2, left.view(), right.view(), slope_narrow,
                                           got_left.view(), got_right.view());
                for (std::int64_t c = 0; c < cols; ++c) {
                    for (std::int64_t i = 0; i < 3; ++i) {
                        expect_near(got_left(i, c), dleft(i, c), 4.0 * static_cast<double>(rank), rank, "dleft");
                    }
                }
                for (std::int64_t c = 0; c < rank; ++c) {
                    for (std::int64_t j = 0; j < 4; ++j) {
                        expect_near(got_right(j, c), dright(j, c), 4.0 * static_cast<double>(types * rank), rank,
                                    "dright");
                    }
                }
                EXPECT_TRUE(got_left.guarded() && got_right.guarded());
            }
        }
    });
}

TEST(PairInterference, AgreesWithFiniteDifferences) {
    for (const auto& [rank, types, width] :
         {std::tuple<std::int64_t, std::int64_t, std::int32_t>(1, 1, 1), {5, 2, 2}, {17, 3, 5}, {4, 2, 0}}) {
        Trial(interference(rank, types, rank * (1 + 2 * types)), width).expect_right();
    }
    Trial(interference(3, 2, 15), 2, 600).expect_right();
}

TEST(PairInterference, RefusesWhatDoesNotFit) {
    test::expect_refused(interference(4, 2, 19), "pair interference", "left 'left' has 19 columns, and 20 are needed");
    test::expect_refused(interference(4, 0, 20), "pair interference", "it has no columns");
}

TEST(PairInterference, CostsTwoProductsACoRunnerAndMore) {
    const Program program = interference(4, 2, 20);
    const auto& op = std::get<PairInterference>(program.pair[1]);
    EXPECT_EQ(cost(op, program, {10, 0}).multiply_adds, 0.0);
    EXPECT_EQ(cost(op, program, {10, 3}).multiply_adds, 3.0 * 2 * 4 * (1 + 3) * 10);
}

}  // namespace
}  // namespace pitot::backend
