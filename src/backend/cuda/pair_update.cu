// The second kernel of a network on pairs: adds what the strips of a batch have of gradients and losses.
#include "backend/cuda/loss.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kUpdateThreads = 256;

int weight_blocks(const PairNetwork& n) {
    return (n.cols * n.weight.parameter.ld / 2 + kUpdateThreads - 1) / kUpdateThreads;
}

// Blocks for the weights of the second layer, one for what else learns, and the others for losses of platforms.
__global__ void __launch_bounds__(kUpdateThreads)
    pair_update_kernel(const __grid_constant__ PairNetwork n, int strips, int for_weight) {
    const std::int64_t model = blockIdx.y;
    const int thread = static_cast<int>(threadIdx.x);
    const int block = static_cast<int>(blockIdx.x);
    const auto sum_at = [&](int at) {
        float sum = 0.0F;
        for (int strip = 0; strip < strips; ++strip) {
            sum += row(n.sums, model, strip)[at];
        }
        return sum;
    };
    if (block < for_weight) {
        const int at = 2 * (block * kUpdateThreads + thread);
        if (at < n.cols * n.weight.parameter.ld) {
            float2 sum{0.0F, 0.0F};
            for (int strip = 0; strip < strips; ++strip) {
                const float2 more = *reinterpret_cast<const float2*>(row(n.sums, model, strip) + at);
                sum = {sum.x + more.x, sum.y + more.y};
            }
            apply(n.weight, model, at, sum);
        }
    } else if (block == for_weight) {
        const PairSumPlaces places = pair_sum_places(n);
        if (thread < n.hidden && n.bias.parameter.data != nullptr) {
            apply(n.bias, model, thread, sum_at(places.bias + thread));
        }
        if (thread < n.hidden) {
            apply(n.top, model, std::int64_t{thread} * n.top.parameter.ld, sum_at(places.top + thread));
        } else if (thread == n.hidden && n.top_bias.parameter.data != nullptr) {
            apply(n.top_bias, model, 0, sum_at(places.top_bias));
        }
    } else {
        const int i = (block - for_weight - 1) * (kUpdateThreads / 32) + thread / 32;
        if (i < n.batch.platforms) {
            const RowRange rows = rows_of(n.batch.platform_end, model, i);
            float loss = 0.0F;
            for (int b = rows.begin + thread % 32; b < rows.end; b += 32) {
                loss += part(n.row_loss, model)[b];
            }
            loss = sum_of_warp(loss);
            if (thread % 32 == 0) {
                part(n.loss.loss, model)[i] = loss;
            }
        }
    }
}

}  // namespace

cudaError_t launch_pair_update(const PairNetwork& network, std::int32_t models, cudaStream_t stream) {
    constexpr int platforms_of_block = kUpdateThreads / 32;
    const int for_weight = weight_blocks(network);
    const int for_losses = (network.batch.platforms + platforms_of_block - 1) / platforms_of_block;
    const dim3 grid(static_cast<unsigned>(for_weight + 1 + for_losses), static_cast<unsigned>(models));
    return start(pair_update_kernel, {grid, kUpdateThreads}, stream, network,
                 static_cast<int>(pair_network_strips(network.batch.rows)), for_weight);
}

}  // namespace pitot::backend::cuda
