#include "backend/ops/adam/adam_cpu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"

namespace pitot::backend {
namespace {

using test::Block;
using test::for_each_target;

TEST(Adam, FollowsTheDefinition) {
    for_each_target([](const std::string& /*target*/) {
        const Adam adam{1e-3, 0.9, 0.999, 1e-8};
        for (const std::int64_t n : {1, 15, 16, 33, 100}) {
            Block p(1, n, 1, core::Key(3).fold("p"));
            Block m(1, n, 1, core::Key(3), true);
            Block v(1, n, 1, core::Key(3), true);
            std::vector<double> want(static_cast<std::size_t>(n)), first(want), second(want);
            for (std::int64_t c = 0; c < n; ++c) {
                want[static_cast<std::size_t>(c)] = p(0, c);
            }
            for (std::int64_t t = 1; t <= 50; ++t) {
                const Block g(1, n, 1, core::Key(3).fold(static_cast<std::uint64_t>(t)));
                cpu::adam(p.view().row(0), g.view().row(0), m.view().row(0), v.view().row(0), adam_step(adam, t, 0));
                for (std::int64_t c = 0; c < n; ++c) {
                    const auto i = static_cast<std::size_t>(c);
                    first[i] = 0.9 * first[i] + 0.1 * g(0, c);
                    second[i] = 0.999 * second[i] + 0.001 * g(0, c) * g(0, c);
                    const double mhat = first[i] / (1.0 - std::pow(0.9, static_cast<double>(t)));
                    const double vhat = second[i] / (1.0 - std::pow(0.999, static_cast<double>(t)));
                    want[i] -= 1e-3 * mhat / (std::sqrt(vhat) + 1e-8);
                }
            }
            for (std::int64_t c = 0; c < n; ++c) {
                EXPECT_NEAR(p(0, c), want[static_cast<std::size_t>(c)], 2e-6);
            }
            EXPECT_TRUE(p.guarded() && m.guarded() && v.guarded());
        }
    });
}

TEST(Adam, StepsByTheRateOfTheirNumber) {
    const LearningRate halving([](std::int64_t step) { return std::pow(0.5, static_cast<double>(step)); });
    const Adam changing{halving, 0.9, 0.999, 1e-8};
    for (const std::int64_t step : {0, 1, 5}) {
        const double rate = std::pow(0.5, static_cast<double>(step));
        const AdamStep got = adam_step(changing, 3, step);
        const AdamStep want = adam_step({rate, 0.9, 0.999, 1e-8}, 3, step);
        EXPECT_EQ(got.rate, want.rate);
        EXPECT_EQ(got.root, want.root);
        EXPECT_DOUBLE_EQ(got.rate, rate / (1.0 - 0.9 * 0.9 * 0.9));
    }
}

}  // namespace
}  // namespace pitot::backend
