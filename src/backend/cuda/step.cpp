// The launches of a step, in their order.
#include <algorithm>
#include <set>

#include "backend/cuda/shard.hpp"
#include "core/check.hpp"

namespace pitot::backend::cuda {
namespace {

std::int32_t narrowed(std::int64_t n) { return static_cast<std::int32_t>(n); }

View<const float> readable(View<float> view) { return {view.data, view.model, view.ld}; }

// Launches products as they come, as many at a time as one launch takes.
class ProductQueue {
public:
    ProductQueue(Layout layout, Precision precision, std::int64_t models, cudaStream_t stream)
        : layout_(layout), precision_(precision), models_(narrowed(models)), stream_(stream) {}

    void add(const Product& product) {
        products_.product[products_.count++] = product;
        if (products_.count == kMostProducts) {
            launch();
        }
    }
    void launch() {
        if (products_.count > 0) {
            check(launch_products(layout_, precision_, products_, models_, stream_), "multiplying");
            products_.count = 0;
        }
    }

private:
    Layout layout_;
    Precision precision_;
    std::int32_t models_;
    cudaStream_t stream_;
    Products products_;
};

// Layers of a row a pair with few outputs go by kernels of their own: a product would leave most of a tile empty.
constexpr std::int64_t kNarrowPairs = 4;

}  // namespace

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

View<const float> Shard::value(const Piece& piece, BufferId buffer) const { return readable(writable(piece, buffer)); }

View<float> Shard::gradient_of(const Piece& piece, BufferId buffer) const {
    const auto& place = layout_.place(buffer);
    const std::int64_t size = layout_.size(place.arena);
    const auto ld = narrowed(place.ld);
    switch (place.arena) {
        case Arena::kParameters:
            return {gradients_.data() + piece.first * size + place.offset, size, ld};
        case Arena::kTowers:
            return {piece.lane->tower_gradients.data() + place.offset, size, ld};
        case Arena::kPairs:
            return {piece.lane->pair_gradients.data() + place.offset * piece.lane->rows, size * piece.lane->rows, ld};
        case Arena::kConstants:
        case Arena::kReplicaConstants:
        case Arena::kInputs:
            break;
    }
    PITOT_CHECK(false);
}

Update Shard::update(const Piece& piece, BufferId buffer, const AdamScalars* adam) const {
    const auto& place = layout_.place(buffer);
    const std::int64_t size = layout_.size(Arena::kParameters);
    const auto of_all = [&](const DeviceArray<float>& arena) {
        return View<float>{arena.data() + piece.first * size + place.offset, size, narrowed(place.ld)};
    };
    return {of_all(parameters_), of_all(first_), of_all(second_), of_all(gradients_), adam};
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

Factors Shard::factors(const Piece& piece, const Batch& batch) const {
    Factors f;
    f.batch = batch;
    f.left = value(piece, layout_.left());
    f.right = value(piece, layout_.right());
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
    f.weight = {piece.lane->weight.data(), piece.lane->rows * layout_.groups(), narrowed(layout_.groups())};
    return f;
}

void Shard::forward(const Piece& piece, const Batch& batch, View<float> loss, bool learn) {
    towers_forward(piece);
    pairs_forward(piece, batch, loss, learn);
}

void Shard::towers_forward(const Piece& piece) {
    const cudaStream_t stream = piece.lane->stream.get();
    for (const std::vector<Dense>& level : layout_.levels) {
        ProductQueue queue(Layout::kForward, precision_, piece.count, stream);
        for (const Dense& op : level) {
            const BufferInfo& x = program_.buffer(op.x);
            Product product;
            product.a = value(piece, op.x);
            product.b = value(piece, op.weight);
            product.c = writable(piece, op.out);
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
        Factors f = factors(piece, batch);
        f.loss = loss_terms(piece, loss, learn);
        check(launch_factors_forward(f, narrowed(piece.count), stream), "multiplying rows");
        return;
    }
    for (std::size_t n = 0; n < layout_.network.size(); ++n) {
        const PairOp* const next = n + 1 < layout_.network.size() ? &layout_.network[n + 1] : nullptr;
        n += network_forward(piece, batch, layout_.network[n], next) ? 1U : 0U;
    }
    const NetworkLoss all{batch, loss_terms(piece, loss, learn)};
    check(launch_network_loss(all, narrowed(piece.count), stream), "computing the loss");
}

namespace {

// A layer of a row a pair, as one product.
template <typename Value>
Narrow narrow_layer(const Dense& op, const Program& program, std::int64_t rows, const Value& value) {
    Narrow layer;
    layer.x = value(op.x);
    layer.weight = value(op.weight);
    if (op.bias >= 0) {
        layer.bias = value(op.bias);
    }
    layer.rows = narrowed(rows);
    layer.n = narrowed(program.buffer(op.out).cols);
    layer.k = narrowed(program.buffer(op.x).cols);
    layer.tanh = op.activation == Activation::kTanh;
    return layer;
}

}  // namespace

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
        ProductQueue queue(Layout::kForward, precision_, piece.count, stream);
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

void Shard::backward(const Piece& piece, const Batch& batch, const AdamScalars* adam) {
    pairs_backward(piece, batch, adam);
    towers_backward(piece, adam);
    stored_update(piece, adam);
}

// Multiplies the gradient of what tanh gave by its derivative, where whoever made the gradient has not.
void Shard::undo_tanh(const Piece& piece, BufferId buffer, std::int64_t rows) {
    if (!layout_.slope_done(buffer)) {
        check(launch_slope(value(piece, buffer), gradient_of(piece, buffer), narrowed(rows),
                           narrowed(program_.buffer(buffer).cols), narrowed(piece.count), piece.lane->stream.get()),
              "differentiating");
    }
}

void Shard::pairs_backward(const Piece& piece, const Batch& batch, const AdamScalars* adam) {
    const cudaStream_t stream = piece.lane->stream.get();
    if (layout_.has_factors()) {
        Factors f = factors(piece, batch);
        f.left_gradient = gradient_of(piece, layout_.left());
        f.right_gradient = gradient_of(piece, layout_.right());
        check(launch_factors_backward(f, narrowed(piece.count), stream), "differentiating rows");
        return;
    }
    if (layout_.output) {
        check(launch_output_backward({piece.lane->slope.data(), piece.lane->rows, 0},
                                     static_cast<float>(layout_.output->scale), gradient_of(piece, layout_.output->in),
                                     batch.rows, narrowed(piece.count), stream),
              "differentiating");
    }
    for (std::size_t n = layout_.network.size(); n-- > 0;) {
        network_backward(piece, batch, layout_.network[n], adam);
    }
}

void Shard::network_backward(const Piece& piece, const Batch& batch, const PairOp& operation, const AdamScalars* adam) {
    const cudaStream_t stream = piece.lane->stream.get();
    const auto models = narrowed(piece.count);
    const auto of = [&](BufferId id) { return value(piece, id); };
    if (const auto* sum = std::get_if<PairSumTanh>(&operation)) {
        undo_tanh(piece, sum->out, batch.rows);
        const PairRows rows{batch,
                            {},
                            {},
                            {},
                            readable(gradient_of(piece, sum->out)),
                            gradient_of(piece, sum->left),
                            gradient_of(piece, sum->right),
                            narrowed(program_.buffer(sum->out).cols)};
        check(launch_sum_rows(rows, models, stream), "differentiating rows");
    } else if (const auto* layer = std::get_if<PlatformDense>(&operation)) {
        if (layer->activation == Activation::kTanh) {
            undo_tanh(piece, layer->out, batch.rows);
        }
        PlatformLayer l;
        l.batch = batch;
        l.x = of(layer->x);
        l.weight = of(layer->weight);
        l.dout = readable(gradient_of(piece, layer->out));
        l.n = narrowed(program_.buffer(layer->out).cols);
        l.k = narrowed(program_.buffer(layer->x).cols);
        l.weight_update = update(piece, layer->weight, adam);
        l.bias_update = update(piece, layer->bias, adam);
        if (layer->x_gradient_from < l.k) {
            l.dx = gradient_of(piece, layer->x);
            if (layout_.slope_done(layer->x)) {
                l.slope = l.x;
            }
            check(launch_platform_input(l, models, stream), "differentiating");
        }
        check(launch_platform_weight(l, models, stream), "differentiating");
    } else if (const auto* op = std::get_if<Dense>(&operation)) {
        if (op->activation == Activation::kTanh) {
            undo_tanh(piece, op->out, batch.rows);
        }
        const Narrow as_narrow = narrow_layer(*op, program_, batch.rows, of);
        const View<const float> dout = readable(gradient_of(piece, op->out));
        const bool wanted = op->x_gradient_from < as_narrow.k;
        const View<const float> slope = layout_.slope_done(op->x) ? as_narrow.x : View<const float>{};
        if (as_narrow.n <= kNarrowPairs) {
            if (wanted) {
                Narrow narrow = as_narrow;
                narrow.x = dout;
                narrow.out = gradient_of(piece, op->x);
                narrow.slope = slope;
                check(launch_narrow_spread(narrow, models, stream), "differentiating");
            }
            NarrowWeight weight{as_narrow.x, dout,         as_narrow.rows,
                                as_narrow.n, as_narrow.k,  update(piece, op->weight, adam),
                                {},          op->bias >= 0};
            if (op->bias >= 0) {
                weight.bias = update(piece, op->bias, adam);
            }
            check(launch_narrow_weight(weight, models, stream), "differentiating");
            return;
        }
        if (wanted) {
            ProductQueue queue(Layout::kInputGradient, precision_, piece.count, stream);
            Product product;
            product.a = dout;
            product.b = as_narrow.weight;
            product.c = gradient_of(piece, op->x);
            product.m = as_narrow.rows;
            product.n = as_narrow.k;
            product.k = as_narrow.n;
            product.slope = slope;
            queue.add(product);
            queue.launch();
        }
        ProductQueue queue(Layout::kWeightGradient, precision_, piece.count, stream);
        Product product;
        product.a = as_narrow.x;
        product.b = dout;
        product.m = as_narrow.k;
        product.n = as_narrow.n;
        product.k = as_narrow.rows;
        product.weight = update(piece, op->weight, adam);
        if (op->bias >= 0) {
            product.bias_update = update(piece, op->bias, adam);
        }
        queue.add(product);
        queue.launch();
    }
}

void Shard::towers_backward(const Piece& piece, const AdamScalars* adam) {
    const cudaStream_t stream = piece.lane->stream.get();
    std::set<BufferId> with_others;  // outputs of layers whose input gradient another's product gives
    for (std::size_t level = layout_.levels.size(); level-- > 0;) {
        ProductQueue queue(Layout::kInputGradient, precision_, piece.count, stream);
        for (const Dense& op : layout_.levels[level]) {
            const BufferInfo& out = program_.buffer(op.out);
            if (op.activation == Activation::kTanh) {
                undo_tanh(piece, op.out, out.rows);
            }
            const auto to = layout_.input_gradient(op);
            if (!to || with_others.contains(op.out)) {
                continue;
            }
            View<const float> weight = value(piece, op.weight);
            weight.data += to->first * weight.ld;
            const std::int64_t wanted = program_.buffer(op.x).cols - to->first;
            const View<const float> dout = readable(gradient_of(piece, op.out));
            if (wanted <= kNarrow) {
                Narrow narrow;
                narrow.x = dout;
                narrow.weight = weight;
                narrow.out = gradient_of(piece, to->buffer);
                narrow.rows = narrowed(out.rows);
                narrow.n = narrowed(wanted);
                narrow.k = narrowed(out.cols);
                check(launch_narrow_rows(narrow, narrowed(piece.count), stream), "differentiating");
                if (to->buffer == op.x && layout_.slope_done(op.x)) {
                    check(launch_slope(value(piece, op.x), gradient_of(piece, op.x), narrowed(out.rows),
                                       narrowed(wanted), narrowed(piece.count), stream),
                          "differentiating");
                }
                continue;
            }
            Product product;
            product.a = dout;
            product.b = weight;
            product.c = gradient_of(piece, to->buffer);
            product.m = narrowed(out.rows);
            product.n = narrowed(wanted);
            product.k = narrowed(out.cols);
            if (to->buffer == op.x && layout_.slope_done(op.x)) {
                product.slope = value(piece, op.x);
            }
            // The few learned columns of a layer below take their gradient from this product while it is there.
            if (level > 0 && to->buffer == op.x && product.n <= kDotColumns) {
                for (const Dense& below : layout_.levels[level - 1]) {
                    const auto learned = layout_.input_gradient(below);
                    const std::int64_t few = learned ? program_.buffer(below.x).cols - learned->first : std::int64_t{0};
                    if (below.out == op.x && learned && learned->buffer != below.x && few <= kMostDots &&
                        (below.activation == Activation::kNone || layout_.slope_done(below.out))) {
                        product.dot_vectors = value(piece, below.weight);
                        product.dot_vectors.data += learned->first * product.dot_vectors.ld;
                        product.dot_out = gradient_of(piece, learned->buffer);
                        product.dots = narrowed(few);
                        with_others.insert(below.out);
                    }
                }
            }
            queue.add(product);
        }
        queue.launch();
    }
    // Weights last: input gradients are of those before the update.
    ProductQueue queue(Layout::kWeightGradient, precision_, piece.count, stream);
    for (const std::vector<Dense>& level : layout_.levels) {
        for (const Dense& op : level) {
            Product product;
            product.a = value(piece, op.x);
            product.b = readable(gradient_of(piece, op.out));
            product.m = narrowed(program_.buffer(op.x).cols);
            product.n = narrowed(program_.buffer(op.out).cols);
            product.k = narrowed(program_.buffer(op.x).rows);
            product.weight = update(piece, op.weight, adam);
            if (op.bias >= 0) {
                product.bias_update = update(piece, op.bias, adam);
            }
            queue.add(product);
        }
    }
    queue.launch();
}

void Shard::stored_update(const Piece& piece, const AdamScalars* adam) {
    if (adam == nullptr) {
        return;
    }
    Elementwises parts;
    const auto launch = [&] {
        check(launch_elementwise(parts, narrowed(piece.count), piece.lane->stream.get()), "updating");
        parts.count = 0;
    };
    for (const auto& [buffer, concat] : layout_.stored) {
        const BufferInfo& info = program_.buffer(buffer);
        Elementwise& part = parts.part[parts.count++];
        part = {update(piece, buffer, adam), narrowed(info.rows), narrowed(info.cols)};
        if (concat) {
            part.mirror = writable(piece, concat->out);
            part.mirror_column = narrowed(program_.buffer(concat->left).cols);
        }
        if (parts.count == kMostElementwise) {
            launch();
        }
    }
    launch();
}

}  // namespace pitot::backend::cuda
