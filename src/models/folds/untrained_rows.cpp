#include "models/folds/untrained_rows.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "models/folds/fold_model.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models {
namespace {

// Rows that were not measured become the mean of those that were.
void average_rows(MatrixView<float> table, const std::vector<Basis>& basis) {
    PITOT_CHECK(table.rows == std::ssize(basis));
    const auto known = std::ranges::count(basis, Basis::kMeasured);
    for (std::int64_t c = 0; c < table.cols; ++c) {
        double sum = 0.0;
        for (std::int64_t i = 0; i < table.rows; ++i) {
            sum += basis[static_cast<std::size_t>(i)] == Basis::kMeasured ? static_cast<double>(table(i, c)) : 0.0;
        }
        for (std::int64_t i = 0; i < table.rows && known > 0; ++i) {
            if (basis[static_cast<std::size_t>(i)] != Basis::kMeasured) {
                table(i, c) = static_cast<float>(sum / static_cast<double>(known));
            }
        }
    }
}

}  // namespace

void average_untrained_rows(const ModelConfig& config, const Side& platforms, const Side& modules,
                            const std::vector<Basis>& platform_basis, const std::vector<Basis>& module_basis,
                            std::vector<train::FoldFit>& folds) {
    for (const ParameterInfo& block : parameter_layout(config, platforms, modules)) {
        const bool of_platforms = block.name == "platform.learned" || block.name == "platform.table";
        const bool of_modules = block.name == "module.learned" || block.name == "module.table";
        if (!of_platforms && !of_modules) {
            continue;
        }
        for (train::FoldFit& fold : folds) {
            average_rows({fold.parameters.data() + block.offset, block.rows, block.cols, block.cols},
                         of_platforms ? platform_basis : module_basis);
        }
    }
}

}  // namespace pitot::models
