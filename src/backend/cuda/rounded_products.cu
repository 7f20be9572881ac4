// Batched matrix products of rounded numbers on tensor cores. A block computes 64 × 128 of one product of one model,
// each of its eight warps 32 × 32.
#include "backend/cuda/product.cuh"
#include "backend/cuda/rounded_tile.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kDepth = 64;  // of k in shared memory at a time
constexpr int kStages = 2;

// Whether k goes down an operand's tile, else along its rows.
template <Layout L>
constexpr bool kLeftDown = L == Layout::kWeightGradient;
template <Layout L>
constexpr bool kRightDown = L != Layout::kInputGradient;

template <Layout L>
struct Tiles {
    static constexpr int left_rows = kLeftDown<L> ? kDepth : kTileM;
    static constexpr int left_cols = kLeftDown<L> ? kTileM : kDepth;
    static constexpr int right_rows = kRightDown<L> ? kDepth : kTileN;
    static constexpr int right_cols = kRightDown<L> ? kTileN : kDepth;
    static constexpr int left_size = left_rows * padded(left_cols);
    static constexpr int stage = left_size + right_rows * padded(right_cols);
    using Left = Loader<Bf16, left_rows, left_cols, padded(left_cols)>;
    using Right = Loader<Bf16, right_rows, right_cols, padded(right_cols)>;
};

template <Layout L>
__device__ __forceinline__ void multiply_stage(const Bf16* left, const Bf16* right, int m0, int n0, Sums& sums) {
    constexpr int left_stride = padded(Tiles<L>::left_cols);
    constexpr int right_stride = padded(Tiles<L>::right_cols);
#pragma unroll
    for (int k = 0; k < kDepth; k += 16) {
        std::uint32_t a[kSixteens][4];
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
            load_left<kLeftDown<L>>(a[i], left, left_stride, m0 + 16 * i, k);
        }
#pragma unroll
        for (int j = 0; j < kEights; j += 2) {
            std::uint32_t b[2][2];
            load_right<kRightDown<L>>(b, right, right_stride, k, n0 + 8 * j);
#pragma unroll
            for (int i = 0; i < kSixteens; ++i) {
                multiply_bf16(sums[i][j], a[i], b[0]);
                multiply_bf16(sums[i][j + 1], a[i], b[1]);
            }
        }
    }
}

// Sums of B's columns: a thread has two of them, over sixteen of a stage's rows.
constexpr int kColumnParts = kThreads / (kTileN / 2);
__device__ __forceinline__ void add_columns(const Bf16* right, float2& sum) {
    constexpr int stride = padded(kTileN);
    constexpr int rows = kDepth / kColumnParts;
    const int thread = static_cast<int>(threadIdx.x);
    const Bf16* from = right + thread / (kTileN / 2) * rows * stride + thread % (kTileN / 2) * 2;
#pragma unroll
    for (int r = 0; r < rows; ++r) {
        const float2 x = two_at(from + r * stride);
        sum.x += x.x;
        sum.y += x.y;
    }
}
// The whole sum of the column whose number the thread has.
__device__ __forceinline__ float column_of(float2 sum, float* shared) {
    const int thread = static_cast<int>(threadIdx.x);
    __syncthreads();
    store_two(shared + 2 * thread, sum);
    __syncthreads();
    float all = 0.0F;
    for (int part = 0; part < kColumnParts && thread < kTileN; ++part) {
        all += shared[part * kTileN + thread];
    }
    return all;
}

template <Layout L>
__global__ void __launch_bounds__(kThreads, 3) products_kernel(const __grid_constant__ ProductsOf<Bf16> products) {
    using Tile = Tiles<L>;
    auto* const shared = shared_memory<Bf16>();
    const Piece<Bf16> piece = piece_of(products);
    const ProductOf<Bf16>& product = piece.product;
    constexpr bool left_down = kLeftDown<L>;
    constexpr bool right_down = kRightDown<L>;
    typename Tile::Left left(part(product.a, piece.model), product.a.ld, left_down ? 0 : piece.first_m,
                             left_down ? product.k : product.m, left_down ? piece.first_m : 0,
                             left_down ? product.m : product.k);
    typename Tile::Right right(part(product.b, piece.model), product.b.ld, right_down ? 0 : piece.first_n,
                               right_down ? product.k : product.n, right_down ? piece.first_n : 0,
                               right_down ? product.n : product.k);
    int loaded = 0;  // of k
    const auto load_stage = [&](int stage) {
        if (loaded < product.k) {
            Bf16* to = shared + stage * Tile::stage;
            left.load(to);
            right.load(to + Tile::left_size);
            left.template move<left_down>(kDepth);
            right.template move<right_down>(kDepth);
            loaded += kDepth;
        }
        commit_copies();
    };
    for (int stage = 0; stage < kStages; ++stage) {
        load_stage(stage);
    }
    const bool idle = piece.idle();
    const bool with_columns = sums_columns<L>(piece);
    Sums sums = {};
    float2 columns{0.0F, 0.0F};
    int stage = 0;
    for (int k = 0; k < product.k; k += kDepth) {
        wait_for_copies<kStages - 1>();
        __syncthreads();
        const Bf16* left_tile = shared + stage * Tile::stage;
        const Bf16* right_tile = left_tile + Tile::left_size;
        if (!idle) {
            multiply_stage<L>(left_tile, right_tile, piece.m0, piece.n0, sums);
        }
        if constexpr (L == Layout::kWeightGradient) {
            if (with_columns) {
                add_columns(right_tile, columns);
            }
        }
        if (loaded < product.k) {
            __syncthreads();  // nobody writes where others still read
        }
        load_stage(stage);
        stage = (stage + 1) % kStages;
    }
    auto* const numbers = reinterpret_cast<float*>(shared);
    float column_sum = 0.0F;
    if constexpr (L == Layout::kWeightGradient) {
        if (with_columns) {
            column_sum = column_of(columns, numbers);
        }
    }
    finish<L>(piece, with_columns, column_sum, sums, numbers);
}

template <Layout L>
cudaError_t launch(const ProductsOf<Bf16>& products, std::int32_t tiles, std::int32_t models, cudaStream_t stream) {
    constexpr int bytes = kStages * Tiles<L>::stage * static_cast<int>(sizeof(Bf16));
    static_assert(bytes >= kGradientBytes);
    return start(products_kernel<L>,
                 {dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(models)), kThreads, bytes, bytes}, stream,
                 products);
}

}  // namespace

cudaError_t launch_products(Layout layout, ProductsOf<Bf16> products, std::int32_t models, cudaStream_t stream) {
    const std::int32_t tiles = lay_out(products);
    if (tiles == 0 || models == 0) {
        return cudaSuccess;
    }
    switch (layout) {
        case Layout::kForward:
            return launch<Layout::kForward>(products, tiles, models, stream);
        case Layout::kInputGradient:
            return launch<Layout::kInputGradient>(products, tiles, models, stream);
        case Layout::kWeightGradient:
            return launch<Layout::kWeightGradient>(products, tiles, models, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace pitot::backend::cuda
