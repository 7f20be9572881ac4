// How fast training steps are, and how much of what the machine can do that is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/arithmetic.hpp"
#include "backend/backend.hpp"
#include "core/key.hpp"
#include "core/row_numbers.hpp"
#include "models/folds/step_program.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"

namespace pitot::bench {

/// A model ready to be trained on all rows of a dataset, which must outlive it. Not for use by two threads at once.
class StepTrial {
public:
    /// Errors: as check_instruction_set() and Backend::prepare().
    [[nodiscard]] static Result<StepTrial> make(const Dataset& dataset, const FitConfig& config,
                                                const std::string& backend = "cpu", int threads = 1,
                                                std::uint64_t seed = 1);

    /// Runs `steps` more steps; returns the mean loss.
    double train(std::int64_t steps);

    /// Floating-point operations of a step, two a multiply-add (see cost_of_step).
    [[nodiscard]] double flops() const { return 2.0 * backend::cost_of_step(model_->program, batches_).multiply_adds; }
    [[nodiscard]] double bytes() const { return backend::cost_of_step(model_->program, batches_).bytes; }
    [[nodiscard]] std::int64_t parameters() const { return model_->program.parameter_count(); }

private:
    struct Data;

    StepTrial() = default;

    std::shared_ptr<const Data> data_;
    std::unique_ptr<models::Model> model_;
    std::unique_ptr<backend::Executor> executor_;
    std::vector<backend::BatchShape> batches_;
    backend::Adam adam_{};
    core::Key key_{0};
    std::int64_t step_ = 0;
};

/// Seconds a step, several samples of about `seconds` / 10 each: their median and the quartiles around it.
struct StepTime {
    double median = 0.0;
    double low = 0.0;
    double high = 0.0;
    double share = 0.0;  ///< median of `best()` over a sample's time
};
/// `best`: seconds that a step would take at what the machine can do, measured anew before each sample: on a machine
/// shared with others that changes from one moment to the next.
[[nodiscard]] StepTime time_steps(StepTrial& trial, double seconds, const std::function<double()>& best);

/// Seconds a model-step when `models` models are trained by `threads` threads, one thread a model, for about `seconds`.
[[nodiscard]] Result<double> time_many_models(const Dataset& dataset, const FitConfig& config, int threads,
                                              std::int64_t models, double seconds);

}  // namespace pitot::bench
