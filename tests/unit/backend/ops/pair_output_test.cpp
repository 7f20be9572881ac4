#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::ProgramBuilder;
using test::Trial;

Program output(std::int64_t cols, double scale) {
    ProgramBuilder b;
    b.pair(PairOutput{b.hidden(cols), scale});
    return b.program();
}

TEST(PairOutput, AddsTheScaledColumn) {
    for (const double scale : {0.1, 1.0, -2.5}) {
        const Trial trial(output(1, scale));
        trial.expect_right();
        const std::vector<double> y = trial.predict(reference_backend());
        for (std::size_t n = 0; n < y.size(); ++n) {
            const double left = trial.parameters()[static_cast<std::size_t>(trial.rows().platform[n])];
            const double right =
                trial.parameters()[static_cast<std::size_t>(test::kTrialPlatforms + trial.rows().module[n])];
            EXPECT_NEAR(y[n], scale * std::tanh(left + right), 1e-12);
        }
    }
    Trial(output(1, 0.7), 0, 700).expect_right();
}

TEST(PairOutput, RefusesWhatDoesNotFit) {
    test::expect_refused(output(2, 1.0), "pair output", "in 'hidden' has 2 columns, not 1");
    Program twice = output(1, 1.0);
    twice.pair.push_back(twice.pair.back());
    test::expect_refused(twice, "pair output", "buffer 'hidden' has a gradient that one operation sets");
    EXPECT_EQ(cost(PairOutput{2, 1.0}, output(1, 1.0), {10, 0}).multiply_adds, 0.0);
}

}  // namespace
}  // namespace pitot::backend
