#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::ProgramBuilder;
using test::Trial;

// [features | learned] of modules, a dot product with a table.
Program concat(std::int64_t known, std::int64_t learned, std::int64_t out_cols) {
    ProgramBuilder b;
    const BufferId left = b.of_modules("features", Role::kConstant, known);
    const BufferId right = b.of_modules("learned", Role::kParameter, learned);
    const BufferId out = b.of_modules("input", Role::kTower, out_cols);
    b.tower(Concat{left, right, out});
    b.pair(PairDot{b.of_platforms("table", Role::kParameter, out_cols), out, out_cols, 0.7});
    return b.program();
}

TEST(Concat, PutsRowsSideBySide) {
    for (const auto& [known, learned] :
         {std::pair<std::int64_t, std::int64_t>(1, 1), {3, 2}, {15, 1}, {16, 17}, {37, 4}}) {
        const Trial trial(concat(known, learned, known + learned));
        trial.expect_right();
        const auto executor = trial.prepare(cpu_backend());
        executor->forward_towers();
        const Matrix<float> out = executor->values(0, 2);
        const Matrix<float> left = executor->values(0, 0);
        const Matrix<float> right = executor->values(0, 1);
        for (std::int64_t i = 0; i < out.rows(); ++i) {
            for (std::int64_t c = 0; c < out.cols(); ++c) {
                EXPECT_EQ(out(i, c), c < known ? left(i, c) : right(i, c - known));
            }
        }
    }
}

TEST(Concat, RefusesWhatDoesNotFit) {
    test::expect_refused(concat(3, 2, 6), "concat", "out 'input' has 6 columns, not 5");
    Program turned = concat(3, 2, 5);
    turned.tower = {Concat{1, 0, 2}};
    test::expect_refused(turned, "concat", "left 'learned' may not be a parameter buffer");
}

TEST(Concat, CostsNothingThatIsCounted) {
    const Program program = concat(3, 2, 5);
    EXPECT_EQ(cost(std::get<Concat>(program.tower[0]), program, {}).multiply_adds, 0.0);
}

}  // namespace
}  // namespace pitot::backend
