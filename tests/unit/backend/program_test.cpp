// Programs that no backend could run, each wrong in one place.
#include "backend/program.hpp"

#include <gtest/gtest.h>

#include "backend/arithmetic.hpp"
#include "unit/backend/ops/trial.hpp"

namespace pitot::backend {
namespace {

using test::expect_refused;
using test::ProgramBuilder;

// A layer over modules, multiplied with a table of platforms.
Program right() {
    ProgramBuilder b;
    const BufferId x = b.of_modules("x", Role::kConstant, 3);
    const BufferId out = b.of_modules("out", Role::kTower, 4);
    b.tower(Dense{x, b.parameter("weight", 3, 4), b.parameter("bias", 1, 4), out, Activation::kTanh, 3});
    b.pair(PairDot{b.of_platforms("table", Role::kParameter, 4), out, 4, 1.0});
    return b.program();
}

TEST(Program, IsRunWhereEverythingFits) {
    EXPECT_TRUE(right().check());
    EXPECT_TRUE(cpu_backend().prepare(right(), 2));
}

TEST(Program, IsRefusedForItsBuffers) {
    Program program = right();
    program.buffers[0].values.pop_back();
    expect_refused(program, "buffer 'x'", "not as many values as elements");
    program = right();
    program.buffers[1].axis = RowAxis::kNone;
    expect_refused(program, "buffer 'out'", "is a tower of no side");
    program = right();
    program.buffers[4].rows = 6;
    expect_refused(program, "buffer 'table'", "has not as many rows for each of its side's");
    program = right();
    program.buffers[2].cols = 0;
    expect_refused(program, "buffer 'weight'", "has no columns");
    program = right();
    program.buffers.push_back({"both", Role::kPair, 3, 1});
    expect_refused(program, "buffer 'both'", "has rows of its own and of the batch");
    program = right();
    program.modules = 0;
    expect_refused(program, "", "a side has no rows");
}

TEST(Program, IsRefusedForTheOrderOfItsOperations) {
    Program program = right();
    program.tower.clear();
    expect_refused(program, "operation 0 on pairs, pair dot", "buffer 'out' is read before it is computed");
    program = right();
    program.tower.push_back(program.tower[0]);
    expect_refused(program, "operation 1 on towers, dense", "buffer 'weight' has a gradient that one operation sets");
    program = right();
    program.buffers.push_back({"weight2", Role::kParameter, 3, 4});
    program.tower.emplace_back(Dense{0, 5, -1, 1, Activation::kNone, 3});
    expect_refused(program, "operation 1 on towers, dense", "buffer 'out' is computed twice");
    program = right();
    program.pair.insert(program.pair.begin(), std::get<Dense>(program.tower[0]));
    program.tower.clear();
    expect_refused(program, "operation 0 on pairs, dense",
                   "buffer 'out' is computed by an operation on the wrong kind");
}

TEST(Program, CostsTheSumOfItsOperationsAndTheOptimiser) {
    const std::vector<BatchShape> batches{{100, 0}, {50, 1}};
    const Cost cost = cost_of_step(right(), batches);
    EXPECT_EQ(cost.multiply_adds, 7.0 * 6 * 4 + 3.0 * 4 * 150);
    EXPECT_EQ(cost.bytes, sizeof(float) * (7.0 * (12 + 4 + 20) + 8.0 * 4 * 150));
}

}  // namespace
}  // namespace pitot::backend
