#!/usr/bin/env python3
# check_house.py - enforces LAYERS and the other rules of the house on the source tree.
# SPDX-License-Identifier: Apache-2.0
"""usage: tools/check_house.py [--root FOLDER] | --self-test

Each rule is one check. A finding is printed as `file:line: sentence`; warnings do not fail. What
is excused, and why, stands in tools/house_exceptions.txt. The last line counts the rules.
"""
import ast
import bisect
import fnmatch
import os
import pathlib
import posixpath
import posixpath
import re
import shutil
import subprocess
import sys

MOST_LINES, MOST_HEADER_LINES, MOST_FUNCTION_LINES, MOST_PARAMETERS = 800, 150, 60, 6
FORMATTER = "clang-format-14"
SKIPPED_FOLDERS = {".git", "node_modules", "dist", "__pycache__", "corpus"}
SKIPPED_FILES = {"LICENSE", "package-lock.json", ".git"}
ROLE = {".c": "/*", ".h": "/*", ".cc": "/*", ".def": "/*", ".js": "//", ".mjs": "//",
        ".ts": "//", ".py": "#", ".sh": "#"}
C_LIKE = {".c", ".h", ".cc", ".def"}

STRING_FUNCTIONS = set("""strcpy strncpy strcat strncat sprintf vsprintf strtok strtok_r atoi atol
    atoll atof gets strlen strnlen strcmp strncmp strcasecmp strncasecmp strstr strcasestr strchr
    strrchr strpbrk strspn strcspn strcoll sscanf strtol strtoul strtoll strtoull""".split())
NEVER = set("strcpy strncpy strcat strncat sprintf vsprintf strtok atoi atol atof gets".split())
ALLOCATORS = set("""malloc calloc realloc reallocarray free strdup strndup aligned_alloc
    posix_memalign asprintf vasprintf getline alloca""".split())
OS_CALLS = set("""open openat creat close read write pread pwrite readv writev preadv pwritev lseek
    fsync fdatasync sync syncfs rename renameat unlink unlinkat remove mkdir rmdir opendir readdir
    stat fstat lstat statvfs truncate ftruncate fallocate posix_fallocate posix_fadvise flock fcntl
    mmap munmap madvise ioctl dup dup2 pipe pipe2 socket socketpair bind listen accept accept4
    connect send sendto sendmsg recv recvfrom recvmsg shutdown setsockopt getsockopt getsockname
    getpeername getaddrinfo poll ppoll select epoll_create1 epoll_ctl epoll_wait eventfd
    timerfd_create signalfd time clock_gettime clock_getres gettimeofday localtime localtime_r
    gmtime gmtime_r mktime rand srand rand_r random srandom drand48 getrandom arc4random nanosleep
    clock_nanosleep usleep sleep fork vfork execv execve execvp execl execlp posix_spawn system
    popen waitpid kill getpid sched_yield sched_getaffinity sysconf syscall prctl
    fopen fdopen fclose fread fwrite fflush fgets fputs fputc fseek printf fprintf vprintf vfprintf
    dprintf puts putchar perror tmpfile mkstemp""".split())
APP_CALLS = set("getenv secure_getenv setenv exit _exit signal sigaction sigprocmask".split())
OS_HEADERS = re.compile(r"^(unistd|fcntl|pthread|poll|netdb|dirent|spawn|sched|threads)\.h$"
                        r"|^(sys|netinet|arpa|net|linux)/")
# Split, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK|W" r"IP|not yet imple" r"mented)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(home|root|Users|workspaces?|work|mnt|builds)/\w"
                          r"|\.\./" r"shared\b")
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "misc", "common", "stuff", "tools"}


class Finding:
    def __init__(self, path, line, sentence, what=""):
        self.path, self.line, self.sentence, self.what = path, line, sentence, what

    def __str__(self):
        return f"{self.path}:{self.line}: {self.sentence}"


def blank(match):
    """The same lines and columns without the text."""
    return re.sub(r"[^\n]", " ", match.group(0))


COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class Source:
    """One text file; for C also `code`: comments, texts and preprocessor lines blanked."""

    def __init__(self, root, path):
        self.path = path
        self.stem, self.suffix = pathlib.PurePosixPath(path).stem, pathlib.PurePosixPath(path).suffix
        self.folder = str(pathlib.PurePosixPath(path).parent)
        self.text = (root / path).read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        parts = path.split("/")
        self.layer = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        self.is_c = self.suffix in C_LIKE
        if self.is_c:
            self.line_comments = [self.line_at(m.start()) for m in COMMENT_OR_TEXT.finditer(self.text)
                                  if m.group(0).startswith("//")
                                  and m.group(0) != "// namespace"]  # clang-format's own
            code = COMMENT_OR_TEXT.sub(blank, self.text)
            self.code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, code, flags=re.M)
            self.includes = [(self.line_at(m.start()), m.group(2), m.group(1) == '"') for m in
                             re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', self.text,
                                         re.M)]

    def line_at(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def calls(self, names):
        """(line, name) of every call by one of these names, member calls excepted."""
        for m in re.finditer(r"(?<![\w.])(?<!->)([A-Za-z_]\w*)[ \t]*\(", self.code):
            if m.group(1) in names:
                yield self.line_at(m.start()), m.group(1)

    def functions(self):
        """(name, first line, last line less its tables) of every function with a body, by our
        format: the brace that opens it and the one that ends it stand in the first column."""
        lines = self.code.split("\n")
        for at, line in enumerate(lines):
            if line.rstrip() != "{":
                continue
            first = at
            while first > 0 and lines[first - 1].strip() and not re.search(r"[;}]\s*$",
                                                                           lines[first - 1]):
                first -= 1
            head = " ".join(lines[first:at])
            name = re.search(r"(\w+)\s*\(", head)
            if not name:
                continue
            last = next((i for i in range(at, len(lines)) if lines[i].startswith("}")), at)
            yield name.group(1), first + 1, last + 1 - table_lines(lines[at:last])

    def statements(self):
        """(line, text) of the declarations at file scope, everything in braces blanked."""
        code = re.sub(r"extern\s+\{", blank, self.code)  # extern "C" {: the text is blank already
        depth, out = 0, []
        for char in code:
            if char == "}":
                depth = max(0, depth - 1)
            keep = depth == 0 or char == "\n"
            out.append(char if keep else " ")
            if char == "{":
                depth += 1
        flat = "".join(out)
        flat = re.sub(r"\)\s*\{[^}]*\}", lambda m: ")" + blank(m)[1:-1] + ";", flat)
        for m in re.finditer(r"[^;]+;", flat):
            text = m.group(0)
            yield self.line_at(m.start() + len(text) - len(text.lstrip())), " ".join(text.split())

    def prototypes(self):
        """(line, name, number of parameters) of the functions a header declares."""
        for line, text in self.statements():
            text = re.sub(r"__attribute__\s*\(\(.*?\)\)\s*(?=;|$)", "", text)
            m = re.match(r"(?!typedef|return)[\w\s*]*?\b(\w+)\s*\((?!\s*\*)(.*)\)\s*;$", text)
            if m and m.group(1) != "_Static_assert":
                yield line, m.group(1), count_parameters(m.group(2))


def table_lines(lines):
    """Lines of the tables inside a function: data, however long, is not hard to read."""
    count, begun = 0, None
    for at, line in enumerate(lines):
        if begun is None and re.match(r" +static const\b.*", line) and not line.rstrip().endswith(";"):
            begun = at
        elif begun is not None and re.match(r"    \S*;|    }.*;", line):
            count, begun = count + at - begun, None
    return count


def count_parameters(text):
    text = re.sub(r"\([^()]*\)", "", text)
    return 0 if text.strip() in ("", "void") else text.count(",") + 1


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.sources = [Source(self.root, path) for path in self.paths()]
        self.c_sources = [s for s in self.sources if s.is_c]
        self.product = [s for s in self.c_sources if s.path.startswith("src/")]
        self.by_path = {s.path: s for s in self.sources}
        self.layers = self.read_layers()

    def paths(self):
        found = []
        for folder, folders, names in os.walk(self.root):
            at_top = pathlib.Path(folder) == self.root
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS
                          and not (at_top and (f.startswith("build") or f == "data"))]
            for path in (pathlib.Path(folder) / name for name in names):
                if path.name in SKIPPED_FILES or path.is_symlink() or not path.is_file():
                    continue
                if b"\0" not in path.open("rb").read(4096):
                    found.append(path.relative_to(self.root).as_posix())
        return sorted(found)

    def read_layers(self):
        """{layer: (line, [what it may include])}"""
        layers = {}
        if "LAYERS" in self.by_path:
            for number, line in enumerate(self.by_path["LAYERS"].lines, 1):
                line = line.split("#")[0].strip()
                if line:
                    name, _, rest = line.partition(":")
                    layers[name.strip()] = (number, rest.split())
        return layers


# The rules. Each yields findings; its docstring is its name.

def rule_role(tree):
    """every file opens with its name, its role and the licence"""
    for s in tree.sources:
        mark = ROLE.get(s.suffix)
        head = s.lines[0]
        if head.startswith("#!"):
            head = s.lines[1] if len(s.lines) > 1 else ""
            mark = mark or "#"
        if pathlib.PurePosixPath(s.path).name == "Makefile":
            mark = "#"
        if not mark:
            continue
        name = pathlib.PurePosixPath(s.path).name
        fine = [f"{mark} {name} - ", f'"""{name} - '] + [f"/* {name} - "] * (mark == "//")
        if not head.startswith(tuple(fine)):
            yield Finding(s.path, 1, f"the first line must be `{mark} {name} - its role`")
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in s.lines[:12]):
            yield Finding(s.path, 1, "no SPDX-License-Identifier: Apache-2.0 at the top")


def rule_size(tree):
    """no file is too long to read"""
    for s in tree.sources:
        most = MOST_HEADER_LINES if s.suffix == ".h" else MOST_LINES
        if (s.suffix in ROLE) and len(s.lines) - 1 > most:
            yield Finding(s.path, most, f"{len(s.lines) - 1} lines, more than {most}")


def rule_function_size(tree):
    """no function is too long to hold in mind"""
    for s in tree.sources:
        found = []
        if s.is_c:
            found = s.functions()
        elif s.suffix == ".py":
            found = [(node.name, node.lineno, node.end_lineno) for node in ast.walk(ast.parse(s.text))
                     if isinstance(node, ast.FunctionDef)]
        for name, first, last in found:
            if last - first + 1 > MOST_FUNCTION_LINES:
                yield Finding(s.path, first, f"{name} has {last - first + 1} lines, more than "
                              f"{MOST_FUNCTION_LINES}", name)


def rule_parameters(tree):
    """no function takes more parameters than one can name"""
    for s in tree.product:
        for line, name, count in s.prototypes():
            if count > MOST_PARAMETERS:
                yield Finding(s.path, line, f"{name} takes {count} parameters, more than "
                              f"{MOST_PARAMETERS}; pass a struct", name)


def rule_pragma_once(tree):
    """every header guards itself by #pragma once"""
    for s in tree.c_sources:
        if s.suffix == ".h" and not re.search(r"^#pragma once$", s.text, re.M):
            yield Finding(s.path, 1, "no #pragma once")


def rule_layers_file(tree):
    """LAYERS names the folders of src, and nothing includes in a circle"""
    folders = {s.layer for s in tree.product if s.layer}
    for folder in sorted(folders - set(tree.layers)):
        yield Finding("LAYERS", 1, f"src/{folder} is not listed")
    for name, (line, allowed) in tree.layers.items():
        if not (tree.root / "src" / name).is_dir():
            yield Finding("LAYERS", line, f"there is no folder src/{name}")
        for other in allowed:
            if other not in tree.layers:
                yield Finding("LAYERS", line, f"{name} may include {other}, which is not listed")
            elif tree.layers[other][0] >= line:
                yield Finding("LAYERS", line, f"{name} may include {other}, which does not stand "
                              "below it")


def rule_layers(tree):
    """a folder includes only what LAYERS allows it"""
    for s in tree.product:
        for line, target, quoted in s.includes:
            other = target.split("/")[0]
            if not quoted or "/" not in target or other == s.layer:
                continue
            if s.layer is None:
                if other not in ("app", "base", "sys"):
                    yield Finding(s.path, line, f"main includes {target}; it hands the world to app")
            elif other not in tree.layers.get(s.layer, (0, []))[1]:
                yield Finding(s.path, line, f"{s.layer} may not include {other} (LAYERS)", target)


def resolve(tree, s, target):
    """The path of an included file of ours, or None."""
    places = ["src/"]
    if s.path.startswith("tests/"):
        places = ["src/", "tests/"]
        beside = posixpath.normpath(f"{s.folder}/{target}")
        if beside in tree.by_path:
            return beside
    if s.path.startswith("bench/"):
        places = ["src/", "tests/", "bench/"]
    return next((place + target for place in places if place + target in tree.by_path), None)


def rule_includes(tree):
    """an include names a file from the top of src"""
    for s in tree.c_sources:
        for line, target, quoted in s.includes:
            if quoted and not resolve(tree, s, target):
                yield Finding(s.path, line, f"there is no src/{target}", target)
            elif not quoted and "src/" + target in tree.by_path:
                yield Finding(s.path, line, f"write \"{target}\", not <{target}>")


def rule_cycles(tree):
    """no header includes itself by a detour"""
    edges = {s.path: [(line, resolve(tree, s, target)) for line, target, quoted in s.includes
                      if quoted and resolve(tree, s, target)] for s in tree.c_sources}
    done, stack = set(), []

    def walk(path):
        stack.append(path)
        for line, target in edges.get(path, []):
            if target in stack:
                circle = " -> ".join(stack[stack.index(target):] + [target])
                yield Finding(path, line, f"includes in a circle: {circle}")
            elif target not in done:
                yield from walk(target)
        done.add(stack.pop())

    for path in sorted(edges):
        if path not in done:
            yield from walk(path)


def family(tree, folder, stem):
    """A module may be spread over x.h, x_part.h and x_part.c: the x of a stem, if there is an x.h."""
    words = stem.split("_")
    stems = ["_".join(words[:count]) for count in range(1, len(words) + 1)]
    return next((s for s in stems if f"{folder}/{s}.h" in tree.by_path), stem)


def rule_internal_headers(tree):
    """an internal header is read only by the files of its own stem"""
    for s in tree.c_sources:
        for line, target, quoted in s.includes:
            header = pathlib.PurePosixPath(target)
            if not quoted or not header.stem.endswith("_int"):
                continue
            owner = family(tree, f"src/{header.parent}", header.stem.removesuffix("_int"))
            if owner == header.parent.name:  # sys_int.h is for all of src/sys
                allowed = s.path.startswith(f"src/{header.parent}/")
            else:
                allowed = s.folder == f"src/{header.parent}" and s.stem.startswith(owner)
            if not allowed:
                yield Finding(s.path, line, f"{target} is for {owner}*.c beside it", target)


def rule_os_calls(tree):
    """only sys calls the operating system"""
    pthreads = re.compile(r"(?<![\w.])(pthread_\w+|epoll_\w+|exec[lv]\w*|sem_\w+)\s*\(")
    for s in tree.product:
        if s.layer == "sys":
            continue
        own = {name for name, _, _ in s.functions()}
        for line, name in s.calls(OS_CALLS - own):
            yield Finding(s.path, line, f"{name}() outside sys: go through the seam", name)
        if s.layer != "app":
            for line, name in s.calls(APP_CALLS):
                yield Finding(s.path, line, f"{name}() outside app", name)
        for m in pthreads.finditer(s.code):
            if m.group(1) not in OS_CALLS:
                yield Finding(s.path, s.line_at(m.start()), f"{m.group(1)}() outside sys",
                              m.group(1))
        for line, target, quoted in s.includes:
            if not quoted and OS_HEADERS.search(target):
                yield Finding(s.path, line, f"<{target}> outside sys", target)


def rule_allocators(tree):
    """heap memory comes from base/mem.h"""
    for s in tree.product:
        if s.path != "src/base/mem.c":
            for line, name in s.calls(ALLOCATORS):
                yield Finding(s.path, line, f"{name}() outside base/mem.c", name)


def rule_strings(tree):
    """text carries its length: no libc function that looks for NUL"""
    for s in tree.product:
        for line, name in s.calls(STRING_FUNCTIONS):
            if s.layer != "base" or name in NEVER:
                yield Finding(s.path, line, f"{name}(): use base/str.h and base/buf.h", name)


def rule_sqlite(tree):
    """only store knows SQLite"""
    for s in tree.product:
        for line, target, _ in s.includes:
            if target == "sqlite3.h" and s.layer != "store":
                yield Finding(s.path, line, "sqlite3.h outside src/store", target)


def rule_names(tree):
    """an exported function starts with the stem of its header"""
    for s in tree.product:
        stem = family(tree, s.folder, s.stem.removesuffix("_int"))
        if stem in VAGUE_NAMES:
            yield Finding(s.path, 1, f"{s.stem} says nothing about what is inside")
        if s.suffix != ".h":
            continue
        for line, name, _ in s.prototypes():
            if name != stem and not name.startswith(stem + "_"):
                yield Finding(s.path, line, f"{name} does not start with {stem}_", name)


def rule_state(tree):
    """no module keeps changing state of its own"""
    variable = re.compile(r"^(?!typedef\b|using\b|namespace\b)[\w\s*]*?(\w+)\s*"
                          r"(\[[^=]*\]\s*)*(=.*)?;$")
    local = re.compile(r"^[ \t]+static\s+(?!const\b|constexpr\b|inline\b)[^;(]*?(\w+)\s*[=;\[]", re.M)
    for s in tree.product:
        for line, text in s.statements():
            m = variable.match(text)
            if not m or re.match(r"(struct|enum|union) \w+;", text) or text.count(" ") == 0:
                continue
            declared = text.split("=")[0]
            fixed = "const" in declared and not re.search(r"\*\s*(?!const\b)\w+", declared)
            if not fixed and not re.search(r"\bconstexpr\b", declared):
                yield Finding(s.path, line, f"{m.group(1)} is state of the module", m.group(1))
        for m in local.finditer(s.code):
            if "const " not in m.group(0):
                yield Finding(s.path, s.line_at(m.start()), f"{m.group(1)} is state of a function",
                              m.group(1))


def rule_comments(tree):
    """comments are /* like this */"""
    for s in tree.c_sources:
        for line in s.line_comments:
            yield Finding(s.path, line, "a // comment")


def rule_unfinished(tree):
    """nothing is marked as unfinished"""
    for s in tree.sources:
        for number, line in enumerate(s.lines, 1):
            m = UNFINISHED.search(line)
            if m:
                yield Finding(s.path, number, f"{m.group(0)}: finish it or leave it out", m.group(0))


def rule_machine_paths(tree):
    """no file names a folder of somebody's machine"""
    for s in tree.sources:
        for number, line in enumerate(s.lines, 1):
            m = MACHINE_PATH.search(line)
            if m:
                yield Finding(s.path, number, f"{m.group(0)}... exists only on one machine",
                              m.group(0))


def rule_build_lists(tree):
    """every source file is in its folder's meson.build, and every name there is a file"""
    for s in tree.sources:
        if s.path.endswith("meson.build") and s.path.startswith(("src/", "tests/unit/")):
            for files in re.finditer(r"files\(([^)]*)\)", s.text):
                for name in re.findall(r"'([^']+\.(?:c|cc))'", files.group(1)):
                    if posixpath.normpath(f"{s.folder}/{name}") not in tree.by_path:
                        yield Finding(s.path, s.line_at(files.start()), f"there is no {name}")
        elif s.path.startswith("tests/fuzz/") and s.suffix == ".c":
            listed = tree.by_path.get("tests/fuzz/meson.build")
            if not listed or f"'{s.stem}'" not in listed.text:
                yield Finding(s.path, 1, "is not listed in tests/fuzz/meson.build")
        elif s.suffix in (".c", ".cc") and (s.layer or s.path.startswith("tests/unit/")):
            path = pathlib.PurePosixPath(s.path)
            build = next(folder / "meson.build" for folder in path.parents
                         if str(folder / "meson.build") in tree.by_path or str(folder) == ".")
            listed = tree.by_path.get(str(build))
            if not listed or f"'{path.relative_to(build.parent)}'" not in listed.text:
                yield Finding(s.path, 1, f"is not listed in {build}")


def rule_format(tree):
    """C files are formatted as .clang-format says (make fmt)"""
    paths = [s.path for s in tree.c_sources if s.suffix != ".def"]
    if not shutil.which(FORMATTER) or not (tree.root / ".clang-format").exists():
        return None
    return format_findings(tree, paths)


def format_findings(tree, paths):
    run = subprocess.run([FORMATTER, "--dry-run", "--style=file"] + paths, cwd=tree.root,
                         capture_output=True, text=True, check=False) if paths else None
    seen = set()
    for m in re.finditer(r"^(\S+?):(\d+):\d+: ", run.stderr if run else "", re.M):
        if m.group(1) not in seen:
            seen.add(m.group(1))
            yield Finding(m.group(1), int(m.group(2)), "is not formatted from here on")


RULES = [rule_role, rule_size, rule_function_size, rule_parameters, rule_pragma_once,
         rule_layers_file, rule_layers, rule_includes, rule_cycles, rule_internal_headers,
         rule_os_calls, rule_allocators, rule_strings, rule_sqlite, rule_names, rule_state,
         rule_comments, rule_unfinished, rule_machine_paths, rule_build_lists, rule_format]


class Exceptions:
    """Lines `rule path-pattern what-pattern reason...`; one that excuses nothing is a finding,
    unless there is no such file (yet)."""

    def __init__(self, tree):
        self.path, self.rows = "tools/house_exceptions.txt", []
        self.paths = list(tree.by_path)
        source = tree.by_path.get(self.path)
        for number, line in enumerate(source.lines if source else [], 1):
            words = line.split(None, 3)
            if words and not words[0].startswith("#"):
                self.rows.append([number, words, False])

    def excuses(self, rule, finding):
        for row in self.rows:
            words = row[1]
            if (len(words) == 4 and words[0] == rule and fnmatch.fnmatch(finding.path, words[1])
                    and fnmatch.fnmatch(finding.what, words[2])):
                row[2] = True
                return True
        return False

    def findings(self):
        for number, words, used in self.rows:
            if len(words) < 4:
                yield Finding(self.path, number, "wants: rule path what reason")
            elif not used and any(fnmatch.fnmatch(path, words[1]) for path in self.paths):
                yield Finding(self.path, number, f"excuses nothing: {' '.join(words[:3])}")


def warnings(tree):
    """Findings that do not fail."""
    for s in tree.product:
        test = f"tests/unit/{s.layer}/test_{s.stem}.c"
        if s.layer and s.suffix in (".c", ".cc") and test not in tree.by_path:
            yield Finding(s.path, 1, f"has no {test}")
    used = {(s.layer, target.split("/")[0]) for s in tree.product
            for _, target, quoted in s.includes if quoted}
    for name, (line, allowed) in tree.layers.items():
        for other in allowed:
            if any(s.layer == name for s in tree.product) and (name, other) not in used:
                yield Finding("LAYERS", line, f"{name} may include {other}, but does not")


def check(root):
    """{rule's name: list of findings, or None where it cannot be checked}"""
    tree = Tree(root)
    exceptions = Exceptions(tree)
    results = {}
    for rule in RULES:
        name = rule.__name__.removeprefix("rule_")
        found = rule(tree)
        results[name] = None if found is None else [
            f for f in found if not exceptions.excuses(name, f)]
    results["exceptions"] = list(exceptions.findings())
    return results, list(warnings(tree))


def main():
    here = pathlib.Path(__file__).resolve().parent
    if sys.argv[1:] == ["--self-test"]:
        return subprocess.call([sys.executable, str(here / "test_check_house.py")])
    if sys.argv[1:] and (len(sys.argv) != 3 or sys.argv[1] != "--root"):
        print(__doc__, file=sys.stderr)
        return 2
    results, warned = check(sys.argv[2] if sys.argv[1:] else here.parent)
    for finding in warned:
        print(f"{finding} (warning)")
    for name, found in results.items():
        for finding in found or []:
            print(f"{finding} [{name}]")
    if warned:
        print(f"{len(warned)} warnings")
    failed = sum(1 for found in results.values() if found)
    skipped = sum(1 for found in results.values() if found is None)
    print(f"{len(results) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
