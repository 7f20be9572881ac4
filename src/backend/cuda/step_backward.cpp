// The launches of a step, in their order: backward, and updates of parameters.
#include <set>

#include "backend/cuda/step.hpp"

namespace pitot::backend::cuda {

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
        rounded_ ? factors_backward<Bf16>(piece, batch) : factors_backward<float>(piece, batch);
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

// The gradients of both sides' rows from that of their sums.
void Shard::sum_rows(const Piece& piece, const Batch& batch, const PairSumTanh& op) {
    const PairRows rows{batch,
                        {},
                        {},
                        {},
                        readable(gradient_of(piece, op.out)),
                        gradient_of(piece, op.left),
                        gradient_of(piece, op.right),
                        narrowed(program_.buffer(op.out).cols)};
    check(launch_sum_rows(rows, narrowed(piece.count), piece.lane->stream.get()), "differentiating rows");
}

void Shard::network_backward(const Piece& piece, const Batch& batch, const PairOp& operation, const AdamScalars* adam) {
    const cudaStream_t stream = piece.lane->stream.get();
    const auto models = narrowed(piece.count);
    const auto of = [&](BufferId id) { return value(piece, id); };
    if (const auto* sum = std::get_if<PairSumTanh>(&operation)) {
        undo_tanh(piece, sum->out, batch.rows);
        sum_rows(piece, batch, *sum);
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
            ProductQueue<float> queue(Layout::kInputGradient, precision_, piece.count, stream);
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
        ProductQueue<float> queue(Layout::kWeightGradient, precision_, piece.count, stream);
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

template <typename T>
void Shard::towers_backward(const Piece& piece) {
    const cudaStream_t stream = piece.lane->stream.get();
    std::set<BufferId> with_others;  // outputs of layers whose input gradient another's product gives
    for (std::size_t level = layout_.levels.size(); level-- > 0;) {
        ProductQueue<T> queue(Layout::kInputGradient, precision_, piece.count, stream);
        for (const Dense& op : layout_.levels[level]) {
            const BufferInfo& out = program_.buffer(op.out);
            if (op.activation == Activation::kTanh) {
                undo_tanh(piece, op.out, out.rows);
            }
            const auto to = layout_.input_gradient(op);
            if (!to || with_others.contains(op.out)) {
                continue;
            }
            const auto from_first = [&](auto weight) {
                weight.data += to->first * weight.ld;
                return weight;
            };
            const std::int64_t wanted = program_.buffer(op.x).cols - to->first;
            const View<const T> dout = readable(gradient_of<T>(piece, op.out));
            if (wanted <= kNarrow) {
                NarrowOf<T> narrow;
                narrow.x = dout;
                narrow.weight = from_first(value(piece, op.weight));
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
            ProductOf<T> product;
            product.a = dout;
            product.b = from_first(value<T>(piece, op.weight));
            product.c = gradient_of<T>(piece, to->buffer);
            product.m = narrowed(out.rows);
            product.n = narrowed(wanted);
            product.k = narrowed(out.cols);
            if (to->buffer == op.x && layout_.slope_done(op.x)) {
                product.slope = value<T>(piece, op.x);
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
}

// Weights last: input gradients are of those before the update.
template <typename T>
void Shard::update_layers(const Piece& piece, const AdamScalars* adam) {
    const cudaStream_t stream = piece.lane->stream.get();
    ProductQueue<T> queue(Layout::kWeightGradient, precision_, piece.count, stream);
    for (const std::vector<Dense>& level : layout_.levels) {
        for (const Dense& op : level) {
            ProductOf<T> product;
            product.a = value<T>(piece, op.x);
            product.b = readable(gradient_of<T>(piece, op.out));
            product.m = narrowed(program_.buffer(op.x).cols);
            product.n = narrowed(program_.buffer(op.out).cols);
            product.k = narrowed(program_.buffer(op.x).rows);
            product.weight = update(piece, op.weight, adam);
            if (op.bias >= 0) {
                product.bias_update = update(piece, op.bias, adam);
            }
            if (const auto concat = layout_.learned_with_weight(op)) {
                product.learned = update(piece, concat->right, adam);
                product.mirror = writable<T>(piece, concat->out);
                product.learned_first = narrowed(program_.buffer(concat->left).cols);
                product.learned_count = narrowed(program_.buffer(concat->right).cols);
            }
            queue.add(product);
        }
    }
    queue.launch();
}

template void Shard::towers_backward<float>(const Piece&);
template void Shard::towers_backward<Bf16>(const Piece&);
template void Shard::update_layers<float>(const Piece&, const AdamScalars*);
template void Shard::update_layers<Bf16>(const Piece&, const AdamScalars*);

// `multiplied_done`: whether the rows that are multiplied have been updated where they are parameters.
void Shard::stored_update(const Piece& piece, const AdamScalars* adam, bool multiplied_done) {
    if (adam == nullptr) {
        return;
    }
    Elementwises parts;
    const auto launch = [&] {
        check(launch_elementwise(parts, narrowed(piece.count), piece.lane->stream.get()), "updating");
        parts.count = 0;
    };
    for (const auto& [buffer, concat] : layout_.stored) {
        if (multiplied_done && (buffer == layout_.left() || buffer == layout_.right())) {
            continue;
        }
        const BufferInfo& info = program_.buffer(buffer);
        Elementwise& part = parts.part[parts.count++];
        part = {update(piece, buffer, adam), narrowed(info.rows), narrowed(info.cols)};
        if (concat) {
            if (rounded_) {
                part.rounded_mirror = writable<Bf16>(piece, concat->out);
            } else {
                part.mirror = writable(piece, concat->out);
            }
            part.mirror_column = narrowed(program_.buffer(concat->left).cols);
        }
        if (parts.count == kMostElementwise) {
            launch();
        }
    }
    launch();
}

}  // namespace pitot::backend::cuda
