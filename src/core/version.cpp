#include "pitot/version.hpp"

#define PITOT_TEXT_OF(x) #x
#define PITOT_DOTTED(major, minor, patch) PITOT_TEXT_OF(major) "." PITOT_TEXT_OF(minor) "." PITOT_TEXT_OF(patch)

namespace pitot {

std::string_view version() { return PITOT_DOTTED(PITOT_VERSION_MAJOR, PITOT_VERSION_MINOR, PITOT_VERSION_PATCH); }

}  // namespace pitot
