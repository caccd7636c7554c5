/* confine.h - a server gives up what it does not need, and says so where the kernel would not.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Setting sandbox of [server] turns both off. Returned are the bits of enum sandbox_part that hold.
 */
#pragma once
#include "app/service.h"

/* Before the first thread is started, and before anything is opened: what does not open then would
 * not be reopened later either. */
unsigned confine_files(const struct service_options *options);
/* When everything is open. */
unsigned confine_calls(const struct service_options *options);
