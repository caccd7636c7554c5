/* commands.h - the commands that commands.def names, one file each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

struct command_line;

#define COMMAND(name, ...) int command_##name(struct command_line *line);
#include "app/commands.def"
#undef COMMAND
