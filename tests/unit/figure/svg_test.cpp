#include "figure/svg.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "figure/report.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"
#include "support/synthetic.hpp"

namespace pitot::figure {
namespace {

TEST(Svg, NamesDoNothingToAPage) {
    EXPECT_EQ(escaped("<b>&\"a\"</b>"), "&lt;b&gt;&amp;&quot;a&quot;&lt;/b&gt;");
    EXPECT_EQ(escaped("a\x01\tb\xff"), "a  b?");
    EXPECT_EQ(escaped("µ"), "µ");
    SvgCanvas canvas(10.0, 20.0);
    canvas.text(1.0, 2.0, "<script>");
    canvas.circle(1.0, 2.0, 3.0, "dot", "a < b");
    const std::string element = canvas.element("\"x\"", false);
    EXPECT_EQ(element.find("<script>"), std::string::npos);
    EXPECT_NE(element.find("<title>a &lt; b</title></circle>"), std::string::npos);
    EXPECT_NE(element.find("aria-label=\"&quot;x&quot;\""), std::string::npos);
    EXPECT_EQ(element.find("<style>"), std::string::npos);
    EXPECT_NE(canvas.element("x", true).find("prefers-color-scheme:dark"), std::string::npos);
}

TEST(Svg, AxesHoldWhatTheyShow) {
    const AxisScale x = decades_around({30.0, 4000.0}, 100.0, 400.0);
    EXPECT_DOUBLE_EQ(x.least, 10.0);
    EXPECT_DOUBLE_EQ(x.most, 10000.0);
    EXPECT_NEAR(x(10.0), 100.0, 1e-9);
    EXPECT_NEAR(x(100.0), 200.0, 1e-9);
    EXPECT_EQ(decades_of(x).size(), 4U);
    EXPECT_LE(decades_of({1e-9, 1e15, 0.0, 1.0, true}).size(), 13U);
    // One value alone has an axis, too.
    const AxisScale one = decades_around({100.0, 100.0}, 0.0, 1.0);
    EXPECT_GT(one.most, one.least);
    const std::vector<double> ticks = ticks_of({0.0, 1.0, 0.0, 100.0});
    EXPECT_EQ(ticks.size(), 6U);
    EXPECT_NEAR(ticks[1], 0.2, 1e-12);
    EXPECT_EQ(heat_colour(0.0), "#440154");
    EXPECT_EQ(heat_colour(1.0), "#fde725");
    EXPECT_EQ(heat_colour(7.0), heat_colour(1.0));
}

class Report : public testing::Test {
protected:
    Report() : fleet_(test::synthetic_dataset({.density = 0.8, .together = 200})) {}

    [[nodiscard]] PictureSource source(const Predictor& model, const Dataset* runs) const {
        return {model, runs, 0.9, tested_rows(model, runs, 0.9).value()};
    }

    Dataset fleet_;
};

TEST_F(Report, HasEveryPictureOfAModelThatLearnsOn) {
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 10;
    const Predictor model = fit(fleet_, config).value();
    const PictureSource with = source(model, &fleet_);
    for (const TestedRow& row : with.tested) {
        EXPECT_EQ(model.evidence(row.platform, row.module, row.with), Evidence::kSetAside);
        EXPECT_TRUE(row.set_aside);
    }
    for (const PictureKind& kind : picture_kinds()) {
        const auto picture = kind.draw(with);
        ASSERT_TRUE(picture) << kind.name << ": " << picture.error().to_string();
        EXPECT_EQ(picture->canvas.element("", true).find("nan"), std::string::npos) << kind.name;
        EXPECT_EQ(picture->canvas.element("", true).find("inf\""), std::string::npos) << kind.name;
    }
    // The rows set aside are in the model: without the dataset, the matrix alone is missing.
    const PictureSource without = source(model, nullptr);
    EXPECT_EQ(without.tested.size(), with.tested.size());
    for (const PictureKind& kind : picture_kinds()) {
        EXPECT_EQ(kind.draw(without).has_value(), kind.name != "matrix") << kind.name;
    }
    const std::string page = report_page(with, {"<title>", "m.pitot", "d.csv", "a: b\nc < d\n"});
    EXPECT_NE(page.find("&lt;title&gt;"), std::string::npos);
    EXPECT_NE(page.find("a: b\nc &lt; d\n"), std::string::npos);
    EXPECT_EQ(page.find("Left out"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
}

TEST_F(Report, SaysWhatIsLeftOutOfOthers) {
    const Predictor model = fit(fleet_, preset("baseline/linear_scaling").value()).value();
    const PictureSource without = source(model, nullptr);
    EXPECT_TRUE(without.tested.empty());
    const std::string page = report_page(without, {"t", "m.pitot", "", ""});
    EXPECT_NE(page.find("Left out: there is no measured combination"), std::string::npos);
    EXPECT_NE(page.find("Left out: the matrix shows what was measured"), std::string::npos);
    // Held against the dataset it knows what was set aside.
    EXPECT_FALSE(source(model, &fleet_).tested.empty());
}

TEST_F(Report, ErrorsAreThoseOfTheModel) {
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 10;
    const Predictor model = fit(fleet_, config).value();
    const Dataset other = test::synthetic_dataset({.density = 1.0});
    std::map<std::pair<std::int32_t, std::int32_t>, double> runtime;
    const ObservationView alone = other.pool(kAlone);
    for (std::int64_t n = 0; n < alone.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        runtime[{alone.platform[at], alone.module[at]}] = alone.runtime_us[at];
    }
    std::size_t pairs = 0;
    std::size_t unseen = 0;
    for (const TestedRow& row : source(model, &other).tested) {
        const auto evidence = model.evidence(row.platform, row.module, row.with);
        EXPECT_NE(evidence, Evidence::kLearned);
        EXPECT_EQ(row.set_aside, evidence == Evidence::kSetAside);
        if (row.with.empty()) {
            ++pairs;
            unseen += evidence == Evidence::kNone ? 1U : 0U;
            EXPECT_EQ(row.runtime_us, runtime.at({row.platform, row.module}));
            EXPECT_NEAR(row.predicted_us / row.runtime_us, 1.0, 0.5);
        }
    }
    // All pairs but those learned from are among them.
    std::size_t learned = 0;
    for (const auto& entry : runtime) {
        learned += model.evidence(entry.first.first, entry.first.second) == Evidence::kLearned ? 1U : 0U;
    }
    EXPECT_EQ(pairs, runtime.size() - learned);
    EXPECT_GT(unseen, 5U);
}

// Every run of a fleet `times` times, each time longer.
Dataset repeated(const Dataset& fleet, int times) {
    Dataset again = test::synthetic_dataset({.density = 0.8, .together = 200});
    ObservationTable tables[2];
    for (const std::size_t pool : {std::size_t{0}, std::size_t{1}}) {
        const ObservationView rows = fleet.pool(pool);
        tables[pool].width = rows.width;
        for (int time = 0; time < times; ++time) {
            for (std::int64_t n = 0; n < rows.size(); ++n) {
                const auto at = static_cast<std::size_t>(n);
                const auto width = static_cast<std::size_t>(rows.width);
                tables[pool].platform.push_back(rows.platform[at]);
                tables[pool].module.push_back(rows.module[at]);
                tables[pool].runtime_us.push_back(rows.runtime_us[at] * (1.0 + 0.1 * time));
                const auto with = rows.co_runner.subspan(at * width, width);
                std::vector<std::int32_t>& beside = tables[pool].co_runner.edit();
                beside.insert(beside.end(), with.begin(), with.end());
            }
        }
    }
    again.set_observations(std::move(tables[0]), std::move(tables[1]));
    return again;
}

TEST_F(Report, OfCombinationsSetAsideTheModelHasOneRunEach) {
    const Dataset fleet = repeated(fleet_, 3);
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 10;
    const Predictor model = fit(fleet, config).value();
    const auto kept = tested_rows(model, nullptr, 0.9).value();
    const auto given = tested_rows(model, &fleet, 0.9).value();
    ASSERT_EQ(kept.size(), given.size());
    ASSERT_GT(kept.size(), 10U);
    for (std::size_t n = 0; n < kept.size(); ++n) {
        EXPECT_EQ(kept[n].platform, given[n].platform);
        EXPECT_EQ(kept[n].module, given[n].module);
        EXPECT_EQ(kept[n].with, given[n].with);
        // Runs of 1, 1.1 and 1.2 times as long, whose mean the dataset gives.
        const double run = 1.1 * kept[n].runtime_us / given[n].runtime_us;
        EXPECT_NEAR(10.0 * run, std::round(10.0 * run), 1e-9);
        EXPECT_NEAR(run, 1.1, 0.1 + 1e-9);
        EXPECT_EQ(kept[n].predicted_us, given[n].predicted_us);
        EXPECT_EQ(kept[n].bound_us, given[n].bound_us);
        EXPECT_TRUE(kept[n].set_aside && given[n].set_aside);
    }
}

TEST_F(Report, PlatformsOfLongNamesAreNamedToo) {
    const std::string rest(60, 'x');
    for (Side* side : {&fleet_.platforms, &fleet_.modules}) {
        for (std::string& name : side->names) {
            name += rest;
        }
    }
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 10;
    const Predictor model = fit(fleet_, config).value();
    const PictureSource with = source(model, &fleet_);
    const std::string cut = "x… on " + fleet_.platforms.names[0].substr(0, 1);
    for (const char* name : {"next", "worst"}) {
        const auto kind = std::ranges::find(picture_kinds(), std::string_view(name), &PictureKind::name);
        const std::string drawn = kind->draw(with)->canvas.element("", true);
        EXPECT_NE(drawn.find(cut), std::string::npos) << name;
        // Words, which unlike titles have to fit.
        std::size_t longest = 0;
        for (std::size_t at = drawn.find("<text"); at != std::string::npos; at = drawn.find("<text", at + 1)) {
            const std::size_t from = drawn.find('>', at) + 1;
            longest = std::max(longest, drawn.find('<', from) - from);
        }
        EXPECT_LT(longest, 120U) << name;
    }
}

TEST_F(Report, MediansAreThoseOfBothInTheMiddle) {
    const Predictor model = fit(fleet_, preset("baseline/linear_scaling").value()).value();
    PictureSource two{model, nullptr, 0.9, {}};
    for (const double error : {0.1, 0.3}) {
        two.tested.push_back({0, 0, {}, 1.0, 1.0 + error, std::numeric_limits<double>::quiet_NaN(), true});
    }
    const std::string page = report_page(two, {"t", "m.pitot", "", ""});
    EXPECT_NE(page.find("half of them by less than 20.0 %"), std::string::npos);
    EXPECT_EQ(page.find("set aside to calibrate bounds, which"), std::string::npos);
    two.tested[0].bound_us = 2.0;
    EXPECT_NE(report_page(two, {"t", "m.pitot", "", ""}).find(" 1 of these was set aside"), std::string::npos);
}

TEST_F(Report, WhatOlderFilesDoNotSayIsNoErrorOfTheModel) {
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 10;
    const Predictor model = fit(fleet_, config).value();
    PredictorParts parts = predict::clone_parts(model.parts());
    parts.measured.resize(1);
    parts.calibration_rows = {};
    const Predictor older(std::move(parts));
    ASSERT_EQ(older.evidence(0, 0, std::vector<std::int32_t>{1}), std::nullopt);
    const auto rows = tested_rows(older, &fleet_, 0.9).value();
    EXPECT_GT(rows.size(), 5U);
    for (const TestedRow& row : rows) {
        EXPECT_TRUE(row.with.empty());
    }
}

}  // namespace
}  // namespace pitot::figure
