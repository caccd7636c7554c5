/* main.c - the program's entry.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/command.h"
#include "sys/sys.h"

int main(int argc, char **argv)
{
    return command_main(sys_real(), argc, argv);
}
