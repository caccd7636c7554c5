/* drive.h - a plan carried out on a simulated workspace, with the clients' record kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "crash/oracle.h"

struct drive {
    struct world world;
    const struct plan *plan;
    struct oracle *oracle;
    size_t next;        /* step of the plan */
    unsigned waiting;   /* asks that were refused for now and have to be asked again */
    enum err refusal;   /* of the latest of them */
    struct buf trouble; /* what went wrong, once something did */
};

/* Makes and opens the workspace; false with `trouble`. The plan's seed decides on its settings,
 * `luck` on what the disk leaves open. */
bool drive_open(struct drive *drive, const struct plan *plan, uint64_t luck);
void drive_close(struct drive *drive);
/* Carries out the next step. ERR_IO: the process has to stop; the step is not done. */
enum err drive_step(struct drive *drive);
/* All that was sent in the steps up to the present one is sent again, acknowledged or not. */
enum err drive_resend(struct drive *drive);
/* Is the log as the clients know it? */
bool drive_agrees(struct drive *drive);
/* Shuts the workspace and lets the checks look at it: no damage, and it opens again untorn. */
bool drive_is_sound(struct drive *drive);
bool drive_fails(struct drive *drive,
                 const char *what); /* notes it with the latest sentence; false */
