#include "place/latency_trace.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/temp_folder.hpp"

namespace pitot::place {
namespace {

TEST(LatencyTrace, ReadsLayersByDistance) {
    const test::TempFolder folder;
    const auto file =
        folder.put("trace.csv", "latency_ms,x,UE_Server_distance_km\n60,a,1500\n30,a,100\n31,a,700\n9,a,2\n8,a,\n");
    const auto trace = read_latency_trace(file);
    ASSERT_TRUE(trace) << trace.error().to_string();
    EXPECT_EQ(trace->latency_ms[0], (std::vector<double>{60}));
    EXPECT_EQ(trace->latency_ms[1], (std::vector<double>{30}));
    EXPECT_EQ(trace->latency_ms[2], (std::vector<double>{9}));
}

TEST(LatencyTrace, RefusesWhatItCannotUse) {
    const test::TempFolder folder;
    const auto error = [&](const std::string& text) {
        return read_latency_trace(folder.put("trace.csv", text)).error().message();
    };
    EXPECT_NE(error("a,b\n1,2\n").find("latency_ms"), std::string::npos);
    EXPECT_NE(error("latency_ms,UE_Server_distance_km\nfast,2000\n").find("line 2"), std::string::npos);
    EXPECT_NE(error("latency_ms,UE_Server_distance_km\n50,2000\n20,100\n").find("under 20 km"), std::string::npos);
    EXPECT_EQ(read_latency_trace(folder / "none.csv").error().code(), ErrorCode::kEnvironment);
}

}  // namespace
}  // namespace pitot::place
