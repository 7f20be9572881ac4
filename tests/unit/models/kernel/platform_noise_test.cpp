// A platform whose runtimes depend on nothing: it is found, its predictions say so, and others do without it.
#include "models/kernel/platform_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "models/kernel/hyper.hpp"
#include "pitot/fit.hpp"
#include "pitot/predictor.hpp"
#include "pitot/units.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::models::kernel {
namespace {

constexpr std::int32_t kWild = 3;

// Features tell a rank-2 interaction on all platforms but one, whose runs scatter by e^1.5 about a constant, the less
// so within a pair the smaller `within`.
Dataset with_wild_platform(bool wild, std::int64_t repeats = 1, double within = 0.0) {
    Dataset dataset = test::synthetic_dataset({.platforms = 20, .modules = 40, .density = 0.6});
    const ObservationView known = dataset.observations.view();
    core::Stream draws(core::Key(8));
    ObservationTable table;
    for (std::size_t n = 0; n < known.platform.size(); ++n) {
        const bool own = wild && known.platform[n] == kWild;
        const double pair = draws.normal();
        for (std::int64_t run = 0; run < (own ? repeats : 1); ++run) {
            table.platform.push_back(known.platform[n]);
            table.module.push_back(known.module[n]);
            table.runtime_us.push_back(own ? to_time(LogRuntime{1.5 * pair + within * draws.normal()}).value
                                           : known.runtime_us[n]);
        }
    }
    dataset.set_observations(std::move(table));
    return dataset;
}

Predictor fitted(const Dataset& dataset, int threads = 1) {
    FitConfig config = preset("kernel").value();
    config.calibration_share = 0.0;
    config.model.kernel_steps = 40;
    Context context;
    context.threads = threads;
    return fit(dataset, config, context).value();
}

// Deviations of the pairs of a platform that were not measured.
std::vector<double> deviations(const Predictor& predictor, std::int32_t platform) {
    std::vector<std::int32_t> modules;
    for (std::int32_t j = 0; j < predictor.modules().size(); ++j) {
        if (predictor.evidence(platform, j) == Evidence::kNone) {
            modules.push_back(j);
        }
    }
    const std::vector<std::int32_t> platforms(modules.size(), platform);
    return predictor.predict({platforms, modules, {}, 0}).value().deviation;
}

TEST(PlatformNoise, IsFoundAndItsPredictionsAreMarkedAsGuesses) {
    const Predictor predictor = fitted(with_wild_platform(true));
    for (std::int32_t p = 0; p < predictor.platforms().size(); ++p) {
        for (const double s : deviations(predictor, p)) {
            EXPECT_EQ(s > 0.7, p == kWild) << s << " on platform " << p;
        }
    }
    EXPECT_TRUE(is_guess(deviations(predictor, kWild).front()));
}

TEST(PlatformNoise, IsNotSeenWhereThereIsNone) {
    const Predictor predictor = fitted(with_wild_platform(false));
    for (std::int32_t p = 0; p < predictor.platforms().size(); ++p) {
        for (const double s : deviations(predictor, p)) {
            EXPECT_LT(s, 0.3);
        }
    }
}

TEST(PlatformNoise, IsNoMoreThanRepeatedRunsScatter) {
    const Dataset dataset = with_wild_platform(true, 2, 0.02);
    const Predictor predictor = fitted(dataset);
    const ObservationView known = dataset.observations.view();
    for (std::size_t n = 0; n < known.platform.size(); ++n) {
        if (known.platform[n] == kWild) {
            const std::vector<std::int32_t> platform{kWild}, module{known.module[n]};
            const Predictions told = predictor.predict({platform, module, {}, 0}).value();
            EXPECT_NEAR(std::log(told.runtime_us.front() / known.runtime_us[n]), 0.0, 0.3) << "a pair's own runs agree";
            EXPECT_LT(told.deviation.front(), 0.3);
        }
    }
}

TEST(PlatformNoise, IsTheSameForAnyNumberOfThreadsAndAfterAFile) {
    const test::TempFolder folder;
    const Dataset dataset = with_wild_platform(true);
    const Predictor one = fitted(dataset, 1);
    const Predictor two = fitted(dataset, 3);
    ASSERT_EQ(deviations(one, kWild), deviations(two, kWild));
    ASSERT_TRUE(one.save(folder / "model.pitot"));
    const auto read = Predictor::load(folder / "model.pitot");
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(deviations(one, kWild), deviations(*read, kWild));
}

TEST(PlatformNoise, LiesOnTheDiagonalOfItsPlatform) {
    SideDistances side;
    side.rows = 4;
    side.more_noise = {0.0, 0.5};
    core::Team team(1);
    SideDistances modules;
    modules.rows = 3;
    const Layout layout(side, modules);
    const Tables tables = make_tables(layout, layout.start(core::Key(1)), side, modules, team);
    EXPECT_EQ(tables.noise_of(0), tables.noise);
    EXPECT_EQ(tables.noise_of(1), tables.noise + 0.5);
    EXPECT_EQ(tables.noise_of(3), tables.noise) << "appended";
}

TEST(RunScatter, IsByPlatformAboutEachPairsMean) {
    ObservationTable table;
    for (const auto& [p, m, y] :
         {std::tuple(0, 0, 0.0), {0, 0, 2.0}, {0, 1, 5.0}, {1, 0, 1.0}, {1, 0, 1.0}, {1, 0, 4.0}}) {
        table.platform.push_back(p);
        table.module.push_back(m);
        table.runtime_us.push_back(to_time(LogRuntime{y}).value);
    }
    const std::vector<std::int64_t> rows{0, 1, 2, 3, 4, 5};
    const Cells cells = gather_cells(table.view(), rows);
    const auto scatter = scatter_by_platform(table.view(), rows, cells, 3);
    EXPECT_NEAR(scatter[0].squares, 2.0, 1e-9);
    EXPECT_EQ(scatter[0].freedom, 1.0);
    EXPECT_NEAR(scatter[1].squares, 6.0, 1e-9);
    EXPECT_EQ(scatter[1].freedom, 2.0);
    EXPECT_EQ(scatter[2].freedom, 0.0);
    EXPECT_NEAR(scatter[0].squares + scatter[1].squares, cells.within_squares, 1e-9);
}

}  // namespace
}  // namespace pitot::models::kernel
