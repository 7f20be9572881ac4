#include "models/row_basis.hpp"

#include <cstddef>

namespace pitot::models {
namespace {

std::vector<Basis> of_unmeasured(const Side& side) {
    const Basis basis = side.features.cols() > 0 ? Basis::kFeatures : Basis::kAverage;
    return std::vector<Basis>(static_cast<std::size_t>(side.size()), basis);
}

void mark_pairs(const ObservationView& table, core::RowNumbers rows, RowBasis& basis) {
    for (const std::int64_t n : rows) {
        const auto row = static_cast<std::size_t>(n);
        basis.platform[static_cast<std::size_t>(table.platform[row])] = Basis::kMeasured;
        basis.module[static_cast<std::size_t>(table.module[row])] = Basis::kMeasured;
    }
}

}  // namespace

bool learns_from(const Dataset& dataset, const FitConfig& config, std::size_t pool) {
    return config.train.learns_from(dataset.pools[pool].name);
}

RowBasis basis_of_rows(const Dataset& dataset, const FitConfig& config, const train::ReplicateRows& rows) {
    RowBasis basis{of_unmeasured(dataset.platforms), of_unmeasured(dataset.modules), {}};
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        if (learns_from(dataset, config, p)) {
            mark_pairs(dataset.pool(p), rows.pools[p].rest, basis);
        }
    }
    basis.co_runner = basis.module;
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        for (std::size_t n = 0; width > 0 && n < rows.pools[p].rest.size(); ++n) {
            const auto row = static_cast<std::size_t>(rows.pools[p].rest[n]);
            for (const std::int32_t k : table.co_runner.subspan(row * width, width)) {
                if (k >= 0) {
                    basis.co_runner[static_cast<std::size_t>(k)] = Basis::kMeasured;
                }
            }
        }
    }
    return basis;
}

}  // namespace pitot::models
