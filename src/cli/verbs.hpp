// The verbs of the command line; apps/pitot/main.cpp lists them in the order of `pitot --help`, with `bench`, its own.
#pragma once

#include <vector>

#include "cli/cli.hpp"

namespace pitot::cli {

[[nodiscard]] Verb fit_verb();
[[nodiscard]] Verb predict_verb();
[[nodiscard]] Verb observe_verb();
[[nodiscard]] Verb advise_verb();
[[nodiscard]] Verb explain_verb();
[[nodiscard]] Verb recommend_verb();
[[nodiscard]] Verb evaluate_verb();
[[nodiscard]] Verb compare_runs_verb();
[[nodiscard]] Verb drift_verb();
[[nodiscard]] Verb diff_verb();
[[nodiscard]] Verb report_verb();
[[nodiscard]] Verb plot_verb();
[[nodiscard]] Verb info_verb();
[[nodiscard]] Verb dataset_verb();
[[nodiscard]] Verb matrix_verb();
[[nodiscard]] Verb opcodes_verb();
[[nodiscard]] Verb platforms_verb();
[[nodiscard]] Verb merge_verb();
[[nodiscard]] Verb interference_verb();
[[nodiscard]] Verb convert_verb();
[[nodiscard]] Verb presets_verb();
[[nodiscard]] Verb profile_verb();
[[nodiscard]] Verb interpret_verb();
[[nodiscard]] Verb engines_verb();
[[nodiscard]] Verb device_verb();
[[nodiscard]] Verb measure_verb();
[[nodiscard]] Verb experiments_verb();
[[nodiscard]] Verb summary_verb();
[[nodiscard]] Verb compare_verb();
[[nodiscard]] Verb figures_verb();
[[nodiscard]] Verb tsne_verb();
[[nodiscard]] Verb plot_dataset_verb();
[[nodiscard]] Verb simulate_verb();
[[nodiscard]] Verb plot_simulation_verb();
[[nodiscard]] Verb reproduce_verb();

/// Both describe all verbs: `groups`, which must outlive them and may have them.
[[nodiscard]] Verb completion_verb(const std::vector<VerbGroup>& groups);
[[nodiscard]] Verb man_verb(const std::vector<VerbGroup>& groups);

}  // namespace pitot::cli
