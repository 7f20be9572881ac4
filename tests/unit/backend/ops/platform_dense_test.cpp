#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::kTrialPlatforms;
using test::ProgramBuilder;
using test::Trial;

Program layers(std::int64_t in, std::int64_t width, Activation activation, std::int64_t from = 0) {
    ProgramBuilder b;
    const BufferId x = b.hidden(in);
    const auto layer = [&](const std::string& name, BufferId input, std::int64_t k, std::int64_t m) {
        const BufferId weight = b.add({name + ".weight", Role::kParameter, kTrialPlatforms * k, m, RowAxis::kPlatform});
        const BufferId bias = b.of_platforms(name + ".bias", Role::kParameter, m);
        const BufferId out = b.pairs(name, m);
        b.pair(PlatformDense{input, weight, bias, out, m == 1 ? Activation::kNone : activation,
                             input == x ? from : std::int64_t{0}});
        return out;
    };
    b.pair(PairOutput{layer("second", layer("first", x, in, width), width, 1), 0.4});
    return b.program();
}

TEST(PlatformDense, AgreesWithFiniteDifferences) {
    for (const Activation activation : {Activation::kNone, Activation::kTanh}) {
        for (const auto& [in, width] : {std::pair<std::int64_t, std::int64_t>(1, 2), {3, 16}, {17, 5}}) {
            Trial(layers(in, width, activation)).expect_right();
        }
    }
    Trial(layers(4, 6, Activation::kTanh), 0, 600).expect_right();
}

// Each platform has its own weights: one that is changed changes its own rows alone.
TEST(PlatformDense, HasWeightsOfItsOwnForEachPlatform) {
    const Trial trial(layers(3, 4, Activation::kTanh));
    const auto executor = trial.prepare(cpu_backend());
    std::vector<double> before(trial.rows().platform.size());
    executor->predict(0, trial.rows(), before);
    std::vector<double> changed = trial.parameters();
    const auto tables = static_cast<std::size_t>(3 * (kTrialPlatforms + test::kTrialModules));
    for (std::size_t n = 0; n < 12; ++n) {
        changed[tables + 2 * 12 + n] += 0.5;  // the first layer's weights of platform 2
    }
    executor->set_parameters(0, changed);
    std::vector<double> after(before.size());
    executor->predict(0, trial.rows(), after);
    for (std::size_t n = 0; n < before.size(); ++n) {
        EXPECT_EQ(before[n] != after[n], trial.rows().platform[n] == 2) << n;
    }
}

TEST(PlatformDense, RefusesWhatDoesNotFit) {
    Program program = layers(3, 4, Activation::kTanh);
    program.buffers[3].rows -= kTrialPlatforms;
    test::expect_refused(program, "platform dense", "weight 'first.weight' has 10 rows, not 15");
    program = layers(3, 4, Activation::kTanh);
    std::get<PlatformDense>(program.pair[1]).bias = -1;
    test::expect_refused(program, "platform dense", "bias is buffer -1");
    test::expect_refused(layers(3, 4, Activation::kTanh, 4), "platform dense", "x_gradient_from");
}

TEST(PlatformDense, CostsAsADenseLayer) {
    const Program program = layers(3, 4, Activation::kTanh);
    EXPECT_EQ(cost(std::get<PlatformDense>(program.pair[1]), program, {10, 0}).multiply_adds, 10.0 * 3 * 3 * 4);
}

}  // namespace
}  // namespace pitot::backend
