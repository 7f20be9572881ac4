#include "model/linear_scaling.hpp"

#include <cmath>
#include <span>

#include "pitot/units.hpp"

namespace pitot {
namespace {

constexpr double kTolerance = 1e-5;
constexpr int kMaxSweeps = 1000;

}  // namespace

LinearScaling fit_linear_scaling(const ObservationView& observations, RowNumbers rows, std::int64_t platforms,
                                 std::int64_t modules) {
    LinearScaling fit{std::vector<double>(static_cast<std::size_t>(platforms)),
                      std::vector<double>(static_cast<std::size_t>(modules))};
    std::vector<double> y;
    y.reserve(rows.size());
    for (const std::int64_t row : rows) {
        y.push_back(to_log({observations.runtime_us[static_cast<std::size_t>(row)]}).value);
    }
    // New terms of one side: the mean of what the other side leaves. Returns the summed absolute change.
    const auto sweep = [&](std::span<const std::int32_t> own, std::vector<double>& terms,
                           std::span<const std::int32_t> other, const std::vector<double>& other_terms) {
        std::vector<double> sum(terms.size());
        std::vector<double> count(terms.size());
        for (std::size_t n = 0; n < rows.size(); ++n) {
            const auto row = static_cast<std::size_t>(rows[n]);
            const auto i = static_cast<std::size_t>(own[row]);
            sum[i] += y[n] - other_terms[static_cast<std::size_t>(other[row])];
            count[i] += 1.0;
        }
        double change = 0.0;
        for (std::size_t i = 0; i < terms.size(); ++i) {
            const double next = count[i] > 0.0 ? sum[i] / count[i] : 0.0;
            change += std::abs(next - terms[i]);
            terms[i] = next;
        }
        return change;
    };
    for (int n = 0; n < kMaxSweeps; ++n) {
        double change = sweep(observations.platform, fit.platform, observations.module, fit.module);
        change += sweep(observations.module, fit.module, observations.platform, fit.platform);
        if (change < kTolerance) {
            break;
        }
    }
    return fit;
}

}  // namespace pitot
