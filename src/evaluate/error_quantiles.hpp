// Percentiles of a stream of numbers of any length in bounded memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pitot/evaluate.hpp"

namespace pitot::evaluation {

/// Keeps the numbers themselves up to `exact_limit` of them (at most 16 MiB by default); after that it counts them in
/// bins of equal width on the scale asinh(e / 0.001) (under 6 MiB), whose centres are within kPercentileError of every
/// number in the bin, relative to sqrt(e^2 + 0.001^2). Independent of the order of the numbers.
class ErrorQuantiles {
public:
    explicit ErrorQuantiles(std::int64_t exact_limit = kExactErrors) : exact_limit_(exact_limit) {}

    /// `error` must be finite.
    void add(double error);

    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] bool exact() const { return bins_.empty(); }
    /// percentile[q], q = 0 … 99, by NumPy's linear interpolation between order statistics; zeros without numbers.
    [[nodiscard]] std::array<double, 100> percentiles() const;

private:
    void to_bins();
    void add_to_bins(double error);

    std::int64_t exact_limit_;
    std::int64_t count_ = 0;
    std::vector<double> values_;
    std::vector<std::int64_t> bins_;
};

}  // namespace pitot::evaluation
