#include "place/assignment.hpp"

#include <algorithm>
#include <coin/ClpSimplex.hpp>
#include <coin/CoinPackedMatrix.hpp>

#include <fmt/core.h>

#include "place/stop_handler.hpp"

namespace pitot::place {
Result<std::vector<std::int64_t>> assign(MatrixView<const double> cost, std::int64_t most,
                                         const std::stop_token& stop) {
    if (stop.stop_requested()) {
        return fail(ErrorCode::kCancelled, "stopped before the best places were found");
    }
    if (cost.rows > most * cost.cols) {
        return fail(ErrorCode::kUsage,
                    fmt::format("{} rows do not fit into {} columns that take {} each", cost.rows, cost.cols, most));
    }
    std::vector<std::int64_t> column_of(static_cast<std::size_t>(cost.rows), 0);
    if (cost.rows == 0) {
        return column_of;
    }
    // Rows of the program: those of `cost`, then its columns. Its columns: the cells.
    const auto rows = static_cast<int>(cost.rows);
    const auto columns = static_cast<int>(cost.cols);
    std::vector<int> row, column;
    std::vector<double> objective;
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            column.insert(column.end(), 2, static_cast<int>(objective.size()));
            row.insert(row.end(), {i, rows + j});
            objective.push_back(cost(i, j));
        }
    }
    const std::vector<double> element(row.size(), 1.0);
    CoinPackedMatrix matrix(true, row.data(), column.data(), element.data(), static_cast<int>(element.size()));
    matrix.setDimensions(rows + columns, static_cast<int>(objective.size()));
    std::vector<double> row_least(static_cast<std::size_t>(rows), 1.0), row_most = row_least;
    const auto limits = static_cast<std::size_t>(cost.rows + cost.cols);
    row_least.resize(limits, 0.0);
    row_most.resize(limits, static_cast<double>(most));
    const std::vector<double> least(objective.size(), 0.0), greatest(objective.size(), 1.0);
    ClpSimplex solver;
    solver.setLogLevel(0);
    const StopHandler handler(stop);
    solver.passInEventHandler(&handler);
    solver.loadProblem(matrix, least.data(), greatest.data(), objective.data(), row_least.data(), row_most.data());
    solver.dual();
    if (stop.stop_requested()) {
        return fail(ErrorCode::kCancelled, "stopped before the best places were found");
    }
    if (!solver.isProvenOptimal()) {
        return fail(ErrorCode::kInput, fmt::format("the solver of the linear program found no best placement (status "
                                                   "{}): place the modules greedily instead",
                                                   solver.status()));
    }
    const double* x = solver.primalColumnSolution();
    for (int i = 0; i < rows; ++i, x += columns) {
        column_of[static_cast<std::size_t>(i)] = std::max_element(x, x + columns) - x;
    }
    return column_of;
}

}  // namespace pitot::place
