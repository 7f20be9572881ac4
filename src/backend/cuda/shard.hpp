// The models of a group that one card trains: their memory, and the launches of a step.
//
// All of a step's launches for a piece of the models follow one another in a stream; the pieces of a few streams run
// side by side, each in memory of its own. The launches of several steps are recorded once as a graph and replayed;
// what differs from step to step, batches and the scalars of Adam, lies in memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cuda/batch_memory.hpp"
#include "backend/cuda/launch.hpp"
#include "backend/cuda/layout.hpp"
#include "backend/cuda/memory.hpp"

namespace pitot::backend::cuda {

/// How a shard goes about its work.
struct Tuning {
    std::int64_t piece = 0;  ///< models whose launches follow one another; 0: by the memory of their rows
    std::int64_t streams = 2;
    std::int64_t steps = 50;  ///< recorded at once
    /// By PITOT_CUDA_PIECE and PITOT_CUDA_STREAMS where they are set: for measurements.
    [[nodiscard]] static Tuning from_environment();
};

class Shard {
public:
    Shard(int device, const DeviceProgram& program, std::int64_t models, const ExecutionPlan& plan, Precision precision,
          const Tuning& tuning);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// Bytes that are taken, at most: of a model, of what it works in, which models may share, and of all together.
    struct Bytes {
        std::int64_t model = 0;
        std::int64_t lane = 0;
        std::int64_t shared = 0;
    };
    /// Models for which `free` bytes are enough.
    [[nodiscard]] static std::int64_t models_that_fit(const Bytes& bytes, std::int64_t free, const Tuning& tuning);
    [[nodiscard]] static Bytes bytes(const DeviceProgram& program, const ExecutionPlan& plan, Precision precision,
                                     const Tuning& tuning);

    [[nodiscard]] std::int64_t models() const { return models_; }
    void set_parameters(std::int64_t model, std::span<const double> values);
    [[nodiscard]] std::vector<double> parameters(std::int64_t model);
    void set_constant(std::int64_t model, BufferId buffer, std::span<const double> values);
    /// Takes the rows of models first … first + models() of each objective.
    void set_objectives(const std::vector<Objective>& objectives, std::size_t first);

    /// Starts training and returns; finish_training() waits and adds each model's losses, summed over steps.
    void start_training(const Adam& adam, std::span<const core::Key> keys, std::int64_t first_step, std::int64_t steps);
    void finish_training(std::span<double> losses);
    [[nodiscard]] std::int64_t most_steps() const { return slots_; }
    void start_validation();
    void finish_validation(std::span<double> losses);

    double gradient(std::int64_t model, const PairColumns& rows, double weight, std::span<double> out);
    void keep(std::span<const std::int64_t> models);
    [[nodiscard]] std::vector<float> kept(std::int64_t model);

private:
    // Memory that the launches of a piece work in.
    struct Lane {
        Stream stream{-1};  // goes before batches of later steps
        DeviceArray<float> towers, tower_gradients, pairs, pair_gradients, weight, slope, strips;
        DeviceArray<Bf16> rounded_towers, rounded_tower_gradients;  // instead of the first two
        std::int64_t rows = 0;                                      // of a batch, at most
    };
    // Models first … first + count, in a lane.
    struct Piece {
        Lane* lane;
        std::int64_t first, count;
    };
    struct Objectives {
        std::vector<DrawObjective> draw;
        std::vector<DeviceArray<std::int32_t>> rows;
        std::vector<DeviceArray<std::int64_t>> begins;
        std::int64_t most_rows = 0;
        std::int32_t width = 0;
        bool all = true;  // whether nothing is drawn
    };

    // Batches of some steps; those of the next are drawn while these are learned from.
    struct DrawnBatches {
        BatchMemory memory;
        std::int64_t first_step = 0, steps = 0;
        Event drawn;
    };

    [[nodiscard]] Objectives upload(const std::vector<Objective>& objectives, std::size_t first, bool validation) const;
    void draw(const Objectives& objectives, const BatchMemory& to, bool learns, std::int64_t first_step,
              std::int64_t steps, cudaStream_t stream);
    void add_losses(const DeviceArray<float>& losses, std::int64_t steps);
    void make_room(std::int64_t rows);
    void copy_learned();
    void copy_columns(BufferId from, BufferId to, std::int64_t column);
    [[nodiscard]] cudaGraphExec_t graph(std::int64_t steps, const BatchMemory& batches);
    void set_keys(std::span<const core::Key> keys);
    [[nodiscard]] const DrawnBatches& batches_of(std::int64_t first_step, std::int64_t steps);
    void draw_steps(DrawnBatches& to, std::int64_t first_step, std::int64_t steps);
    void drop_graphs();
    template <typename Record>
    void for_each_piece(const Record& record);

    // As numbers in single precision or, where there are such, rounded ones.
    template <typename T = float>
    [[nodiscard]] View<T> writable(const Piece& piece, BufferId buffer) const;
    template <typename T = float>
    [[nodiscard]] View<const T> value(const Piece& piece, BufferId buffer) const;
    template <typename T = float>
    [[nodiscard]] View<T> gradient_of(const Piece& piece, BufferId buffer) const;
    [[nodiscard]] Update update(const Piece& piece, BufferId buffer, const AdamScalars* adam) const;

    void forward(const Piece& piece, const Batch& batch, View<float> loss);
    // A step: forward, backward, and updates of parameters; without `adam` gradients are stored.
    void learn(const Piece& piece, const Batch& batch, View<float> loss, const AdamScalars* adam);
    template <typename T>
    void towers_forward(const Piece& piece);
    template <typename T>
    void towers_backward(const Piece& piece);
    template <typename T>
    void update_layers(const Piece& piece, const AdamScalars* adam);
    void pairs_forward(const Piece& piece, const Batch& batch, View<float> loss, bool learn);
    template <typename T>
    [[nodiscard]] FactorsOf<T> factors_of(std::int64_t rows) const;
    template <typename T>
    [[nodiscard]] FactorsOf<T> factors(const Piece& piece, const Batch& batch) const;
    template <typename T>
    void factors_forward(const Piece& piece, const Batch& batch, View<float> loss, bool learn);
    template <typename T>
    void factors_backward(const Piece& piece, const Batch& batch);
    template <typename T>
    void add_gradients(const Piece& piece, FactorsOf<T>& factors) const;
    template <typename T>
    [[nodiscard]] bool dots_fit_at(std::int64_t rows) const;
    template <typename T>
    void dots_step(const Piece& piece, const Batch& batch, View<float> loss, const AdamScalars* adam);
    [[nodiscard]] LayeredDots layered_of(std::int64_t rows) const;
    [[nodiscard]] bool layered_fit_at(std::int64_t rows) const;
    // Whether one kernel does layers and dot products of batches of so many rows, which are drawn for it.
    [[nodiscard]] bool layers_at_once(std::int64_t rows) const { return layered_ && layered_fit_at(rows); }
    void layered_dots(const Piece& piece, const Batch& batch, View<float> loss);
    void pairs_backward(const Piece& piece, const Batch& batch, const AdamScalars* adam);
    void joined_step(const Piece& piece, const Batch& batch, View<float> loss, const AdamScalars* adam);
    void sum_rows(const Piece& piece, const Batch& batch, const PairSumTanh& op);
    // Whether it did what comes next, too.
    bool network_forward(const Piece& piece, const Batch& batch, const PairOp& op, const PairOp* next);
    void network_backward(const Piece& piece, const Batch& batch, const PairOp& op, const AdamScalars* adam);
    void stored_update(const Piece& piece, const AdamScalars* adam, bool multiplied_done);
    void undo_tanh(const Piece& piece, BufferId buffer, std::int64_t rows);
    [[nodiscard]] LossTerms loss_terms(const Piece& piece, View<float> loss, bool learn) const;
    [[nodiscard]] View<float> loss_view(std::int64_t step, std::int64_t first) const;

    int device_;
    std::int64_t shared_of_block_;  // bytes of shared memory that a block may ask for
    const DeviceProgram& layout_;
    const Program& program_;
    std::int64_t models_;
    Precision precision_;
    bool rounded_;  // whether towers, and what they are made of, are kept rounded; else there are none of those arrays
    // Whether this card has room for the kernel of all dot products of a step, and for that of layers before them. Not
    // by the rows that a shard's batches happen to have: a model's results are the same in any group.
    bool dots_at_once_ = false, layered_ = false;
    bool joined_ = false;  // whether this card has room for the kernel of DeviceProgram::joined
    const std::vector<DeviceTable>* tables_ = nullptr;
    std::shared_ptr<const ResidentTables> held_;

    Stream stream_;
    DeviceArray<float> constants_, replica_constants_, parameters_, first_, second_, gradients_, inputs_, kept_;
    DeviceArray<Bf16> rounded_constants_, rounded_parameters_, rounded_inputs_;
    std::vector<std::int64_t> updates_;
    std::int64_t piece_ = 1;
    std::vector<Lane> lanes_;
    std::atomic<bool> learned_copied_ = false;

    std::int64_t slots_ = 1;
    Objectives training_, validation_;
    BatchMemory validation_batch_;
    Stream drawing_;
    std::array<DrawnBatches, 2> drawn_;
    std::vector<core::Key> keys_drawn_with_;
    std::int64_t ahead_ = 0;  // steps to draw ahead: the most that were asked for at once
    std::vector<DeviceArray<std::uint64_t>> keys_;
    DeviceArray<AdamScalars> adam_;
    PinnedArray<AdamScalars> adam_host_;
    DeviceArray<float> losses_, validation_losses_;
    DeviceArray<double> sums_;
    PinnedArray<double> sums_host_;
    std::map<std::pair<std::int64_t, const BatchMemory*>, cudaGraphExec_t> graphs_;
    std::vector<Event> joins_;
    Event fork_;
};

template <>
View<float> Shard::writable(const Piece& piece, BufferId buffer) const;
template <>
View<Bf16> Shard::writable(const Piece& piece, BufferId buffer) const;

}  // namespace pitot::backend::cuda
