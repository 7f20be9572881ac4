#include "models/row_basis.hpp"

#include <cstddef>

namespace pitot {
namespace {

std::vector<Basis> of_unmeasured(const Side& side) {
    const Basis basis = side.features.cols() > 0 ? Basis::kFeatures : Basis::kAverage;
    return std::vector<Basis>(static_cast<std::size_t>(side.size()), basis);
}

void mark_pairs(const ObservationView& table, RowNumbers rows, RowBasis& basis) {
    for (const std::int64_t n : rows) {
        const auto row = static_cast<std::size_t>(n);
        basis.platform[static_cast<std::size_t>(table.platform[row])] = Basis::kMeasured;
        basis.module[static_cast<std::size_t>(table.module[row])] = Basis::kMeasured;
    }
}

}  // namespace

bool learns_together(const FitConfig& config) { return config.train.together_weight > 0.0; }

RowBasis basis_of_rows(const Dataset& dataset, const FitConfig& config, const ReplicateRows& rows) {
    RowBasis basis{of_unmeasured(dataset.platforms), of_unmeasured(dataset.modules), {}};
    mark_pairs(dataset.alone.view(), rows.alone.rest, basis);
    const ObservationView together = dataset.together.view();
    if (learns_together(config)) {
        mark_pairs(together, rows.together.rest, basis);
    }
    basis.co_runner = basis.module;
    const auto width = static_cast<std::size_t>(together.width);
    for (const std::int64_t n : rows.together.rest) {
        for (const std::int32_t k : together.co_runner.subspan(static_cast<std::size_t>(n) * width, width)) {
            if (k >= 0) {
                basis.co_runner[static_cast<std::size_t>(k)] = Basis::kMeasured;
            }
        }
    }
    return basis;
}

}  // namespace pitot
