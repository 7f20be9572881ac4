// What the values of predictions are called.
#include "pitot/predictor.hpp"

namespace pitot {

std::string_view to_string(Basis basis) {
    switch (basis) {
        case Basis::kMeasured:
            return "measured";
        case Basis::kFeatures:
            return "features";
        case Basis::kAverage:
            return "average";
        case Basis::kApart:
            return "apart";
    }
    return "?";
}

std::string_view to_string(Evidence evidence) {
    switch (evidence) {
        case Evidence::kNone:
            return "none";
        case Evidence::kLearned:
            return "learned";
        case Evidence::kSetAside:
            return "set aside";
        case Evidence::kUnused:
            return "unused";
    }
    return "?";
}

std::string_view to_string(BoundFrom from) {
    switch (from) {
        case BoundFrom::kSetAside:
            return "set aside";
        case BoundFrom::kLeaveOneOut:
            return "leave-one-out";
        case BoundFrom::kHeldOut:
            return "held out";
    }
    return "?";
}

std::string_view to_string(NoBound reason) {
    switch (reason) {
        case NoBound::kNothing:
            return "nothing";
        case NoBound::kNeverMeasured:
            return "never measured";
        case NoBound::kApart:
            return "apart";
        case NoBound::kFewCalibrationRows:
            return "few calibration rows";
    }
    return "?";
}

}  // namespace pitot
