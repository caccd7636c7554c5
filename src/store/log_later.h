/* log_later.h - the thread that writes closed groups. For log*.c alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/log_write.h"

/* Hands the group over, with the log's pages, for which it gives others. */
fallible log_later_put(struct log *log, const struct log_closed *closed);
void log_later_close(struct log_later *later); /* writes what is left; NULL is fine */
