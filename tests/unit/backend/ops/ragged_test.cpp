// Programs whose sizes are those of no block of any kernel: some more or fewer than 32, 64 or 128.
#include "unit/backend/ops/trial.hpp"

#include <numeric>
#include <span>
#include <vector>

#ifdef PITOT_EMULATED_CARD
#include <cstdlib>
#include <string>

#include "backend/cuda/layout.hpp"
#endif

namespace pitot::backend {
namespace {

using test::ProgramBuilder;
using test::Trial;

struct Sizes {
    std::int64_t platforms, modules, in, hidden, out;
};

// Two layers on each side: on features, some of which are learned or none, with a bias or without. Co-runners of so
// many types. Beside a baseline or not.
Program towers(const Sizes& s, std::int64_t learned, std::int64_t types = 0, bool baseline = false) {
    ProgramBuilder b(s.platforms, s.modules);
    if (baseline) {
        b.pair(PairBaseline{b.of_platforms("platform term", Role::kReplicaConstant, 1),
                            b.of_modules("module term", Role::kReplicaConstant, 1)});
    }
    const auto side = [&](const std::string& name, RowAxis axis, bool bias, std::int64_t width) {
        const auto of = [&](const std::string& what, Role role, std::int64_t cols) {
            return b.of_side(name + what, role, axis, cols);
        };
        BufferId x = of(".features", Role::kConstant, s.in);
        if (learned > 0) {
            const BufferId both = of(".x", Role::kTower, s.in + learned);
            b.tower(Concat{x, of(".learned", Role::kParameter, learned), both});
            x = both;
        }
        const BufferId hidden = of(".hidden", Role::kTower, s.hidden);
        const BufferId out = of(".out", Role::kTower, width);
        const auto bias_of = [&](const std::string& what, std::int64_t cols) {
            return bias ? b.parameter(name + what, 1, cols) : BufferId{-1};
        };
        b.tower(Dense{x, b.parameter(name + ".first", s.in + learned, s.hidden), bias_of(".first_bias", s.hidden),
                      hidden, Activation::kTanh, s.in});
        b.tower(Dense{hidden, b.parameter(name + ".second", s.hidden, width), bias_of(".second_bias", width), out,
                      Activation::kNone, 0});
        return out;
    };
    const BufferId left = side("platform", RowAxis::kPlatform, true, s.out * (1 + 2 * types));
    const BufferId right = side("module", RowAxis::kModule, false, s.out);
    const double scale = 1.0 / static_cast<double>(s.out);
    b.pair(PairDot{left, right, s.out, scale});
    if (types > 0) {
        b.pair(PairInterference{left, right, s.out, types, s.out, s.out * (1 + types), scale});
    }
    return b.program();
}

// A table for each side, or one beside layers.
Program tables(const Sizes& s) {
    ProgramBuilder b(s.platforms, s.modules);
    b.pair(PairBaseline{b.of_platforms("platform term", Role::kReplicaConstant, 1),
                        b.of_modules("module term", Role::kReplicaConstant, 1)});
    const BufferId left = b.of_platforms("left", Role::kParameter, s.out);
    BufferId right = b.of_modules("right", s.hidden > 0 ? Role::kTower : Role::kParameter, s.out);
    if (s.hidden > 0) {
        const BufferId x = b.of_modules("features", Role::kConstant, s.in);
        const BufferId hidden = b.of_modules("hidden", Role::kTower, s.hidden);
        b.tower(Dense{x, b.parameter("first", s.in, s.hidden), -1, hidden, Activation::kTanh, s.in});
        b.tower(Dense{hidden, b.parameter("second", s.hidden, s.out), -1, right, Activation::kNone, 0});
    }
    b.pair(PairDot{left, right, s.out, 0.2});
    return b.program();
}

// A network on rows of pairs.
Program network(const Sizes& s) {
    ProgramBuilder b(s.platforms, s.modules);
    const BufferId x = b.hidden(s.in);
    const BufferId hidden = b.pairs("layer", s.hidden);
    const BufferId y = b.pairs("y", 1);
    b.pair(Dense{x, b.parameter("layer.weight", s.in, s.hidden), b.parameter("layer.bias", 1, s.hidden), hidden,
                 Activation::kTanh, 0});
    b.pair(Dense{hidden, b.parameter("y.weight", s.hidden, 1), b.parameter("y.bias", 1, 1), y, Activation::kNone, 0});
    b.pair(PairOutput{y, 0.6});
    return b.program();
}

Program interference(const Sizes& s, std::int64_t types) {
    ProgramBuilder b(s.platforms, s.modules);
    const BufferId left = b.of_platforms("left", Role::kParameter, s.out * (1 + 2 * types));
    const BufferId right = b.of_modules("right", Role::kParameter, s.out);
    const double scale = 1.0 / static_cast<double>(s.out);
    b.pair(PairDot{left, right, s.out, scale});
    b.pair(PairInterference{left, right, s.out, types, s.out, s.out * (1 + types), scale});
    return b.program();
}

TEST(Ragged, GradientsOfTowersAgree) {
    Trial(towers({67, 131, 37, 129, 133}, 3), 0, 301).expect_agreement();
    Trial(towers({33, 63, 31, 127, 65}, 1), 0, 97).expect_agreement();
    Trial(towers({64, 128, 32, 128, 128}, 0), 0, 256).expect_agreement();
    Trial(towers({65, 2, 130, 5, 260}, 4), 0, 150).expect_agreement();
}

// Of rows that one kernel multiplies, in bf16 with the layers below, and of rows that are too long or of a length that
// is no multiple of four. Often several rows are of the same pair.
TEST(Ragged, GradientsOfDotsAgree) {
    Trial(towers({65, 130, 20, 40, 128}, 4), 0, 2300).expect_agreement();
    Trial(towers({130, 7, 9, 33, 44}, 1), 0, 700).expect_agreement();
    Trial(towers({3, 17, 9, 20, 8}, 16), 0, 400).expect_agreement();
    Trial(towers({3, 17, 9, 20, 66}, 17), 0, 40).expect_agreement();
    Trial(towers({40, 31, 9, 20, 136}, 2), 0, 500).expect_agreement();
    Trial(towers({9, 33, 11, 12, 5}, 1), 0, 70).expect_agreement();
    Trial(tables({70, 33, 0, 0, 128}), 0, 1500).expect_agreement();
    Trial(tables({129, 65, 0, 0, 36}), 0, 300).expect_agreement();
    Trial(tables({31, 65, 0, 0, 38}), 0, 300).expect_agreement();
    Trial(tables({20, 90, 17, 70, 64}), 0, 333).expect_agreement();
    Program program = tables({31, 48, 0, 0, 96});
    program.loss = Loss::kHuber;
    program.huber_delta = 0.7;
    Trial(program, 1, 300).expect_agreement();
}

TEST(Ragged, GradientsOfNetworksAgree) {
    Trial(network({9, 11, 133, 129, 0}), 0, 150).expect_agreement();
    Trial(network({40, 3, 128, 128, 0}), 0, 193).expect_agreement();
    Trial(network({1, 70, 31, 33, 0}), 0, 65).expect_agreement();
}

// Those that one kernel trains, which goes by strips of 1024 rows and tiles of 128.
TEST(Ragged, GradientsOfJoinedNetworksAgree) {
    Trial(network({9, 11, 5, 5, 0}), 0, 1).expect_agreement();
    Trial(network({33, 7, 33, 5, 0}), 0, 127).expect_agreement();
    Trial(network({3, 50, 5, 128, 0}), 0, 129).expect_agreement();
    Trial(network({3, 2, 128, 33, 0}), 0, 1024).expect_agreement();
    Trial(network({40, 31, 128, 128, 0}), 0, 1030).expect_agreement();
    Trial(network({200, 100, 64, 99, 0}), 0, 2300).expect_agreement();
}

// Without biases, beside a baseline, and by another loss.
TEST(Ragged, GradientsOfJoinedNetworksBesideABaselineAgree) {
    ProgramBuilder b(21, 13);
    b.pair(PairBaseline{b.of_platforms("platform term", Role::kReplicaConstant, 1),
                        b.of_modules("module term", Role::kReplicaConstant, 1)});
    const BufferId x = b.hidden(37);
    const BufferId hidden = b.pairs("layer", 70);
    const BufferId y = b.pairs("y", 1);
    b.pair(Dense{x, b.parameter("layer.weight", 37, 70), -1, hidden, Activation::kTanh, 0});
    b.pair(Dense{hidden, b.parameter("y.weight", 70, 1), -1, y, Activation::kNone, 0});
    b.pair(PairOutput{y, -1.3});
    Program program = b.program();
    Trial(program, 0, 300).expect_agreement();
    program.loss = Loss::kHuber;
    program.huber_delta = 0.7;
    Trial(program, 0, 300).expect_agreement();
}

// In bf16 a card computes with copies of parameters. Those that steps have kept up to date are the ones that are made
// of the parameters anew.
void expect_copies_up_to_date(const Program& program, std::int32_t width, int rows) {
    const auto card = backend::cuda_backend({}, "bf16");
    if (!card) {
        GTEST_SKIP() << card.error().to_string();
    }
    const Trial trial(program, width, rows);
    const std::vector<PairColumns> tables{trial.rows()};
    ExecutionPlan plan;
    plan.platform_rows = rows;
    plan.all_rows = true;
    plan.data = (*card)->make_resident(tables).value();
    const auto executor = (*card)->prepare(program, 1, plan).value();
    executor->set_parameters(0, trial.parameters());
    std::vector<std::int64_t> all(static_cast<std::size_t>(rows));
    std::iota(all.begin(), all.end(), 0);
    executor->set_objectives({{0, {all}, 0, 1.0}});
    const core::Key key(3);
    double loss = 0.0;
    executor->train({3e-2, 0.9, 0.999, 1e-8}, std::span(&key, 1), 0, 5, std::span(&loss, 1));
    std::vector<double> kept(trial.parameters().size());
    const double loss_kept = executor->gradient(0, trial.rows(), 0.8, kept);
    executor->set_parameters(0, executor->parameters(0));
    std::vector<double> anew(trial.parameters().size());
    EXPECT_EQ(executor->gradient(0, trial.rows(), 0.8, anew), loss_kept);
    ASSERT_TRUE(executor->status()) << executor->status().error().to_string();
    EXPECT_EQ(anew, kept);
    EXPECT_NE(executor->parameters(0), trial.parameters());
}
TEST(Ragged, RoundedCopiesAreUpToDate) {
    expect_copies_up_to_date(towers({67, 131, 37, 129, 133}, 3), 0, 301);
    expect_copies_up_to_date(towers({65, 70, 20, 40, 128}, 16), 0, 700);
    expect_copies_up_to_date(towers({67, 33, 11, 70, 36}, 4, 2), 2, 301);
    expect_copies_up_to_date(towers({9, 33, 11, 18, 5}, 1, 1), 1, 70);
    expect_copies_up_to_date(tables({20, 90, 17, 70, 64}), 0, 333);
    expect_copies_up_to_date(tables({20, 90, 17, 70, 30}), 0, 333);
}

// Learned columns that another layer takes by themselves, too.
TEST(Ragged, GradientsOfLearnedColumnsOfTwoLayersAgree) {
    ProgramBuilder b(20, 30);
    const BufferId left = b.of_platforms("left", Role::kParameter, 24);
    const BufferId learned = b.of_modules("learned", Role::kParameter, 4);
    const BufferId both = b.of_modules("both", Role::kTower, 13);
    const BufferId hidden = b.of_modules("hidden", Role::kTower, 40);
    const BufferId beside = b.of_modules("beside", Role::kTower, 40);
    const BufferId right = b.of_modules("right", Role::kTower, 24);
    b.tower(Concat{b.of_modules("features", Role::kConstant, 9), learned, both});
    b.tower(Dense{both, b.parameter("first", 13, 40), -1, hidden, Activation::kTanh, 9});
    b.tower(Dense{learned, b.parameter("other", 4, 40), -1, beside, Activation::kTanh, 4});
    b.tower(Dense{hidden, b.parameter("second", 40, 24), -1, right, Activation::kNone, 0});
    b.pair(PairDot{left, right, 24, 0.2});
    Trial(b.program(), 0, 200).expect_agreement();
}

#ifdef PITOT_EMULATED_CARD
TEST(Ragged, LayersOfRowsThatAreMultipliedAreRounded) {
    const auto can_round = [](const Program& program) {
        return cuda::DeviceProgram::make(program).value().can_round();
    };
    EXPECT_TRUE(can_round(towers({4, 4, 5, 20, 8}, 0)));
    EXPECT_TRUE(can_round(towers({4, 4, 5, 20, 8}, 16)));
    EXPECT_TRUE(can_round(towers({4, 4, 5, 20, 7}, 2, 2)));
    EXPECT_TRUE(can_round(tables({4, 4, 5, 20, 8})));
    EXPECT_FALSE(can_round(towers({4, 4, 5, 20, 8}, 17)));  // more learned columns than a narrow layer has
    EXPECT_FALSE(can_round(towers({4, 4, 5, 16, 8}, 2)));   // as few hidden ones as one
    EXPECT_FALSE(can_round(tables({4, 4, 0, 0, 8})));
    EXPECT_FALSE(can_round(network({4, 4, 5, 20, 0})));
}

bool is_joined(const Program& program) { return cuda::DeviceProgram::make(program).value().joined.has_value(); }

std::vector<double> gradient_on_card(const Trial& trial, const std::string& precision) {
    std::vector<double> out(trial.parameters().size());
    const auto executor = trial.prepare(*backend::cuda_backend({}, precision).value());
    executor->gradient(0, trial.rows(), 1.0, out);
    EXPECT_TRUE(executor->status()) << executor->status().error().to_string();
    return out;
}

TEST(Ragged, NetworksThatFitAreJoined) {
    EXPECT_TRUE(is_joined(network({4, 4, 128, 128, 0})));
    EXPECT_TRUE(is_joined(network({4, 4, 5, 33, 0})));
    EXPECT_FALSE(is_joined(network({4, 4, 129, 128, 0})));
    EXPECT_FALSE(is_joined(network({4, 4, 128, 129, 0})));
    EXPECT_FALSE(is_joined(towers({4, 4, 3, 3, 3}, 0)));
}

TEST(Ragged, LayersBelowDotsAreFound) {
    const auto are_found = [](const Program& program) {
        return cuda::DeviceProgram::make(program).value().layered.has_value();
    };
    EXPECT_TRUE(are_found(towers({4, 4, 5, 20, 8}, 0)));
    EXPECT_TRUE(are_found(towers({4, 4, 5, 20, 8}, 4, 0, true)));
    EXPECT_FALSE(are_found(towers({4, 4, 5, 20, 8}, 4, 2)));  // co-runners
    EXPECT_FALSE(are_found(tables({4, 4, 5, 20, 8})));        // a table on one side
    EXPECT_FALSE(are_found(network({4, 4, 5, 20, 0})));
}

// Cards with less memory a block go by kernels of single layers, whose sums are in another order.
void expect_others_below(const Trial& trial, const std::string& precision, const std::string& enough) {
    const std::vector<double> at_once = gradient_on_card(trial, precision);
    for (const std::string kibibytes : {"99", "163", "227"}) {
        ASSERT_EQ(::setenv("PITOT_EMULATED_SHARED_KIB", kibibytes.c_str(), 1), 0);
        const std::vector<double> got = gradient_on_card(trial, precision);
        trial.expect_agreement();
        ::unsetenv("PITOT_EMULATED_SHARED_KIB");
        EXPECT_EQ(got == at_once, std::stoi(kibibytes) >= std::stoi(enough)) << kibibytes;
    }
}
TEST(Ragged, CardsOfLessSharedMemoryTrainLayersOneByOne) {
    expect_others_below(Trial(network({9, 11, 65, 43, 0}), 0, 1100), "fp32", "227");
    expect_others_below(Trial(towers({33, 40, 20, 128, 128}, 4), 0, 700), "bf16", "163");
    expect_others_below(Trial(towers({120, 130, 130, 128, 128}, 4), 0, 900), "bf16", "227");
}
#endif

// In bf16 one kernel trains layers and multiplies rows: of as many columns as it takes at most, of more rows than all
// of its warps take at once, of more modules than it multiplies at once, of many features, beside a baseline, and where
// nearly all rows are of pairs that others are of, too. On cards with less memory a block several kernels do it.
void expect_layers_below(const Program& program, std::int32_t width, int rows) {
    const Trial trial(program, width, rows);
    trial.expect_agreement();
#ifdef PITOT_EMULATED_CARD
    const std::vector<double> at_once = gradient_on_card(trial, "bf16");
    ASSERT_EQ(::setenv("PITOT_EMULATED_SHARED_KIB", "99", 1), 0);
    trial.expect_agreement();
    const std::vector<double> by_layers = gradient_on_card(trial, "bf16");
    ::unsetenv("PITOT_EMULATED_SHARED_KIB");
    EXPECT_NE(by_layers, at_once);
#endif
}
TEST(Ragged, GradientsOfLayersBelowDotsAgree) {
    expect_layers_below(towers({41, 70, 130, 128, 128}, 4), 0, 900);
    expect_layers_below(towers({230, 20, 37, 128, 128}, 4), 0, 900);
    expect_layers_below(towers({17, 250, 12, 128, 128}, 0), 0, 700);
    expect_layers_below(towers({20, 33, 180, 64, 48}, 9), 0, 333);
    expect_layers_below(towers({130, 7, 9, 33, 44}, 1), 0, 700);
    expect_layers_below(towers({2, 3, 9, 20, 12}, 4), 0, 300);
    expect_layers_below(towers({33, 18, 9, 24, 40}, 2), 2, 200);
    Program program = towers({19, 48, 20, 100, 96}, 8, 0, true);
    program.loss = Loss::kHuber;
    program.huber_delta = 0.7;
    expect_layers_below(program, 0, 500);
}

TEST(Ragged, GradientsOfInterferenceAgree) {
    Trial(interference({67, 33, 0, 0, 130}, 2), 2, 301).expect_agreement();
    Trial(interference({5, 70, 0, 0, 128}, 1), 1, 97).expect_agreement();
    Trial(interference({33, 9, 0, 0, 3}, 3), 3, 160).expect_agreement();
    Trial(towers({67, 33, 11, 70, 36}, 4, 2), 2, 301).expect_agreement();
    Trial(towers({9, 33, 11, 18, 5}, 1, 1), 1, 70).expect_agreement();
}

}  // namespace
}  // namespace pitot::backend
