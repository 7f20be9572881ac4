// Members of a model file that hold a Gaussian process (docs/model-file.md).
#pragma once

#include "formats/npz.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/model_archive.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

struct StateAndAnswers {
    KernelState state;
    KernelAnswers answers;
};

void write_state(const KernelState& state, const KernelAnswers& answers, formats::NpzWriter& npz);

/// What write_state() wrote. kInput error naming the array that is wrong.
[[nodiscard]] Result<StateAndAnswers> read_state(const ModelArchive& archive, const FitConfig& config,
                                                 const Side& platforms, const Side& modules);

}  // namespace pitot::models::kernel
