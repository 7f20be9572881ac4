// Memory of a card, and its errors.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::backend::cuda {

/// What went wrong on a card. Thrown within this room alone: its functions for others return errors.
class DeviceFailure : public std::runtime_error {
public:
    explicit DeviceFailure(Error error) : std::runtime_error(error.to_string()), error_(std::move(error)) {}
    [[nodiscard]] const Error& error() const { return error_; }

private:
    Error error_;
};

/// Throws a DeviceFailure in words if a call of CUDA's failed. `doing`: what was being done.
void check(cudaError_t error, const char* doing);

/// An array on the card that is current when it is made and filled with zeros.
template <typename T>
class DeviceArray {
public:
    DeviceArray() = default;
    // Made of an empty one, which is destroyed, and gives back what it took, where a call fails.
    explicit DeviceArray(std::int64_t size) : DeviceArray() { allocate(size); }
    explicit DeviceArray(std::span<const T> values) : DeviceArray() {
        allocate(static_cast<std::int64_t>(values.size()));
        upload(values);
    }
    DeviceArray(DeviceArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~DeviceArray() { cudaFree(data_); }  // what a card that has failed answers does not matter here

    [[nodiscard]] T* data() const { return data_; }
    [[nodiscard]] std::int64_t size() const { return size_; }
    [[nodiscard]] std::int64_t bytes() const { return size_ * static_cast<std::int64_t>(sizeof(T)); }

    void upload(std::span<const T> values, std::int64_t at = 0) const {
        if (!values.empty()) {
            check(cudaMemcpy(data_ + at, values.data(), values.size_bytes(), cudaMemcpyHostToDevice), "copying to it");
            settle();
        }
    }
    void download(std::span<T> values, std::int64_t at = 0) const {
        if (!values.empty()) {
            check(cudaMemcpy(values.data(), data_ + at, values.size_bytes(), cudaMemcpyDeviceToHost),
                  "copying from it");
        }
    }

private:
    // Streams of ours do not wait for what was begun without one.
    static void settle() { check(cudaStreamSynchronize(nullptr), "copying to it"); }
    void allocate(std::int64_t size) {
        size_ = size;
        if (size > 0) {
            void* data = nullptr;
            check(cudaMalloc(&data, static_cast<std::size_t>(size) * sizeof(T)), "taking memory");
            data_ = static_cast<T*>(data);
            check(cudaMemset(data_, 0, static_cast<std::size_t>(size) * sizeof(T)), "clearing memory");
            settle();
        }
    }

    T* data_ = nullptr;
    std::int64_t size_ = 0;
};

/// Memory of the host that a card copies from and to without waiting.
template <typename T>
class PinnedArray {
public:
    PinnedArray() = default;
    explicit PinnedArray(std::int64_t size) : size_(size) {
        void* data = nullptr;
        check(cudaMallocHost(&data, static_cast<std::size_t>(size > 0 ? size : 1) * sizeof(T)),
              "taking memory of the host");
        data_ = static_cast<T*>(data);
    }
    PinnedArray(PinnedArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    PinnedArray& operator=(PinnedArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~PinnedArray() { cudaFreeHost(data_); }

    [[nodiscard]] T* data() const { return data_; }
    [[nodiscard]] std::int64_t size() const { return size_; }
    [[nodiscard]] std::span<T> all() const { return {data_, static_cast<std::size_t>(size_)}; }

private:
    T* data_ = nullptr;
    std::int64_t size_ = 0;
};

/// Makes a card this thread's current one. Whoever uses a card says which, so the one before is not chosen again, which
/// would start it if it was never used.
struct OnDevice {
    explicit OnDevice(int device) { check(cudaSetDevice(device), "choosing it"); }
};

/// A mark in a queue of work.
class Event {
public:
    /// `timed`: whether the time between two can be asked.
    explicit Event(bool timed = false) {
        check(cudaEventCreateWithFlags(&event_, timed ? cudaEventDefault : cudaEventDisableTiming), "making an event");
    }
    Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
    Event& operator=(Event&&) = delete;
    ~Event() {
        if (event_ != nullptr) {
            cudaEventDestroy(event_);
        }
    }
    [[nodiscard]] cudaEvent_t get() const { return event_; }

private:
    cudaEvent_t event_ = nullptr;
};

/// A queue of work on the current card.
class Stream {
public:
    /// Of two streams the work of the one with the lower number goes first; none is above 0.
    explicit Stream(int priority = 0) {
        check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, priority), "starting a stream");
    }
    Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
    Stream& operator=(Stream&&) = delete;
    ~Stream() {
        if (stream_ != nullptr) {
            cudaStreamDestroy(stream_);
        }
    }
    [[nodiscard]] cudaStream_t get() const { return stream_; }

private:
    cudaStream_t stream_ = nullptr;
};

}  // namespace pitot::backend::cuda
