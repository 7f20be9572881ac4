// What every computation on a device needs: its stream and libraries, memory, and failures as exceptions, which no
// function of the interface lets out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <list>
#include <span>
#include <utility>
#include <vector>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include "pitot/result.hpp"

namespace pitot::backend::device {

class DeviceFailure final : public std::exception {
public:
    explicit DeviceFailure(Error error) : error_(std::move(error)) {}
    [[nodiscard]] const Error& error() const { return error_; }
    [[nodiscard]] const char* what() const noexcept override { return "a device failed"; }

private:
    Error error_;
};

/// Throws DeviceFailure unless all went well; `doing` says what, as in "copying to the device".
void check(cudaError_t status, const char* doing);
void check(cublasStatus_t status, const char* doing);
void check(cusolverStatus_t status, const char* doing);
/// The same of kernels started just now.
void check_started(const char* doing);

/// Throws DeviceFailure if the device has not that much memory left.
void require_memory(std::size_t bytes);
[[nodiscard]] std::size_t free_memory();

/// Memory of a device that grows as it is asked for; what was in it is lost then.
class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { release(); }

    template <typename T>
    [[nodiscard]] T* of(std::int64_t count) {
        return static_cast<T*>(reserve(static_cast<std::size_t>(count) * sizeof(T)));
    }
    void release();
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    [[nodiscard]] void* reserve(std::size_t bytes);

    void* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Memory of the host that devices copy from and to without a detour.
class PinnedBuffer {
public:
    PinnedBuffer() = default;
    PinnedBuffer(const PinnedBuffer&) = delete;
    PinnedBuffer& operator=(const PinnedBuffer&) = delete;
    ~PinnedBuffer();

    [[nodiscard]] std::byte* reserve(std::size_t bytes);

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Arrays that go to the device together. A round: add() or keep() each, send(), then at().
class Upload {
public:
    struct Place {
        std::size_t offset = 0;
        std::size_t count = 0;
    };

    /// Begins a round; what was sent before must be of no use any more.
    void begin() {
        parts_.clear();
        kept_.clear();
        size_ = 0;
    }
    /// `values` must outlive send().
    template <typename T>
    [[nodiscard]] Place add(std::span<const T> values) {
        constexpr std::size_t kAlignment = 256;
        const Place place{size_, values.size()};
        parts_.push_back({values.data(), values.size_bytes(), size_});
        size_ += (values.size_bytes() + kAlignment - 1) / kAlignment * kAlignment;
        return place;
    }
    template <typename T>
    [[nodiscard]] Place keep(const std::vector<T>& values) {
        const auto bytes = std::as_bytes(std::span(values));
        kept_.emplace_back(bytes.begin(), bytes.end());
        const std::span<const std::byte> own = kept_.back();
        Place place = add(own);
        place.count = values.size();
        return place;
    }
    void send(cudaStream_t stream);
    /// Null if nothing is there.
    template <typename T>
    [[nodiscard]] const T* at(Place place) const {
        return place.count == 0 ? nullptr : reinterpret_cast<const T*>(data_ + place.offset);
    }

private:
    struct Part {
        const void* data;
        std::size_t bytes;
        std::size_t offset;
    };
    std::vector<Part> parts_;
    std::list<std::vector<std::byte>> kept_;
    std::size_t size_ = 0;
    PinnedBuffer host_;
    Buffer device_;
    const std::byte* data_ = nullptr;
};

/// The stream that all runs on, and the libraries bound to it.
class Runtime {
public:
    explicit Runtime(int device);
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    ~Runtime();

    /// Makes the device that of the calling thread.
    void enter() const;
    void wait() const;
    [[nodiscard]] cudaStream_t stream() const { return stream_; }
    [[nodiscard]] cublasHandle_t blas() const { return blas_; }
    [[nodiscard]] cusolverDnHandle_t solver() const { return solver_; }
    /// Copies numbers of the device to the host and waits for them, and all before them.
    void fetch(const double* from, std::span<double> to);
    [[nodiscard]] std::vector<int> fetch(const int* from, std::int64_t count);

private:
    void close();
    void fetch_bytes(const void* from, void* to, std::size_t bytes);

    int device_;
    cudaStream_t stream_ = nullptr;
    cublasHandle_t blas_ = nullptr;
    cusolverDnHandle_t solver_ = nullptr;
    PinnedBuffer back_;
};

}  // namespace pitot::backend::device
