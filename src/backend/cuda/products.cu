// Batched matrix products on tensor cores, with what comes before and after them: bias, tanh and its derivative, column
// sums, and Adam. A block computes 64 × 128 of one product of one model, each of its eight warps 32 × 32.
#include "backend/cuda/tile.cuh"

namespace pitot::backend::cuda {
namespace {

template <Layout L, Precision P>
__global__ void __launch_bounds__(kThreads, P == Precision::kFp32 ? 2 : 3)
    products_kernel(const __grid_constant__ Products products) {
    auto* const shared = shared_memory<float>();
    constexpr int stage = size_a(L) + size_b(L);
    const Piece<float> piece = piece_of(products);
    const Product& product = piece.product;
    const int k_end = product.k;

    constexpr bool a_down = L == Layout::kWeightGradient;
    constexpr bool b_down = L != Layout::kInputGradient;
    typename Loaders<L>::A a(part(product.a, piece.model), product.a.ld, a_down ? 0 : piece.first_m,
                             a_down ? k_end : product.m, a_down ? piece.first_m : 0, a_down ? product.m : k_end);
    typename Loaders<L>::B b(part(product.b, piece.model), product.b.ld, b_down ? 0 : piece.first_n,
                             b_down ? k_end : product.n, b_down ? piece.first_n : 0, b_down ? product.n : k_end);
    const auto load_stage = [&](int buffer) {
        float* to = shared + buffer * stage;
        a.load(to);
        b.load(to + size_a(L));
        commit_copies();
        a.template move<a_down>(kTileK);
        b.template move<b_down>(kTileK);
    };

    const bool idle = piece.idle();
    const bool with_columns = sums_columns<L>(piece);
    Sums sums = {};
    float column_sum = 0.0F;
    load_stage(0);
    int buffer = 0;
    for (int k = 0; k < k_end; k += kTileK) {
        wait_for_copies();
        __syncthreads();
        if (k + kTileK < k_end) {
            load_stage(buffer ^ 1);
        }
        const float* a_tile = shared + buffer * stage;
        const float* b_tile = a_tile + size_a(L);
        if (!idle) {
            multiply<P>(
                kTileK, [&](int m, int kk) { return element_a<L>(a_tile, piece.m0 + m, kk); },
                [&](int kk, int n) { return element_b<L>(b_tile, kk, piece.n0 + n); }, sums);
        }
        if constexpr (L == Layout::kWeightGradient) {
            if (with_columns && threadIdx.x < kTileN) {
#pragma unroll 8
                for (int r = 0; r < kTileK; ++r) {
                    column_sum += b_tile[r * across(kTileN) + static_cast<int>(threadIdx.x)];
                }
            }
        }
        buffer ^= 1;
    }
    finish<L>(piece, with_columns, column_sum, sums, shared);
}

template <Layout L, Precision P>
cudaError_t launch(const Products& products, std::int32_t tiles, std::int32_t models, cudaStream_t stream) {
    constexpr int bytes = 2 * (size_a(L) + size_b(L)) * static_cast<int>(sizeof(float));
    static_assert(bytes >= kGradientBytes);
    return start(products_kernel<L, P>,
                 {dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(models)), kThreads, bytes, bytes}, stream,
                 products);
}

template <Layout L>
cudaError_t launch(Precision precision, const Products& products, std::int32_t tiles, std::int32_t models,
                   cudaStream_t stream) {
    switch (precision) {
        case Precision::kFp32:
            return launch<L, Precision::kFp32>(products, tiles, models, stream);
        case Precision::kTf32:
            return launch<L, Precision::kTf32>(products, tiles, models, stream);
        case Precision::kBf16:
            return launch<L, Precision::kBf16>(products, tiles, models, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t launch_products(Layout layout, Precision precision, Products products, std::int32_t models,
                            cudaStream_t stream) {
    const std::int32_t tiles = lay_out(products);
    if (tiles == 0 || models == 0) {
        return cudaSuccess;
    }
    switch (layout) {
        case Layout::kForward:
            return launch<Layout::kForward>(precision, products, tiles, models, stream);
        case Layout::kInputGradient:
            return launch<Layout::kInputGradient>(precision, products, tiles, models, stream);
        case Layout::kWeightGradient:
            return launch<Layout::kWeightGradient>(precision, products, tiles, models, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace pitot::backend::cuda
