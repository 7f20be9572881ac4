// Learning what co-runners do.
#pragma once

#include <functional>
#include <vector>

#include "core/key.hpp"
#include "models/kernel/beside.hpp"
#include "models/kernel/learn.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// Hyper-parameters of f and h together, by Adam from BesideLayout::start(). A step takes half a subset alone and half
/// beside others; odd steps all rows of a few platforms that are near one another. `target` is a row's mean less the
/// constant. Errors: as learn_hyper().
[[nodiscard]] Result<std::vector<double>> learn_hyper(const BesideLayout& layout, const SideDistances& platforms,
                                                      const SideDistances& modules, const Runs& runs,
                                                      const std::vector<double>& target, const LearnOptions& options,
                                                      core::Key key, const Machine& machine,
                                                      const std::function<bool()>& step_done);

}  // namespace pitot::models::kernel
