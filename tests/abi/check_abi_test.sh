#!/usr/bin/env bash
# That scripts/check-abi.sh sees what breaks programs: it is given the header with one thing changed at a time.
#
#   tests/abi/check_abi_test.sh LIBRARY
set -euo pipefail
library=$(realpath "${1:?usage: check_abi_test.sh LIBRARY}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

status=0
scripts/check-abi.sh "$library" || status=$?
[[ $status -eq 0 ]] || exit "$status"

# changes WHAT SED_COMMAND: the header changed by it is refused.
changes() {
    sed "$2" include/pitot/c.h >"$folder/c.h"
    if cmp -s include/pitot/c.h "$folder/c.h"; then
        echo "check_abi_test: nothing was changed to be '$1'; mend the test" >&2
        exit 1
    fi
    if scripts/check-abi.sh --header "$folder/c.h" >/dev/null 2>&1; then
        echo "check_abi_test: $1 was not seen" >&2
        exit 1
    fi
}
changes "a field of another type" 's/int64_t dropped_rows;/int32_t dropped_rows;/'
changes "a field more" 's/^} pitot_dataset_view;/int64_t added;\n&/'
changes "a function less" '/pitot_config_validate(/d'
changes "a function more" 's/^PITOT_C_API int32_t pitot_version_number(void);/&\nPITOT_C_API int32_t pitot_more(void);/'
changes "an argument of another type" 's/int64_t most,/int32_t most,/'
changes "a callback of another type" 's/(\*pitot_progress)(int64_t/(*pitot_progress)(int32_t/'
changes "a constant of another value" 's/PITOT_BASIS_APART = 3/PITOT_BASIS_APART = 4/'
if scripts/check-abi.sh /bin/true >/dev/null 2>&1; then
    echo "check_abi_test: a library without the interface was not seen" >&2
    exit 1
fi
