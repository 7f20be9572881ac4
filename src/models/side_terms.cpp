#include "models/side_terms.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "models/side_regression.hpp"

namespace pitot::models {

void fill_baseline(const Side& side, const std::vector<bool>& known, std::vector<double>& terms) {
    const auto rows = static_cast<std::size_t>(side.size());
    PITOT_CHECK(known.size() == rows && terms.size() == rows);
    const auto count = std::ranges::count(known, true);
    if (count == side.size()) {
        return;
    }
    Matrix<double> features(count, side.features.cols());
    std::vector<double> known_terms;
    for (std::size_t i = 0; i < rows; ++i) {
        if (known[i]) {
            const auto to = features.view().row(static_cast<std::int64_t>(known_terms.size()));
            std::ranges::copy(side.features.view().row(static_cast<std::int64_t>(i)), to.begin());
            known_terms.push_back(terms[i]);
        }
    }
    const SideRegression regression(std::as_const(features).view(), known_terms);
    const auto [least, most] =
        known_terms.empty() ? std::ranges::min_max_result<double>{0.0, 0.0} : std::ranges::minmax(known_terms);
    const double more = 0.5 * (most - least);
    for (std::size_t i = 0; i < rows; ++i) {
        if (!known[i]) {
            terms[i] = std::clamp(regression(side.features.view().row(static_cast<std::int64_t>(i))), least - more,
                                  most + more);
        }
    }
}

}  // namespace pitot::models
