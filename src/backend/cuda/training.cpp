// Steps of a shard: batches drawn, launches recorded once and replayed, losses added up.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "backend/cuda/shard.hpp"
#include "core/check.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend::cuda {

Shard::Objectives Shard::upload(const std::vector<Objective>& objectives, std::size_t first, bool validation) const {
    Objectives out;
    std::vector<std::int64_t> rows_of(static_cast<std::size_t>(models_));
    for (const Objective& objective : objectives) {
        const auto& lists = validation ? objective.validation : objective.rows;
        std::size_t total = 0;
        for (std::int64_t g = 0; g < models_ && !lists.empty(); ++g) {
            total += lists[first + static_cast<std::size_t>(g)].size();
        }
        std::vector<std::int32_t> numbers;
        numbers.reserve(total);
        std::vector<std::int64_t> begin{0};
        PITOT_CHECK(tables_ != nullptr && objective.table < tables_->size());
        const DeviceTable& table = (*tables_)[objective.table];
        const std::int64_t batch = validation ? 0 : objective.batch;
        for (std::int64_t g = 0; g < models_; ++g) {
            if (!lists.empty()) {
                const core::RowNumbers rows = lists[first + static_cast<std::size_t>(g)];
                for (const std::int64_t row : rows) {
                    numbers.push_back(static_cast<std::int32_t>(row));
                }
                const auto size = static_cast<std::int64_t>(rows.size());
                rows_of[static_cast<std::size_t>(g)] += size == 0 ? 0 : batch == 0 ? size : batch;
            }
            begin.push_back(static_cast<std::int64_t>(numbers.size()));
        }
        out.all = out.all && batch == 0;
        out.width = std::max(out.width, table.width);
        const auto& on_card = out.rows.emplace_back(std::span<const std::int32_t>(numbers));
        const auto& begins = out.begins.emplace_back(std::span<const std::int64_t>(begin));
        out.draw.push_back(
            {table.view(), on_card.data(), begins.data(), nullptr, static_cast<std::int32_t>(batch), objective.weight});
    }
    out.most_rows = rows_of.empty() ? 0 : *std::ranges::max_element(rows_of);
    return out;
}

void Shard::set_objectives(const std::vector<Objective>& objectives, std::size_t first) {
    if (objectives.size() > kMostObjectives) {
        throw DeviceFailure(
            {ErrorCode::kUsage,
             fmt::format("{} pools of observations are more than the backend 'cuda' learns from at once "
                         "({}); give some the weight 0, or use the backend 'cpu'",
                         objectives.size(), kMostObjectives),
             Remedy::kUseCpuBackend});
    }
    drop_graphs();
    check(cudaStreamSynchronize(drawing_.get()), "drawing batches");  // from what is replaced now
    keys_drawn_with_.clear();
    ahead_ = 0;
    training_ = upload(objectives, first, false);
    validation_ = upload(objectives, first, true);
    keys_.clear();
    for (DrawObjective& objective : training_.draw) {
        objective.key = keys_.emplace_back(models_).data();
    }
    const std::int64_t rows = std::max<std::int64_t>(training_.most_rows, 1);
    for (DrawnBatches& batches : drawn_) {
        batches.memory = BatchMemory();
        batches.steps = 0;
    }
    // A batch of all rows is the same in every step.
    drawn_[0].memory = BatchMemory(program_, models_, training_.all ? 1 : slots_, rows, training_.width);
    if (!training_.all) {
        drawn_[1].memory = BatchMemory(program_, models_, slots_, rows, training_.width);
    }
    losses_ = DeviceArray<float>(slots_ * models_ * program_.platforms);
    if (training_.all) {
        draw(training_, drawn_[0].memory, true, 0, 1, stream_.get());
    }
    validation_batch_ = BatchMemory();
    if (validation_.most_rows > 0) {
        validation_batch_ = BatchMemory(program_, models_, 1, validation_.most_rows, validation_.width);
        validation_losses_ = DeviceArray<float>(models_ * program_.platforms);
        draw(validation_, validation_batch_, false, 0, 1, stream_.get());
    }
    make_room(std::max(rows, validation_batch_.rows()));
    check(cudaStreamSynchronize(stream_.get()), "ordering rows");
}

void Shard::draw(const Objectives& objectives, const BatchMemory& to, bool learns, std::int64_t first_step,
                 std::int64_t steps, cudaStream_t stream) {
    // The kernel of layers and dot products finds the rows of a module, if those of a platform are in their order.
    const bool layered = learns && layers_at_once(to.rows());
    Draw draw = to.target(learns && !layered);
    draw.by_module = layered;
    draw.first_step = first_step;
    draw.objectives = static_cast<std::int32_t>(objectives.draw.size());
    std::ranges::copy(objectives.draw, draw.objective);
    check(launch_draw(draw, static_cast<std::int32_t>(steps), stream), "drawing batches");
}

// Keys to draw with, of every model. Batches drawn with others are forgotten.
void Shard::set_keys(std::span<const core::Key> keys) {
    if (std::ranges::equal(keys, keys_drawn_with_, {}, &core::Key::value, &core::Key::value)) {
        return;
    }
    check(cudaStreamSynchronize(drawing_.get()), "drawing batches");
    for (DrawnBatches& batches : drawn_) {
        batches.steps = 0;
    }
    for (std::size_t o = 0; o < keys_.size(); ++o) {
        std::vector<std::uint64_t> values;
        for (const core::Key key : keys) {
            values.push_back(key.fold(o).value());
        }
        keys_[o].upload(values);
    }
    keys_drawn_with_.assign(keys.begin(), keys.end());
}

void Shard::draw_steps(DrawnBatches& to, std::int64_t first_step, std::int64_t steps) {
    draw(training_, to.memory, true, first_step, steps, drawing_.get());
    check(cudaEventRecord(to.drawn.get(), drawing_.get()), "drawing batches");
    to.first_step = first_step;
    to.steps = steps;
}

// The batches of these steps, drawn before or now. Those of the steps behind them are begun.
const Shard::DrawnBatches& Shard::batches_of(std::int64_t first_step, std::int64_t steps) {
    const bool second = drawn_[1].steps >= steps && drawn_[1].first_step == first_step;
    DrawnBatches& batches = drawn_[second ? 1 : 0];
    if (batches.steps < steps || batches.first_step != first_step) {
        draw_steps(batches, first_step, steps);
    }
    check(cudaStreamWaitEvent(stream_.get(), batches.drawn.get(), 0), "ordering streams");
    ahead_ = std::max(ahead_, steps);
    draw_steps(drawn_[second ? 0 : 1], first_step + steps, ahead_);  // its own steps are over
    return batches;
}

void Shard::copy_learned() {
    if (learned_copied_.exchange(true)) {
        return;
    }
    if (rounded_) {
        check(launch_round(parameters_.data(), rounded_parameters_.data(), parameters_.size(), stream_.get()),
              "rounding parameters");
    }
    for (const Concat& concat : layout_.concats) {
        copy_columns(concat.right, concat.out, program_.buffer(concat.left).cols);
    }
}

// Copies a matrix of all models into a wider one, from a column on.
void Shard::copy_columns(BufferId from, BufferId to, std::int64_t column) {
    const Piece all{lanes_.data(), 0, models_};
    const BufferInfo& info = program_.buffer(from);
    const auto copy = [&](const auto& wider) {
        check(launch_copy_columns(value(all, from), wider, static_cast<std::int32_t>(column),
                                  static_cast<std::int32_t>(info.rows), static_cast<std::int32_t>(info.cols),
                                  static_cast<std::int32_t>(models_), stream_.get()),
              "copying columns");
    };
    rounded_ ? copy(writable<Bf16>(all, to)) : copy(writable(all, to));
}

// Records work of every piece in its lane, the lanes side by side between what the stream had before and what follows.
template <typename Record>
void Shard::for_each_piece(const Record& record) {
    check(cudaEventRecord(fork_.get(), stream_.get()), "ordering streams");
    for (Lane& lane : lanes_) {
        check(cudaStreamWaitEvent(lane.stream.get(), fork_.get(), 0), "ordering streams");
    }
    std::size_t next = 0;
    for (std::int64_t first = 0; first < models_; first += piece_) {
        record(Piece{&lanes_[next], first, std::min(piece_, models_ - first)});
        next = (next + 1) % lanes_.size();
    }
    for (std::size_t n = 0; n < lanes_.size(); ++n) {
        check(cudaEventRecord(joins_[n].get(), lanes_[n].stream.get()), "ordering streams");
        check(cudaStreamWaitEvent(stream_.get(), joins_[n].get(), 0), "ordering streams");
    }
}

View<float> Shard::loss_view(std::int64_t step, std::int64_t first) const {
    return {losses_.data() + (step * models_ + first) * program_.platforms, program_.platforms, 0};
}

cudaGraphExec_t Shard::graph(std::int64_t steps, const BatchMemory& batches) {
    const std::pair key{steps, &batches};
    if (const auto found = graphs_.find(key); found != graphs_.end()) {
        return found->second;
    }
    constexpr std::size_t most_graphs = 16;
    if (graphs_.size() >= most_graphs) {
        drop_graphs();
    }
    check(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal), "recording a step");
    try {
        for_each_piece([&](const Piece& piece) {
            for (std::int64_t step = 0; step < steps; ++step) {
                const Batch batch = batches.view(training_.all ? 0 : step, piece.first);
                learn(piece, batch, loss_view(step, piece.first), adam_.data() + step * models_ + piece.first);
            }
        });
    } catch (const DeviceFailure&) {
        cudaGraph_t broken = nullptr;  // or the stream would record for ever
        cudaStreamEndCapture(stream_.get(), &broken);
        if (broken != nullptr) {
            cudaGraphDestroy(broken);
        }
        cudaGetLastError();
        throw;
    }
    cudaGraph_t recorded = nullptr;
    check(cudaStreamEndCapture(stream_.get(), &recorded), "recording a step");
    cudaGraphExec_t ready = nullptr;
    const cudaError_t error = cudaGraphInstantiate(&ready, recorded, 0);
    cudaGraphDestroy(recorded);
    check(error, "preparing a step");
    graphs_[key] = ready;
    return ready;
}

void Shard::start_training(const Adam& adam, std::span<const core::Key> keys, std::int64_t first_step,
                           std::int64_t steps) {
    PITOT_CHECK(steps <= slots_ && static_cast<std::int64_t>(keys.size()) == models_);
    copy_learned();
    for (std::int64_t step = 0; step < steps; ++step) {
        for (std::int64_t g = 0; g < models_; ++g) {
            const std::int64_t update = updates_[static_cast<std::size_t>(g)] + step + 1;
            AdamScalars& to = adam_host_.all()[static_cast<std::size_t>(step * models_ + g)];
            if (g > 0 && updates_[static_cast<std::size_t>(g)] == updates_[static_cast<std::size_t>(g - 1)]) {
                to = adam_host_.all()[static_cast<std::size_t>(step * models_ + g - 1)];
                continue;
            }
            const AdamStep scalars = adam_step(adam, update, first_step + step);
            to = {static_cast<float>(scalars.beta1), static_cast<float>(scalars.beta2),
                  static_cast<float>(scalars.epsilon), static_cast<float>(scalars.rate),
                  static_cast<float>(scalars.root)};
        }
    }
    for (std::int64_t& updates : updates_) {
        updates += steps;
    }
    check(cudaMemcpyAsync(adam_.data(), adam_host_.data(),
                          static_cast<std::size_t>(steps * models_) * sizeof(AdamScalars), cudaMemcpyHostToDevice,
                          stream_.get()),
          "copying to it");
    const BatchMemory* batches = &drawn_[0].memory;
    if (!training_.all) {
        set_keys(keys);
        batches = &batches_of(first_step, steps).memory;
    }
    check(cudaGraphLaunch(graph(steps, *batches), stream_.get()), "training");
    add_losses(losses_, steps);
}

// Each model's losses over platforms and steps, to the host.
void Shard::add_losses(const DeviceArray<float>& losses, std::int64_t steps) {
    check(launch_sum({losses.data(), program_.platforms, 0}, steps, models_ * program_.platforms,
                     static_cast<std::int32_t>(program_.platforms), sums_.data(), static_cast<std::int32_t>(models_),
                     stream_.get()),
          "adding losses");
    check(cudaMemcpyAsync(sums_host_.data(), sums_.data(), static_cast<std::size_t>(models_) * sizeof(double),
                          cudaMemcpyDeviceToHost, stream_.get()),
          "copying from it");
}

void Shard::finish_training(std::span<double> losses) {
    check(cudaStreamSynchronize(stream_.get()), "training");
    std::ranges::transform(losses, sums_host_.all(), losses.begin(), std::plus<>());
}

void Shard::start_validation() {
    if (validation_batch_.rows() == 0) {
        std::ranges::fill(sums_host_.all(), 0.0);
        return;
    }
    copy_learned();
    for_each_piece([&](const Piece& piece) {
        const View<float> loss{validation_losses_.data() + piece.first * program_.platforms, program_.platforms, 0};
        forward(piece, validation_batch_.view(0, piece.first), loss);
    });
    add_losses(validation_losses_, 1);
}

void Shard::finish_validation(std::span<double> losses) {
    check(cudaStreamSynchronize(stream_.get()), "validating");
    std::ranges::copy(sums_host_.all(), losses.begin());
}

}  // namespace pitot::backend::cuda
