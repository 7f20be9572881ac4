#include "bench/support/study_fleets.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "core/key.hpp"

namespace pitot::bench {
namespace {

constexpr double kMedian = 9.0;  // of ln(runtime / us): 8 ms

Side study_side(const std::string& kind, std::int64_t rows, std::int64_t features, core::Key key) {
    Side side;
    side.features = Matrix<double>(rows, features);
    core::Stream stream(key.fold("features"));
    for (double& x : side.features.flat()) {
        x = stream.normal();
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        side.names.push_back(kind + std::to_string(i));
    }
    for (std::int64_t c = 0; c < features; ++c) {
        side.feature_names.push_back(kind + "_feature" + std::to_string(c));
    }
    return side;
}

// Rows × count independent factors of variance 1 a row. With features, half of the variance is a linear function of
// them.
Matrix<double> factors_of(const Side& side, std::int64_t count, core::Key key) {
    Matrix<double> factors(side.size(), count);
    core::Stream stream(key.fold("factors"));
    const std::int64_t features = side.features.cols();
    const double own = features > 0 ? std::sqrt(0.5) : 1.0;
    for (double& x : factors.flat()) {
        x = own * stream.normal();
    }
    for (std::int64_t q = 0; q < count; ++q) {
        for (std::int64_t c = 0; c < features; ++c) {
            const double weight = std::sqrt(0.5 / static_cast<double>(features)) * stream.normal();
            for (std::int64_t i = 0; i < side.size(); ++i) {
                factors(i, q) += weight * side.features(i, c);
            }
        }
    }
    return factors;
}

struct FleetShape {
    std::int64_t platforms = 0;
    std::int64_t modules = 0;
    std::int64_t features = 0;  // of each side
    std::int64_t rank = 0;      // of the product
    double interaction = 0.0;   // standard deviation of the product
};

// ln t = kMedian + a_i + 1.5 b_j + interaction / sqrt(rank) * sum_q u_iq v_jq.
StudyFleet fleet_of(const FleetShape& shape, core::Key key) {
    StudyFleet fleet;
    fleet.dataset.platforms = study_side("platform", shape.platforms, shape.features, key.fold("platforms"));
    fleet.dataset.modules = study_side("module", shape.modules, shape.features, key.fold("modules"));
    const auto u = factors_of(fleet.dataset.platforms, shape.rank + 1, key.fold("platforms"));
    const auto v = factors_of(fleet.dataset.modules, shape.rank + 1, key.fold("modules"));
    fleet.truth = Matrix<double>(shape.platforms, shape.modules);
    for (std::int64_t i = 0; i < shape.platforms; ++i) {
        for (std::int64_t j = 0; j < shape.modules; ++j) {
            double product = 0.0;
            for (std::int64_t q = 1; q <= shape.rank; ++q) {
                product += u(i, q) * v(j, q);
            }
            fleet.truth(i, j) = kMedian + u(i, 0) + 1.5 * v(j, 0) +
                                shape.interaction / std::sqrt(static_cast<double>(shape.rank)) * product;
        }
    }
    return fleet;
}

void add_run(ObservationTable& table, std::int64_t i, std::int64_t j, double logarithm) {
    table.platform.push_back(static_cast<std::int32_t>(i));
    table.module.push_back(static_cast<std::int32_t>(j));
    table.runtime_us.push_back(std::exp(logarithm));
}

// Measures a share of the pairs once each, those of the diagonal always, with noise of a standard deviation a platform.
void measure_once(StudyFleet& fleet, double density, const std::function<double(std::int64_t)>& noise, core::Key key) {
    core::Stream stream(key.fold("runs"));
    ObservationTable alone;
    for (std::int64_t i = 0; i < fleet.truth.rows(); ++i) {
        for (std::int64_t j = 0; j < fleet.truth.cols(); ++j) {
            const bool measured = stream.uniform() < density;
            const double run = fleet.truth(i, j) + noise(i) * stream.normal();
            if (measured || i == j % fleet.truth.rows()) {
                add_run(alone, i, j, run);
            }
        }
    }
    fleet.dataset.set_observations(std::move(alone));
}

StudyFleet rank3(core::Key key) {
    StudyFleet fleet = fleet_of({.platforms = 100, .modules = 100, .rank = 3, .interaction = 0.5}, key);
    measure_once(
        fleet, 1.0, [](std::int64_t) { return 0.05; }, key);
    return fleet;
}

StudyFleet small(core::Key key) {
    StudyFleet fleet = fleet_of({.platforms = 10, .modules = 50, .rank = 2, .interaction = 0.25}, key);
    measure_once(
        fleet, 1.0, [](std::int64_t) { return 0.05; }, key);
    return fleet;
}

StudyFleet wild(core::Key key) {
    StudyFleet fleet = fleet_of({.platforms = 40, .modules = 60, .features = 5, .rank = 2, .interaction = 0.3}, key);
    core::Stream stream(key.fold("wild"));
    std::vector<double> mean(3, 0.0);
    for (std::size_t i = 0; i < mean.size(); ++i) {
        for (std::int64_t j = 0; j < fleet.truth.cols(); ++j) {
            mean[i] += fleet.truth(static_cast<std::int64_t>(i), j) / static_cast<double>(fleet.truth.cols());
        }
    }
    for (std::int64_t j = 0; j < fleet.truth.cols(); ++j) {
        fleet.truth(1, j) = mean[1] + 1.5 * stream.normal();
        fleet.truth(2, j) += 1.5 * stream.normal();  // five times the product of others
    }
    measure_once(
        fleet, 0.9, [](std::int64_t i) { return i == 0   ? 1.0
                                                : i == 2 ? 0.3
                                                         : 0.05; }, key);
    return fleet;
}

StudyFleet heavy(core::Key key) {
    StudyFleet fleet = fleet_of({.platforms = 30, .modules = 40, .features = 5, .rank = 2, .interaction = 0.3}, key);
    core::Stream stream(key.fold("runs"));
    ObservationTable alone;
    for (std::int64_t i = 0; i < fleet.truth.rows(); ++i) {
        for (std::int64_t j = 0; j < fleet.truth.cols(); ++j) {
            const std::uint64_t runs = 1 + stream.below(9);
            for (std::uint64_t run = 0; run < runs; ++run) {
                const double noise = 0.03 * stream.normal();
                const bool stretched = stream.uniform() < 0.1;
                const double stretch = -0.7 * std::log(1.0 - stream.uniform());
                add_run(alone, i, j, fleet.truth(i, j) + noise + (stretched ? stretch : 0.0));
            }
        }
    }
    fleet.dataset.set_observations(std::move(alone));
    return fleet;
}

StudyFleet halves(core::Key key) {
    constexpr std::int64_t platforms = 40;
    constexpr std::int64_t modules = 60;
    StudyFleet fleet =
        fleet_of({.platforms = platforms, .modules = modules, .features = 5, .rank = 2, .interaction = 0.3}, key);
    core::Stream stream(key.fold("runs"));
    ObservationTable alone;
    for (std::int64_t i = 0; i < platforms; ++i) {
        for (std::int64_t j = 0; j < modules; ++j) {
            const double run = fleet.truth(i, j) + 0.05 * stream.normal();
            const bool within = (i < platforms / 2) == (j < modules / 2);
            const bool common = i == 0 || i == platforms / 2;
            add_run(within || common ? alone : fleet.unmeasured, i, j, run);
        }
    }
    fleet.dataset.set_observations(std::move(alone));
    return fleet;
}

struct Entry {
    StudyFleetInfo info;
    StudyFleet (*make)(core::Key key);
};

const std::vector<Entry>& entries() {
    static const std::vector<Entry> all{
        {{"rank3", "100 x 100 without features, rank 3, noise 5 %"}, rank3},
        {{"small", "10 x 50 without features"}, small},
        {{"wild", "40 x 60 with features, three platforms unlike all others"}, wild},
        {{"heavy", "30 x 40 with features, 1 to 9 heavy-tailed runs of a pair"}, heavy},
        {{"halves", "40 x 60 with features, two halves that share two platforms"}, halves},
    };
    return all;
}

}  // namespace

std::vector<StudyFleetInfo> study_fleets() {
    std::vector<StudyFleetInfo> list;
    std::ranges::transform(entries(), std::back_inserter(list), &Entry::info);
    return list;
}

Result<StudyFleet> study_fleet(const std::string& name, std::uint64_t seed) {
    std::vector<std::string> known;
    for (const Entry& entry : entries()) {
        if (entry.info.name == name) {
            return entry.make(core::Key(seed).fold("study").fold(name));
        }
        known.push_back(entry.info.name);
    }
    return fail(ErrorCode::kUsage, fmt::format("there is no fleet '{}'; there are {}", name, fmt::join(known, ", ")));
}

}  // namespace pitot::bench
