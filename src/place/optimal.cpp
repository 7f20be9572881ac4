#include <algorithm>
#include <cmath>
#include <coin/ClpSimplex.hpp>
#include <coin/CoinPackedMatrix.hpp>
#include <vector>

#include "place/placement.hpp"

namespace pitot {
namespace {

struct Choice {
    int job;
    int device;
    double latency;
};

}  // namespace

std::optional<std::vector<double>> optimal_latencies(const Network& network, std::span<const Job> jobs,
                                                     MatrixView<const double> runtime_ms) {
    const int devices = static_cast<int>(network.devices());
    const int count = static_cast<int>(jobs.size());
    // Minimise Σ x_c latency_c so that each job's x sum to 1 and each device's x · utilisation to its capacity at most.
    std::vector<Choice> columns;
    std::vector<int> row, column;
    std::vector<double> element;
    for (int n = 0; n < count; ++n) {
        const Job& job = jobs[static_cast<std::size_t>(n)];
        for (int i = 0; i < devices; ++i) {
            const double runtime = runtime_ms(i, job.module);
            if (!std::isfinite(runtime)) {
                continue;
            }
            const int c = static_cast<int>(columns.size());
            columns.push_back({n, i, latency_ms(network, job, runtime_ms, i)});
            row.insert(row.end(), {n, count + i});
            column.insert(column.end(), {c, c});
            element.insert(element.end(), {1.0, runtime * job.rate});
        }
    }
    if (columns.empty()) {
        return std::nullopt;
    }
    CoinPackedMatrix matrix(true, row.data(), column.data(), element.data(), static_cast<int>(element.size()));
    std::vector<double> cost, least(columns.size(), 0.0), most(columns.size(), 1.0);
    for (const Choice& c : columns) {
        cost.push_back(c.latency);
    }
    std::vector<double> row_least(jobs.size(), 1.0), row_most(row_least);
    for (int i = 0; i < devices; ++i) {
        row_least.push_back(0.0);
        row_most.push_back(network.capacity(i));
    }
    matrix.setDimensions(count + devices, static_cast<int>(columns.size()));  // devices that nothing fits on, too
    ClpSimplex solver;
    solver.setLogLevel(0);
    solver.loadProblem(matrix, least.data(), most.data(), cost.data(), row_least.data(), row_most.data());
    solver.dual();
    if (!solver.isProvenOptimal()) {
        return std::nullopt;
    }
    std::vector<double> out(jobs.size(), 0.0);
    const double* x = solver.primalColumnSolution();
    for (std::size_t c = 0; c < columns.size(); ++c) {
        out[static_cast<std::size_t>(columns[c].job)] += x[c] * columns[c].latency;
    }
    return out;
}

}  // namespace pitot
