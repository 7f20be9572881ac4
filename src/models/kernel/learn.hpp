// Hyper-parameters by the marginal likelihood of subsets of the cells.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/key.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

struct LearnOptions {
    std::int64_t steps = 100;
    std::int64_t subset = 1800;  ///< cells whose likelihood a step takes
    double rate = 0.07;          ///< of Adam, after some steps of warm-up and before it falls as a cosine
};

/// What a step of learning makes smaller: the negative logarithm of the likelihood a cell, of so many cells. Nothing if
/// their covariance matrix is not positive definite.
struct LearnStep {
    std::int64_t cells = 0;
    std::function<Result<std::optional<Likelihood>>(std::span<const double> values)> likelihood{};
};

/// Adam from `start` with the prior N(prior, kPriorDeviation²). `at` gives what each step takes; the values at the
/// places `noise` are raised where a covariance matrix is not positive definite. Errors: as learn_hyper().
[[nodiscard]] Result<std::vector<double>> descend(std::vector<double> start, std::span<const double> prior,
                                                  std::span<const std::size_t> noise, const LearnOptions& options,
                                                  const std::function<LearnStep(std::int64_t step)>& at,
                                                  const std::function<bool()>& step_done);

/// Sum of a side's distances, each over its mean: which rows are near which.
[[nodiscard]] Matrix<double> nearness(const SideDistances& side);

/// Hyper-parameters by Adam from Layout::start(). Even steps take a random subset of the cells, odd ones a block: the
/// cells of the platforms and modules nearest a random one of each, which keeps the density of all. `target` is a
/// cell's mean less the constant. `step` is called after every step and returns false to stop (kCancelled). kInput if
/// the covariance matrix is not positive definite however much noise is added; kEnvironment if a device fails.
[[nodiscard]] Result<std::vector<double>> learn_hyper(const Layout& layout, const SideDistances& platforms,
                                                      const SideDistances& modules, const Cells& cells,
                                                      const std::vector<double>& target, const LearnOptions& options,
                                                      core::Key key, const Machine& machine,
                                                      const std::function<bool()>& step);

}  // namespace pitot::models::kernel
