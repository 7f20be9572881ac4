#include "backend/cuda/memory.hpp"

#include <fmt/format.h>

#include "pitot/remedy.hpp"

namespace pitot::backend::cuda {

void check(cudaError_t error, const char* doing) {
    if (error == cudaSuccess) {
        return;
    }
    cudaGetLastError();  // so that it is not reported again
    int device = 0;
    cudaGetDevice(&device);
    if (error == cudaErrorMemoryAllocation) {
        std::size_t left = 0;
        std::size_t all = 0;
        cudaMemGetInfo(&left, &all);
        throw DeviceFailure(
            {ErrorCode::kEnvironment,
             fmt::format(
                 "card {} has no memory left ({:.1f} of {:.1f} GiB are free, and more is wanted); end what else "
                 "uses it, take another card, or use the backend 'cpu'",
                 device, static_cast<double>(left) / 0x1p30, static_cast<double>(all) / 0x1p30),
             Remedy::kUseCpuBackend});
    }
    throw DeviceFailure({ErrorCode::kEnvironment,
                         fmt::format("card {} failed while {}: {} ({}); if it fails again, use the backend 'cpu'",
                                     device, doing, cudaGetErrorString(error), cudaGetErrorName(error)),
                         Remedy::kUseCpuBackend});
}

}  // namespace pitot::backend::cuda
