#include <vector>

#include "bench.hpp"
#include "cli/cli.hpp"
#include "cli/verbs.hpp"

int main(int argc, char** argv) {
    // A verb a line.
    // clang-format off
    using namespace pitot::cli;
    std::vector<VerbGroup> groups{
        VerbGroup{"Every day", {
            fit_verb(),
            predict_verb(),
            recommend_verb(),
            explain_verb(),
            observe_verb(),
            advise_verb(),
            drift_verb(),
            diff_verb(),
            evaluate_verb(),
            report_verb(),
            plot_verb(),
            info_verb(),
            presets_verb(),
        }},
        VerbGroup{"Measuring", {
            engines_verb(),
            device_verb(),
            measure_verb(),
            profile_verb(),
            interpret_verb(),
            compare_runs_verb(),
        }},
        VerbGroup{"Data", {
            convert_verb(),
            dataset_verb(),
            matrix_verb(),
            opcodes_verb(),
            platforms_verb(),
            merge_verb(),
            interference_verb(),
        }},
        VerbGroup{"Research", {
            experiments_verb(),
            summary_verb(),
            compare_verb(),
            figures_verb(),
            tsne_verb(),
            plot_dataset_verb(),
            simulate_verb(),
            plot_simulation_verb(),
            reproduce_verb(),
            bench_verb(),
        }},
        VerbGroup{"The program", {}},
    };
    groups.back().verbs = {
        completion_verb(groups),
        man_verb(groups),
    };
    // clang-format on
    return run(argc, argv, groups);
}
