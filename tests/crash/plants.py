#!/usr/bin/env python3
# plants.py - plants known bugs into a copy of the sources; the crash harness must catch each one.
# SPDX-License-Identifier: Apache-2.0
"""usage: tests/crash/plants.py [--build FOLDER] [NAME...]

Every plant is one change of one file. What the harness does not catch is a hole in the harness."""
import argparse
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPIED = ["src", "tests", "bench", "sdk", "sql", "packaging", "tools", "meson.build", "meson_options.txt"]

# name: (file, old, new, arguments of crash_sim)
SWEEP, FAULTS, FLIPS = ["sweep", "--points", "600"], ["faults", "--points", "1500"], \
    ["flips", "--count", "1000"]  # few of them hit the newest group
OTHER_PLAN = ["--seed", "3"]  # it needs new keys on the way, and leaves torn tails behind
PLANTS = {
    "acknowledge_before_sync": (
        "src/store/log_write.c",
        "if (file_sync(closed->file) != OK)\n        return fail(ERR_IO, \"a sync",
        "if (false)\n        return fail(ERR_IO, \"a sync", SWEEP),
    "answer_before_commit": (
        "src/collect/intake.c",
        "    err = commit(intake);\n    if (err)\n"
        "        return refused(intake, first, end, err);\n"
        "    atomic_store(&intake->is_full, false);\n    answer(intake, first, end);\n    return OK;",
        "    answer(intake, first, end);\n    err = commit(intake);\n"
        "    atomic_store(&intake->is_full, false);\n    return err;", SWEEP),
    "no_folder_sync_of_a_segment": (
        "src/store/log_segment.c",
        " || folder_sync(config->sys, config->folder) != OK", "", SWEEP),
    "keys_not_synced": (
        "src/store/vault.c", "if (!err && file_sync(vault->file) != OK)\n"
        "        err = fail(ERR_IO, \"a sync of the file of node keys failed\");", "", SWEEP),
    "keys_after_data": (
        "src/store/log.c", "TRY(vault_reserve(log->config.vault, nodes));", "",
        SWEEP + OTHER_PLAN),
    "ids_claimed_that_are_not_held": (
        "src/store/seen.c", "seen->freezing_to = seen_table_last_seq(seen->active) + 1;",
        "seen->freezing_to = seen_table_last_seq(seen->active) + 9;", SWEEP),
    "ids_renamed_before_sync": (
        "src/store/seen_writer.c",
        "        syncer_file(place->syncer, writer->file, &writer->ticket);\n"
        "        writer->stage = STAGE_SYNCED;",
        "        writer->stage = STAGE_SYNCED;", SWEEP),
    "ids_not_folded_at_the_start": (
        "src/collect/intake_fold.c", "if (seq >= seen_covered_seq(fold->config.seen) &&",
        "if (seq < seen_covered_seq(fold->config.seen) &&", SWEEP),
    "quarantined_ids_not_folded": (
        "src/collect/intake_fold.c",
        "    seen_add(fold->config.seen, entry.body_hash, 0, record->seq, entry.received);",
        "", SWEEP),
    "torn_tail_not_trimmed": (
        "src/store/log.c", "    memset(segment->bytes + end, 0, to - end);\n", "",
        SWEEP + OTHER_PLAN),
    "last_group_not_written_again": (
        "src/store/log.c", "file_write(segment->file, last, segment->bytes + last, to - last)",
        "file_write(segment->file, end, segment->bytes + end, to - end)", FAULTS),
    "failed_sync_tried_again": (
        "src/store/log_write.c",
        "if (file_sync(closed->file) != OK)\n        return fail(ERR_IO, \"a sync",
        "if (file_sync(closed->file) != OK && file_sync(closed->file) != OK)\n"
        "        return fail(ERR_IO, \"a sync", FAULTS),
    "work_goes_on_after_a_failed_commit": (
        "src/store/log_write.c",
        "        log->is_broken = true;\n        log_plain_release(closed->plain);\n        return err;",
        "        log_plain_release(closed->plain);\n        return fail(ERR_LIMIT, \"once more\");",
        FAULTS),
    "failed_key_sync_ignored": (
        "src/store/vault.c", "err = fail(ERR_IO, \"a sync of the file of node keys failed\");",
        "err = OK;", FAULTS),
    "join_not_logged": (
        "src/collect/intake.c",
        "    *out_seq = add_record(intake, RECORD_JOIN, 0, (str){NULL, 0});",
        "    *out_seq = log_next_seq(intake->config.log);", SWEEP),
    "undoing_not_logged": (
        "src/collect/intake.c",
        "    job->seq = add_record(intake, RECORD_UNDO, 0, (str){NULL, 0});", "", SWEEP),
    "persons_not_synced": (
        "src/people/roster.c", "if (file_sync(roster->file) == OK)", "if (roster->file)", SWEEP),
    "events_settled_without_their_persons": (
        "src/measure/events.c", "    TRY(events_settle_roster(events));\n", "", SWEEP),
    "persons_not_verified": (
        "src/people/roster.c",
        "    if (bytes.len < sizeof block + block.body_bytes ||\n"
        "        block.checksum != roster_block_checksum(&block, bytes.data + sizeof block))\n",
        "    if (bytes.len < sizeof block + block.body_bytes)\n", FLIPS),
    "deletions_not_logged": (
        "src/store/deletions.c", "    TRY(write_all(deletions, log, at, found));\n",
        "    (void)write_all;\n    (void)log;\n    (void)at;\n", SWEEP),
    "deletion_taken_before_its_last_part": (
        "src/store/deletions.c", "return deletion.is_last ? take(",
        "return deletion.is_first || deletion.is_last ? take(", SWEEP),
    "parts_of_an_unfinished_deletion_kept": (
        "src/store/deletions.c", "    if (deletion.is_first)\n        deleted_clear(",
        "    if (deletion.is_first && deletion.is_last)\n        deleted_clear(", SWEEP),
    "deletions_settled_and_forgotten": (
        "src/measure/events.c", "            TRY(events_delete(events, record));\n",
        "            continue;\n", SWEEP),
    "deletions_unknown_to_the_writer": (
        "src/collect/intake_fold.c",
        "return fold->config.deletions ? deletions_apply(fold->config.deletions, record) : OK;",
        "return OK;", SWEEP),
    "revisions_not_logged": (
        "src/store/verdicts.c", "    TRY(range_records_write(&how, log, found));\n",
        "    (void)how;\n    (void)log;\n", SWEEP),
    "revision_taken_before_its_last_part": (
        "src/store/verdicts.c", "return revision.is_last ? take_in(",
        "return revision.is_first || revision.is_last ? take_in(", SWEEP),
    "revisions_settled_and_forgotten": (
        "src/measure/events.c", "            TRY(events_revise(events, record));\n",
        "            continue;\n", SWEEP),
    "revisions_unknown_to_the_writer": (
        "src/collect/intake_fold.c",
        "return fold->config.verdicts ? verdicts_apply(fold->config.verdicts, record) : OK;",
        "return OK;", SWEEP),
    "group_not_verified": (
        "src/store/log_format.c", "return trailer == body_checksum(bytes.data, head->body_bytes);",
        "return true;", SWEEP),
    "sequence_numbers_given_twice": (
        "src/store/log.c",
        "atomic_store_explicit(&log->next_seq, seq + entry->count, memory_order_relaxed);",
        "atomic_store_explicit(&log->next_seq, seq + 1, memory_order_relaxed);", SWEEP),
    "full_disk_forgotten": (
        "src/store/log_segment.c",
        "    if (err == ERR_FULL && file_remove(config->sys, path) != OK)",
        "    if (err == ERR_FULL)\n        return fail(ERR_IO, \"full\");\n"
        "    if (err == ERR_FULL && file_remove(config->sys, path) != OK)", FAULTS),
    "short_write_taken_for_whole": (
        "src/sys/file.c", "        done += put;\n    }\n    return OK;\n}\n\nfallible file_sync",
        "        done = len;\n    }\n    return OK;\n}\n\nfallible file_sync", FAULTS),
    "damage_taken_for_a_torn_tail": (
        "src/store/log_format.c", "LOG_TORN : LOG_DAMAGED;", "LOG_TORN : LOG_TORN;", FLIPS),
    "id_pages_not_verified": (
        "src/store/seen_run.c",
        "if (page->checksum != page_checksum(page, run->head.from, run->head.to) ||", "if (", FLIPS),
}


def run(command, folder, limit=900):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit,
                              check=False)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, 124, "", f"no end after {late.timeout} s")


def copy(folder):
    """What differs is copied and has a new time, so that no object of an interrupted run stays."""
    def renew(source, target):
        if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
            shutil.copyfile(source, target)
        return target

    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, copy_function=renew)
        else:
            renew(source, target)


def build(folder):
    if not (folder / "build/build.ninja").exists():
        made = run(["meson", "setup", "build"], folder)
        if made.returncode:
            sys.exit(made.stdout + made.stderr)
    return run(["ninja", "-j2", "-C", "build", "tests/crash/crash_sim"], folder)


def crash_sim(folder, arguments):
    return run([folder / "build/tests/crash/crash_sim", *arguments, "--enough", "1"], folder)


def try_plant(folder, name):
    """True when it was caught."""
    file, old, new, arguments = PLANTS[name]
    path = folder / file
    healthy = path.read_text()
    if healthy.count(old) != 1:
        print(f"{name}: the place to plant it was found {healthy.count(old)} times")
        return False
    path.write_text(healthy.replace(old, new))
    try:
        built = build(folder)
        if built.returncode:
            print(f"{name}: does not compile\n{built.stdout[-2000:]}")
            return False
        result = crash_sim(folder, arguments)
    finally:
        path.write_text(healthy)
    caught = result.returncode != 0
    first = (result.stderr.strip().splitlines() or [""])[0].strip()
    print(f"{'caught' if caught else 'NOT CAUGHT'}: {name}" + (f" ({first[:150]})" if caught else ""),
          flush=True)
    return caught


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=ROOT / "build/plants", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    os.environ.setdefault("CC", "gcc")
    folder = options.build.resolve()
    copy(folder)
    built = build(folder)
    if built.returncode:
        sys.exit(built.stdout[-4000:])
    for arguments in (SWEEP, FAULTS, FLIPS):
        healthy = crash_sim(folder, arguments)
        if healthy.returncode:
            sys.exit(f"without a plant it fails, too: {healthy.stderr}{healthy.stdout}")
    caught = [try_plant(folder, name) for name in options.names or PLANTS]
    print(f"{sum(caught)} passed, {len(caught) - sum(caught)} failed, 0 skipped")
    return 0 if all(caught) else 1


if __name__ == "__main__":
    sys.exit(main())
