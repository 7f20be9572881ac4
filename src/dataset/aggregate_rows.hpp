// Rows of Google Benchmark's tables that sum up runs.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace pitot::dataset {

/// The names of a table's rows: of runs ("fft/64"), and of what sums them up ("fft/64_mean", "…_median", "…_stddev",
/// "…_cv").
class AggregateRows {
public:
    void see(const std::string& name) { names_.insert(name); }

    /// The module of a row: its name, "fft/64" of "fft/64_mean" where only what sums up is there; "" of a row to pass
    /// over.
    [[nodiscard]] std::string_view module_of(std::string_view name) const;

private:
    [[nodiscard]] bool has(std::string_view stem, std::string_view ending) const;

    std::unordered_set<std::string> names_;
};

}  // namespace pitot::dataset
