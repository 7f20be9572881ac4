#include "backend/cuda/executor.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace pitot::backend::cuda {

CardExecutor::CardExecutor(DeviceProgram program, std::int64_t group, const ExecutionPlan& plan,
                           std::span<const int> devices, Precision precision, const Tuning& tuning)
    : program_(std::move(program)), group_(group) {
    const auto count = std::min<std::int64_t>(std::ssize(devices), group);
    for (std::int64_t n = 0; n < count; ++n) {
        Card& card = cards_.emplace_back();
        card.device = devices[static_cast<std::size_t>(n)];
        card.first = group * n / count;
        const OnDevice on(card.device);
        card.shard = std::make_unique<Shard>(card.device, program_, group * (n + 1) / count - card.first, plan,
                                             precision, tuning);
    }
}

CardExecutor::Card& CardExecutor::card_of(std::int64_t replica) {
    const auto after = std::ranges::find_if(cards_, [&](const Card& card) { return card.first > replica; });
    return *(after - 1);
}

void CardExecutor::fail_with(const DeviceFailure& failure) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) {
        failure_ = failure.error();
    }
}

Result<void> CardExecutor::status() const {
    const std::scoped_lock lock(mutex_);
    if (failure_) {
        return Failure(*failure_);
    }
    return {};
}

template <typename Work>
void CardExecutor::on_cards(const Work& work) {
    if (!status()) {
        return;
    }
    try {
        for (Card& card : cards_) {
            const OnDevice on(card.device);
            work(card);
        }
    } catch (const DeviceFailure& failure) {
        fail_with(failure);
    }
}

template <typename Work>
void CardExecutor::on_card_of(std::int64_t replica, const Work& work) {
    if (!status()) {
        return;
    }
    try {
        Card& card = card_of(replica);
        const OnDevice on(card.device);
        work(*card.shard, replica - card.first);
    } catch (const DeviceFailure& failure) {
        fail_with(failure);
    }
}

void CardExecutor::set_parameters(std::int64_t replica, std::span<const double> values) {
    on_card_of(replica, [&](Shard& shard, std::int64_t model) { shard.set_parameters(model, values); });
}

std::vector<double> CardExecutor::parameters(std::int64_t replica) {
    std::vector<double> out(static_cast<std::size_t>(program_.program().parameter_count()));
    on_card_of(replica, [&](Shard& shard, std::int64_t model) { out = shard.parameters(model); });
    return out;
}

void CardExecutor::set_constant(std::int64_t replica, BufferId buffer, std::span<const double> values) {
    on_card_of(replica, [&](Shard& shard, std::int64_t model) { shard.set_constant(model, buffer, values); });
    constants_.push_back({replica, buffer, {values.begin(), values.end()}});
}

void CardExecutor::set_objectives(std::vector<Objective> objectives) {
    on_cards([&](Card& card) { card.shard->set_objectives(objectives, static_cast<std::size_t>(card.first)); });
}

void CardExecutor::train(const Adam& adam, std::span<const core::Key> keys, std::int64_t first_step, std::int64_t steps,
                         std::span<double> mean_loss) {
    std::ranges::fill(mean_loss, 0.0);
    const auto of_card = [](auto all, const Card& card) {
        return all.subspan(static_cast<std::size_t>(card.first), static_cast<std::size_t>(card.shard->models()));
    };
    const std::int64_t end = first_step + steps;
    for (std::int64_t step = first_step; step < end;) {
        const std::int64_t count = std::min(end - step, cards_.front().shard->most_steps());
        on_cards([&](Card& card) { card.shard->start_training(adam, of_card(keys, card), step, count); });
        on_cards([&](Card& card) { card.shard->finish_training(of_card(mean_loss, card)); });
        step += count;
    }
    for (double& loss : mean_loss) {
        loss /= static_cast<double>(steps);
    }
}

void CardExecutor::validation_losses(std::span<double> losses) {
    host_.reset();  // asked for a prediction, it would answer with what parameters were before
    on_cards([](Card& card) { card.shard->start_validation(); });
    on_cards([&](Card& card) {
        card.shard->finish_validation(
            losses.subspan(static_cast<std::size_t>(card.first), static_cast<std::size_t>(card.shard->models())));
    });
}

double CardExecutor::gradient(std::int64_t replica, const PairColumns& rows, double weight, std::span<double> out) {
    double loss = 0.0;
    on_card_of(replica, [&](Shard& shard, std::int64_t model) { loss = shard.gradient(model, rows, weight, out); });
    return loss;
}

void CardExecutor::keep(std::span<const std::int64_t> replicas) {
    on_cards([&](Card& card) {
        std::vector<std::int64_t> models;
        for (const std::int64_t replica : replicas) {
            if (replica >= card.first && replica < card.first + card.shard->models()) {
                models.push_back(replica - card.first);
            }
        }
        card.shard->keep(models);
    });
}

std::vector<float> CardExecutor::kept(std::int64_t replica) {
    std::vector<float> out(static_cast<std::size_t>(program_.program().parameter_count()));
    on_card_of(replica, [&](Shard& shard, std::int64_t model) { out = shard.kept(model); });
    return out;
}

void CardExecutor::forward_towers() {
    auto host = cpu_backend().prepare(program_.program(), group_);
    PITOT_CHECK(host.has_value());  // the program has been checked
    for (std::int64_t g = 0; g < group_; ++g) {
        (*host)->set_parameters(g, parameters(g));
    }
    for (const Constant& constant : constants_) {
        (*host)->set_constant(constant.replica, constant.buffer, constant.values);
    }
    (*host)->forward_towers();
    host_ = *std::move(host);
}

void CardExecutor::predict(std::int64_t replica, const PairColumns& rows, std::span<double> out) const {
    PITOT_CHECK(host_ != nullptr);
    host_->predict(replica, rows, out);
}

Matrix<float> CardExecutor::values(std::int64_t replica, BufferId buffer) const {
    PITOT_CHECK(host_ != nullptr);
    return host_->values(replica, buffer);
}

}  // namespace pitot::backend::cuda
