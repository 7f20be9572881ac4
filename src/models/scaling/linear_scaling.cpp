#include "models/scaling/linear_scaling.hpp"

#include <cmath>
#include <span>

#include "pitot/units.hpp"

namespace pitot::models {
namespace {

constexpr double kTolerance = 1e-5;
constexpr int kMaxSweeps = 1000;

// Rows and their logarithms, to be gone through again and again in one order.
class LogRows {
public:
    LogRows(const ObservationView& observations, core::RowNumbers rows, std::int64_t kept)
        : observations_(observations), rows_(rows) {
        if (static_cast<std::int64_t>(rows.size()) <= kept) {
            y_.reserve(rows.size());
            for (const std::int64_t row : rows) {
                y_.push_back(log_of(static_cast<std::size_t>(row)));
            }
            return;
        }
        chosen_.resize(observations.runtime_us.size(), false);
        for (const std::int64_t row : rows) {
            chosen_[static_cast<std::size_t>(row)] = true;
        }
    }

    template <typename Visit>
    void for_each(Visit visit) const {
        if (chosen_.empty()) {
            for (std::size_t n = 0; n < y_.size(); ++n) {
                visit(static_cast<std::size_t>(rows_[n]), y_[n]);
            }
            return;
        }
        for (std::size_t row = 0; row < chosen_.size(); ++row) {
            if (chosen_[row]) {
                visit(row, log_of(row));
            }
        }
    }

private:
    [[nodiscard]] double log_of(std::size_t row) const { return to_log({observations_.runtime_us[row]}).value; }

    ObservationView observations_;
    core::RowNumbers rows_;
    std::vector<double> y_;
    std::vector<bool> chosen_;
};

}  // namespace

LinearScaling fit_linear_scaling(const ObservationView& observations, core::RowNumbers rows, std::int64_t platforms,
                                 std::int64_t modules, std::int64_t kept) {
    LinearScaling fit{std::vector<double>(static_cast<std::size_t>(platforms)),
                      std::vector<double>(static_cast<std::size_t>(modules))};
    const LogRows log_rows(observations, rows, kept);
    // New terms of one side: the mean of what the other side leaves. Returns the summed absolute change.
    const auto sweep = [&](std::span<const std::int32_t> own, std::vector<double>& terms,
                           std::span<const std::int32_t> other, const std::vector<double>& other_terms) {
        std::vector<double> sum(terms.size());
        std::vector<double> count(terms.size());
        log_rows.for_each([&](std::size_t row, double y) {
            const auto i = static_cast<std::size_t>(own[row]);
            sum[i] += y - other_terms[static_cast<std::size_t>(other[row])];
            count[i] += 1.0;
        });
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

}  // namespace pitot::models
