// Which backend a context gets, and which cards there are.
#include <gtest/gtest.h>

#include <string>

#include "backend/backend.hpp"
#include "backend/devices.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend {
namespace {

std::string name_of(const Context& context) {
    const auto found = find_backend(context);
    return found ? std::string((*found)->name()) : found.error().message();
}

void expect_usage(const Context& context, const std::string& message) {
    const auto found = find_backend(context);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kUsage);
    EXPECT_TRUE(found.error().message().starts_with(message)) << found.error().message();
}

TEST(FindBackend, ByName) {
    EXPECT_EQ(name_of({}), "cpu");
    EXPECT_EQ(name_of({.backend = "reference"}), "reference");
    EXPECT_EQ(name_of({.backend = "gpu"}),
              "there is no backend 'gpu' (known: auto, cpu, cuda, reference); did you mean 'cuda'?");
}

TEST(FindBackend, OfTheProcessorHasOneDeviceAndOnePrecision) {
    EXPECT_EQ(name_of({.devices = {0}, .precision = "fp32"}), "cpu");
    expect_usage({.devices = {0, 1}},
                 "backend 'cpu' runs on the processor, which is its device 0; there is no device 1");
    expect_usage(
        {.precision = "tf32"},
        "backend 'cpu' computes in 32-bit floating point; it has no precision 'tf32' (the backend 'cuda' has it)");
    for (const char* precision : {"fp32", "tf32", "bf16"}) {
        expect_usage({.backend = "reference", .precision = precision},
                     "backend 'reference' computes in 64-bit floating point; it has no precision '" +
                         std::string(precision) + "'");
    }
}

TEST(FindBackend, AutoIsTheProcessorWithoutACard) {
    if (cuda_devices()) {
        GTEST_SKIP() << "a card answers";
    }
    EXPECT_EQ(name_of({.backend = "auto"}), "cpu");
    EXPECT_EQ(name_of({.backend = "auto", .devices = {0}, .precision = "fp32"}), "cpu");
    // What only cards have is no reason to do something else than was asked for.
    expect_usage({.backend = "auto", .precision = "bf16"}, "backend 'cpu' computes in 32-bit");
    expect_usage({.backend = "auto", .devices = {1}}, "backend 'cpu' runs on the processor");
    EXPECT_NE(name_of({.backend = "auto", .devices = {1}}).find("No card was found: "), std::string::npos);
}

TEST(FindBackend, CudaWithoutACardSaysWhatIsMissing) {
    const auto cards = cuda_devices();
    if (cards) {
        GTEST_SKIP() << "a card answers";
    }
    EXPECT_EQ(cards.error().code(), ErrorCode::kEnvironment);
    EXPECT_EQ(cards.error().remedy(), Remedy::kUseCpuBackend);
    EXPECT_NE(cards.error().message().find(has_cuda() ? "NVIDIA driver" : "without CUDA"), std::string::npos)
        << cards.error().message();
    const auto found = find_backend({.backend = "cuda"});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kEnvironment);
}

TEST(FindBackend, CudaAndAutoAreTheSameWithACard) {
    const auto cards = cuda_devices();
    if (!cards) {
        GTEST_SKIP() << cards.error().message();
    }
    for (const DeviceInfo& card : *cards) {
        EXPECT_NE(card.name, "");
        EXPECT_GT(card.memory_bytes, 0);
        EXPECT_GT(card.multiprocessors, 0);
        EXPECT_GT(card.major, 0);
    }
    EXPECT_EQ(name_of({.backend = "cuda"}), "cuda");
    EXPECT_EQ(name_of({.backend = "auto", .devices = {0}}), "cuda");
    const int none = static_cast<int>(cards->size());
    for (const char* name : {"cuda", "auto"}) {
        const auto found = find_backend({.backend = name, .devices = {none}});
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code(), ErrorCode::kUsage);
        EXPECT_NE(found.error().message().find(std::to_string(none)), std::string::npos);
    }
}

}  // namespace
}  // namespace pitot::backend
