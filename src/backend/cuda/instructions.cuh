// What is not C++ in kernels and their launches: how a kernel starts, memory that a launch gives to its blocks, and
// instructions that the compiler has no functions for.
#pragma once

#include <cuda_bf16.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>

namespace pitot::backend::cuda {

struct Grid {
    dim3 blocks;
    int threads = 0;
    std::size_t shared = 0;       ///< bytes of a block: shared_memory()
    std::size_t most_shared = 0;  ///< of any launch of this kernel: a card is told before, for all threads of the host
};

/// Starts a kernel on a stream.
template <typename... Parameters>
cudaError_t start(void (*kernel)(Parameters...), const Grid& grid, cudaStream_t stream,
                  const std::type_identity_t<Parameters>&... arguments) {
    if (grid.most_shared > 0) {
        if (const cudaError_t error =
                cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     static_cast<int>(grid.most_shared));
            error != cudaSuccess) {
            return error;
        }
    }
    kernel<<<grid.blocks, grid.threads, grid.shared, stream>>>(arguments...);
    return cudaGetLastError();
}

/// The memory of a block that its launch asked for.
template <typename T>
__device__ __forceinline__ T* shared_memory() {
    extern __shared__ __align__(16) unsigned char of_block[];
    return reinterpret_cast<T*>(of_block);
}

/// Begins to copy sixteen bytes of numbers to shared memory, or zeros where there are none.
template <typename T>
__device__ __forceinline__ void copy_16(T* to, const T* from, bool there) {
    const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
    const int bytes = there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes));
}
/// Ends a group of copies that this thread began.
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;"); }
/// Waits for all groups of this thread but the last few.
template <int But = 0>
__device__ __forceinline__ void wait_for_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(But));
}

/// Writes neighbours to the card's memory at once. In large kernels the compiler makes single writes of a vector's.
__device__ __forceinline__ void store_together(float* to, float4 x) {
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)), "f"(x.x), "f"(x.y),
                 "f"(x.z), "f"(x.w)
                 : "memory");
}
__device__ __forceinline__ void store_together(std::uint16_t* to, uint2 x) {
    asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(__cvta_generic_to_global(to)), "r"(x.x), "r"(x.y) : "memory");
}

/// Brings 128 bytes of the card's memory into its second-level cache.
__device__ __forceinline__ void prefetch(const void* at) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(__cvta_generic_to_global(at)));
}

/// The same number. The compiler does not know that it is, and computes what follows from it where it is needed instead
/// of keeping it in registers.
__device__ __forceinline__ int anew(int x) {
    asm volatile("" : "+r"(x));
    return x;
}

template <typename T>
__device__ __forceinline__ void store_16(T* to, const std::uint32_t (&x)[4]) {
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)), "r"(x[0]), "r"(x[1]),
                 "r"(x[2]), "r"(x[3])
                 : "memory");
}

/// To a few units of the last place: faster than sqrtf(), which is exact.
__device__ __forceinline__ float square_root(float x) {
    float out;
    asm("sqrt.approx.f32 %0, %1;" : "=f"(out) : "f"(x));
    return out;
}

__device__ __forceinline__ std::uint32_t to_tf32(float x) {
    std::uint32_t out;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(out) : "f"(x));
    return out;
}
__device__ __forceinline__ std::uint32_t to_bf16(float low, float high) {
    const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const std::uint32_t*>(&both);
}

/// Reads four matrices of 8 × 8 numbers of 16 bits from shared memory. `mine`: where a row begins, in lane 8 n + r row
/// r of matrix n, at a multiple of 16 bytes. Lane l gets of each the numbers 2 (l % 4) and the next of row l / 4, or
/// `Across` those of column l / 4.
template <bool Across>
__device__ __forceinline__ void load_matrices(std::uint32_t (&to)[4], const void* mine) {
    const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(mine));
    if constexpr (Across) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(address));
    } else {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(address));
    }
}

/// C += A·B of a warp, 16 × 8 from 8 of k. Of lane l, with g = l / 4 and t = l % 4: c has (g, 2t), (g, 2t + 1),
/// (g + 8, 2t), (g + 8, 2t + 1); a (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4); b (t, g), (t + 4, g).
__device__ __forceinline__ void multiply_tf32(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
/// The same from 16 of k, two neighbours in each number: those of t are 2t and 2t + 1, those of t + 4 2t + 8 and 2t
/// + 9.
__device__ __forceinline__ void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace pitot::backend::cuda
