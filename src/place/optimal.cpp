#include <algorithm>
#include <cmath>
#include <coin/ClpSimplex.hpp>
#include <coin/CoinPackedMatrix.hpp>
#include <limits>
#include <vector>

#include "place/placement.hpp"
#include "place/stop_handler.hpp"

namespace pitot::place {
namespace {

constexpr double kLeftOut = std::numeric_limits<double>::quiet_NaN();

struct Choice {
    int job;
    int device;
    double latency;
};

// Minimise Σ x_c cost_c so that each job's x sum to 1 and each device's x · utilisation to its capacity at most.
class PlacementProgram {
public:
    PlacementProgram(const Network& network, std::span<const Job> jobs, MatrixView<const double> runtime_ms,
                     std::span<const double> reference_ms)
        : network_(network), devices_(static_cast<int>(network.devices())) {
        for (std::size_t n = 0; n < jobs.size(); ++n) {
            const double reference = reference_ms.empty() ? 1.0 : reference_ms[n];
            if (!std::isnan(reference)) {
                add_job(static_cast<int>(n), jobs[n], runtime_ms, reference);
            }
        }
    }

    [[nodiscard]] bool empty() const { return taken_.empty(); }
    [[nodiscard]] const std::vector<int>& taken() const { return taken_; }
    [[nodiscard]] const std::vector<Choice>& choices() const { return choices_; }

    void load(ClpSimplex& solver) const {
        // Rows: devices, then the jobs that are not left out.
        CoinPackedMatrix matrix(true, row_.data(), column_.data(), element_.data(), static_cast<int>(element_.size()));
        matrix.setDimensions(devices_ + static_cast<int>(taken_.size()), static_cast<int>(choices_.size()));
        std::vector<double> row_least(static_cast<std::size_t>(devices_), 0.0), row_most;
        for (int i = 0; i < devices_; ++i) {
            row_most.push_back(network_.capacity(i));
        }
        row_least.resize(row_least.size() + taken_.size(), 1.0);
        row_most.resize(row_least.size(), 1.0);
        const std::vector<double> least(choices_.size(), 0.0), most(choices_.size(), 1.0);
        solver.loadProblem(matrix, least.data(), most.data(), cost_.data(), row_least.data(), row_most.data());
    }

private:
    void add_job(int n, const Job& job, MatrixView<const double> runtime_ms, double reference) {
        const int own_row = devices_ + static_cast<int>(taken_.size());
        taken_.push_back(n);
        for (int i = 0; i < devices_; ++i) {
            const double runtime = runtime_ms(i, job.module);
            if (!std::isfinite(runtime)) {
                continue;
            }
            const int c = static_cast<int>(choices_.size());
            choices_.push_back({n, i, latency_ms(network_, job, runtime_ms, i)});
            cost_.push_back(choices_.back().latency / reference);
            row_.insert(row_.end(), {own_row, i});
            column_.insert(column_.end(), {c, c});
            element_.insert(element_.end(), {1.0, runtime * job.rate});
        }
    }

    const Network& network_;
    int devices_;
    std::vector<int> taken_;  // jobs that are not left out
    std::vector<Choice> choices_;
    std::vector<double> cost_;
    std::vector<int> row_, column_;
    std::vector<double> element_;
};

}  // namespace

std::optional<std::vector<double>> optimal_latencies(const Network& network, std::span<const Job> jobs,
                                                     MatrixView<const double> runtime_ms,
                                                     std::span<const double> reference_ms,
                                                     const std::stop_token& stop) {
    const PlacementProgram program(network, jobs, runtime_ms, reference_ms);
    std::vector<double> out(jobs.size(), kLeftOut);
    if (program.empty()) {
        return out;
    }
    if (program.choices().empty()) {
        return std::nullopt;
    }
    ClpSimplex solver;
    solver.setLogLevel(0);
    const StopHandler handler(stop);
    solver.passInEventHandler(&handler);
    program.load(solver);
    solver.dual();
    if (stop.stop_requested() || !solver.isProvenOptimal()) {
        return std::nullopt;
    }
    for (const int n : program.taken()) {
        out[static_cast<std::size_t>(n)] = 0.0;
    }
    const double* x = solver.primalColumnSolution();
    for (const Choice& choice : program.choices()) {
        out[static_cast<std::size_t>(choice.job)] += *x++ * choice.latency;
    }
    return out;
}

}  // namespace pitot::place
