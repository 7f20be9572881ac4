// What story.c does, by the C++ interface.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>

#include "pitot/fit.hpp"
#include "pitot/observe.hpp"

namespace {

constexpr std::size_t kRows = 6;
constexpr std::size_t kConfidences = 2;

pitot::Result<pitot::Predictor> predictor_of(const std::filesystem::path& examples, bool learned) {
    pitot::ReadOptions options;
    options.platform_features = examples / "devices.csv";
    options.module_features = examples / "opcodes.csv";
    const std::array fleet{examples / "fleet.csv", examples / "beside.csv"};
    PITOT_TRY(const auto dataset, pitot::read_dataset(fleet, options));
    PITOT_TRY(auto predictor, pitot::fit(dataset, pitot::default_config(dataset)));
    if (!learned) {
        return predictor;
    }
    PITOT_TRY(const auto runs, pitot::read_dataset(std::array{examples / "today.csv"}));
    return predictor.observe(runs).map([](pitot::Observed&& observed) { return std::move(observed.predictor); });
}

}  // namespace

/// As story.c has it.
struct answers {  // NOLINT(readability-identifier-naming): C's
    std::array<double, kRows> runtime_us;
    std::array<double, kRows> deviation;
    std::array<double, kRows * kConfidences> upper_us;
    std::array<double, kRows * kConfidences> lower_us;
};

extern "C" int twin_answers(const char* examples, const std::int32_t* platform, const std::int32_t* module,
                            const std::int32_t* co_runners, const double* confidences, int learned, answers* out) {
    const auto predictor = predictor_of(examples, learned != 0);
    if (!predictor) {
        std::fprintf(stderr, "twin: %s\n", predictor.error().to_string().c_str());
        return 1;
    }
    const pitot::Query query{{platform, kRows}, {module, kRows}, {co_runners, kRows * 2}, 2};
    const auto matrix = [](std::array<double, kRows * kConfidences>& values) {
        return pitot::MatrixView<double>{values.data(), kRows, kConfidences, kConfidences};
    };
    const pitot::PredictionSpans spans{
        out->runtime_us, matrix(out->upper_us), {}, out->deviation, matrix(out->lower_us)};
    return predictor->predict_into(query, {confidences, kConfidences}, spans) ? 0 : 1;
}
