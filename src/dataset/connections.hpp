// Which platforms and modules a chain of measurements connects.
#pragma once

#include <cstdint>
#include <vector>

namespace pitot::dataset {

/// Parts of a fleet: two rows of the matrix's sides are in one part when measurements of common platforms or modules
/// lead from one to the other. The terms of a sum a_i + b_j can be told apart within a part alone: between two parts
/// any shift of one side against the other explains the measurements as well.
class Connections {
public:
    Connections(std::int64_t platforms, std::int64_t modules);

    /// Notes a measurement. Whether it joined two parts that were apart.
    bool join(std::int32_t platform, std::int32_t module);

    /// A number for every platform, then for every module: equal ones are in one part. From 0 in the order of
    /// platforms; -1 for a row without any measurement.
    [[nodiscard]] std::vector<std::int32_t> parts() const;

private:
    [[nodiscard]] std::int64_t root(std::int64_t node) const;

    std::int64_t platforms_;
    mutable std::vector<std::int64_t> parent_;  // platforms, then modules; a root is its own (paths are shortened)
    std::vector<bool> measured_;
};

}  // namespace pitot::dataset
