// A group of models on one or several cards.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cuda/shard.hpp"

namespace pitot::backend::cuda {

/// Shares models out over cards in pieces of nearly equal size, in order. What a model learns does not depend on the
/// others, so neither on the number of cards. Predictions and towers are computed on the processor from the parameters
/// as they are: what is trained on a card is used where it is asked for.
class CardExecutor final : public Executor {
public:
    /// Throws DeviceFailure.
    CardExecutor(DeviceProgram program, std::int64_t group, const ExecutionPlan& plan, std::span<const int> devices,
                 Precision precision, const Tuning& tuning);

    void set_parameters(std::int64_t replica, std::span<const double> values) override;
    [[nodiscard]] std::vector<double> parameters(std::int64_t replica) override;
    void set_constant(std::int64_t replica, BufferId buffer, std::span<const double> values) override;
    void set_objectives(std::vector<Objective> objectives) override;
    void train(const Adam& adam, std::span<const core::Key> keys, std::int64_t first_step, std::int64_t steps,
               std::span<double> mean_loss) override;
    void validation_losses(std::span<double> losses) override;
    double gradient(std::int64_t replica, const PairColumns& rows, double weight, std::span<double> out) override;
    void forward_towers() override;
    void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out) const override;
    [[nodiscard]] Matrix<float> values(std::int64_t replica, BufferId buffer) const override;
    void keep(std::span<const std::int64_t> replicas) override;
    [[nodiscard]] std::vector<float> kept(std::int64_t replica) override;
    [[nodiscard]] Result<void> status() const override;

private:
    struct Card {
        int device = 0;
        std::int64_t first = 0;
        std::unique_ptr<Shard> shard;
    };
    struct Constant {
        std::int64_t replica;
        BufferId buffer;
        std::vector<double> values;
    };

    [[nodiscard]] Card& card_of(std::int64_t replica);
    // Calls work(card) for each card, unless something has failed before.
    template <typename Work>
    void on_cards(const Work& work);
    template <typename Work>
    void on_card_of(std::int64_t replica, const Work& work);
    void fail_with(const DeviceFailure& failure);

    DeviceProgram program_;
    std::vector<Card> cards_;
    std::vector<Constant> constants_;
    std::unique_ptr<Executor> host_;  // as of the last forward_towers()
    std::int64_t group_;
    mutable std::mutex mutex_;
    std::optional<Error> failure_;
};

}  // namespace pitot::backend::cuda
