/* main.c - the program's entry: hands over to app/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
int main(void)
{
    return 0;
}
