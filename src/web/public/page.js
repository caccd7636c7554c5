/* page.js - shows events as they arrive and asks one question.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
"use strict";

const byId = (id) => document.getElementById(id);
const keyInput = byId("key");
let key = sessionStorage.getItem("key") || "";
let timer = 0;
let hasEvents = false;

const api = async (method, path, body) => {
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail || found.title || `status ${answer.status}`);
  return found;
};

const cell = (row, text, name) => {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
  return made;
};

/* The day only where it is not today. */
const shortTime = (text) => {
  const at = new Date(text);
  return at.toDateString() === new Date().toDateString() ? at.toLocaleTimeString() : at.toLocaleString();
};

const showEvents = (events) => {
  hasEvents = hasEvents || events.length > 0;
  byId("live").hidden = !hasEvents;
  byId("live-empty").hidden = byId("example").hidden = hasEvents;
  const rows = events.map(({ seq, time, message }) => {
    const row = document.createElement("tr");
    cell(row, shortTime(time), "time");
    cell(row, message.event || [message.type, message.name].filter(Boolean).join(": "));
    cell(row, message.userId ?? message.anonymousId ?? "", "who");
    cell(row, seq.toLocaleString(), "number");
    return row;
  });
  byId("live").tBodies[0].replaceChildren(...rows);
};

const look = async () => {
  clearTimeout(timer);
  if (!key) return;
  try {
    showEvents((await api("GET", "/api/recent?limit=20")).events);
    byId("state").textContent = "Connected";
    byId("connect").hidden = true;
  } catch (error) {
    byId("state").textContent = error.message;
    byId("connect").hidden = false;
  }
  timer = setTimeout(look, document.hidden ? 10000 : 2000);
};

const shown = (value) => (value === null ? "–" : value.toLocaleString(undefined, { maximumFractionDigits: 2 }));
const named = (label) => (label === null ? "(none)" : String(label));

const tableOf = (heads, rows, top) => {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  heads.forEach((text, i) => {
    const th = document.createElement("th");
    th.scope = "col";
    th.textContent = text;
    if (i) th.className = "number";
    head.append(th);
  });
  head.append(document.createElement("td"));
  const body = table.createTBody();
  body.translate = false;
  rows.forEach(([label, value]) => {
    const row = body.insertRow();
    cell(row, label);
    cell(row, shown(value), "number");
    const bar = document.createElement("div");
    bar.style.inlineSize = `${top ? (100 * (value || 0)) / top : 0}%`;
    cell(row, "", "bar").append(bar);
  });
  return table;
};

const showAnswer = ({ columns, series, meta }, query) => {
  const rows = query.by
    ? series.map((s) => [named(s.key), s.total])
    : columns.map((at, i) => [at.slice(0, query.interval === "hour" ? 16 : 10).replace("T", " "), series[0].values[i]]);
  const top = Math.max(0, ...rows.map(([, value]) => value || 0));
  byId("answer").replaceChildren(tableOf([query.by || query.interval, query.measure], rows, top));
  const total = query.by ? "" : `Total ${shown(series[0].total)}. `;
  byId("proof").textContent = `${total}Exact, over ${meta.events_read.toLocaleString()} events, in ${meta.elapsed_ms.toLocaleString()} ms.`;
  byId("query").textContent = JSON.stringify(query, null, 2);
  byId("query-box").hidden = false;
};

const ask = async (event) => {
  event.preventDefault();
  const form = new FormData(byId("ask-form"));
  const query = { kind: "trend", event: form.get("event") || "*", measure: form.get("measure"), interval: form.get("interval") };
  query.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  if (form.get("by")) query.by = form.get("by");
  if (form.get("days")) query.from = new Date(Date.now() - form.get("days") * 86400000).toISOString();
  const error = byId("ask-error");
  error.hidden = true;
  try {
    showAnswer(await api("POST", "/api/query", query), query);
  } catch (failure) {
    error.textContent = failure.message;
    error.hidden = false;
  }
};

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = keyInput.value.trim();
  sessionStorage.setItem("key", key);
  look();
});
byId("ask-form").addEventListener("submit", ask);
byId("example").textContent =
  `curl -u WRITE_KEY: ${location.origin}/v1/track -H 'Content-Type: application/json' \\\n` +
  `  -d '{"userId":"ada","event":"Signed Up","properties":{"plan":"free"}}'`;
look();
