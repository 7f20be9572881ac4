// Questions that no model can answer: an error each, or what is said of the unknown, and no byte written beside the
// answers.
#include "pitot/predictor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/api/small.hpp"

namespace pitot {
namespace {

using test::fails_with;
using test::small_model;

using Indices = std::vector<std::int32_t>;
using Doubles = std::vector<double>;

constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::array kNoPlatforms{-1, test::kPlatforms, kLeast, kMost};
constexpr std::array kNoModules{-1, test::kModules, kLeast, kMost};
const Doubles kNoConfidences{0.0, 1.0, -0.5, 1.5, test::kNan, test::kInfinity, -test::kInfinity};

TEST(HostileQuery, RowsThatDoNotExistAreRefused) {
    const Indices good{0, 1, 2};
    const auto with = [&](std::size_t at, std::int32_t wrong) {
        Indices changed = good;
        changed[at] = wrong;
        return changed;
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const std::int32_t wrong : kNoPlatforms) {
            EXPECT_TRUE(fails_with(small_model().predict({with(at, wrong), good, {}, 0}), ErrorCode::kUsage,
                                   {std::to_string(wrong)}));
        }
        for (const std::int32_t wrong : kNoModules) {
            EXPECT_TRUE(fails_with(small_model().predict({good, with(at, wrong), {}, 0}), ErrorCode::kUsage,
                                   {std::to_string(wrong)}));
            if (wrong != -1) {
                EXPECT_TRUE(fails_with(small_model().predict({good, good, with(at, wrong), 1}), ErrorCode::kUsage,
                                       {std::to_string(wrong)}));
            }
        }
    }
}

TEST(HostileQuery, SpansThatDoNotFitEachOtherAreRefused) {
    const Indices none;
    const Indices two{0, 1};
    const Indices three{0, 1, 2};
    for (const Query& query :
         {Query{two, three, {}, 0}, Query{three, two, {}, 0}, Query{none, two, {}, 0}, Query{two, none, {}, 0},
          Query{two, two, two, 0}, Query{two, two, three, 1}, Query{two, two, none, 1}, Query{two, two, two, 2},
          Query{two, two, two, -1}, Query{two, two, none, kMost}, Query{two, two, none, kLeast},
          Query{none, none, two, 1}, Query{none, none, none, -1}}) {
        EXPECT_TRUE(fails_with(small_model().predict(query), ErrorCode::kUsage, {}));
    }
    EXPECT_TRUE(small_model().predict({none, none, none, kMost}));
}

TEST(HostileQuery, ConfidencesThatAreNoneAreRefused) {
    const Indices one{0};
    for (const double wrong : kNoConfidences) {
        const Doubles confidences{0.5, wrong};
        EXPECT_TRUE(fails_with(small_model().predict({one, one, {}, 0}, confidences), ErrorCode::kUsage, {}));
        EXPECT_TRUE(fails_with(small_model().predict({}, confidences), ErrorCode::kUsage, {})) << "even of no rows";
        EXPECT_TRUE(fails_with(small_model().predict_pair(0, 0, wrong), ErrorCode::kUsage, {}));
        EXPECT_TRUE(fails_with(small_model().check_bound(0, wrong), ErrorCode::kUsage, {}));
    }
    // Confidences all but 1 are some: no number of rows anyone has suffices, and that is said at once.
    for (const double high : {0.999, 1 - 1e-9, 1 - 1e-13, 1 - 1e-15, std::nextafter(1.0, 0.0)}) {
        EXPECT_TRUE(
            fails_with(small_model().check_bound(0, high), ErrorCode::kInput, {"combinations without co-runners"}))
            << high;
        EXPECT_TRUE(std::isnan(small_model().predict_pair(0, 0, high).value().bound_us)) << high;
    }
    const double low = std::numeric_limits<double>::denorm_min();
    EXPECT_TRUE(std::isfinite(small_model().predict_pair(0, 0, low).value().bound_us));
}

TEST(HostileQuery, SpansOfAnotherSizeAreNotWrittenTo) {
    const Indices rows{0, 1, 2};
    const Query query{rows, rows, {}, 0};
    const Doubles confidences{0.5, 0.6};
    Doubles runtime(4, -1.0);
    Doubles bound(9, -1.0);
    std::vector<Basis> basis(4, Basis::kAverage);
    const std::span<double> times = std::span(runtime).first(3);
    const MatrixView<double> bounds{bound.data(), 3, 2, 2};
    const std::span<Basis> bases = std::span(basis).first(3);
    for (const PredictionSpans& out :
         {PredictionSpans{{}, bounds, bases}, PredictionSpans{times.first(2), bounds, bases},
          PredictionSpans{runtime, bounds, bases}, PredictionSpans{times, {}, bases},
          PredictionSpans{times, {bound.data(), 2, 2, 2}, bases},
          PredictionSpans{times, {bound.data(), 3, 1, 1}, bases},
          PredictionSpans{times, {bound.data(), 3, 3, 3}, bases}, PredictionSpans{times, {nullptr, 3, 2, 2}, bases},
          PredictionSpans{times, {bound.data(), 3, 2, 1}, bases},
          PredictionSpans{times, {bound.data(), 3, 2, -2}, bases},
          PredictionSpans{times, {bound.data(), -3, 2, 2}, bases}, PredictionSpans{times, bounds, bases.first(2)},
          PredictionSpans{times, bounds, basis}}) {
        EXPECT_TRUE(fails_with(small_model().predict_into(query, confidences, out), ErrorCode::kUsage, {"do not fit"}));
    }
    EXPECT_EQ(std::ranges::count(runtime, -1.0) + std::ranges::count(bound, -1.0), 13);
    ASSERT_TRUE(small_model().predict_into(query, confidences, {times, bounds, bases}));
    EXPECT_EQ(runtime.back(), -1.0);
    EXPECT_EQ(std::ranges::count(bound, -1.0), 3);
    EXPECT_EQ(basis.back(), Basis::kAverage);
}

TEST(HostileQuery, PairsThatDoNotExistAreRefused) {
    for (const std::int32_t wrong : kNoPlatforms) {
        EXPECT_TRUE(fails_with(small_model().predict_pair(wrong, 0), ErrorCode::kUsage, {}));
    }
    for (const std::int32_t wrong : kNoModules) {
        EXPECT_TRUE(fails_with(small_model().predict_pair(0, wrong), ErrorCode::kUsage, {}));
        const Indices beside{-1, wrong};
        EXPECT_EQ(small_model().predict_pair(0, 0, {}, beside).has_value(), wrong == -1);
    }
    // More co-runners than any row had are many, not wrong.
    EXPECT_TRUE(small_model().predict_pair(0, 0, {}, Indices(1000, 1)));
}

TEST(HostileQuery, NothingIsKnownOfRowsThatDoNotExist) {
    const Indices beside{1};
    for (const std::int32_t wrong : kNoPlatforms) {
        EXPECT_FALSE(small_model().measured(wrong, 0));
        EXPECT_EQ(small_model().evidence(wrong, 0, beside), Evidence::kNone);
        EXPECT_EQ(small_model().evidence(wrong, 0), Evidence::kNone);
        EXPECT_EQ(small_model().evidence_beside_others(wrong, 0), Evidence::kNone);
        EXPECT_EQ(small_model().platform_basis(wrong), Basis::kAverage);
        EXPECT_EQ(small_model().platform_part(wrong), -1);
    }
    for (const std::int32_t wrong : kNoModules) {
        EXPECT_FALSE(small_model().measured(0, wrong));
        EXPECT_EQ(small_model().evidence(0, wrong, beside), Evidence::kNone);
        EXPECT_EQ(small_model().evidence(0, 0, Indices{wrong, wrong, wrong}) == Evidence::kNone, wrong != -1);
        EXPECT_EQ(small_model().evidence_beside_others(0, wrong), Evidence::kNone);
        EXPECT_EQ(small_model().module_basis(wrong), Basis::kAverage);
        EXPECT_EQ(small_model().module_part(wrong), -1);
        EXPECT_EQ(small_model().co_runner_basis(wrong), Basis::kAverage);
    }
}

TEST(HostileQuery, NamesThatAreNoneAreNotFound) {
    for (const std::string& wrong : {std::string(), std::string("platform0\0", 10), test::kNul, test::kNotUtf8,
                                     std::string(100'000, 'x'), std::string("%s%n{}")}) {
        EXPECT_TRUE(fails_with(small_model().find_platform(wrong), ErrorCode::kInput, {}));
        EXPECT_TRUE(fails_with(small_model().find_module(wrong), ErrorCode::kInput, {}));
    }
}

// A newcomer, before it is broken.
Side newcomer(const char* kind, std::int32_t rows = 1) {
    Side side = test::small_side(kind, rows);
    for (std::string& name : side.names) {
        name = "new " + name;
    }
    return side;
}

void expect_refused(const Side& side, const char* kind, const std::string& what) {
    const bool platform = std::string(kind) == "platform";
    EXPECT_TRUE(fails_with(platform ? small_model().with_rows(side, {}) : small_model().with_rows({}, side),
                           ErrorCode::kInput, {kind}))
        << what;
}

TEST(HostileRows, SidesThatDoNotFitTogetherAreRefused) {
    for (const char* kind : {"platform", "module"}) {
        for (const auto& [rows, cols] :
             {std::pair<std::int64_t, std::int64_t>{0, 0}, {0, 2}, {1, 2}, {3, 2}, {2, 0}, {2, 1}, {2, 3}}) {
            Side side = newcomer(kind, 2);
            side.features = Matrix<double>(rows, cols);
            expect_refused(side, kind, std::to_string(rows) + " × " + std::to_string(cols));
        }
        Side nameless = newcomer(kind);
        nameless.names.clear();
        expect_refused(nameless, kind, "features without names");
    }
}

TEST(HostileRows, NamesAndValuesThatAreNoneAreRefused) {
    for (const char* kind : {"platform", "module"}) {
        for (const std::string& name : {std::string(), test::kNul, test::kNotUtf8, std::string(kind) + "0"}) {
            Side side = newcomer(kind);
            side.names[0] = name;
            expect_refused(side, kind, name);
            side = newcomer(kind);
            side.feature_names[1] = name;
            expect_refused(side, kind, "feature " + name);
        }
        Side side = newcomer(kind);
        side.feature_names[1] = side.feature_names[0];
        expect_refused(side, kind, "a feature twice");
        side = newcomer(kind, 2);
        side.names[1] = side.names[0];
        expect_refused(side, kind, "a name twice");
        for (const double value : {test::kNan, test::kInfinity, -test::kInfinity, 1e308, -1e308}) {
            side = newcomer(kind);
            side.features(0, 1) = value;
            expect_refused(side, kind, std::to_string(value));
        }
    }
}

TEST(HostileRows, LargeFeaturesGiveTimes) {
    for (const double value : {1e6, -1e6, 1e30, -1e30}) {
        Side side = newcomer("module");
        side.features(0, 1) = value;
        const auto wider = small_model().with_rows({}, side);
        ASSERT_TRUE(wider) << wider.error().to_string();
        const double runtime_us = wider->predict_pair(0, test::kModules).value().runtime_us;
        EXPECT_TRUE(std::isfinite(runtime_us) && runtime_us > 0) << value << ": " << runtime_us;
    }
}

TEST(HostileMemory, ExtentsThatNoMemoryHasAreRefused) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const auto& [rows, cols] : {std::pair<std::int64_t, std::int64_t>{-1, 1},
                                     {1, -1},
                                     {-1, -1},
                                     {most, 1},
                                     {most, most},
                                     {std::int64_t{1} << 32, std::int64_t{1} << 32},
                                     {-most - 1, -1}}) {
        EXPECT_THROW(Matrix<double>(rows, cols), std::length_error) << rows << " × " << cols;
    }
    EXPECT_EQ(Matrix<double>(0, most).flat().size(), 0U);
}

}  // namespace
}  // namespace pitot
