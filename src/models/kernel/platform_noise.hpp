// Platforms whose runs scatter far more than those of others, found by cells held out.
#pragma once

#include <functional>
#include <vector>

#include "core/key.hpp"
#include "core/row_numbers.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// How runs of a platform's cells scatter about their cell's mean.
struct RunScatter {
    double squares = 0.0;  ///< sum of squared deviations of ln t
    double freedom = 0.0;  ///< runs less cells
};
/// A platform; `cells` are those gathered from these rows of the table.
[[nodiscard]] std::vector<RunScatter> scatter_by_platform(const ObservationView& table, core::RowNumbers rows,
                                                          const Cells& cells, std::int64_t platforms);

/// e_p, a platform: the variance of its runs beyond σ². Distances of the second pass come from runtimes, so that
/// neither the likelihood nor leave-one-out residuals show that a platform's cells tell nothing of one another. Cells
/// held out from both passes do: a platform stands out whose squared residuals there are more than eight times as large
/// as its variances left out say, in comparison with other platforms, by medians, and by two standard deviations of a
/// median. Platforms with fewer than five cells held out are not judged. Its e_p is what is missing, and no more than
/// its repeated runs scatter where it has some. Empty if no platform stands out. `answers` are those of `state`, which
/// is of runs alone. kInput if a solve fails; kCancelled.
[[nodiscard]] Result<std::vector<double>> platform_noise(const KernelState& state, const KernelAnswers& answers,
                                                         const std::vector<RunScatter>& scatter, const Side& platforms,
                                                         const Side& modules, core::Key key, const Machine& machine,
                                                         const std::function<bool()>& go_on);

}  // namespace pitot::models::kernel
