// Kernels of the CUDA backend and the arguments of their launches. Plain C++: whoever launches needs no nvcc.
//
// Every array has one part a model: model g of a launch finds its part `model` elements behind that of model g - 1.
// Rows of matrices are `ld` elements apart, a multiple of four, and what lies between the last column and the next row
// is 0.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace pitot::backend::cuda {

/// How products are computed; sums are in single precision always.
enum class Precision : std::uint8_t {
    kFp32,  ///< each factor split into two tf32 numbers, three products: single precision but for the order of sums
    kTf32,  ///< factors rounded to 11 bits
    kBf16,  ///< factors rounded to 8 bits
};

/// A number of 8 bits of mantissa: the upper half of one in single precision.
struct Bf16 {
    std::uint16_t bits = 0;
};

/// Rounded numbers that are read at once: what products and multiplied rows take is this or a multiple of it apart.
inline constexpr std::int32_t kVector = 8;

template <typename T>
struct View {
    T* data = nullptr;
    std::int64_t model = 0;
    std::int32_t ld = 0;
};

/// What Adam needs of one step: see AdamStep.
struct AdamScalars {
    float beta1, beta2, epsilon, rate, root;
};

/// A parameter with its moments: what a gradient of the same shape updates. Without `adam` the gradient is stored.
struct Update {
    View<float> parameter, first, second, gradient;
    const AdamScalars* adam = nullptr;  ///< a model
    View<Bf16> rounded{};               ///< a copy of the parameter to be kept up to date, or null
};

/// C (m × n) = A·B over k, in one of three layouts (see Layout), of numbers that lie in memory as T. Of a grid of
/// models one launch computes several.
template <typename T>
struct ProductOf {
    View<const T> a, b;
    View<T> c;
    std::int32_t m = 0, n = 0, k = 0;
    View<const float> bias{};  ///< forward: added to every row
    View<const T> slope{};     ///< input gradient: what tanh gave, m × n, by whose derivative C is multiplied
    bool tanh = false;         ///< forward
    Update weight{};           ///< weight gradient: what becomes of C
    Update bias_update{};      ///< weight gradient: of B's column sums, where there is a bias
    /// Weight gradient: A's columns from learned_first on, where they are parameters whose gradients are stored, and A
    /// itself, into which they are copied. They are columns of one tile.
    Update learned{};
    View<T> mirror{};
    std::int32_t learned_first = 0, learned_count = 0;
    /// Where `dots` > 0: dot_out[i][q] = C's row i times the vectors' column or row q, plus dot_bias[q]. Needs n of at
    /// most kDotColumns.
    View<const float> dot_vectors{}, dot_bias{};
    View<float> dot_out{};
    std::int32_t dots = 0;
    bool dot_across = false;  ///< the vectors are columns, else rows
    std::int32_t first_tile = 0, tiles_n = 0;
};
using Product = ProductOf<float>;

enum class Layout : std::uint8_t {
    kForward,         ///< A m × k, B k × n
    kInputGradient,   ///< A m × k, B n × k: rows of a weight
    kWeightGradient,  ///< A k × m, B k × n
};

inline constexpr std::int32_t kTileM = 64, kTileN = 128;  ///< rows and columns of a product that a block has
inline constexpr std::int32_t kDotColumns = kTileN;
inline constexpr std::int32_t kMostDots = 4;
inline constexpr int kMostProducts = 6;
template <typename T>
struct ProductsOf {
    ProductOf<T> product[kMostProducts];
    std::int32_t count = 0;
};
using Products = ProductsOf<float>;
cudaError_t launch_products(Layout layout, Precision precision, Products products, std::int32_t models,
                            cudaStream_t stream);
/// The same of rounded numbers. Their rows are a multiple of kVector elements apart.
cudaError_t launch_products(Layout layout, ProductsOf<Bf16> products, std::int32_t models, cudaStream_t stream);

/// A layer with few outputs or an input of which few columns want a gradient.
template <typename T>
struct NarrowOf {
    View<const T> x;           ///< rows × k
    View<const float> weight;  ///< forward: k × n; input gradient: n rows of k
    View<const float> bias{};
    View<const float> slope{};
    View<float> out;  ///< rows × n
    std::int32_t rows = 0, n = 0, k = 0;
    bool tanh = false;
};
using Narrow = NarrowOf<float>;
/// out = x·weight + bias, n at most kNarrow.
cudaError_t launch_narrow_forward(const Narrow& layer, std::int32_t models, cudaStream_t stream);
/// out[i][q] = x[i]·weight[q]: the gradient of a few inputs.
cudaError_t launch_narrow_rows(const Narrow& layer, std::int32_t models, cudaStream_t stream);
cudaError_t launch_narrow_rows(const NarrowOf<Bf16>& layer, std::int32_t models, cudaStream_t stream);
/// out (rows × k) = x (rows × n)·weight (k × n)ᵀ, times tanh'; n at most 4.
cudaError_t launch_narrow_spread(const Narrow& layer, std::int32_t models, cudaStream_t stream);
/// Gradient of a weight (k × n) and a bias from x (rows × k) and dout (rows × n).
struct NarrowWeight {
    View<const float> x, dout;
    std::int32_t rows = 0, n = 0, k = 0;
    Update weight, bias;
    bool has_bias = false;
};
cudaError_t launch_narrow_weight(const NarrowWeight& layer, std::int32_t models, cudaStream_t stream);
inline constexpr std::int32_t kNarrow = 16;  ///< the most outputs of a narrow layer

/// Rows of observations, those of one platform together.
struct Batch {
    View<const std::int32_t> platform, module, co_runner;  ///< rows × width, -1 for none
    View<const float> target, scale;        ///< scale: what a row counts in the loss; 0 behind the last row
    View<const std::int32_t> platform_end;  ///< platforms + 1: where rows of each begin
    View<const std::int32_t> module_end;    ///< modules + 1: where its mentions begin
    View<const std::int32_t> mention;       ///< row * (1 + width) + which: 0 the module itself, c + 1 its co-runner c
    std::int32_t rows = 0, width = 0, platforms = 0, modules = 0;
};

/// What batches are drawn from.
struct DrawTable {
    const std::int32_t* platform;
    const std::int32_t* module;
    const std::int32_t* co_runner;
    const float* target;
    std::int32_t width;
};
struct DrawObjective {
    DrawTable table;
    const std::int32_t* rows;        ///< row numbers of all models, one after the other
    const std::int64_t* rows_begin;  ///< models + 1
    const std::uint64_t* key;        ///< a model
    std::int32_t batch;              ///< 0: all rows, in their order
    double weight;
};
inline constexpr int kMostObjectives = 8;
struct Draw {
    DrawObjective objective[kMostObjectives];
    std::int32_t objectives = 0;
    std::int32_t models = 0;  ///< of a batch; batches of steps follow one another
    std::int64_t first_step = 0;
    // As in Batch, to be written: of each step and model. Without `mention` no mentions, and not where they begin.
    std::int32_t *platform, *module, *co_runner, *platform_end, *module_end, *mention, *place;
    float *target, *scale;
    std::int32_t* cursor;  ///< platforms + modules + 2 a batch, where they do not fit in shared memory
    std::int32_t rows = 0, width = 0, platforms = 0, modules = 0;
    bool by_module = false;  ///< rows of a platform in the order of their modules; of kSortedRows at most
};
inline constexpr std::int32_t kSortedRows = 4096;
cudaError_t launch_draw(const Draw& draw, std::int32_t steps, cudaStream_t stream);

/// What a loss is computed by.
struct LossTerms {
    std::int32_t kind = 0;  ///< Loss
    float huber_delta = 0.0F;
    View<const float> platform_term{}, module_term{};  ///< a baseline's, or null
    View<const float> output{};                        ///< of a network, column 0; or null
    float output_scale = 0.0F;
    View<float> loss;     ///< a platform
    View<float> slope{};  ///< a row; null where only the loss is wanted
};

/// Products of rows of both sides: a dot product, and what co-runners add.
template <typename T>
struct FactorsOf {
    Batch batch;
    View<const T> left, right;
    std::int32_t rank = 0;
    bool dot = false;
    float dot_scale = 0.0F;
    std::int32_t types = 0, susceptibility_column = 0, magnitude_column = 0;
    float interference_scale = 0.0F;
    View<float> weight;  ///< rows × (dot + 2 types): products, then what each counts in the gradient
    LossTerms loss;
    View<float> left_gradient{}, right_gradient{};
    View<Bf16> left_rounded{}, right_rounded{};  ///< where a gradient goes instead if it is to be rounded
    /// launch_dots_step: of a side that is a parameter, where Adam is to use the gradient.
    Update left_update{}, right_update{};
};
template <typename T>
cudaError_t launch_factors_forward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream);
template <typename T>
cudaError_t launch_factors_backward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream);

/// Whether dot products are all there is, of rows of 128, 256 … columns: forward and backward have kernels of their own
/// for these.
template <typename T>
[[nodiscard]] bool dots_of_chunks(const FactorsOf<T>& factors);
template <typename T>
cudaError_t launch_dots_forward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream);
template <typename T>
cudaError_t launch_dots_backward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream);
/// Whether they are, and launch_dots_step() can do both at once, in blocks of that much shared memory.
template <typename T>
[[nodiscard]] bool dots_fit(const FactorsOf<T>& factors, std::int64_t shared);
/// Losses, and the gradients of both sides or what Adam makes of them.
template <typename T>
cudaError_t launch_dots_step(const FactorsOf<T>& factors, std::int64_t shared, std::int32_t models,
                             cudaStream_t stream);

/// Layers of the rows of a side: tanh(x·first + first_bias)·second + second_bias. Learned columns of x may come last.
struct LayeredSide {
    View<const Bf16> x, first, second;              ///< rows × in, in × width, width × rank
    View<const float> first_bias{}, second_bias{};  ///< or null
    View<Bf16> hidden, hidden_gradient, gradient;   ///< what the first gives, and before tanh its gradient; the rows'
    View<float> learned_gradient{};
    std::int32_t rows = 0, in = 0, width = 0;
    std::int32_t learned_first = 0, learned_count = 0;
};
/// A step of models that multiply rows which two layers make: all but updates. Batches have kSortedRows rows at most,
/// those of a platform in the order of their modules.
struct LayeredDots {
    LayeredSide side[2];      ///< platforms, modules
    FactorsOf<Bf16> factors;  ///< without rows and their gradients
};
/// Whether blocks of that much shared memory can.
[[nodiscard]] bool layered_dots_fit(const LayeredDots& dots, std::int64_t shared);
/// LossTerms::loss gets sums of sixteen platforms, at the first of these, and 0 at the others.
cudaError_t launch_layered_dots(const LayeredDots& dots, std::int64_t shared, std::int32_t models, cudaStream_t stream);

/// Loss and slopes of a network's output.
struct NetworkLoss {
    Batch batch;
    LossTerms loss;
};
cudaError_t launch_network_loss(const NetworkLoss& loss, std::int32_t models, cudaStream_t stream);

struct PairRows {
    Batch batch;
    View<const float> left, right;  ///< sum_tanh; gather: right alone
    View<float> out;
    View<const float> dout{};
    View<float> left_gradient{}, right_gradient{};
    std::int32_t cols = 0;
};
cudaError_t launch_sum_tanh(const PairRows& rows, std::int32_t models, cudaStream_t stream);
cudaError_t launch_sum_rows(const PairRows& rows, std::int32_t models, cudaStream_t stream);
cudaError_t launch_gather(const PairRows& rows, std::int32_t models, cudaStream_t stream);
/// din[b][0] = scale * slope[b].
cudaError_t launch_output_backward(View<const float> slope, float scale, View<float> din, std::int32_t rows,
                                   std::int32_t models, cudaStream_t stream);
/// dout *= 1 - out².
cudaError_t launch_slope(View<const float> out, View<float> dout, std::int32_t rows, std::int32_t cols,
                         std::int32_t models, cudaStream_t stream);
/// to[:, column …] = from.
cudaError_t launch_copy_columns(View<const float> from, View<float> to, std::int32_t column, std::int32_t rows,
                                std::int32_t cols, std::int32_t models, cudaStream_t stream);
cudaError_t launch_copy_columns(View<const float> from, View<Bf16> to, std::int32_t column, std::int32_t rows,
                                std::int32_t cols, std::int32_t models, cudaStream_t stream);
/// Rounds so many numbers, one after the other.
cudaError_t launch_round(const float* from, Bf16* to, std::int64_t count, cudaStream_t stream);

/// A network on pairs that is trained by one kernel: tanh of sums of both sides' rows, a layer with tanh of at most
/// kPairColumns columns, as many as the sums have at most, and an output of one column.
struct PairNetwork {
    Batch batch;
    View<const float> left, right;
    std::int32_t cols = 0, hidden = 0;   ///< of the sums, and of the layer
    Update weight, bias, top, top_bias;  ///< of the layer (cols × hidden) and the output; biases may be null
    LossTerms loss;                      ///< without `output`, which is not kept, and slopes
    View<float> row_loss;
    View<float> gradient;  ///< of the sums: rows × cols
    View<float> sums;      ///< a strip: what it has of the gradients of weights and biases
};
inline constexpr std::int32_t kPairColumns = 128;
inline constexpr std::int32_t kPairStrip = 1024;  ///< rows of a batch that a block takes
inline constexpr int kPairNetworkShared = ((3 * kPairColumns + 10) * kPairColumns + 2 * kPairStrip) * 4;  ///< bytes
constexpr std::int64_t pair_network_strips(std::int64_t rows) {
    return rows > kPairStrip ? (rows + kPairStrip - 1) / kPairStrip : 1;
}
/// Numbers of a strip in PairNetwork::sums; `ld` of the layer's weight.
constexpr std::int64_t pair_network_sums(std::int64_t cols, std::int64_t ld) { return (cols + 2) * ld + 4; }
/// Where, in those, the sums of the layer's bias, the output's weight and its bias begin, behind those of the layer's
/// weight.
struct PairSumPlaces {
    std::int32_t bias, top, top_bias;
};
constexpr PairSumPlaces pair_sum_places(const PairNetwork& n) {
    const std::int32_t ld = n.weight.parameter.ld;
    return {n.cols * ld, (n.cols + 1) * ld, (n.cols + 2) * ld};
}
/// Its second kernel: adds the strips' sums, uses gradients as updates say, and sums losses of platforms.
cudaError_t launch_pair_update(const PairNetwork& network, std::int32_t models, cudaStream_t stream);
cudaError_t launch_pair_network(Precision precision, const PairNetwork& network, std::int32_t models,
                                cudaStream_t stream);

/// A layer with a weight for each platform (rows × k, k × n).
struct PlatformLayer {
    Batch batch;
    View<const float> x, weight, bias;
    View<float> out;
    bool tanh = false;
    // Backward.
    View<const float> slope{};  ///< of x where tanh' is to be multiplied
    View<const float> dout{};
    View<float> dx{};  ///< or null
    Update weight_update{}, bias_update{};
    std::int32_t n = 0, k = 0;
};
cudaError_t launch_platform_forward(const PlatformLayer& layer, std::int32_t models, cudaStream_t stream);
cudaError_t launch_platform_input(const PlatformLayer& layer, std::int32_t models, cudaStream_t stream);
cudaError_t launch_platform_weight(const PlatformLayer& layer, std::int32_t models, cudaStream_t stream);

/// Updates parameters by gradients that are stored, and copies them into a wider matrix where `mirror` is set.
struct Elementwise {
    Update update;
    std::int32_t rows = 0, cols = 0;
    View<float> mirror{};
    View<Bf16> rounded_mirror{};  ///< the same where the wider matrix is rounded
    std::int32_t mirror_column = 0;
};
inline constexpr int kMostElementwise = 8;
struct Elementwises {
    Elementwise part[kMostElementwise];
    std::int32_t count = 0;
};
cudaError_t launch_elementwise(const Elementwises& parts, std::int32_t models, cudaStream_t stream);

/// out[g] = the sum of `count` losses of model g, whose parts lie `model` apart, in double precision.
cudaError_t launch_sum(View<const float> losses, std::int64_t steps, std::int64_t step_stride, std::int32_t count,
                       double* out, std::int32_t models, cudaStream_t stream);

}  // namespace pitot::backend::cuda
