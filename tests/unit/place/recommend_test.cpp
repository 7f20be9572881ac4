#include "place/recommend.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stop_token>
#include <tuple>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "pitot/fit.hpp"
#include "place/assignment.hpp"
#include "place/stop_handler.hpp"
#include "support/synthetic.hpp"

namespace pitot::place {
namespace {

// The least sum over all assignments of rows to columns, by going through them.
double least_sum(const Matrix<double>& cost, std::int64_t row, std::vector<std::int64_t>& taken, std::int64_t most) {
    if (row == cost.rows()) {
        return 0.0;
    }
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < cost.cols(); ++j) {
        auto& there = taken[static_cast<std::size_t>(j)];
        if (there < most) {
            ++there;
            least = std::min(least, cost(row, j) + least_sum(cost, row + 1, taken, most));
            --there;
        }
    }
    return least;
}

TEST(Assignment, IsTheBestOfAll) {
    for (const std::int64_t most : {1, 2}) {
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            core::Stream stream(core::Key(seed).fold("costs"));
            Matrix<double> cost(5, 6);
            for (double& x : cost.flat()) {
                x = std::exp(3.0 * stream.normal());
            }
            const auto found = assign(cost.view(), most);
            ASSERT_TRUE(found);
            double sum = 0.0;
            std::vector<std::int64_t> taken(6, 0);
            for (std::int64_t i = 0; i < 5; ++i) {
                const std::int64_t j = (*found)[static_cast<std::size_t>(i)];
                sum += cost(i, j);
                EXPECT_LE(++taken[static_cast<std::size_t>(j)], most);
            }
            std::vector<std::int64_t> none(6, 0);
            EXPECT_NEAR(sum, least_sum(cost, 0, none, most), 1e-9 * sum);
        }
    }
}

TEST(Assignment, OfMoreRowsThanPlacesIsNothing) {
    const Matrix<double> cost(5, 2);
    EXPECT_EQ(assign(cost.view(), 2).error().code(), ErrorCode::kUsage);
    EXPECT_TRUE(assign(cost.view(), 3));
    EXPECT_TRUE(assign(Matrix<double>(0, 2).view(), 1));
}

TEST(Assignment, EndsWhenAskedToStop) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(assign(Matrix<double>(2, 2).view(), 1, stop.get_token()).error().code(), ErrorCode::kCancelled);
}

// Clp keeps a copy of its own.
TEST(Assignment, AStopReachesTheSolver) {
    std::stop_source stop;
    const StopHandler handler(stop.get_token());
    const std::unique_ptr<ClpEventHandler> copy(handler.clone());
    EXPECT_EQ(copy->event(ClpEventHandler::endOfIteration), -1);
    stop.request_stop();
    EXPECT_EQ(copy->event(ClpEventHandler::endOfIteration), 0);
}

class Recommend : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const Dataset dataset = test::synthetic_dataset({.together = 400});
        FitConfig config = test::quick_config("interference/2");
        config.train.objective("together").rows = 0;
        model_ = std::make_unique<Predictor>(fit(dataset, config).value());
    }
    static void TearDownTestSuite() { model_.reset(); }

    static std::unique_ptr<Predictor> model_;
};
std::unique_ptr<Predictor> Recommend::model_;

TEST_F(Recommend, RanksByBoundsAndTellsWhoIsDisturbed) {
    RecommendOptions options{.with = {4}, .running = {{2, 7}}, .confidence = 0.8, .deadline_us = 30000.0};
    const auto candidates = recommend(*model_, 3, options).value();
    ASSERT_EQ(std::ssize(candidates), model_->platforms().size());
    for (std::size_t n = 0; n < candidates.size(); ++n) {
        const Candidate& candidate = candidates[n];
        const std::vector<std::int32_t> beside =
            candidate.platform == 2 ? std::vector<std::int32_t>{4, 7} : std::vector<std::int32_t>{4};
        EXPECT_EQ(candidate.beside, beside);
        const Prediction asked = model_->predict_pair(candidate.platform, 3, 0.8, beside).value();
        EXPECT_EQ(candidate.bound_us, asked.bound_us);
        EXPECT_EQ(candidate.meets, asked.bound_us <= 30000.0 ? Meets::kYes : Meets::kNo);
        EXPECT_TRUE(n == 0 || candidates[n - 1].bound_us <= candidate.bound_us);
        ASSERT_EQ(candidate.disturbed.size(), beside.size());
        const Disturbed& first = candidate.disturbed.front();
        std::vector<std::int32_t> others(beside.begin() + 1, beside.end());
        EXPECT_EQ(first.before_us, model_->predict_pair(candidate.platform, 4, {}, others)->runtime_us);
        others.push_back(3);
        EXPECT_EQ(first.after_us, model_->predict_pair(candidate.platform, 4, {}, others)->runtime_us);
    }
}

TEST_F(Recommend, WithoutABoundGoesByPredictionsAndSaysSo) {
    const auto candidates =
        recommend(*model_, 3, {.platforms = {5, 1, 8}, .confidence = 0.9999, .deadline_us = 1e12}).value();
    ASSERT_EQ(candidates.size(), 3U);
    for (std::size_t n = 0; n < 3; ++n) {
        EXPECT_TRUE(std::isnan(candidates[n].bound_us));
        EXPECT_EQ(candidates[n].missing, NoBound::kFewCalibrationRows);
        EXPECT_EQ(candidates[n].meets, Meets::kPointOnly);
        EXPECT_TRUE(n == 0 || candidates[n - 1].runtime_us <= candidates[n].runtime_us);
    }
}

TEST_F(Recommend, ABatchIsNoWorseThanAnyOther) {
    const std::vector<std::int32_t> modules{1, 4, 6};
    const RecommendOptions options{.platforms = {0, 3, 5, 9}, .confidence = 0.8};
    const auto best = place_batch(*model_, modules, options, {}).value();
    EXPECT_TRUE(best.proven);
    Matrix<double> cost(3, 4);
    for (std::int64_t n = 0; n < 3; ++n) {
        std::vector<double> bounds;
        for (const std::int32_t platform : options.platforms) {
            bounds.push_back(model_->predict_pair(platform, modules[static_cast<std::size_t>(n)], 0.8)->bound_us);
        }
        for (std::int64_t p = 0; p < 4; ++p) {
            cost(n, p) = bounds[static_cast<std::size_t>(p)] / std::ranges::min(bounds);
        }
    }
    std::vector<std::int64_t> none(4, 0);
    EXPECT_NEAR(best.cost, least_sum(cost, 0, none, 1), 1e-9);
    const auto greedy = place_batch(*model_, modules, options, {1, false}).value();
    EXPECT_FALSE(greedy.proven);
    EXPECT_GE(greedy.cost, best.cost - 1e-9);
}

TEST_F(Recommend, ABatchSharesPlatformsWithinWhatTheyTake) {
    const std::vector<std::int32_t> modules{1, 4, 6, 8, 9};
    const RecommendOptions options{.platforms = {0, 3}, .confidence = 0.8};
    for (const bool optimal : {true, false}) {
        const auto placement = place_batch(*model_, modules, options, {3, optimal}).value();
        std::vector<std::size_t> there(12, 0);
        for (const Candidate& candidate : placement.placed) {
            ++there[static_cast<std::size_t>(candidate.platform)];
        }
        EXPECT_LE(std::ranges::max(there), 3U);
        for (const Candidate& candidate : placement.placed) {
            EXPECT_EQ(candidate.beside.size() + 1, there[static_cast<std::size_t>(candidate.platform)]);
        }
    }
    EXPECT_FALSE(place_batch(*model_, modules, options, {2, true}));
}

using PlacementCost = std::tuple<int, int, double>;  // late, unbounded, times as long as on the best platform

// What modules cost on platforms, from the model's answers alone.
PlacementCost cost_of(const Predictor& model, const std::vector<std::int32_t>& modules,
                      const std::vector<std::int32_t>& platform, const RecommendOptions& options) {
    PlacementCost cost{0, 0, 0.0};
    const auto counted = [](const Prediction& answer) {
        return std::isnan(answer.bound_us) ? answer.runtime_us : answer.bound_us;
    };
    for (std::size_t n = 0; n < modules.size(); ++n) {
        std::vector<std::int32_t> beside;
        for (std::size_t m = 0; m < modules.size(); ++m) {
            if (m != n && platform[m] == platform[n]) {
                beside.push_back(modules[m]);
            }
        }
        double best = std::numeric_limits<double>::infinity();
        for (const std::int32_t other : options.platforms) {
            best = std::min(best, counted(model.predict_pair(other, modules[n], options.confidence).value()));
        }
        const Prediction answer = model.predict_pair(platform[n], modules[n], options.confidence, beside).value();
        std::get<0>(cost) += counted(answer) > *options.deadline_us ? 1 : 0;
        std::get<1>(cost) += std::isnan(answer.bound_us) ? 1 : 0;
        std::get<2>(cost) += counted(answer) / best;
    }
    return cost;
}

// The least of all placements on two platforms that take any number.
PlacementCost least_of_all(const Predictor& model, const std::vector<std::int32_t>& modules,
                           const RecommendOptions& options) {
    PlacementCost least{1000, 0, 0.0};
    for (unsigned places = 0; places < 1U << modules.size(); ++places) {
        std::vector<std::int32_t> platform;
        for (std::size_t n = 0; n < modules.size(); ++n) {
            platform.push_back(options.platforms[(places >> n) & 1U]);
        }
        least = std::min(least, cost_of(model, modules, platform, options));
    }
    return least;
}

// Whether a single move or swap between two platforms that take any number makes it cheaper.
bool can_be_improved(const Predictor& model, const std::vector<std::int32_t>& modules,
                     const std::vector<std::int32_t>& platform, const RecommendOptions& options) {
    PlacementCost limit = cost_of(model, modules, platform, options);
    std::get<2>(limit) -= 1e-6;
    const auto cheaper = [&](const std::vector<std::int32_t>& changed) {
        return cost_of(model, modules, changed, options) < limit;
    };
    for (std::size_t n = 0; n < modules.size(); ++n) {
        std::vector<std::int32_t> moved = platform;
        moved[n] = options.platforms[platform[n] == options.platforms[0] ? 1 : 0];
        if (cheaper(moved)) {
            return true;
        }
        for (std::size_t m = 0; m < n; ++m) {
            std::vector<std::int32_t> swapped = platform;
            std::swap(swapped[n], swapped[m]);
            if (cheaper(swapped)) {
                return true;
            }
        }
    }
    return false;
}

std::vector<std::int32_t> platforms_of(const BatchPlacement& placement) {
    std::vector<std::int32_t> platforms;
    for (const Candidate& candidate : placement.placed) {
        platforms.push_back(candidate.platform);
    }
    return platforms;
}

TEST_F(Recommend, ADeadlineWeighsMoreThanAnyRuntimesOfSharedPlatforms) {
    // Modules of odd numbers become a thousand times slower beside modules of odd numbers.
    Dataset dataset = test::synthetic_dataset({.together = 400});
    const ObservationView rows = dataset.pool(kAlone + 1);
    ObservationTable alone, together;
    const ObservationView by_themselves = dataset.pool(kAlone);
    alone.platform.edit().assign(by_themselves.platform.begin(), by_themselves.platform.end());
    alone.module.edit().assign(by_themselves.module.begin(), by_themselves.module.end());
    alone.runtime_us.edit().assign(by_themselves.runtime_us.begin(), by_themselves.runtime_us.end());
    together.width = rows.width;
    together.platform.edit().assign(rows.platform.begin(), rows.platform.end());
    together.module.edit().assign(rows.module.begin(), rows.module.end());
    together.co_runner.edit().assign(rows.co_runner.begin(), rows.co_runner.end());
    for (std::int64_t n = 0; n < rows.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        together.runtime_us.push_back(rows.runtime_us[at] *
                                      (rows.module[at] % 2 == 1 && rows.co_runner[at] % 2 == 1 ? 1000.0 : 1.0));
    }
    dataset.set_observations(std::move(alone), std::move(together));
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 20;
    const Predictor model = fit(dataset, config).value();
    int placements = 0;
    int best = 0;
    int shared_and_late = 0;
    for (const std::vector<std::int32_t>& modules :
         {std::vector<std::int32_t>{1, 2, 3}, {5, 7, 10}, {0, 9, 11}, {13, 4, 15, 6}, {17, 19, 8, 12}}) {
        RecommendOptions options{.platforms = {2, 6}, .confidence = 0.8};
        for (const double deadline_us : {3e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5}) {
            options.deadline_us = deadline_us;
            const PlacementCost least = least_of_all(model, modules, options);
            const auto most = std::ssize(modules);
            const auto placement = place_batch(model, modules, options, {most, true}).value();
            const PlacementCost cost = cost_of(model, modules, platforms_of(placement), options);
            EXPECT_FALSE(can_be_improved(model, modules, platforms_of(placement), options)) << deadline_us;
            ++placements;
            best += std::tie(std::get<0>(cost), std::get<1>(cost)) == std::tie(std::get<0>(least), std::get<1>(least))
                        ? 1
                        : 0;
            EXPECT_NEAR(std::get<2>(cost), placement.cost, 1e-9 * placement.cost);
            EXPECT_FALSE(placement.proven);
            shared_and_late += std::get<0>(least) > 0 && std::get<2>(least) > 50.0 ? 1 : 0;
        }
    }
    EXPECT_GT(shared_and_late, 0);
    // Moves and swaps seldom end where several at once would help.
    EXPECT_GE(best, placements * 9 / 10);
}

TEST_F(Recommend, OfAModelThatKnowsNoCoRunnersSharedPlatformsAreProven) {
    const Predictor plain = fit(test::synthetic_dataset(), preset("baseline/linear_scaling").value()).value();
    const std::vector<std::int32_t> modules{1, 4, 6, 8};
    // So much confidence that there is no bound, alone or beside others.
    RecommendOptions options{.platforms = {0, 3}, .confidence = 0.999, .deadline_us = 5000.0};
    const auto placement = place_batch(plain, modules, options, {4, true}).value();
    EXPECT_TRUE(placement.proven);
    const PlacementCost cost = cost_of(plain, modules, platforms_of(placement), options);
    const PlacementCost least = least_of_all(plain, modules, options);
    EXPECT_EQ(std::get<0>(cost), std::get<0>(least));
    EXPECT_NEAR(std::get<2>(cost), std::get<2>(least), 1e-9);
    EXPECT_FALSE(place_batch(plain, modules, options, {4, false})->proven);
    // Bounds that there are alone only are a reason not to share.
    options.confidence = 0.8;
    EXPECT_FALSE(place_batch(plain, modules, options, {4, true})->proven);
    // Bounds of their own beside others are no reason for a proof.
    FitConfig config = test::quick_config("embedding/32");
    config.train.objective("together").rows = 0;
    const Predictor beside = fit(test::synthetic_dataset({.together = 400}), config).value();
    EXPECT_FALSE(place_batch(beside, modules, options, {4, true})->proven);
    EXPECT_TRUE(place_batch(beside, {1, 4}, options, {1, true})->proven);
}

TEST_F(Recommend, RefusesWhatDoesNotExist) {
    EXPECT_EQ(recommend(*model_, 20, {}).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(recommend(*model_, 3, {.platforms = {12}}).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(recommend(*model_, 3, {.with = {-1}}).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(recommend(*model_, 3, {.confidence = 1.0}).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(recommend(*model_, 3, {.deadline_us = -1.0}).error().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace pitot::place
