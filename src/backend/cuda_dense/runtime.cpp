#include "backend/cuda_dense/runtime.hpp"

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "pitot/remedy.hpp"

namespace pitot::backend::device {
namespace {

constexpr double kGigabyte = 1e9;

[[noreturn]] void refuse(std::string message) {
    throw DeviceFailure(Error(ErrorCode::kEnvironment, std::move(message), Remedy::kUseCpuBackend));
}

[[noreturn]] void out_of_memory(std::size_t needed, std::size_t left) {
    refuse(
        fmt::format("the device has {:.1f} GB of memory left and {:.1f} GB more are needed; use one with more, or the "
                    "backend 'cpu'",
                    static_cast<double>(left) / kGigabyte, static_cast<double>(needed) / kGigabyte));
}

}  // namespace

void check(cudaError_t status, const char* doing) {
    if (status != cudaSuccess) {
        refuse(fmt::format("the device failed while {}: {}; use the backend 'cpu'", doing, cudaGetErrorString(status)));
    }
}

void check(cublasStatus_t status, const char* doing) {
    if (status != CUBLAS_STATUS_SUCCESS) {
        refuse(fmt::format("the device failed while {}: cuBLAS says {}; use the backend 'cpu'", doing,
                           cublasGetStatusString(status)));
    }
}

void check(cusolverStatus_t status, const char* doing) {
    if (status != CUSOLVER_STATUS_SUCCESS) {
        refuse(fmt::format("the device failed while {}: cuSOLVER's status is {}; use the backend 'cpu'", doing,
                           static_cast<int>(status)));
    }
}

void check_started(const char* doing) { check(cudaGetLastError(), doing); }

std::size_t free_memory() {
    std::size_t left = 0;
    std::size_t all = 0;
    check(cudaMemGetInfo(&left, &all), "asking for its memory");
    return left;
}

void require_memory(std::size_t bytes) {
    const std::size_t left = free_memory();
    if (bytes > left) {
        out_of_memory(bytes, left);
    }
}

void* Buffer::reserve(std::size_t bytes) {
    if (bytes > size_ || data_ == nullptr) {
        release();
        require_memory(bytes);
        const std::size_t size = std::max<std::size_t>(bytes, 1);
        const cudaError_t status = cudaMalloc(&data_, size);
        if (status == cudaErrorMemoryAllocation) {
            (void)cudaGetLastError();
            data_ = nullptr;
            out_of_memory(bytes, free_memory());
        }
        check(status, "taking memory");
        size_ = size;
    }
    return data_;
}

void Buffer::release() {
    if (data_ != nullptr) {
        (void)cudaFree(data_);
    }
    data_ = nullptr;
    size_ = 0;
}

std::byte* PinnedBuffer::reserve(std::size_t bytes) {
    if (bytes > size_ || data_ == nullptr) {
        if (data_ != nullptr) {
            (void)cudaFreeHost(data_);
            data_ = nullptr;
            size_ = 0;
        }
        const std::size_t size = std::max<std::size_t>(bytes + bytes / 2, 1);
        void* block = nullptr;
        check(cudaMallocHost(&block, size), "taking memory of the host to copy through");
        data_ = static_cast<std::byte*>(block);
        size_ = size;
    }
    return data_;
}

PinnedBuffer::~PinnedBuffer() {
    if (data_ != nullptr) {
        (void)cudaFreeHost(data_);
    }
}

void Upload::send(cudaStream_t stream) {
    std::byte* host = host_.reserve(size_);
    for (const Part& part : parts_) {
        if (part.bytes > 0) {
            std::memcpy(host + part.offset, part.data, part.bytes);
        }
    }
    auto* to = device_.of<std::byte>(static_cast<std::int64_t>(size_));
    check(cudaMemcpyAsync(to, host, size_, cudaMemcpyHostToDevice, stream), "copying to it");
    data_ = to;
}

Runtime::Runtime(int device) : device_(device) {
    try {
        enter();
        check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "starting");
        check(cublasCreate(&blas_), "starting cuBLAS");
        check(cublasSetStream(blas_, stream_), "starting cuBLAS");
        check(cublasSetAtomicsMode(blas_, CUBLAS_ATOMICS_NOT_ALLOWED), "starting cuBLAS");
        check(cublasSetMathMode(blas_, CUBLAS_DEFAULT_MATH), "starting cuBLAS");
        check(cusolverDnCreate(&solver_), "starting cuSOLVER");
        check(cusolverDnSetStream(solver_, stream_), "starting cuSOLVER");
    } catch (...) {
        close();
        throw;
    }
}

Runtime::~Runtime() { close(); }

void Runtime::close() {
    if (solver_ != nullptr) {
        (void)cusolverDnDestroy(solver_);
        solver_ = nullptr;
    }
    if (blas_ != nullptr) {
        (void)cublasDestroy(blas_);
        blas_ = nullptr;
    }
    if (stream_ != nullptr) {
        (void)cudaStreamDestroy(stream_);
        stream_ = nullptr;
    }
}

void Runtime::enter() const { check(cudaSetDevice(device_), "being chosen"); }

void Runtime::wait() const { check(cudaStreamSynchronize(stream_), "computing"); }

void Runtime::fetch_bytes(const void* from, void* to, std::size_t bytes) {
    std::byte* host = back_.reserve(bytes);
    check(cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying from it");
    wait();
    if (bytes > 0) {
        std::memcpy(to, host, bytes);
    }
}

void Runtime::fetch(const double* from, std::span<double> to) { fetch_bytes(from, to.data(), to.size_bytes()); }

std::vector<int> Runtime::fetch(const int* from, std::int64_t count) {
    std::vector<int> values(static_cast<std::size_t>(count));
    fetch_bytes(from, values.data(), values.size() * sizeof(int));
    return values;
}

}  // namespace pitot::backend::device
