/* compare.js - demands of generated requests: our reader refuses, or agrees with Node's llhttp.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * node compare.js PATH/http_verdicts [COUNT] [SEED]
 *
 * Two programs that find different ends in one stream of requests can be played against each
 * other (request smuggling). So of every stream that we take, llhttp in its strict mode must take
 * the same requests with the same method, target, headers and body. Refusing more is allowed.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const { HTTPParser, methods } = require('node:_http_common');

const BATCH = 20000;

function makeDice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    below: (bound) => next() % bound,
    chance: (percent) => next() % 100 < percent,
    pick: (list) => list[next() % list.length],
  };
}

/* generation */

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const ODD_METHODS = ['get', 'TRACE', 'CONNECT', 'PRI', 'BREW', 'G ET', 'M-SEARCH', ''];
const TARGETS = ['/', '/v1/batch', '/a%20b?c=d&e', '/?', '/a?b?c', 'http://a/b', 'http://a:80',
  'HTTP://[::1]:8/x?y', '/{}|"<>\\^`', '/~a;b=c,d@e'];
const ODD_TARGETS = ['*', 'a', '', '/a#b', '/%zz', '//', 'http://', 'http://u@a/', 'ftp://a/',
  'a:80', '/\x80', '/a b', '/\t', 'http://a b/', 'http:/a', '?x'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const ODD_VERSIONS = ['HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/1', 'HTTP/1.1 ', '',
  'HTTP/01.1', 'HTTP/1.10', 'ICE/1.0', 'RTSP/1.0'];
const HEADERS = ['Accept: */*', 'X-Empty:', 'x-tab:\ta\tb\t', 'X-Text: \xc3\xa4', 'User-Agent: n/1',
  'Connection: keep-alive', 'Connection: close', 'Connection: x, close ', 'Cookie: a=b; c="d"',
  'Content-Type: application/json', 'Expect: 100-continue', 'Accept-Encoding: gzip', 'A!#$%&: b',
  'Connection: Upgrade', 'Upgrade: websocket', 'Content-Encoding: gzip', 'TE: trailers'];
const ODD_HEADERS = ['Name : v', ' Name: v', 'Name', ': v', 'Na me: v', 'A: b\rc', 'A: b\0c',
  'A: b\x7f', 'A: b\nB: c', 'A: b\r\n c', 'Na\xc3: v', 'Host: b', 'Content-Length: +5',
  'Content-Length: 5, 5', 'Content-Length: 5', 'Content-Length: 0', 'Content-Length: 00',
  'Content-Length:', 'Content-Length: 18446744073709551616', 'Content-Length: 0x5',
  'Content-Length: 5 ', 'Content-Length: 5\t', 'Content-Length: 5 6', 'Content_Length: 7',
  'Transfer-Encoding: chunked', 'Transfer-Encoding: Chunked ', 'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity', 'Transfer-Encoding: xchunked', 'Transfer-Encoding:',
  'Transfer-Encoding: chunked;a=b', 'Transfer-Encoding: "chunked"', 'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding : chunked', 'Transfer_Encoding: chunked', 'Transfer-Encoding:\tchunked',
  'Expect: maybe', 'Proxy-Connection: close', 'Connection: close, keep-alive', 'Connection:,',
  'Connection: Content-Length', 'Content-Length: -1'];
const SIZES = (n) => [n.toString(16), n.toString(16), n.toString(16).toUpperCase(), '0' + n.toString(16)];
const ODD_SIZES = (n) => [n + ' ', ' ' + n, '+' + n, '0x' + n, '-' + n, n + ';', n + ';a', n + ';a=b',
  n + ';a="b;c"', n + '; a', n + ' ;a', n + ';a="b', n + ';a=b;c', '', 'g', '10000000000000000' + n,
  'ffffffffffffffff', n + '\t', n + ';\x80', n + ';a=b\rc', n + '\r'];
const BODIES = ['', 'x', 'hello', '{"a":1}', '0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: b\r\n\r\n', '\r\n',
  '\0\n\r', 'a'.repeat(300)];
const SPECIAL = ['\r', '\n', '\r\n', '\0', ' ', '\t', ':', ';', ',', '0', '5', 'a', '\x7f', '\x80',
  '\xff', '"', '\x0b', '\x0c', '\r\n\r\n', '\n\n', '%', '+', '-'];

function end(dice) {
  return dice.chance(1) ? dice.pick(['\n', '\r', '\r\r\n', '\n\r', '']) : '\r\n';
}

function chunks(dice, body) {
  let out = '';
  for (let at = 0; at < body.length;) {
    const len = 1 + dice.below(body.length - at);
    out += dice.pick(dice.chance(4) ? ODD_SIZES(len) : SIZES(len)) + end(dice);
    out += body.slice(at, at + len) + end(dice);
    at += len;
  }
  out += dice.pick(dice.chance(3) ? ['00', '0;a=b', '0 ', '-0', '0x0'] : ['0']) + end(dice);
  while (dice.chance(6))
    out += dice.pick(dice.chance(50) ? HEADERS : ODD_HEADERS) + end(dice);
  return out + end(dice);
}

function request(dice) {
  const odd = dice.chance(40) ? 6 : 0;
  const lines = [];
  const body = dice.pick(BODIES);
  const kind = dice.below(3);
  let out = dice.chance(3) ? dice.pick(['\r\n', '\r\n\r\n', '\n', '\r', ' ']) : '';

  lines.push(dice.pick(dice.chance(odd) ? ODD_METHODS : METHODS) + (dice.chance(odd / 2) ? '  ' : ' ') +
    dice.pick(dice.chance(odd) ? ODD_TARGETS : TARGETS) + ' ' +
    dice.pick(dice.chance(odd) ? ODD_VERSIONS : VERSIONS));
  if (!dice.chance(3))
    lines.push(dice.pick(['Host: a', 'host: a.b:80', 'HOST:a', 'Host: [::1]']));
  while (dice.chance(40))
    lines.push(dice.pick(dice.chance(odd * 2) ? ODD_HEADERS : HEADERS));
  if (kind === 1)
    lines.push('Content-Length: ' + (body.length + (dice.chance(3) ? dice.below(5) - 2 : 0)));
  if (kind === 2)
    lines.push(dice.pick(['Transfer-Encoding: chunked', 'transfer-encoding: CHUNKED']));
  while (dice.chance(20))
    lines.push(dice.pick(dice.chance(odd * 2) ? ODD_HEADERS : HEADERS));
  for (const line of lines)
    out += line + end(dice);
  out += end(dice);
  return out + (kind === 1 ? body : kind === 2 ? chunks(dice, body) : '');
}

function mutate(dice, text) {
  const at = dice.below(text.length + 1);
  const len = dice.chance(70) ? 1 : dice.below(20);
  switch (dice.below(6)) {
    case 0: return text.slice(0, at) + dice.pick(SPECIAL) + text.slice(at);
    case 1: return text.slice(0, at) + text.slice(at + len);
    case 2: return text.slice(0, at) + dice.pick(SPECIAL) + text.slice(at + 1);
    case 3: return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1);
    case 4: return text.slice(0, at + len) + text.slice(at);
    default: {
      const from = dice.below(text.length + 1);
      return text.slice(0, at) + text.slice(from, from + len) + text.slice(at);
    }
  }
}

function stream(dice) {
  let text = '';
  do text += request(dice); while (dice.chance(35));
  if (dice.chance(60))
    do text = mutate(dice, text); while (dice.chance(40));
  return Buffer.from(text, 'latin1');
}

/* llhttp */

function askNode(bytes) {
  const parser = new HTTPParser();
  const done = [];
  let current = null;
  let result = null;

  parser.initialize(HTTPParser.REQUEST, {}, 16 << 10, 0);
  parser[HTTPParser.kOnMessageBegin | 0] = () => {
    current = { headers: [], body: [], target: '', hasHead: false };
  };
  parser[HTTPParser.kOnHeaders | 0] = (headers, url) => {
    if (current.hasHead)
      return; /* trailers */
    current.headers.push(...headers);
    current.target += url;
  };
  parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, headers, method, url) => {
    if (headers)
      current.headers.push(...headers);
    if (url)
      current.target += url;
    current.method = methods[method] ?? String(method);
    current.hasHead = true;
    return 0;
  };
  parser[HTTPParser.kOnBody | 0] = (chunk) => {
    current.body.push(Buffer.from(chunk));
  };
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    done.push(current);
  };
  result = parser.execute(bytes);
  parser.close();
  return {
    requests: done.map((r) => ({
      line: `${r.method} ${r.target}`,
      headers: r.headers.flatMap((text, i) => (i % 2 ? [] : [`${text}: ${r.headers[i + 1]}`])),
      body: Buffer.concat(r.body).toString('latin1'),
    })),
    error: result instanceof Error ? result.code : null,
    stopped: !(result instanceof Error) && result < bytes.length, /* an upgrade: not HTTP any more */
  };
}

/* ours */

function askOurs(program, streams) {
  const parts = [];
  for (const bytes of streams) {
    const len = Buffer.alloc(4);
    len.writeUInt32LE(bytes.length);
    parts.push(len, bytes);
  }
  const run = spawnSync(program, { input: Buffer.concat(parts), maxBuffer: 1 << 30 });
  const verdicts = [];
  if (run.status !== 0)
    throw new Error(`${program} ended with ${run.status ?? run.signal}: ${run.stderr}`);
  for (let at = 0; at < run.stdout.length;) {
    const len = run.stdout.readUInt32LE(at);
    verdicts.push(readVerdict(run.stdout.toString('latin1', at + 4, at + 4 + len)));
    at += 4 + len;
  }
  if (verdicts.length !== streams.length)
    throw new Error(`${streams.length} streams, but ${verdicts.length} verdicts`);
  return verdicts;
}

function readVerdict(text) {
  const requests = [];
  let at = 0;
  let current = null;
  const line = () => {
    const from = at;
    at = text.indexOf('\n', from) + 1;
    return text.slice(from, at - 1);
  };
  for (;;) {
    const isBody = current && text.startsWith('body ', at);
    if (isBody) {
      const space = text.indexOf(' ', at + 5);
      const len = Number(text.slice(at + 5, space));
      current.body = text.slice(space + 1, space + 1 + len);
      at = space + 1 + len + 1;
      requests.push(current);
      current = null;
      continue;
    }
    const next = line();
    if (/^(end|more|closed|refused \d+)$/.test(next))
      return { requests, verdict: next };
    if (current)
      current.headers.push(next);
    else
      current = { line: next, headers: [], body: '' };
  }
}

/* judgement */

function disagreement(ours, node) {
  for (const [i, request] of ours.requests.entries()) {
    if (i >= node.requests.length)
      return node.stopped ? null : `request ${i} is taken by us, but not by llhttp (${node.error})`;
    for (const part of ['line', 'body'])
      if (request[part] !== node.requests[i][part])
        return `request ${i} differs in its ${part}`;
    if (request.headers.join('\n') !== node.requests[i].headers.join('\n'))
      return `request ${i} differs in its headers`;
  }
  if (/^(end|more)$/.test(ours.verdict) && node.requests.length > ours.requests.length)
    return `llhttp takes ${node.requests.length} requests, we take ${ours.requests.length}`;
  return null;
}

function main() {
  const [program, count = '50000', seed = '1'] = process.argv.slice(2);
  const tally = { streams: 0, requests: 0, refused: 0, stricter: 0, later: 0 };
  const dice = makeDice(Number(seed));
  let bad = 0;

  if (!program) {
    console.error('usage: node compare.js PATH/http_verdicts [COUNT] [SEED]');
    process.exit(2);
  }
  while (tally.streams < Number(count)) {
    const size = Math.min(BATCH, Number(count) - tally.streams);
    const streams = Array.from({ length: size }, () => stream(dice));
    const verdicts = askOurs(program, streams);
    for (const [i, bytes] of streams.entries()) {
      const node = askNode(bytes);
      const why = disagreement(verdicts[i], node);
      const isRefused = verdicts[i].verdict.startsWith('refused');
      tally.streams++;
      tally.requests += verdicts[i].requests.length;
      tally.refused += isRefused;
      tally.stricter += isRefused && !node.error;
      tally.later += verdicts[i].verdict === 'more' && node.error !== null;
      if (why && bad++ < 20)
        console.log(`${why}\n  ${JSON.stringify(bytes.toString('latin1'))}\n  ours ` +
          `${JSON.stringify(verdicts[i])}\n  llhttp ${JSON.stringify(node)}`);
    }
  }
  console.log(`${tally.streams} streams with ${tally.requests} requests taken; ${tally.refused} ` +
    `refused, ${tally.stricter} of them by us alone; ${tally.later} undecided where llhttp refuses ` +
    `early; ${bad} disagreements (llhttp ${process.versions.llhttp}, seed ${seed})`);
  console.log(`${tally.streams - bad} passed, ${bad} failed, 0 skipped`);
  process.exit(bad ? 1 : 0);
}

main();
