// What launches of both directions of a step share.
#pragma once

#include <cstdint>
#include <type_traits>

#include "backend/cuda/shard.hpp"

namespace pitot::backend::cuda {

inline std::int32_t narrowed(std::int64_t n) { return static_cast<std::int32_t>(n); }

template <typename T>
View<const T> readable(View<T> view) {
    return {view.data, view.model, view.ld};
}

/// Launches products as they come, as many at a time as one launch takes.
template <typename T>
class ProductQueue {
public:
    ProductQueue(Layout layout, Precision precision, std::int64_t models, cudaStream_t stream)
        : layout_(layout), precision_(precision), models_(narrowed(models)), stream_(stream) {}

    void add(const ProductOf<T>& product) {
        products_.product[products_.count++] = product;
        if (products_.count == kMostProducts) {
            launch();
        }
    }
    void launch() {
        if (products_.count > 0) {
            if constexpr (std::is_same_v<T, Bf16>) {
                check(launch_products(layout_, products_, models_, stream_), "multiplying");
            } else {
                check(launch_products(layout_, precision_, products_, models_, stream_), "multiplying");
            }
            products_.count = 0;
        }
    }

private:
    Layout layout_;
    Precision precision_;
    std::int32_t models_;
    cudaStream_t stream_;
    ProductsOf<T> products_;
};

/// Layers of a row a pair with few outputs go by kernels of their own: a product would leave most of a tile empty.
inline constexpr std::int64_t kNarrowPairs = 4;

/// A layer of a row a pair, as one product.
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

}  // namespace pitot::backend::cuda
