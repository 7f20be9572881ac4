#include "backend/cuda/shard.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "core/check.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend::cuda {
namespace {

std::int64_t from_environment(const char* name, std::int64_t otherwise) {
    const char* text = std::getenv(name);
    const std::int64_t value = text == nullptr ? 0 : std::atoll(text);
    return value > 0 ? value : otherwise;
}

// What the rows of a piece may take.
constexpr std::int64_t kPieceBytes = std::int64_t{4} << 30;

// Of a model in a lane, what strips of batches have: see PairNetwork.
std::int64_t strip_elements(const DeviceProgram& program, std::int64_t rows) {
    if (!program.joined) {
        return 0;
    }
    const std::int64_t cols = program.program().buffer(program.joined->first.out).cols;
    return pair_network_strips(rows) * pair_network_sums(cols, program.place(program.joined->second.weight).ld);
}

bool rounds(const DeviceProgram& program, Precision precision) {
    return precision == Precision::kBf16 && program.can_round();
}

// Bytes of a model in a lane.
std::int64_t lane_bytes(const DeviceProgram& program, std::int64_t rows, bool rounded) {
    return (rounded ? 4 : 8) * program.size(Arena::kTowers) +
           4 * (rows * (2 * program.size(Arena::kPairs) + program.groups() + 1) + strip_elements(program, rows));
}

// At most, of tables of that many rows in all: those of one fold of two.
std::int64_t rows_of_validation(std::int64_t table_rows) { return table_rows / 2; }

std::int64_t piece_of(const DeviceProgram& program, std::int64_t rows, std::int64_t models, bool rounded,
                      const Tuning& tuning) {
    // One piece a stream, unless their rows take too much memory: small pieces would stay in the second-level cache,
    // but leave the card waiting for the launches of each.
    const std::int64_t bytes = std::max<std::int64_t>(lane_bytes(program, rows, rounded), 1);
    const std::int64_t a_stream = (models + tuning.streams - 1) / tuning.streams;
    const std::int64_t most = tuning.piece > 0 ? tuning.piece : std::min(a_stream, kPieceBytes / bytes);
    return std::clamp<std::int64_t>(most, 1, std::max<std::int64_t>(models, 1));
}

std::int64_t shared_of_block(int device) {
    int bytes = 0;
    check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "asking what it has");
    return bytes;
}

}  // namespace

Tuning Tuning::from_environment() {
    Tuning tuning;
    tuning.piece = cuda::from_environment("PITOT_CUDA_PIECE", tuning.piece);
    tuning.streams = cuda::from_environment("PITOT_CUDA_STREAMS", tuning.streams);
    return tuning;
}

Shard::Bytes Shard::bytes(const DeviceProgram& program, const ExecutionPlan& plan, Precision precision,
                          const Tuning& tuning) {
    const Program& p = program.program();
    std::int64_t table_rows = 0;
    std::int32_t width = 0;
    if (const auto* tables = dynamic_cast<const DeviceTables*>(plan.data.get()); tables != nullptr) {
        for (const DeviceTable& table : tables->of_device.begin()->second) {
            table_rows += table.rows;
            width = std::max(width, table.width);
        }
    }
    // A batch that takes all rows is made once, and so is that of validation: no more rows together than there are.
    const std::int64_t rows = std::max<std::int64_t>(plan.platform_rows, 1);
    const std::int64_t steps = plan.all_rows ? 1 : 2 * tuning.steps;
    const std::int64_t validated = rows_of_validation(table_rows);
    Bytes bytes;
    const bool rounded = rounds(program, precision);
    bytes.model = 4 * (5 * program.size(Arena::kParameters) + program.size(Arena::kReplicaConstants)) +
                  (rounded ? 2 * program.size(Arena::kParameters) : 0) +
                  (rounded ? 2 : 4) * program.size(Arena::kInputs) + steps * BatchMemory::bytes(p, rows, width) +
                  tuning.steps * (static_cast<std::int64_t>(sizeof(AdamScalars)) + 4 * p.platforms) +
                  BatchMemory::bytes(p, validated, width) + 8 * table_rows;
    bytes.lane = lane_bytes(program, std::max(rows, validated), rounded);
    // Beside constants what the card's driver takes for itself, and graphs.
    bytes.shared = (rounded ? 6 : 4) * program.size(Arena::kConstants) + (std::int64_t{256} << 20);
    return bytes;
}

std::int64_t Shard::models_that_fit(const Bytes& bytes, std::int64_t free, const Tuning& tuning) {
    constexpr std::int64_t most = 65535;  // blocks of a launch in the direction of models
    const std::int64_t room = free - bytes.shared;
    // Either every model works in memory of its own, or the pieces of each stream share what they may take.
    const std::int64_t alone = (room - tuning.streams * bytes.lane) / (bytes.model + bytes.lane);
    const std::int64_t shared = (room - tuning.streams * std::max(bytes.lane, kPieceBytes)) / bytes.model;
    return std::clamp<std::int64_t>(std::max(alone, shared), 0, most);
}

Shard::Shard(int device, const DeviceProgram& program, std::int64_t models, const ExecutionPlan& plan,
             Precision precision, const Tuning& tuning)
    : device_(device),
      shared_of_block_(shared_of_block(device)),
      layout_(program),
      program_(program.program()),
      models_(models),
      precision_(precision),
      rounded_(rounds(program, precision)),
      held_(plan.data),
      constants_(program.size(Arena::kConstants)),
      replica_constants_(models * program.size(Arena::kReplicaConstants)),
      parameters_(models * program.size(Arena::kParameters)),
      first_(models * program.size(Arena::kParameters)),
      second_(models * program.size(Arena::kParameters)),
      gradients_(models * program.size(Arena::kParameters)),
      inputs_(rounded_ ? 0 : models * program.size(Arena::kInputs)),
      rounded_constants_(rounded_ ? program.size(Arena::kConstants) : 0),
      rounded_parameters_(rounded_ ? models * program.size(Arena::kParameters) : 0),
      rounded_inputs_(rounded_ ? models * program.size(Arena::kInputs) : 0),
      updates_(static_cast<std::size_t>(models)),
      slots_(tuning.steps),
      adam_(tuning.steps * models),
      adam_host_(tuning.steps * models),
      sums_(models),
      sums_host_(models) {
    if (const auto* tables = dynamic_cast<const DeviceTables*>(plan.data.get()); tables != nullptr) {
        tables_ = &tables->of_device.at(device);
    }
    for (std::size_t b = 0; b < program_.buffers.size(); ++b) {
        const BufferInfo& info = program_.buffers[b];
        const auto& place = layout_.place(static_cast<BufferId>(b));
        if (info.role == Role::kConstant) {
            std::vector<float> padded(static_cast<std::size_t>(info.rows * place.ld));
            for (std::int64_t i = 0; i < info.rows; ++i) {
                std::copy_n(info.values.begin() + i * info.cols, info.cols, padded.begin() + i * place.ld);
            }
            constants_.upload(padded, place.offset);
        }
    }
    joined_ = layout_.joined && shared_of_block_ >= kPairNetworkShared;
    dots_at_once_ = layout_.has_factors() &&
                    (rounded_ ? dots_fit_at<Bf16>(plan.platform_rows) : dots_fit_at<float>(plan.platform_rows));
    layered_ = layered_fit_at(plan.platform_rows);
    std::int64_t table_rows = 0;
    for (std::size_t t = 0; tables_ != nullptr && t < tables_->size(); ++t) {
        table_rows += (*tables_)[t].rows;
    }
    const std::int64_t rows = std::max({plan.platform_rows, rows_of_validation(table_rows), std::int64_t{1}});
    piece_ = piece_of(program, rows, models, rounded_, tuning);
    const std::int64_t pieces = (models + piece_ - 1) / piece_;
    lanes_.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(tuning.streams, 1, pieces)));
    for (Lane& lane : lanes_) {
        const std::int64_t towers = piece_ * layout_.size(Arena::kTowers);
        if (rounded_) {
            lane.rounded_towers = DeviceArray<Bf16>(towers);
            lane.rounded_tower_gradients = DeviceArray<Bf16>(towers);
        } else {
            lane.towers = DeviceArray<float>(towers);
            lane.tower_gradients = DeviceArray<float>(towers);
        }
    }
    for (std::size_t n = 0; n < lanes_.size(); ++n) {
        joins_.emplace_back();
    }
    if (rounded_ && constants_.size() > 0) {
        check(launch_round(constants_.data(), rounded_constants_.data(), constants_.size(), stream_.get()),
              "rounding features");
    }
    for (const Concat& concat : layout_.concats) {
        copy_columns(concat.left, concat.out, 0);
    }
    check(cudaStreamSynchronize(stream_.get()), "copying features");
}

Shard::~Shard() {
    cudaSetDevice(device_);
    cudaDeviceSynchronize();
    drop_graphs();
}

void Shard::drop_graphs() {
    for (const auto& [of, graph] : graphs_) {
        cudaGraphExecDestroy(graph);
    }
    graphs_.clear();
}

// Memory for batches of that many rows.
void Shard::make_room(std::int64_t rows) {
    for (Lane& lane : lanes_) {
        if (rows > lane.rows) {
            drop_graphs();
            lane.pairs = DeviceArray<float>(piece_ * rows * layout_.size(Arena::kPairs));
            lane.pair_gradients = DeviceArray<float>(piece_ * rows * layout_.size(Arena::kPairs));
            lane.weight = DeviceArray<float>(piece_ * rows * layout_.groups());
            lane.slope = DeviceArray<float>(piece_ * rows);
            lane.strips = DeviceArray<float>(joined_ ? piece_ * strip_elements(layout_, rows) : 0);
            lane.rows = rows;
        }
    }
}

void Shard::set_parameters(std::int64_t model, std::span<const double> values) {
    PITOT_CHECK(static_cast<std::int64_t>(values.size()) == program_.parameter_count());
    const std::int64_t size = layout_.size(Arena::kParameters);
    std::vector<float> padded(static_cast<std::size_t>(size));
    for (std::size_t b = 0; b < program_.buffers.size(); ++b) {
        const BufferInfo& info = program_.buffers[b];
        if (info.role != Role::kParameter) {
            continue;
        }
        const auto& place = layout_.place(static_cast<BufferId>(b));
        for (std::int64_t i = 0; i < info.rows; ++i) {
            const auto row = values.first(static_cast<std::size_t>(info.cols));
            std::ranges::transform(row, padded.begin() + place.offset + i * place.ld,
                                   [](double x) { return static_cast<float>(x); });
            values = values.subspan(row.size());
        }
    }
    parameters_.upload(padded, model * size);
    if (std::exchange(updates_[static_cast<std::size_t>(model)], 0) > 0) {
        const std::vector<float> zeros(static_cast<std::size_t>(size));
        first_.upload(zeros, model * size);
        second_.upload(zeros, model * size);
    }
    learned_copied_ = false;
}

namespace {

// Parameters as they lie on the card, without what is between rows.
template <typename T>
std::vector<T> unpadded(const DeviceProgram& layout, const DeviceArray<float>& from, std::int64_t model) {
    const std::int64_t size = layout.size(Arena::kParameters);
    std::vector<float> padded(static_cast<std::size_t>(size));
    from.download(padded, model * size);
    std::vector<T> out;
    out.reserve(static_cast<std::size_t>(layout.program().parameter_count()));
    for (std::size_t b = 0; b < layout.program().buffers.size(); ++b) {
        const BufferInfo& info = layout.program().buffers[b];
        if (info.role != Role::kParameter) {
            continue;
        }
        const auto& place = layout.place(static_cast<BufferId>(b));
        for (std::int64_t i = 0; i < info.rows; ++i) {
            const auto row = padded.begin() + place.offset + i * place.ld;
            out.insert(out.end(), row, row + info.cols);
        }
    }
    return out;
}

}  // namespace

std::vector<double> Shard::parameters(std::int64_t model) { return unpadded<double>(layout_, parameters_, model); }

std::vector<float> Shard::kept(std::int64_t model) { return unpadded<float>(layout_, kept_, model); }

void Shard::keep(std::span<const std::int64_t> models) {
    const std::int64_t size = layout_.size(Arena::kParameters);
    if (kept_.size() == 0) {
        kept_ = DeviceArray<float>(models_ * size);
    }
    for (std::size_t n = 0; n < models.size();) {
        std::size_t end = n + 1;
        while (end < models.size() && models[end] == models[end - 1] + 1) {
            ++end;
        }
        const std::int64_t at = models[n] * size;
        check(cudaMemcpyAsync(kept_.data() + at, parameters_.data() + at,
                              (end - n) * static_cast<std::size_t>(size) * 4, cudaMemcpyDeviceToDevice, stream_.get()),
              "keeping parameters");
        n = end;
    }
    check(cudaStreamSynchronize(stream_.get()), "keeping parameters");
}

void Shard::set_constant(std::int64_t model, BufferId buffer, std::span<const double> values) {
    const BufferInfo& info = program_.buffer(buffer);
    PITOT_CHECK(info.role == Role::kReplicaConstant);
    const auto& place = layout_.place(buffer);
    std::vector<float> padded(static_cast<std::size_t>(info.rows * place.ld));
    for (std::int64_t i = 0; i < info.rows; ++i) {
        std::transform(values.begin() + i * info.cols, values.begin() + (i + 1) * info.cols,
                       padded.begin() + i * place.ld, [](double x) { return static_cast<float>(x); });
    }
    replica_constants_.upload(padded, model * layout_.size(Arena::kReplicaConstants) + place.offset);
}

double Shard::gradient(std::int64_t model, const PairColumns& rows, double weight, std::span<double> out) {
    copy_learned();
    const DeviceTable table(rows);
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(rows.size()));
    std::iota(numbers.begin(), numbers.end(), 0);
    const DeviceArray<std::int32_t> list{std::span<const std::int32_t>(numbers)};
    const std::vector<std::int64_t> begin{0, rows.size()};
    const DeviceArray<std::int64_t> begins{std::span<const std::int64_t>(begin)};
    Objectives objectives;
    objectives.draw.push_back({table.view(), list.data(), begins.data(), nullptr, 0, weight});
    const BatchMemory memory(program_, 1, 1, rows.size(), rows.width);
    make_room(rows.size());
    draw(objectives, memory, true, 0, 1, stream_.get());
    const DeviceArray<float> losses(program_.platforms);
    const std::int64_t size = layout_.size(Arena::kParameters);
    check(cudaMemsetAsync(gradients_.data() + model * size, 0, static_cast<std::size_t>(size) * 4, stream_.get()),
          "clearing memory");
    check(cudaStreamSynchronize(stream_.get()), "ordering rows");
    const Piece piece{lanes_.data(), model, 1};
    const Batch batch = memory.view(0, 0);
    learn(piece, batch, {losses.data(), program_.platforms, 0}, nullptr);
    check(launch_sum({losses.data(), program_.platforms, 0}, 1, 0, static_cast<std::int32_t>(program_.platforms),
                     sums_.data(), 1, piece.lane->stream.get()),
          "adding losses");
    check(cudaStreamSynchronize(piece.lane->stream.get()), "differentiating");
    double loss = 0.0;
    sums_.download(std::span(&loss, 1));
    std::ranges::copy(unpadded<double>(layout_, gradients_, model), out.begin());
    return loss;
}

}  // namespace pitot::backend::cuda
