#include "bench/support/study_fleets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "dataset/connections.hpp"
#include "support/expect_error.hpp"

namespace pitot::bench {
namespace {

TEST(StudyFleets, AreWholeAndTheSameForASeed) {
    for (const StudyFleetInfo& info : study_fleets()) {
        const StudyFleet fleet = study_fleet(info.name, 1).value();
        EXPECT_TRUE(fleet.dataset.validate()) << info.name;
        EXPECT_EQ(fleet.truth.rows(), fleet.dataset.platforms.size());
        EXPECT_EQ(fleet.truth.cols(), fleet.dataset.modules.size());
        EXPECT_EQ(dataset_digest(fleet.dataset), dataset_digest(study_fleet(info.name, 1).value().dataset));
        EXPECT_NE(dataset_digest(fleet.dataset), dataset_digest(study_fleet(info.name, 2).value().dataset));
    }
    EXPECT_TRUE(test::fails_with(study_fleet("none", 1), ErrorCode::kUsage, {"'none'", "rank3, small"}));
}

// Medians of |ln t - truth| over a platform's runs.
double scatter(const StudyFleet& fleet, std::int32_t platform) {
    std::vector<double> off;
    const ObservationView runs = fleet.dataset.pool(kAlone);
    for (std::size_t n = 0; n < runs.runtime_us.size(); ++n) {
        if (runs.platform[n] == platform) {
            off.push_back(std::abs(std::log(runs.runtime_us[n]) - fleet.truth(platform, runs.module[n])));
        }
    }
    std::ranges::nth_element(off, off.begin() + std::ssize(off) / 2);
    return off[off.size() / 2];
}

TEST(StudyFleets, HaveTheNoiseTheySay) {
    const StudyFleet wild = study_fleet("wild", 1).value();
    constexpr double normal = 0.6745;  // median of |N(0, 1)|
    EXPECT_NEAR(scatter(wild, 0), 1.0 * normal, 0.25);
    EXPECT_NEAR(scatter(wild, 2), 0.3 * normal, 0.08);
    EXPECT_NEAR(scatter(wild, 3), 0.05 * normal, 0.015);
    const StudyFleet heavy = study_fleet("heavy", 1).value();
    EXPECT_NEAR(scatter(heavy, 0), 0.03 * normal, 0.01);
}

TEST(StudyFleets, HalvesHangTogetherByTwoPlatforms) {
    const StudyFleet fleet = study_fleet("halves", 1).value();
    dataset::Connections connections(40, 60);
    const ObservationView runs = fleet.dataset.pool(kAlone);
    std::map<std::int32_t, std::int64_t> count;
    for (std::size_t n = 0; n < runs.platform.size(); ++n) {
        connections.join(runs.platform[n], runs.module[n]);
        ++count[runs.platform[n]];
    }
    EXPECT_EQ(std::ranges::max(connections.parts()), 0);
    EXPECT_EQ(std::ranges::count(count, 60, &std::pair<const std::int32_t, std::int64_t>::second), 2);
    EXPECT_EQ(fleet.dataset.observations.size() + fleet.unmeasured.size(), 40 * 60);
}

}  // namespace
}  // namespace pitot::bench
