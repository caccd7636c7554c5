#!/usr/bin/env python3
"""openapi.py - makes the OpenAPI 3.1 document from the tables of src/web/.

SPDX-License-Identifier: Apache-2.0

openapi.py WEB_FOLDER OUT.json VERSION [--depfile FILE]
openapi.py WEB_FOLDER --list            the routes as lines of Markdown, for docs/api.md

Reads routes.def, api.def, parameters.def and schemas/*.json. Stops with a sentence when a route has
no description, a description no route, a path value no row, or a schema is missing or never used.
"""
import json
import pathlib
import re
import sys

SCOPES = {"WEB_READ": "query", "WEB_SAVE": "query", "WEB_EXPORT": "export", "WEB_PEOPLE": "people",
          "WEB_MANAGE": "manage", "WEB_KEYS": "admin", "WEB_ROOT": "admin"}
KNOWN = {"KB": 1024, "MB": 1024 * 1024, "MOST_NUMBER": 2**64 - 1, "MOST_CURSOR": 2**63 - 1}
REF = "#/components/schemas/"


def stop(sentence):
    sys.exit(f"openapi.py: {sentence}")


def argument_of(text):
    text = text.strip()
    if text.startswith('"'):
        return "".join(json.loads(piece) for piece in re.findall(r'"(?:[^"\\]|\\.)*"', text))
    return text


def rows(path, name):
    """The arguments of each `name(...)` of a table."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    for found in re.finditer(rf'^{name}\(((?:[^"()]|"(?:[^"\\]|\\.)*")*)\)$', text, re.M):
        yield [argument_of(a) for a in re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+', found.group(1))]
    count = len(re.findall(rf"^{name}\(", text, re.M))
    if count != sum(1 for _ in re.finditer(rf'^{name}\(((?:[^"()]|"(?:[^"\\]|\\.)*")*)\)$', text, re.M)):
        stop(f"{path.name}: a row {name}(...) cannot be read")


def number_of(text):
    value = 1
    for factor in text.split("*"):
        factor = factor.strip()
        value *= KNOWN[factor] if factor in KNOWN else int(factor)
    return value


class Tables:
    def __init__(self, folder):
        self.routes = list(rows(folder / "routes.def", "ROUTE"))
        self.described = {}
        for method, path, *more in rows(folder / "api.def", "DESCRIBE"):
            if (method, path) in self.described:
                stop(f"api.def: {method} {path} is described twice")
            self.described[method, path] = more
        self.values = {(path, name): more for path, name, *more in
                       rows(folder / "api.def", "PATH_VALUE")}
        self.numbers = list(rows(folder / "parameters.def", "QUERY_NUMBER"))
        self.texts = list(rows(folder / "parameters.def", "QUERY_TEXT"))
        self.lists = list(rows(folder / "parameters.def", "QUERY_TEXTS"))
        known = {(route[0], route[1]) for route in self.routes}
        for method, path in sorted(known - set(self.described)):
            stop(f"{method} {path} has no row in src/web/api.def: say what it is for")
        for method, path in sorted(set(self.described) - known):
            stop(f"api.def describes {method} {path}, which is no route")
        for method, path, name, *_ in self.numbers + self.texts + self.lists:
            if (method, path) not in known:
                stop(f"parameters.def has \"{name}\" of {method} {path}, which is no route")
        wanted = {(path, name) for _, path in known for name in re.findall(r":(\w+)", path)}
        for path, name in sorted(wanted - set(self.values)):
            stop(f"\":{name}\" of {path} has no PATH_VALUE in src/web/api.def")
        for path, name in sorted(set(self.values) - wanted):
            stop(f"api.def has a PATH_VALUE \"{name}\" of {path}, which has none")

    def parameters(self, method, path):
        found = []
        for name in re.findall(r":(\w+)", path):
            kind, text = self.values[path, name]
            found.append({"name": name, "in": "path", "required": True, "description": text,
                          "schema": {"type": kind}})
        for m, p, name, least, most, fallback, text in self.numbers:
            if (m, p) == (method, path):
                schema = {"type": "integer", "minimum": number_of(least),
                          "maximum": number_of(most), "default": number_of(fallback)}
                if schema["default"] == KNOWN["MOST_NUMBER"]:
                    del schema["default"]
                if schema["maximum"] >= KNOWN["MOST_CURSOR"]:
                    del schema["maximum"]
                found.append({"name": name, "in": "query", "required": False, "description": text,
                              "schema": schema})
        for m, p, name, most, text in self.texts:
            if (m, p) == (method, path):
                found.append({"name": name, "in": "query", "required": False, "description": text,
                              "schema": {"type": "string", "maxLength": number_of(most)}})
        for m, p, name, most, text in self.lists:
            if (m, p) == (method, path):
                found.append({"name": name, "in": "query", "required": False, "description": text,
                              "schema": {"type": "array", "items": {
                                  "type": "string", "maxLength": number_of(most)}}})
        return found


def headers(*names):
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def schema_ref(name):
    return {"$ref": REF + name}


def is_write(method, permission):
    """As in web.c: what may carry an Idempotency-Key."""
    return permission in SCOPES and permission != "WEB_READ" and method != "GET"


def statuses_of(route, others):
    method, path, _, permission, _, media = route[:6]
    found = {int(word) for word in others.split()}
    if permission != "WEB_PUBLIC" and media != "MEDIA_NONE":
        found |= {400, 413, 415}
    if permission in SCOPES:
        found |= {401, 403, 422, 429, 500, 503}
        if is_write(method, permission):
            found.add(409)
    elif permission == "WEB_SIGN_IN":
        found |= {401, 403, 422, 429, 500, 503}
    elif permission == "WEB_SELF":
        found |= {401, 403, 422, 429, 500, 503}
    elif permission == "WEB_COLLECT":
        found |= {400, 401, 403, 429, 503}
    if ":" in path:
        found.add(404)
    return found


def problem(status, limited, answer):
    names = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    if status == 429 and limited:
        names = names + ["RateLimit", "RateLimit-Policy"]
    content = {"application/problem+json": {"schema": schema_ref("Problem")}}
    if "image/gif" in answer.split() and status in (400, 401, 403, 413, 429, 503):
        content["image/gif"] = {}
    return {**({"headers": headers(*names)} if names else {}), "content": content}


def content_of(words):
    """Of schemas and media types, by media type."""
    content = {}
    for word in words.split():
        if "/" in word:
            content[word] = {}
        elif word != "NONE":
            content["application/json"] = {"schema": schema_ref(word)}
    return content


def answer_of(answer, limited, repeats, extra):
    found = {}
    names = (["RateLimit", "RateLimit-Policy"] if limited else []) + extra
    if repeats:
        names.append("Idempotency-Replayed")
    if names:
        found["headers"] = headers(*names)
    content = content_of(answer)
    return {**found, **({"content": content} if content else {})}


def operation(tables, route, problems):
    method, path, handler, permission, _, media, body_limit = route[:7]
    tag, request, status, answer, others, summary = tables.described[method, path]
    limited, is_page = permission in SCOPES, tag == "pages"
    repeats = is_write(method, permission)
    made = {"tags": [tag], "summary": summary, "operationId": handler}
    parameters = tables.parameters(method, path)
    if repeats:
        parameters.append({"$ref": "#/components/parameters/Idempotency-Key"})
    if parameters:
        made["parameters"] = parameters
    if request != "NONE":
        made["requestBody"] = {"required": media == "MEDIA_JSON", "description":
                               f"At most {number_of(body_limit)} bytes, packed by gzip or deflate or not.",
                               "content": content_of(request)}
    responses = {status: {"description": "Done.", **answer_of(
        answer, limited, repeats, ["ETag"] if "304" in others else [])}}
    found = statuses_of(route, others) if not is_page else {int(w) for w in others.split()} | (
        {404} if ":" in path else set())
    for each in sorted(found):
        if each == 202:
            responses["202"] = {**responses[status], "description": "It goes on behind this answer."}
        elif each < 300:
            responses[str(each)] = {"description": "Done, without content."}
        elif each == 304:
            responses["304"] = {"description": "The content that If-None-Match names is the newest."}
        else:
            responses[str(each)] = {"description": problems[str(each)],
                                    **problem(each, limited, answer)}
    responses["default"] = {"description": "Not taken as a request: too slow (408), too long a head (431), or "
                                           "not HTTP as it is known here (400, 501).",
                            "content": {"application/problem+json": {"schema": schema_ref("Problem")}}}
    made["responses"] = responses
    session = {"session": []} if method == "GET" else {"session": [], "csrf": []}
    if limited:
        made["security"] = [{"bearer": [SCOPES[permission]]}, session]
    elif permission == "WEB_SELF":
        made["security"] = [session]
    elif permission == "WEB_COLLECT" and not is_page:
        made["security"] = [{"writeKey": []}, {}]
    else:
        made["security"] = []
    return made


def name_operations(paths):
    """An operation is its handler's; where a handler has several, with the path behind it."""
    count = {}
    for operations in paths.values():
        for made in operations.values():
            count[made["operationId"]] = count.get(made["operationId"], 0) + 1
    for path, operations in paths.items():
        for method, made in operations.items():
            if count[made["operationId"]] > 1:
                words = re.sub(r"\W+", "_", path).strip("_") + ("_slash" if path.endswith("/") else "")
                made["operationId"] += f"_{method}_{words}"


def references(value):
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref" or isinstance(each, str) and each.startswith(REF):
                yield each
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def read_schemas(folder):
    schemas = {}
    for path in sorted((folder / "schemas").glob("*.json")):
        if path.name == "info.json":
            continue
        for name, schema in json.loads(path.read_text(encoding="utf-8")).items():
            if name in schemas:
                stop(f"schemas/{path.name}: \"{name}\" is there twice")
            schemas[name] = schema
    return schemas


def document(folder, version):
    tables, schemas = Tables(folder), read_schemas(folder)
    base = json.loads((folder / "schemas/info.json").read_text(encoding="utf-8"))
    paths = {}
    for route in tables.routes:
        path = re.sub(r":(\w+)", r"{\1}", route[1])
        paths.setdefault(path, {})[route[0].lower()] = operation(tables, route, base["problems"])
    name_operations(paths)
    made = {"openapi": "3.1.0", "info": {**base["info"], "version": version},
            "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
            "servers": base["servers"], "tags": base["tags"], "paths": paths,
            "components": {**base["components"], "schemas": schemas}}
    used = {ref.removeprefix(REF) for ref in references(made) if ref.startswith(REF)}
    for name in sorted(used - set(schemas)):
        stop(f"there is no schema \"{name}\" in src/web/schemas/")
    for name in sorted(set(schemas) - used):
        stop(f"nothing uses the schema \"{name}\"")
    tags = {tag["name"] for tag in base["tags"]}
    for (method, path), described in tables.described.items():
        if described[0] not in tags:
            stop(f"api.def: {method} {path} has the tag \"{described[0]}\", which info.json does not")
    return made


def list_routes(made):
    lines = []
    for tag in made["tags"]:
        lines += ["", f"### {tag['name'].capitalize()}", "", tag["description"], "",
                  "| route | what it does |", "|---|---|"]
        for path, operations in made["paths"].items():
            for method, each in operations.items():
                if each["tags"] == [tag["name"]]:
                    lines.append(f"| `{method.upper()} {path}` | {each['summary']} |")
    return "\n".join(lines[1:]) + "\n"


def main():
    words = sys.argv[1:]
    folder = pathlib.Path(words[0])
    if words[1] == "--list":
        sys.stdout.write(list_routes(document(folder, "")))
        return
    out, version = pathlib.Path(words[1]), words[2]
    out.write_text(json.dumps(document(folder, version), separators=(",", ":")) + "\n", encoding="utf-8")
    if words[3:4] == ["--depfile"]:
        read = [folder / "schemas", *sorted((folder / "schemas").glob("*.json"))]
        pathlib.Path(words[4]).write_text(f"{out}: {' '.join(map(str, read))}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
