// What the replicas of a host executor train on and are validated with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "backend/observations.hpp"
#include "backend/program.hpp"
#include "core/row_numbers.hpp"
#include "pitot/config.hpp"

namespace pitot::backend {

/// Tables as they lie in the host's memory, borrowed.
struct HostTables final : ResidentTables {
    explicit HostTables(std::span<const PairColumns> borrowed) : tables(borrowed.begin(), borrowed.end()) {}
    std::vector<PairColumns> tables;
};

/// One objective as one replica has it.
struct ReplicaObjective {
    std::size_t number = 0;  ///< among all objectives
    PairColumns data;
    core::RowNumbers rows;
    std::int64_t batch = 0;  ///< rows a step
    double weight = 1.0;
    bool all = false;  ///< whether a step takes all rows, none drawn
};

class HostObjectives {
public:
    HostObjectives() = default;
    /// Of a group of `replicas` replicas. `data`: null or HostTables.
    HostObjectives(const std::vector<Objective>& objectives, std::shared_ptr<const ResidentTables> data,
                   std::size_t replicas);

    [[nodiscard]] std::size_t replicas() const { return training_.size(); }
    /// The objectives of which a replica has rows to train on.
    [[nodiscard]] std::span<const ReplicaObjective> training(std::size_t replica) const { return training_[replica]; }
    /// At most how many that is.
    [[nodiscard]] std::size_t most() const;

    using Predict = std::function<void(const PairColumns& rows, std::span<double> out)>;
    /// A replica's loss on its validation rows, which are gathered a piece at a time, whatever their number.
    [[nodiscard]] double validation_loss(std::size_t replica, const Program& program, const Predict& predict) const;

private:
    std::shared_ptr<const ResidentTables> data_;
    std::vector<std::vector<ReplicaObjective>> training_, validation_;  // of each replica
};

}  // namespace pitot::backend
