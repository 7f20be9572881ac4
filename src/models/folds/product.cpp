#include "models/folds/product.hpp"

#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/check.hpp"

namespace pitot::models {

// A program of one dense layer without a bias.
Matrix<float> product_by_rows(MatrixView<const float> left, MatrixView<const float> right) {
    PITOT_CHECK(left.cols == right.cols);
    constexpr backend::BufferId x = 0, weight = 1, out = 2;
    backend::Program program;
    program.platforms = left.rows;
    program.modules = right.rows;
    program.buffers = {{"left", backend::Role::kConstant, left.rows, left.cols, backend::RowAxis::kPlatform},
                       {"right", backend::Role::kParameter, right.cols, right.rows},
                       {"out", backend::Role::kTower, left.rows, right.rows, backend::RowAxis::kPlatform}};
    program.tower = {backend::Dense{x, weight, -1, out, backend::Activation::kNone, left.cols}};
    std::vector<float>& rows = program.buffers[x].values;
    for (std::int64_t i = 0; i < left.rows; ++i) {
        const auto row = left.row(i);
        rows.insert(rows.end(), row.begin(), row.end());
    }
    std::vector<double> turned(static_cast<std::size_t>(right.rows * right.cols));
    for (std::int64_t j = 0; j < right.rows; ++j) {
        for (std::int64_t c = 0; c < right.cols; ++c) {
            turned[static_cast<std::size_t>(c * right.rows + j)] = static_cast<double>(right(j, c));
        }
    }
    auto executor = backend::cpu_backend().prepare(program, 1);
    PITOT_CHECK(executor.has_value());
    (*executor)->set_parameters(0, turned);
    (*executor)->forward_towers();
    return (*executor)->values(0, out);
}

}  // namespace pitot::models
