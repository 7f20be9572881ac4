#include "bench/support/predictions.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "core/key.hpp"

namespace pitot::bench {

Result<double> predictions_a_second(const Predictor& predictor, double seconds) {
    constexpr std::size_t rows = 1 << 16;
    constexpr double confidence = 0.9;
    std::vector<std::int32_t> platform, module;
    core::Stream stream{core::Key(1).fold("queries")};
    for (std::size_t n = 0; n < rows; ++n) {
        platform.push_back(
            static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(predictor.platforms().size()))));
        module.push_back(
            static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(predictor.modules().size()))));
    }
    std::vector<double> runtime_us(rows);
    Matrix<double> bound_us(static_cast<std::int64_t>(rows), 1);
    std::vector<Basis> basis(rows);
    PredictScratch scratch;
    const auto start = std::chrono::steady_clock::now();
    std::int64_t done = 0;
    double took = 0.0;
    while (took < seconds) {
        const auto answered = predictor.predict_into({platform, module, {}, 0}, std::span(&confidence, 1),
                                                     {runtime_us, bound_us.view(), basis}, &scratch);
        if (!answered) {
            return Failure(answered.error());
        }
        done += static_cast<std::int64_t>(rows);
        took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    return static_cast<double>(done) / took;
}

}  // namespace pitot::bench
