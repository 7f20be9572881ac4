#include "dataset/pair_means.hpp"

#include <cstddef>
#include <limits>

namespace pitot::dataset {

Matrix<double> pair_means_us(const Dataset& dataset) {
    const std::int64_t platforms = dataset.platforms.size();
    const std::int64_t modules = dataset.modules.size();
    Matrix<double> sum(platforms, modules);
    Matrix<double> count(platforms, modules);
    const ObservationView rows = dataset.pool(kAlone);
    for (std::size_t n = 0; n < rows.runtime_us.size(); ++n) {
        sum(rows.platform[n], rows.module[n]) += rows.runtime_us[n];
        count(rows.platform[n], rows.module[n]) += 1.0;
    }
    for (std::size_t n = 0; n < sum.flat().size(); ++n) {
        sum.flat()[n] =
            count.flat()[n] > 0.0 ? sum.flat()[n] / count.flat()[n] : std::numeric_limits<double>::quiet_NaN();
    }
    return sum;
}

}  // namespace pitot::dataset
