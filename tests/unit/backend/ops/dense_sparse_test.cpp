// Products that leave out zeros: the same bits as without.
#include "backend/ops/dense/dense_cpu.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"

namespace pitot::backend {
namespace {

using test::Block;
using test::for_each_target;

TEST(Dense, SumsWithoutTheirZeroTermsAreTheSame) {
    for_each_target([](const std::string& /*target*/) {
        for (const std::int64_t rows : {1, 2, 5, 6, 7, 13, 23}) {
            const std::int64_t depth = 21;
            Block x(rows, depth, 1, core::Key(13).fold(static_cast<std::uint64_t>(rows)));
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
                const Block w(depth, cols, 3, core::Key(14));
                const Block bias(1, cols, 0, core::Key(15));
                Block dense(rows, cols, 2, core::Key(16), true);
                Block sparse(rows, cols, 2, core::Key(16), true);
                cpu::dense_forward(x.view(), w.view(), bias.view().data, Activation::kTanh, dense.view());
                const auto half = static_cast<std::int64_t>(by_row.size()) / 2;
                const auto rest = static_cast<std::int64_t>(by_row.size()) - half;
                for (const auto& [first, count] : {std::pair(std::int64_t{0}, half), std::pair(half, rest)}) {
                    cpu::sparse_forward(by_row, first, count, x.view(), w.view(), bias.view().data, Activation::kTanh,
                                        sparse.view());
                }
                Block dense_gradient(depth, cols, 1, core::Key(17), true);
                Block sparse_gradient(depth, cols, 1, core::Key(17), true);
                const Block dout(rows, cols, 2, core::Key(18));
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

}  // namespace
}  // namespace pitot::backend
