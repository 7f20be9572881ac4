// Fits on a small fleet, saves, loads and predicts pairs left out: linear scaling where runtimes are a product of speed
// and size, and a factorization trained by gradient where they are not.
#include <pitot/dataset.hpp>
#include <pitot/evaluate.hpp>
#include <pitot/fit.hpp>
#include <pitot/predictor.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace {

constexpr std::int32_t kPlatforms = 10;
constexpr std::int32_t kModules = 12;

// Some platforms lack what some modules need: those pairs take `factor` times as long, and the others as much less.
double runtime_us(std::int32_t platform, std::int32_t module, double factor) {
    const bool slow = (platform % 3 == 0) == (module % 2 == 0);
    return 100.0 * (platform + 1) * (module + 1) * (slow ? factor : 1.0 / factor);
}

bool left_out(std::int32_t platform, std::int32_t module) { return (platform + 5 * module) % 11 == 0; }

pitot::Side make_side(const std::string& kind, std::int32_t rows, std::int32_t period) {
    pitot::Side side;
    side.feature_names = {"needs it"};
    side.features = pitot::Matrix<double>(rows, 1);
    for (std::int32_t i = 0; i < rows; ++i) {
        side.names.push_back(kind + "-" + std::to_string(i));
        side.features(i, 0) = i % period == 0 ? 1.0 : -1.0;
    }
    return side;
}

pitot::Dataset make_fleet(double factor) {
    pitot::Dataset dataset;
    dataset.platforms = make_side("platform", kPlatforms, 3);
    dataset.modules = make_side("module", kModules, 2);
    pitot::ObservationTable alone;
    for (std::int32_t i = 0; i < kPlatforms; ++i) {
        for (std::int32_t j = 0; j < kModules; ++j) {
            if (!left_out(i, j)) {
                alone.platform.push_back(i);
                alone.module.push_back(j);
                alone.runtime_us.push_back(runtime_us(i, j, factor));
            }
        }
    }
    dataset.set_observations(std::move(alone));
    return dataset;
}

pitot::Result<pitot::FitConfig> configured(const char* preset) {
    auto config = pitot::preset(preset);
    for (const char* field : {"train.folds=2", "train.checkpoints=12", "train.epoch_samples=10000", "train.batch=64"}) {
        if (!config) {
            return config;
        }
        if (const auto set = pitot::apply_override(*config, field); !set) {
            return pitot::Failure(set.error());
        }
    }
    return config;
}

// Mean error of ln t on the pairs left out, by a predictor that went through a file; and that bounds are above it.
pitot::Result<double> error_of(const pitot::Dataset& dataset, const pitot::FitConfig& config, double factor) {
    const auto fitted = pitot::fit(dataset, config);
    if (!fitted) {
        return pitot::Failure(fitted.error());
    }
    const std::filesystem::path file = "fleet.pitot";
    if (const auto saved = fitted->save(file); !saved) {
        return pitot::Failure(saved.error());
    }
    const auto predictor = pitot::Predictor::load(file);
    if (!predictor) {
        return pitot::Failure(predictor.error());
    }
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    for (std::int32_t i = 0; i < kPlatforms; ++i) {
        for (std::int32_t j = 0; j < kModules; ++j) {
            if (left_out(i, j)) {
                platform.push_back(i);
                module.push_back(j);
            }
        }
    }
    const std::array<double, 1> confidence{0.9};
    const auto answer = predictor->predict({platform, module, {}, 0}, confidence);
    if (!answer) {
        return pitot::Failure(answer.error());
    }
    double sum = 0.0;
    for (std::size_t n = 0; n < platform.size(); ++n) {
        sum += std::abs(std::log(answer->runtime_us[n] / runtime_us(platform[n], module[n], factor)));
        if (!(answer->bound_us(static_cast<std::int64_t>(n), 0) > 0.9 * answer->runtime_us[n])) {
            return pitot::fail(pitot::ErrorCode::kBug, "a bound is far below its prediction");
        }
    }
    return sum / static_cast<double>(platform.size());
}

int report(const pitot::Error& error) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return 1;
}

}  // namespace

int main() {
    const auto scaling = configured("baseline/linear_scaling");
    const auto learned = configured("embedding/32");
    if (!scaling || !learned) {
        return report(scaling ? learned.error() : scaling.error());
    }
    constexpr double kPlain = 1.0;
    constexpr double kInteraction = 1.5;
    const auto plain = error_of(make_fleet(kPlain), *scaling, kPlain);
    const pitot::Dataset fleet = make_fleet(kInteraction);
    const auto missed = error_of(fleet, *scaling, kInteraction);
    const auto caught = error_of(fleet, *learned, kInteraction);
    for (const auto* error : {&plain, &missed, &caught}) {
        if (!*error) {
            return report(error->error());
        }
    }
    std::printf("error of ln t: %.4f of a product; of an interaction %.4f by linear scaling, %.4f learned\n", *plain,
                *missed, *caught);
    pitot::Dataset broken = make_fleet(kPlain);
    broken.observations.platform.edit().front() = kPlatforms;
    const bool refused = !broken.validate() && !pitot::fit(broken, *scaling) && !pitot::evaluate(broken, *scaling, {});
    return *plain < 0.01 && *missed > 0.2 && *caught < 0.5 * *missed && refused ? 0 : 1;
}
