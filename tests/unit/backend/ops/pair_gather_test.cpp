#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::ProgramBuilder;
using test::Trial;

// A layer on the module's row.
Program gather(std::int64_t cols, std::int64_t out_cols, RowAxis axis = RowAxis::kModule) {
    ProgramBuilder b;
    const BufferId rows = b.of_side("features", Role::kConstant, axis, cols);
    const BufferId out = b.pairs("gathered", out_cols);
    b.pair(PairGather{rows, out});
    const BufferId y = b.pairs("y", 1);
    b.pair(Dense{out, b.parameter("weight", out_cols, 1), -1, y, Activation::kNone, out_cols});
    b.pair(PairOutput{y, 0.5});
    return b.program();
}

TEST(PairGather, HasTheModulesRow) {
    for (const std::int64_t cols : {1, 3, 16, 41}) {
        Trial(gather(cols, cols)).expect_right();
        Trial(gather(cols, cols), 0, 600).expect_right();  // more rows than are worked on at a time
    }
    const Trial trial(gather(5, 5));
    const std::vector<float>& features = trial.program().buffers[0].values;
    const std::vector<double> y = trial.predict(reference_backend());
    for (std::size_t n = 0; n < y.size(); ++n) {
        double want = 0.0;
        for (std::size_t c = 0; c < 5; ++c) {
            want += 0.5 * trial.parameters()[c] *
                    static_cast<double>(features[static_cast<std::size_t>(trial.rows().module[n]) * 5 + c]);
        }
        EXPECT_NEAR(y[n], want, 1e-12);
    }
}

TEST(PairGather, RefusesWhatDoesNotFit) {
    test::expect_refused(gather(5, 6), "pair gather", "out 'gathered' has 6 columns, not 5");
    test::expect_refused(gather(5, 5, RowAxis::kPlatform), "pair gather",
                         "rows 'features' has rows of platforms, not of modules");
    EXPECT_EQ(cost(PairGather{0, 1}, gather(5, 5), {10, 0}).multiply_adds, 0.0);
}

}  // namespace
}  // namespace pitot::backend
