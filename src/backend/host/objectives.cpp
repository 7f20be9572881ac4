#include "backend/host/objectives.hpp"

#include <algorithm>

#include "backend/host/huber.hpp"
#include "core/check.hpp"

namespace pitot::backend {
namespace {

// Rows at a time.
constexpr std::size_t kPiece = 16384;

// Rows copied from a table.
class Gathered {
public:
    void gather(const PairColumns& data, core::RowNumbers rows) {
        const auto width = static_cast<std::size_t>(data.width);
        platform_.clear();
        module_.clear();
        co_runner_.clear();
        for (const std::int64_t r : rows) {
            const auto row = static_cast<std::size_t>(r);
            platform_.push_back(data.platform[row]);
            module_.push_back(data.module[row]);
            const auto with = data.co_runner.subspan(row * width, width);
            co_runner_.insert(co_runner_.end(), with.begin(), with.end());
        }
    }
    [[nodiscard]] PairColumns columns(std::int32_t width) const { return {platform_, module_, co_runner_, width, {}}; }

private:
    std::vector<std::int32_t> platform_, module_, co_runner_;
};

}  // namespace

HostObjectives::HostObjectives(const std::vector<Objective>& objectives, std::shared_ptr<const ResidentTables> data,
                               std::size_t replicas)
    : data_(std::move(data)), training_(replicas), validation_(replicas) {
    const auto* host = dynamic_cast<const HostTables*>(data_.get());
    for (std::size_t o = 0; o < objectives.size(); ++o) {
        const Objective& objective = objectives[o];
        PITOT_CHECK(host != nullptr && objective.table < host->tables.size());
        PITOT_CHECK(objective.rows.size() == replicas);
        PITOT_CHECK(objective.validation.empty() || objective.validation.size() == replicas);
        const auto add = [&](const std::vector<core::RowNumbers>& rows,
                             std::vector<std::vector<ReplicaObjective>>& to) {
            for (std::size_t g = 0; g < rows.size(); ++g) {
                if (!rows[g].empty()) {
                    const bool all = objective.batch == 0;
                    const auto batch = all ? static_cast<std::int64_t>(rows[g].size()) : objective.batch;
                    to[g].push_back({o, host->tables[objective.table], rows[g], batch, objective.weight, all});
                }
            }
        };
        add(objective.rows, training_);
        add(objective.validation, validation_);
    }
}

std::size_t HostObjectives::most() const {
    std::size_t most = 0;
    for (const auto& objectives : training_) {
        most = std::max(most, objectives.size());
    }
    return most;
}

double HostObjectives::validation_loss(std::size_t replica, const Program& program, const Predict& predict) const {
    Gathered gathered;
    std::vector<double> prediction;
    double total = 0.0;
    for (const ReplicaObjective& part : validation_[replica]) {
        double sum = 0.0;
        for (std::size_t first = 0; first < part.rows.size(); first += kPiece) {
            const core::RowNumbers rows = part.rows.piece(first, std::min(kPiece, part.rows.size() - first));
            gathered.gather(part.data, rows);
            prediction.resize(rows.size());
            predict(gathered.columns(part.data.width), prediction);
            for (std::size_t n = 0; n < prediction.size(); ++n) {
                const double target = static_cast<double>(part.data.target[static_cast<std::size_t>(rows[n])]);
                const double error = prediction[n] - target;
                sum += program.loss == Loss::kHuber      ? huber_loss(error, program.huber_delta)
                       : program.loss == Loss::kRelative ? error * error / (target * target)
                                                         : error * error;
            }
        }
        total += part.weight * sum / static_cast<double>(part.rows.size());
    }
    return total;
}

}  // namespace pitot::backend
