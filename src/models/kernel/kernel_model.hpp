// A Gaussian process on the platform × module grid that was fitted.
#pragma once

#include <memory>

#include "models/fitted_model.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/model_archive.hpp"

namespace pitot::models::kernel {

struct PreparedTables;

/// `tables`: prepare_tables() of the state, where they are at hand.
[[nodiscard]] std::shared_ptr<const FittedModel> make_kernel_model(
    KernelState state, KernelAnswers answers, std::shared_ptr<const PreparedTables> tables = nullptr);
[[nodiscard]] Result<std::shared_ptr<const FittedModel>> load_kernel_model(const ModelArchive& archive,
                                                                           const FitConfig& config,
                                                                           const Side& platforms, const Side& modules);

}  // namespace pitot::models::kernel
