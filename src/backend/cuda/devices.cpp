#include "backend/devices.hpp"

#include <cuda_runtime.h>

#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "pitot/remedy.hpp"

namespace pitot::backend {
namespace {

// CUDA writes versions as 1000 * major + 10 * minor.
std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

Failure no_card(std::string why) {
    return fail(ErrorCode::kEnvironment, std::move(why) + "; or use the backend 'cpu'", Remedy::kUseCpuBackend);
}

// What to do where the driver shows no card: `error` is cudaGetDeviceCount()'s.
Failure explain(cudaError_t error) {
    if (error == cudaErrorInsufficientDriver) {
        int driver = 0;
        int runtime = 0;
        if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
            return no_card("no NVIDIA driver answers: install one (in a container, start it with access to the cards)");
        }
        if (cudaRuntimeGetVersion(&runtime) == cudaSuccess) {
            return no_card(
                fmt::format("the NVIDIA driver here is one for CUDA {} and this pitot was built with CUDA "
                            "{}: update the driver, or build with an older CUDA",
                            version_text(driver), version_text(runtime)));
        }
    }
    if (error == cudaErrorNoDevice || error == cudaSuccess) {
        const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
        if (visible != nullptr) {
            return no_card(
                fmt::format("the NVIDIA driver shows no card: the environment variable "
                            "CUDA_VISIBLE_DEVICES is '{}'; unset it, or name cards that there are",
                            visible));
        }
        return no_card("the NVIDIA driver finds no card: look whether nvidia-smi lists one");
    }
    return no_card(fmt::format("the NVIDIA driver does not answer: {} ({}); look whether nvidia-smi works",
                               cudaGetErrorString(error), cudaGetErrorName(error)));
}

}  // namespace

bool has_cuda() { return true; }

Result<std::vector<DeviceInfo>> cuda_devices() {
    int count = 0;
    if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess || count == 0) {
        static_cast<void>(cudaGetLastError());
        return explain(error);
    }
    std::vector<DeviceInfo> cards;
    for (int number = 0; number < count; ++number) {
        cudaDeviceProp properties{};
        if (const cudaError_t error = cudaGetDeviceProperties(&properties, number); error != cudaSuccess) {
            static_cast<void>(cudaGetLastError());
            return no_card(fmt::format("card {} does not tell what it is: {} ({})", number, cudaGetErrorString(error),
                                       cudaGetErrorName(error)));
        }
        cards.push_back({.name = properties.name,
                         .memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem),
                         .multiprocessors = properties.multiProcessorCount,
                         .major = properties.major,
                         .minor = properties.minor});
    }
    return cards;
}

}  // namespace pitot::backend
