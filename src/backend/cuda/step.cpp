// The launches of a step, in their order: forward.
#include "backend/cuda/step.hpp"

#include "core/check.hpp"

namespace pitot::backend::cuda {

template <>
View<float> Shard::writable(const Piece& piece, BufferId buffer) const {
    const auto& place = layout_.place(buffer);
    const std::int64_t size = layout_.size(place.arena);
    const auto ld = narrowed(place.ld);
    const auto of_all = [&](const DeviceArray<float>& arena) {
        return View<float>{arena.data() + piece.first * size + place.offset, size, ld};
    };
    switch (place.arena) {
        case Arena::kConstants:
            return {constants_.data() + place.offset, 0, ld};
        case Arena::kReplicaConstants:
            return of_all(replica_constants_);
        case Arena::kParameters:
            return of_all(parameters_);
        case Arena::kInputs:
            return of_all(inputs_);
        case Arena::kTowers:
            return {piece.lane->towers.data() + place.offset, size, ld};
        case Arena::kPairs:
            return {piece.lane->pairs.data() + place.offset * piece.lane->rows, size * piece.lane->rows, ld};
    }
    PITOT_CHECK(false);
}
template <>
View<Bf16> Shard::writable(const Piece& piece, BufferId buffer) const {
    PITOT_CHECK(rounded_);
    const auto& place = layout_.place(buffer);
    const std::int64_t size = layout_.size(place.arena);
    const auto ld = narrowed(place.ld);
    switch (place.arena) {
        case Arena::kConstants:
            return {rounded_constants_.data() + place.offset, 0, ld};
        case Arena::kParameters:
            return {rounded_parameters_.data() + piece.first * size + place.offset, size, ld};
        case Arena::kInputs:
            return {rounded_inputs_.data() + piece.first * size + place.offset, size, ld};
        case Arena::kTowers:
            return {piece.lane->rounded_towers.data() + place.offset, size, ld};
        case Arena::kReplicaConstants:
        case Arena::kPairs:
            break;
    }
    PITOT_CHECK(false);
}

template <typename T>
View<const T> Shard::value(const Piece& piece, BufferId buffer) const {
    return readable(writable<T>(piece, buffer));
}
template View<const float> Shard::value(const Piece&, BufferId) const;
template View<const Bf16> Shard::value(const Piece&, BufferId) const;

template <typename T>
View<T> Shard::gradient_of(const Piece& piece, BufferId buffer) const {
    const auto& place = layout_.place(buffer);
    const std::int64_t size = layout_.size(place.arena);
    const auto ld = narrowed(place.ld);
    if (place.arena == Arena::kTowers) {
        if constexpr (std::is_same_v<T, Bf16>) {
            return {piece.lane->rounded_tower_gradients.data() + place.offset, size, ld};
        } else {
            return {piece.lane->tower_gradients.data() + place.offset, size, ld};
        }
    }
    if constexpr (std::is_same_v<T, float>) {
        if (place.arena == Arena::kParameters) {
            return {gradients_.data() + piece.first * size + place.offset, size, ld};
        }
        if (place.arena == Arena::kPairs) {
            return {piece.lane->pair_gradients.data() + place.offset * piece.lane->rows, size * piece.lane->rows, ld};
        }
    }
    PITOT_CHECK(false);
}
template View<float> Shard::gradient_of(const Piece&, BufferId) const;
template View<Bf16> Shard::gradient_of(const Piece&, BufferId) const;

Update Shard::update(const Piece& piece, BufferId buffer, const AdamScalars* adam) const {
    const auto& place = layout_.place(buffer);
    const std::int64_t size = layout_.size(Arena::kParameters);
    const auto of_all = [&](const DeviceArray<float>& arena) {
        return View<float>{arena.data() + piece.first * size + place.offset, size, narrowed(place.ld)};
    };
    Update made{of_all(parameters_), of_all(first_), of_all(second_), of_all(gradients_), adam};
    if (rounded_) {
        made.rounded = writable<Bf16>(piece, buffer);
    }
    return made;
}

LossTerms Shard::loss_terms(const Piece& piece, View<float> loss, bool learn) const {
    LossTerms terms;
    terms.kind = static_cast<std::int32_t>(program_.loss);
    terms.huber_delta = static_cast<float>(program_.huber_delta);
    if (layout_.baseline) {
        terms.platform_term = value(piece, layout_.baseline->platform_term);
        terms.module_term = value(piece, layout_.baseline->module_term);
    }
    if (layout_.output) {
        terms.output = value(piece, layout_.output->in);
        terms.output_scale = static_cast<float>(layout_.output->scale);
    }
    terms.loss = loss;
    if (learn) {
        terms.slope = {piece.lane->slope.data(), piece.lane->rows, 0};
    }
    return terms;
}

// What is multiplied in a batch of that many rows, without what lies where.
template <typename T>
FactorsOf<T> Shard::factors_of(std::int64_t rows) const {
    FactorsOf<T> f;
    f.batch.rows = narrowed(rows);
    f.batch.platforms = narrowed(program_.platforms);
    f.batch.modules = narrowed(program_.modules);
    f.rank = narrowed(layout_.rank());
    if (layout_.dot) {
        f.dot = true;
        f.dot_scale = static_cast<float>(layout_.dot->scale);
    }
    if (layout_.interference) {
        const PairInterference& op = *layout_.interference;
        f.types = narrowed(op.types);
        f.susceptibility_column = narrowed(op.susceptibility_column);
        f.magnitude_column = narrowed(op.magnitude_column);
        f.interference_scale = static_cast<float>(op.scale);
    }
    return f;
}

template <typename T>
FactorsOf<T> Shard::factors(const Piece& piece, const Batch& batch) const {
    FactorsOf<T> f = factors_of<T>(batch.rows);
    f.batch = batch;
    f.left = value<T>(piece, layout_.left());
    f.right = value<T>(piece, layout_.right());
    f.weight = {piece.lane->weight.data(), piece.lane->rows * layout_.groups(), narrowed(layout_.groups())};
    return f;
}

// Where the gradients of both sides go.
template <typename T>
void Shard::add_gradients(const Piece& piece, FactorsOf<T>& f) const {
    const auto add = [&](BufferId side, View<float>& gradient, View<Bf16>& rounded) {
        if (rounded_ && layout_.place(side).arena == Arena::kTowers) {
            rounded = gradient_of<Bf16>(piece, side);
        } else {
            gradient = gradient_of<float>(piece, side);
        }
    };
    add(layout_.left(), f.left_gradient, f.left_rounded);
    add(layout_.right(), f.right_gradient, f.right_rounded);
}

template <typename T>
bool Shard::dots_fit_at(std::int64_t rows) const {
    return dots_fit(factors_of<T>(rows), shared_of_block_);
}
template bool Shard::dots_fit_at<float>(std::int64_t) const;
template bool Shard::dots_fit_at<Bf16>(std::int64_t) const;

// A whole network, forward and backward.
void Shard::joined_step(const Piece& piece, const Batch& batch, View<float> loss, const AdamScalars* adam) {
    const auto& [first, second, top] = *layout_.joined;
    PairNetwork network;
    network.batch = batch;
    network.left = value(piece, first.left);
    network.right = value(piece, first.right);
    network.cols = narrowed(program_.buffer(first.out).cols);
    network.hidden = narrowed(program_.buffer(second.out).cols);
    const auto of = [&](BufferId buffer) { return buffer < 0 ? Update{} : update(piece, buffer, adam); };
    network.weight = of(second.weight);
    network.bias = of(second.bias);
    network.top = of(top.weight);
    network.top_bias = of(top.bias);
    network.loss = loss_terms(piece, loss, false);
    network.loss.output = {};
    const Lane& lane = *piece.lane;
    network.row_loss = {lane.slope.data(), lane.rows, 0};
    network.gradient = gradient_of(piece, first.out);
    const auto strip = narrowed(pair_network_sums(network.cols, network.weight.parameter.ld));
    network.sums = {lane.strips.data(), pair_network_strips(lane.rows) * strip, strip};
    check(launch_pair_network(precision_, network, narrowed(piece.count), lane.stream.get()), "training a network");
    sum_rows(piece, batch, first);
}

void Shard::forward(const Piece& piece, const Batch& batch, View<float> loss) {
    rounded_ ? towers_forward<Bf16>(piece) : towers_forward<float>(piece);
    pairs_forward(piece, batch, loss, false);
}

void Shard::learn(const Piece& piece, const Batch& batch, View<float> loss, const AdamScalars* adam) {
    if (layers_at_once(batch.rows)) {
        layered_dots(piece, batch, loss);
        update_layers<Bf16>(piece, adam);
        stored_update(piece, adam, false);
        return;
    }
    rounded_ ? towers_forward<Bf16>(piece) : towers_forward<float>(piece);
    const bool at_once = dots_at_once_ && (rounded_ ? dots_fit_at<Bf16>(batch.rows) : dots_fit_at<float>(batch.rows));
    if (joined_) {
        joined_step(piece, batch, loss, adam);
    } else if (at_once) {
        rounded_ ? dots_step<Bf16>(piece, batch, loss, adam) : dots_step<float>(piece, batch, loss, adam);
    } else {
        pairs_forward(piece, batch, loss, true);
        pairs_backward(piece, batch, adam);
    }
    rounded_ ? towers_backward<Bf16>(piece) : towers_backward<float>(piece);
    rounded_ ? update_layers<Bf16>(piece, adam) : update_layers<float>(piece, adam);
    stored_update(piece, adam, at_once);
}

template <typename T>
void Shard::dots_step(const Piece& piece, const Batch& batch, View<float> loss, const AdamScalars* adam) {
    FactorsOf<T> f = factors<T>(piece, batch);
    f.loss = loss_terms(piece, loss, false);
    add_gradients(piece, f);
    const auto is_parameter = [&](BufferId buffer) { return program_.buffer(buffer).role == Role::kParameter; };
    if (is_parameter(layout_.left())) {
        f.left_update = update(piece, layout_.left(), adam);
    }
    if (is_parameter(layout_.right())) {
        f.right_update = update(piece, layout_.right(), adam);
    }
    check(launch_dots_step(f, shared_of_block_, narrowed(piece.count), piece.lane->stream.get()),
          "multiplying rows and differentiating");
}

// Both sides' layers and their dot products in a batch of that many rows, without what lies where.
LayeredDots Shard::layered_of(std::int64_t rows) const {
    LayeredDots dots;
    dots.factors = factors_of<Bf16>(rows);
    for (std::size_t n = 0; n < 2; ++n) {
        const auto& [first, second] = (*layout_.layered)[n];
        LayeredSide& side = dots.side[n];
        side.rows = narrowed(program_.buffer(first.x).rows);
        side.in = narrowed(program_.buffer(first.x).cols);
        side.width = narrowed(program_.buffer(first.out).cols);
        if (const auto learned = layout_.input_gradient(first)) {
            side.learned_first = narrowed(learned->first);
            side.learned_count = narrowed(side.in - learned->first);
        }
    }
    return dots;
}

bool Shard::layered_fit_at(std::int64_t rows) const {
    return rounded_ && layout_.layered && layered_dots_fit(layered_of(rows), shared_of_block_);
}

void Shard::layered_dots(const Piece& piece, const Batch& batch, View<float> loss) {
    LayeredDots dots = layered_of(batch.rows);
    dots.factors.batch = batch;
    dots.factors.loss = loss_terms(piece, loss, false);
    for (std::size_t n = 0; n < 2; ++n) {
        const auto& [first, second] = (*layout_.layered)[n];
        LayeredSide& side = dots.side[n];
        const auto bias = [&](const Dense& op) { return op.bias < 0 ? View<const float>{} : value(piece, op.bias); };
        side.x = value<Bf16>(piece, first.x);
        side.first = value<Bf16>(piece, first.weight);
        side.second = value<Bf16>(piece, second.weight);
        side.first_bias = bias(first);
        side.second_bias = bias(second);
        side.hidden = writable<Bf16>(piece, first.out);
        side.hidden_gradient = gradient_of<Bf16>(piece, first.out);
        side.gradient = gradient_of<Bf16>(piece, second.out);
        if (const auto learned = layout_.input_gradient(first)) {
            side.learned_gradient = gradient_of(piece, learned->buffer);
        }
    }
    check(launch_layered_dots(dots, shared_of_block_, narrowed(piece.count), piece.lane->stream.get()),
          "training layers and multiplying rows");
}

template <typename T>
void Shard::factors_forward(const Piece& piece, const Batch& batch, View<float> loss, bool learn) {
    FactorsOf<T> f = factors<T>(piece, batch);
    f.loss = loss_terms(piece, loss, learn);
    check(launch_factors_forward(f, narrowed(piece.count), piece.lane->stream.get()), "multiplying rows");
}

template <typename T>
void Shard::factors_backward(const Piece& piece, const Batch& batch) {
    FactorsOf<T> f = factors<T>(piece, batch);
    add_gradients(piece, f);
    check(launch_factors_backward(f, narrowed(piece.count), piece.lane->stream.get()), "differentiating rows");
}
template void Shard::factors_backward<float>(const Piece&, const Batch&);
template void Shard::factors_backward<Bf16>(const Piece&, const Batch&);

template <typename T>
void Shard::towers_forward(const Piece& piece) {
    const cudaStream_t stream = piece.lane->stream.get();
    for (const std::vector<Dense>& level : layout_.levels) {
        ProductQueue<T> queue(Layout::kForward, precision_, piece.count, stream);
        for (const Dense& op : level) {
            const BufferInfo& x = program_.buffer(op.x);
            ProductOf<T> product;
            product.a = value<T>(piece, op.x);
            product.b = value<T>(piece, op.weight);
            product.c = writable<T>(piece, op.out);
            product.m = narrowed(x.rows);
            product.n = narrowed(program_.buffer(op.out).cols);
            product.k = narrowed(x.cols);
            if (op.bias >= 0) {
                product.bias = value(piece, op.bias);
            }
            product.tanh = op.activation == Activation::kTanh;
            queue.add(product);
        }
        queue.launch();
    }
}

void Shard::pairs_forward(const Piece& piece, const Batch& batch, View<float> loss, bool learn) {
    const cudaStream_t stream = piece.lane->stream.get();
    if (layout_.has_factors()) {
        rounded_ ? factors_forward<Bf16>(piece, batch, loss, learn) : factors_forward<float>(piece, batch, loss, learn);
        return;
    }
    for (std::size_t n = 0; n < layout_.network.size(); ++n) {
        const PairOp* const next = n + 1 < layout_.network.size() ? &layout_.network[n + 1] : nullptr;
        n += network_forward(piece, batch, layout_.network[n], next) ? 1U : 0U;
    }
    const NetworkLoss all{batch, loss_terms(piece, loss, learn)};
    check(launch_network_loss(all, narrowed(piece.count), stream), "computing the loss");
}

bool Shard::network_forward(const Piece& piece, const Batch& batch, const PairOp& operation, const PairOp* next) {
    const cudaStream_t stream = piece.lane->stream.get();
    const auto models = narrowed(piece.count);
    const auto of = [&](BufferId id) { return value(piece, id); };
    if (const auto* sum = std::get_if<PairSumTanh>(&operation)) {
        const PairRows rows{batch,
                            of(sum->left),
                            of(sum->right),
                            writable(piece, sum->out),
                            {},
                            {},
                            {},
                            narrowed(program_.buffer(sum->out).cols)};
        check(launch_sum_tanh(rows, models, stream), "adding rows");
    } else if (const auto* gather = std::get_if<PairGather>(&operation)) {
        const PairRows rows{batch,
                            {},
                            of(gather->rows),
                            writable(piece, gather->out),
                            {},
                            {},
                            {},
                            narrowed(program_.buffer(gather->out).cols)};
        check(launch_gather(rows, models, stream), "copying rows");
    } else if (const auto* layer = std::get_if<PlatformDense>(&operation)) {
        PlatformLayer l;
        l.batch = batch;
        l.x = of(layer->x);
        l.weight = of(layer->weight);
        l.bias = of(layer->bias);
        l.out = writable(piece, layer->out);
        l.tanh = layer->activation == Activation::kTanh;
        l.n = narrowed(program_.buffer(layer->out).cols);
        l.k = narrowed(program_.buffer(layer->x).cols);
        check(launch_platform_forward(l, models, stream), "multiplying a platform's rows");
    } else {
        const Dense& op = std::get<Dense>(operation);
        const Narrow as_narrow = narrow_layer(op, program_, batch.rows, of);
        if (as_narrow.n <= kNarrowPairs) {
            Narrow narrow = as_narrow;
            narrow.out = writable(piece, op.out);
            check(launch_narrow_forward(narrow, models, stream), "multiplying");
            return false;
        }
        ProductQueue<float> queue(Layout::kForward, precision_, piece.count, stream);
        Product product;
        product.a = as_narrow.x;
        product.b = as_narrow.weight;
        product.c = writable(piece, op.out);
        product.m = as_narrow.rows;
        product.n = as_narrow.n;
        product.k = as_narrow.k;
        product.bias = as_narrow.bias;
        product.tanh = as_narrow.tanh;
        // A layer of few outputs on top is made of this product while it is there.
        const Dense* const top = next == nullptr ? nullptr : std::get_if<Dense>(next);
        const bool joined = top != nullptr && top->x == op.out && top->activation == Activation::kNone &&
                            program_.buffer(top->out).cols <= kMostDots && product.n <= kDotColumns;
        if (joined) {
            product.dot_vectors = of(top->weight);
            product.dot_across = true;
            product.dots = narrowed(program_.buffer(top->out).cols);
            product.dot_out = writable(piece, top->out);
            if (top->bias >= 0) {
                product.dot_bias = of(top->bias);
            }
        }
        queue.add(product);
        queue.launch();
        return joined;
    }
    return false;
}

}  // namespace pitot::backend::cuda
