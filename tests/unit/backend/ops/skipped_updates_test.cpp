// Updates a row has missed, made up for at once, against the same updates one by one.
#include "backend/ops/adam/skipped_updates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "backend/ops/adam/adam_cpu.hpp"
#include "core/key.hpp"
#include "unit/backend/kernel_blocks.hpp"

namespace pitot::backend {
namespace {

using test::Block;
using test::for_each_target;

// Where parameter, first and second moment are after `missed` updates without gradient.
struct Moved {
    double p = 0.0, m, v;
    Moved(const Adam& adam, std::int64_t last, std::int64_t missed, double first, double second) : m(first), v(second) {
        for (std::int64_t i = 1; i <= missed; ++i) {
            const AdamStep step = adam_step(adam, last + i, 0);
            m *= step.beta1;
            v *= step.beta2;
            p -= step.rate * m / (std::sqrt(v) * step.root + step.epsilon);
        }
    }
};

// Rows left at update `last`, from gradients of 1 down to 1e-12, far below epsilon and its share of the sum, and one of
// gradient 0.
void expect_sum(const SkippedUpdates& skipped, std::int64_t last) {
    const Adam& adam = skipped.adam();
    const std::vector<SkippedTerms> terms{skipped.terms(last)};
    for_each_target([&](const std::string& /*target*/) {
        constexpr std::int64_t cols = 38;
        Block p(3, cols, 1, core::Key(1));
        Block m(3, cols, 1, core::Key(2));
        Block v(3, cols, 1, core::Key(3));
        Block copy(1, cols, 2, core::Key(4), true);
        const std::vector<std::int32_t> rows{1};
        for (std::int64_t c = 0; c < cols; ++c) {
            const double gradient = c == cols - 1 ? 0.0 : std::pow(10.0, -static_cast<double>(c) / 3.0);
            p.view()(1, c) = 0.0F;
            m.view()(1, c) = static_cast<float>((c % 2 == 0 ? 0.1 : -0.1) * gradient);
            v.view()(1, c) = static_cast<float>(0.001 * gradient * gradient);
        }
        const Block before_m(m);
        const Block before_v(v);
        cpu::catch_up(rows, terms, static_cast<float>(adam.epsilon), p.view(), m.view(), v.view(), copy.view());
        for (std::int64_t c = 0; c < cols; ++c) {
            const Moved moved(adam, last, skipped.updates() - last, before_m(1, c), before_v(1, c));
            ASSERT_NEAR(p(1, c), moved.p, 1e-5 * std::abs(moved.p)) << last << ' ' << skipped.updates() << ' ' << c;
            ASSERT_NEAR(m(1, c), moved.m, 1e-6 * std::abs(moved.m) + 1e-37);
            ASSERT_NEAR(v(1, c), moved.v, 1e-5 * std::abs(moved.v) + 1e-37);
            ASSERT_EQ(copy(0, c), p(1, c));
        }
        for (const Block* untouched : {&p, &m, &v}) {
            const Block fresh(3, cols, 1, core::Key(untouched == &p ? 1U : untouched == &m ? 2U : 3U));
            for (std::int64_t c = 0; c < cols; ++c) {
                ASSERT_EQ((*untouched)(0, c), fresh(0, c));
                ASSERT_EQ((*untouched)(2, c), fresh(2, c));
            }
        }
    });
}

void advance(SkippedUpdates& skipped, std::int64_t updates) {
    for (std::int64_t i = 0; i < updates; ++i) {
        skipped.advance();
    }
}

TEST(SkippedUpdates, AreTheSumOfTheUpdatesOneByOne) {
    for (const std::int64_t last : {1, 2, 10, 63, 64, 300}) {
        for (const std::int64_t missed : {0, 1, 7, 150, 600, 5000}) {
            SkippedUpdates skipped({0.001, 0.9, 0.999, 1e-8});
            advance(skipped, last + missed);
            expect_sum(skipped, last);
        }
    }
}

// Where beta2 is further from 1 or nearer to beta1, or takes long to be forgotten; and from a later update on.
TEST(SkippedUpdates, AreTheSumForOtherSettingsToo) {
    const std::vector<Adam> settings{{0.001, 0.9, 0.99, 1e-8}, {0.001, 0.99, 0.999, 1e-8},  {0.001, 0.995, 0.999, 1e-8},
                                     {0.1, 0.5, 0.9, 1e-4},    {0.01, 0.9, 0.99999, 1e-12}, {0.001, 0.0, 0.999, 1e-8},
                                     {0.001, 0.0, 0.3, 1e-8}};
    for (const Adam& adam : settings) {
        ASSERT_TRUE(SkippedUpdates::possible(adam)) << adam.beta1 << ' ' << adam.beta2;
        for (const std::int64_t before : {0, 5, 90, 700}) {
            SkippedUpdates skipped(adam, before);
            std::int64_t done = before;
            for (const std::int64_t last : {before + 1, before + 40, before + 300}) {
                advance(skipped, last - done);
                expect_sum(skipped, before == 0 ? 1 : before);
                advance(skipped, 25);
                expect_sum(skipped, last);
                done = last + 25;
            }
            advance(skipped, 500);
            expect_sum(skipped, done);
        }
    }
}

TEST(SkippedUpdates, AreNotToBeHadWhereTheSeriesFails) {
    for (const auto& [beta1, beta2] : {std::pair(0.9, 0.95),
                                       {0.9, 0.8},
                                       {0.85, 0.9},
                                       {0.9, 0.0},
                                       {0.0, 0.0},
                                       {0.9999, 0.9999},
                                       {0.99999, 0.9999999},
                                       {0.9, 0.9999999}}) {
        EXPECT_FALSE(SkippedUpdates::possible({0.001, beta1, beta2, 1e-8})) << beta1 << ' ' << beta2;
    }
}

}  // namespace
}  // namespace pitot::backend
