#include <array>

#include "bench.hpp"
#include "cli/cli.hpp"
#include "cli/verbs.hpp"

int main(int argc, char** argv) {
    const std::array verbs{
        pitot::cli::fit_verb(),
        pitot::cli::predict_verb(),
        pitot::cli::observe_verb(),
        pitot::cli::advise_verb(),
        pitot::cli::explain_verb(),
        pitot::cli::evaluate_verb(),
        pitot::cli::info_verb(),
        pitot::cli::profile_verb(),
        pitot::cli::engines_verb(),
        pitot::cli::device_verb(),
        pitot::cli::measure_verb(),
        pitot::cli::interpret_verb(),
        pitot::cli::dataset_verb(),
        pitot::cli::matrix_verb(),
        pitot::cli::opcodes_verb(),
        pitot::cli::platforms_verb(),
        pitot::cli::merge_verb(),
        pitot::cli::interference_verb(),
        pitot::cli::convert_verb(),
        pitot::cli::presets_verb(),
        pitot::cli::bench_verb(),
        pitot::cli::experiments_verb(),
        pitot::cli::summary_verb(),
        pitot::cli::compare_verb(),
        pitot::cli::figures_verb(),
        pitot::cli::tsne_verb(),
        pitot::cli::plot_dataset_verb(),
        pitot::cli::simulate_verb(),
        pitot::cli::plot_simulation_verb(),
        pitot::cli::reproduce_verb(),
    };
    return pitot::cli::run(argc, argv, verbs);
}
