#include "models/kernel/device_terms.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pitot::models::kernel {

namespace device = backend::device;

static_assert(kMostTerms + 2 <= device::kMostTerms && kBesideTerms <= device::kMostBesideTerms);

device::Covariance device_covariance(const Tables& tables) {
    device::Covariance covariance{tables.platform_effect.rows(), tables.module_effect.rows()};
    for (std::size_t q = 0; q < tables.terms; ++q) {
        covariance.terms.push_back(
            {tables.scale[q], tables.platform[q].value.view(), tables.module[q].value.view(), {}, false});
    }
    covariance.terms.push_back({.platform = tables.platform_effect.view()});
    covariance.terms.push_back({.module = tables.module_effect.view()});
    return covariance;
}

device::Covariance device_covariance(const BesideTables& tables) {
    device::Covariance covariance = device_covariance(tables.alone);
    for (std::size_t t = 0; t < kBesideTerms; ++t) {
        covariance.terms.push_back({tables.scale[t], tables.platform[t].value.view(), tables.module[t].value.view(),
                                    tables.co_runner[t].value.view(), true});
    }
    return covariance;
}

DeviceRows::DeviceRows(const Tables& tables, const Cells& cells) {
    for (std::size_t n = 0; n < cells.size(); ++n) {
        diagonal_.push_back(tables.noise_of(cells.platform[n]) / cells.count[n]);
    }
    view_ = {cells.platform, cells.module, diagonal_};
}

DeviceRows::DeviceRows(const BesideTables& tables, const Runs& runs) {
    for (std::size_t n = 0; n < runs.size(); ++n) {
        diagonal_.push_back(tables.noise_of(runs, n) / runs.cells.count[n]);
        if (runs.width > 0) {
            weight_.push_back(tables.number[runs.kind(n)]);
        }
    }
    view_ = {runs.cells.platform,
             runs.cells.module,
             diagonal_,
             runs.co_runner,
             static_cast<std::int64_t>(runs.width),
             weight_};
}

TableGradient take_table_gradient(const Tables& tables, device::Weighed& weighed) {
    TableGradient gradient(0, 0, 0);
    for (std::size_t q = 0; q < tables.terms; ++q) {
        gradient.platform[q] = std::move(weighed.terms[q].platform);
        gradient.module[q] = std::move(weighed.terms[q].module);
    }
    gradient.platform_effect = std::move(weighed.terms[tables.terms].platform);
    gradient.module_effect = std::move(weighed.terms[tables.terms + 1].module);
    return gradient;
}

}  // namespace pitot::models::kernel
