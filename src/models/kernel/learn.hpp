// Hyper-parameters by the marginal likelihood of subsets of the cells.
#pragma once

#include <functional>
#include <vector>

#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

struct LearnOptions {
    std::int64_t steps = 100;
    std::int64_t subset = 1800;  ///< cells whose likelihood a step takes
    double rate = 0.07;          ///< of Adam, after some steps of warm-up and before it falls as a cosine
};

/// Hyper-parameters by Adam from Layout::start(). Even steps take a random subset of the cells, odd ones a block: the
/// cells of the platforms and modules nearest a random one of each, which keeps the density of all. `target` is a
/// cell's mean less the constant. `step` is called after every step and returns false to stop (kCancelled). kInput if
/// the covariance matrix is not positive definite however much noise is added.
[[nodiscard]] Result<std::vector<double>> learn_hyper(const Layout& layout, const SideDistances& platforms,
                                                      const SideDistances& modules, const Cells& cells,
                                                      const std::vector<double>& target, const LearnOptions& options,
                                                      core::Key key, core::Team& team,
                                                      const std::function<bool()>& step);

}  // namespace pitot::models::kernel
