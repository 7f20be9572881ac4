// Fits on a small fleet whose runtimes are a product of speed and size, saves, loads and predicts a pair left out.
#include <pitot/dataset.hpp>
#include <pitot/fit.hpp>
#include <pitot/predictor.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

constexpr std::int32_t kPlatforms = 10;
constexpr std::int32_t kModules = 12;

double runtime_us(std::int32_t platform, std::int32_t module) { return 100.0 * (platform + 1) * (module + 1); }

pitot::Dataset make_fleet() {
    pitot::Dataset dataset;
    for (std::int32_t i = 0; i < kPlatforms; ++i) {
        dataset.platforms.names.push_back("platform-" + std::to_string(i));
    }
    for (std::int32_t j = 0; j < kModules; ++j) {
        dataset.modules.names.push_back("module-" + std::to_string(j));
    }
    for (std::int32_t i = 0; i < kPlatforms; ++i) {
        for (std::int32_t j = i == 0 ? 1 : 0; j < kModules; ++j) {  // all but the pair (0, 0)
            dataset.alone.platform.push_back(i);
            dataset.alone.module.push_back(j);
            dataset.alone.runtime_us.push_back(runtime_us(i, j));
        }
    }
    return dataset;
}

int report(const pitot::Error& error) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return 1;
}

}  // namespace

int main() {
    auto config = pitot::preset("baseline/linear_scaling");
    if (!config) {
        return report(config.error());
    }
    const auto fitted = pitot::fit(make_fleet(), *config);
    if (!fitted) {
        return report(fitted.error());
    }
    const std::filesystem::path file = "fleet.pitot";
    if (const auto saved = fitted->save(file); !saved) {
        return report(saved.error());
    }
    const auto predictor = pitot::Predictor::load(file);
    if (!predictor) {
        return report(predictor.error());
    }
    const std::array<std::int32_t, 1> zero{0};
    const std::array<double, 1> confidence{0.9};
    const auto answer = predictor->predict({zero, zero, {}, 0}, confidence);
    if (!answer) {
        return report(answer.error());
    }
    const double expected = runtime_us(0, 0);
    const double got = answer->runtime_us.front();
    const double bound = answer->bound_us(0, 0);
    std::printf("predicted %.3f us, bound %.3f us, truth %.3f us\n", got, bound, expected);
    return std::abs(got - expected) < 0.01 * expected && bound > 0.99 * got && bound < 1.1 * got ? 0 : 1;
}
