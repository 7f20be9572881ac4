// Emulated cards: CUDA's runtime on the processor, so that the kernels and the code around them run where there is no
// card and sanitizers see them. Slow, and no measure of speed.
//
// A stream's work waits until the host waits for it, and is then done in an order that is drawn among those that
// streams and events allow. Not seen: blocks of a launch, and launches of two streams, that would run at the same
// moment; memory of one card that another's kernels use; values that static shared memory has before it is written.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend/cuda/instructions.cuh"
#include "backend/cuda/peak.hpp"
#include "emulation/block.hpp"
#include "emulation/streams.hpp"

namespace pitot::emulation {
namespace {

constexpr int kDevices = 2;

// Bytes of a card: 2 GiB, or as many MiB as PITOT_EMULATED_MIB says.
std::size_t memory() {
    const char* const text = std::getenv("PITOT_EMULATED_MIB");
    return (text == nullptr ? std::size_t{2048} : std::strtoull(text, nullptr, 10)) << 20U;
}

// Bytes that a block may have: those of compute capability 9.0, or as many KiB as PITOT_EMULATED_SHARED_KIB says.
std::size_t shared_memory_of_block() {
    const char* const text = std::getenv("PITOT_EMULATED_SHARED_KIB");
    return (text == nullptr ? std::size_t{227} : std::strtoull(text, nullptr, 10)) << 10U;
}

struct Machine {
    std::recursive_mutex mutex;
    Stream usual[kDevices];
    std::vector<Stream*> streams;
    std::map<const std::byte*, std::pair<int, std::size_t>> arrays;  // the card that they are on, and how large
    std::size_t used[kDevices] = {};
};
Machine& machine() {
    static Machine of_all;
    return of_all;
}
thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;

// Whether this call is the one that is to fail: the one whose number PITOT_EMULATED_FAILURE is, counted since it was
// set.
bool fails() {
    static std::string set;
    static long long calls = 0;
    const char* const text = std::getenv("PITOT_EMULATED_FAILURE");
    if (text == nullptr || set != text) {
        set = text == nullptr ? "" : text;
        calls = 0;
    }
    return text != nullptr && ++calls == std::atoll(text);
}

cudaError_t answer(cudaError_t error) {
    if (error != cudaSuccess) {
        last_error = error;
    }
    return error;
}

Stream& of(cudaStream_t stream) { return stream == nullptr ? machine().usual[current_device] : *stream; }

cudaError_t add(cudaStream_t stream, std::function<void()> work) {
    Stream& to = of(stream);
    auto node = make_node(std::move(work), to.heads);
    to.heads = {node};
    if (to.recording) {
        to.recording->nodes.push_back(std::move(node));
    }
    return cudaSuccess;
}

// Of the current card.
void run_all() {
    Nodes heads = machine().usual[current_device].heads;
    for (const Stream* stream : machine().streams) {
        if (!stream->recording && stream->device == current_device) {
            heads.insert(heads.end(), stream->heads.begin(), stream->heads.end());
        }
    }
    run(heads);
}

// Whether this thread records, so that it must not wait nor take memory.
bool records() {
    return std::ranges::any_of(machine().streams, [](const Stream* stream) {
        return stream->recording && stream->recorder == std::this_thread::get_id();
    });
}

// Whether an array of a card has these bytes.
bool on_card(const void* data, std::size_t bytes) {
    const auto* const first = static_cast<const std::byte*>(data);
    const auto next = machine().arrays.upper_bound(first);
    if (next == machine().arrays.begin()) {
        return false;
    }
    const auto& [begin, array] = *std::prev(next);
    return first + bytes <= begin + array.second;
}

}  // namespace

cudaError_t enqueue(std::function<void()> thread, dim3 blocks, int threads, std::size_t shared, std::size_t most_shared,
                    cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    if (threads < 1 || threads > 1024 || blocks.x < 1 || blocks.y < 1 || blocks.z < 1 || blocks.y > 65535 ||
        blocks.z > 65535 || shared > most_shared || most_shared > shared_memory_of_block() ||
        of(stream).device != current_device) {
        return answer(cudaErrorInvalidValue);
    }
    return add(stream,
               [=, work = std::move(thread)] { run_blocks(work, blocks.x, blocks.y, blocks.z, threads, shared); });
}

}  // namespace pitot::emulation

using namespace pitot::emulation;  // which CUDA's functions below are made of

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
const char* cudaGetErrorString(cudaError_t error) { return error == cudaSuccess ? "no error" : "an error"; }
const char* cudaGetErrorName(cudaError_t error) { return error == cudaSuccess ? "cudaSuccess" : "cudaError"; }

cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) { return *count = kDevices, cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    if (device < 0 || device >= kDevices) {
        return answer(cudaErrorInvalidDevice);
    }
    *properties = {"Emulated card", memory(), 4, 9, 0};
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    if (attribute != cudaDevAttrMaxSharedMemoryPerBlockOptin || device < 0 || device >= kDevices) {
        return answer(cudaErrorInvalidValue);
    }
    *value = static_cast<int>(shared_memory_of_block());
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    if (device < 0 || device >= kDevices) {
        return answer(cudaErrorInvalidDevice);
    }
    current_device = device;
    return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) { return *device = current_device, cudaSuccess; }
cudaError_t cudaDeviceSynchronize() {
    const std::lock_guard lock(machine().mutex);
    if (records()) {
        return answer(cudaErrorStreamCaptureUnsupported);
    }
    run_all();
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    if (records()) {
        return answer(cudaErrorStreamCaptureUnsupported);
    }
    std::size_t& used = machine().used[current_device];
    if (used + bytes > memory()) {
        return answer(cudaErrorMemoryAllocation);
    }
    *data = std::malloc(bytes);
    std::memset(*data, 0xFF, bytes);  // not a number
    machine().arrays[static_cast<const std::byte*>(*data)] = {current_device, bytes};
    used += bytes;
    return cudaSuccess;
}
cudaError_t cudaFree(void* data) {
    if (data == nullptr) {
        return cudaSuccess;
    }
    const std::lock_guard lock(machine().mutex);
    const auto found = machine().arrays.find(static_cast<const std::byte*>(data));
    if (found == machine().arrays.end()) {
        give_up("memory is given back that was not taken");
    }
    const int before = std::exchange(current_device, found->second.first);
    run_all();
    current_device = before;
    machine().used[found->second.first] -= found->second.second;
    machine().arrays.erase(found);
    std::free(data);
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** data, std::size_t bytes) { return *data = std::malloc(bytes), cudaSuccess; }
cudaError_t cudaFreeHost(void* data) { return std::free(data), cudaSuccess; }
cudaError_t cudaMemGetInfo(std::size_t* left, std::size_t* all) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    *all = memory();
    *left = *all - std::min(*all, machine().used[current_device]);
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    if (!on_card(data, bytes)) {
        return answer(cudaErrorInvalidValue);
    }
    return add(stream, [=] { std::memset(data, value, bytes); });
}
cudaError_t cudaMemset(void* data, int value, std::size_t bytes) {
    return cudaMemsetAsync(data, value, bytes, nullptr);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    if (on_card(to, bytes) != (kind != cudaMemcpyDeviceToHost) ||
        on_card(from, bytes) != (kind != cudaMemcpyHostToDevice)) {
        return answer(cudaErrorInvalidValue);
    }
    return add(stream, [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    const std::lock_guard lock(machine().mutex);
    if (records()) {
        return answer(cudaErrorStreamCaptureUnsupported);
    }
    if (const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr); error != cudaSuccess) {
        return error;
    }
    run(of(nullptr).heads);
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    *stream = new Stream;
    (*stream)->device = current_device;
    machine().streams.push_back(*stream);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    run(stream->heads);  // what it was given is still done
    std::erase(machine().streams, stream);
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    if (records()) {
        return answer(cudaErrorStreamCaptureUnsupported);
    }
    run(of(stream).heads);
    return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return *event = new Event, cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    const Stream& from = of(stream);
    *event = {from.heads, from.recording};
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    Stream& to = of(stream);
    if (event->recording != to.recording) {
        if (to.recording || !records()) {
            return answer(cudaErrorStreamCaptureUnsupported);
        }
        to.outside = std::exchange(to.heads, {});  // it is recorded, too, from here on
        to.recording = event->recording;
        to.recorder = std::this_thread::get_id();
    }
    to.heads.insert(to.heads.end(), event->heads.begin(), event->heads.end());
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    Stream& from = of(stream);
    from.recording = std::make_shared<Graph>();
    from.recorder = std::this_thread::get_id();
    from.outside = std::exchange(from.heads, {});
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const std::lock_guard lock(machine().mutex);
    const std::shared_ptr<Graph> recorded = of(stream).recording;
    *graph = nullptr;
    if (!recorded) {
        return answer(cudaErrorInvalidValue);
    }
    // Whether all that was recorded comes before the end of the stream that it began in.
    const bool joined = count_left(of(stream).heads) == recorded->nodes.size();
    for (Stream* other : machine().streams) {
        if (other->recording == recorded) {
            other->recording = nullptr;
            other->heads = std::exchange(other->outside, {});
        }
    }
    if (!joined || fails()) {
        return answer(joined ? cudaErrorUnknown : cudaErrorStreamCaptureUnjoined);
    }
    *graph = new Graph{std::exchange(recorded->nodes, {})};
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t graph, unsigned long long) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    *ready = copy_of(*graph).release();
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t ready) {
    const std::lock_guard lock(machine().mutex);
    run_all();
    delete ready;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t ready, cudaStream_t stream) {
    const std::lock_guard lock(machine().mutex);
    if (fails()) {
        return answer(cudaErrorUnknown);
    }
    return add(stream, [ready] { run(copy_of(*ready)->nodes); });
}

namespace pitot::backend::cuda {

CardPeak measure_card(std::int64_t /*block_bytes*/) { return {}; }

}  // namespace pitot::backend::cuda
