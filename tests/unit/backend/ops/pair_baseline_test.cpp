#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::ProgramBuilder;
using test::Trial;

Program baseline(std::int64_t cols) {
    ProgramBuilder b;
    const BufferId platform = b.of_platforms("platform term", Role::kReplicaConstant, 1);
    const BufferId module = b.of_modules("module term", Role::kReplicaConstant, cols);
    b.pair(PairBaseline{platform, module});
    b.pair(PairDot{b.of_platforms("p", Role::kParameter, 3), b.of_modules("m", Role::kParameter, 3), 3, 0.0});
    return b.program();
}

TEST(PairBaseline, AddsBothTerms) {
    const Trial trial(baseline(1));
    const auto platform = Trial::constant(trial.program().buffers[0]);
    const auto module = Trial::constant(trial.program().buffers[1]);
    for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
        const std::vector<double> y = trial.predict(*backend);
        for (std::size_t n = 0; n < y.size(); ++n) {
            const double want = platform[static_cast<std::size_t>(trial.rows().platform[n])] +
                                module[static_cast<std::size_t>(trial.rows().module[n])];
            EXPECT_NEAR(y[n], want, 1e-6 * std::max(1.0, std::abs(want)));
        }
    }
}

// Its terms are constants: the gradient of what is added beside it is that of the sum.
TEST(PairBaseline, LeavesGradientsOfOthersRight) {
    Program program = baseline(1);
    std::get<PairDot>(program.pair[1]).scale = 0.9;
    Trial(program).expect_right();
}

TEST(PairBaseline, RefusesWhatDoesNotFit) {
    test::expect_refused(baseline(2), "pair baseline", "module_term 'module term' has 2 columns, not 1");
    Program turned = baseline(1);
    turned.pair[0] = PairBaseline{1, 0};
    test::expect_refused(turned, "pair baseline", "platform_term 'module term' has rows of modules, not of platforms");
    turned.pair[0] = PairBaseline{0, 2};
    test::expect_refused(turned, "pair baseline", "module_term 'p' may not be a parameter buffer");
    EXPECT_EQ(cost(PairBaseline{0, 1}, turned, {10, 0}).multiply_adds, 0.0);
}

}  // namespace
}  // namespace pitot::backend
