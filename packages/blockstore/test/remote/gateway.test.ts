import type { ServerResponse } from "node:http";
import { cidKey, toCid } from "@copse/ipld";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { sampleBlock } from "../../src/compliance/rules.ts";
import { describeReadOnlyAsyncStore } from "../../src/compliance.ts";
import type { BlockEntry } from "../../src/index.ts";
import {
  createRemoteStore,
  gatewaySource,
  type HttpFetch,
  type RemoteLimits,
  type RemoteStore,
} from "../../src/remote.ts";
import { FakeClock, turns } from "./fake-clock.ts";
import { startServer, type TestServer, until } from "./http-server.ts";

const [cid, bytes] = sampleBlock(1);
const [large, largeBytes] = sampleBlock(2, 100_000);
const text = toCid(cid).toString();
const raw = { "content-type": "application/vnd.ipld.raw" };

/** A gateway as it should be. */
function serving(blocks: readonly BlockEntry[]) {
  const rows = new Map(blocks.map(([key, block]) => [cidKey(key), block]));
  return (path: string, response: ServerResponse): void => {
    const [, name] = /^\/ipfs\/(\w+)\?format=raw$/.exec(path) ?? [];
    const block = rows.get(cidKey(CID.parse(name ?? "").bytes));
    response.writeHead(block === undefined ? 404 : 200, raw).end(block);
  };
}

function storeOver(urls: readonly string[], limits: Partial<RemoteLimits> = {}): RemoteStore {
  const sources = urls.map((url) => gatewaySource(url, { fetch: globalThis.fetch }));
  return createRemoteStore({ sources }, { retries: 0, ...limits });
}

/** What a store over one gateway, and that alone, fails with. */
async function failureOf(server: TestServer, limits?: Partial<RemoteLimits>): Promise<unknown> {
  const failure = await storeOver([server.url], limits)
    .getBytes(cid)
    .then(
      (found) => found,
      (error: { cause?: unknown }) => error.cause,
    );
  return failure;
}

describeReadOnlyAsyncStore(
  "gateway",
  {
    unlisted: true,
    async open(blocks) {
      const { url } = await startServer(serving(blocks));
      return storeOver([url], { maxBlockBytes: 4 << 20 });
    },
  },
  { describe, it },
);

it("asks for raw blocks, by path and by header", async () => {
  const server = await startServer(serving([[cid, bytes]]));
  const source = gatewaySource(`${server.url}//`, { fetch: globalThis.fetch, headers: { authorization: "Bearer x" } });
  expect(source.name).toBe(server.url);
  expect(await createRemoteStore({ sources: [source] }).getBytes(cid)).toEqual(bytes);
  expect(server.seen).toMatchObject([
    { path: `/ipfs/${text}?format=raw`, headers: { accept: "application/vnd.ipld.raw", authorization: "Bearer x" } },
  ]);
});

it("turns from a liar to an honest gateway", async () => {
  const liar = await startServer((_, response) => response.writeHead(200, raw).end(largeBytes));
  const honest = await startServer(serving([[cid, bytes]]));
  const store = storeOver([liar.url, honest.url]);
  expect(await store.getBytes(cid)).toEqual(bytes);
  expect(store.standings()[1]).toMatchObject({ name: liar.url, faults: { lie: 1 } });
});

for (const status of [404, 410]) {
  it(`takes ${status} for absence`, async () => {
    const server = await startServer((_, response) => response.writeHead(status).end("no such block"));
    expect(await failureOf(server)).toBeUndefined();
  });
}

for (const [status, fault] of [
  [204, "refused"],
  [206, "refused"],
  [304, "refused"],
  [400, "refused"],
  [403, "refused"],
  [451, "refused"],
  [500, "gone"],
  [502, "gone"],
  [504, "gone"],
] as const) {
  it(`takes ${status} for a failure`, async () => {
    const server = await startServer((_, response) => response.writeHead(status, raw).end());
    expect(await failureOf(server)).toMatchObject({ code: "remote/status-unexpected", fault, facts: { status } });
  });
}

for (const [headers, waitMs] of [
  [{ "retry-after": "120" }, 120_000],
  [{ date: "Tue, 29 Feb 2028 23:59:30 GMT", "retry-after": "Wed, 01 Mar 2028 00:00:10 GMT" }, 40_000],
  [{ "retry-after": "soon" }, undefined],
  [{}, undefined],
] as const) {
  it(`hears what 429 says: ${JSON.stringify(headers)}`, async () => {
    const server = await startServer((_, response) => response.writeHead(429, headers).end());
    expect(await failureOf(server)).toMatchObject({ code: "remote/source-busy", fault: "busy", facts: { waitMs } });
  });
}

it("waits as long as a busy gateway asks, then has the block", async () => {
  const clock = new FakeClock();
  const answer = serving([[cid, bytes]]);
  const server = await startServer((path, response) => {
    if (server.seen.length > 1) answer(path, response);
    else response.writeHead(503, { "retry-after": "7" }).end();
  });
  const sources = [gatewaySource(server.url, { fetch: globalThis.fetch })];
  const getting = createRemoteStore({ sources, clock }).getBytes(cid);
  await until(() => clock.waits.includes(7000));
  clock.advance(7000);
  expect(await getting).toEqual(bytes);
});

it("refuses an answer of another type", async () => {
  const server = await startServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  );
  expect(await failureOf(server)).toMatchObject({
    code: "remote/type-unexpected",
    facts: { found: "text/html", expected: "application/vnd.ipld.raw" },
  });
  const typed = await startServer((_, response) =>
    response.writeHead(200, { "content-type": "application/vnd.ipld.RAW; charset=binary" }).end(bytes),
  );
  expect(await storeOver([typed.url]).getBytes(cid)).toEqual(bytes);
});

it("reads no more of a body than a block may have, announced or not", async () => {
  const announced = await startServer((_, response) => {
    response.writeHead(200, { ...raw, "content-length": 1 << 30 });
    response.flushHeaders();
  });
  expect(await failureOf(announced)).toMatchObject({ code: "remote/block-too-long", facts: { length: 1 << 30 } });
  let sent = 0;
  const endless = await startServer((_, response) => {
    response.writeHead(200, raw);
    const more = (): void => {
      sent += 65_536;
      if (!response.destroyed) response.write(new Uint8Array(65_536), () => setImmediate(more));
    };
    more();
  });
  expect(await failureOf(endless, { maxBlockBytes: 300_000 })).toMatchObject({
    code: "remote/block-too-long",
    fault: "garbage",
    facts: { limit: 300_000 },
  });
  await until(() => endless.left === 1 && announced.left === 1);
  expect(sent).toBeLessThan(50 << 20);
});

it("does not take the beginning of a body for a block", async () => {
  const cut = await startServer((_, response) => {
    response.writeHead(200, { ...raw, "content-length": bytes.length });
    response.write(bytes.subarray(0, 5), () => setTimeout(() => response.destroy(), 5));
  });
  expect(await failureOf(cut)).toMatchObject({ code: "remote/source-failed", fault: "gone" });
  const chunked = await startServer((_, response) => {
    response.writeHead(200, raw);
    response.end(bytes.subarray(0, 5));
  });
  expect(await failureOf(chunked)).toMatchObject({ code: "remote/block-mismatch", facts: { length: 5 } });
  const short: HttpFetch = async () => ({
    status: 200,
    headers: new Headers({ ...raw, "content-length": "900" }),
    body: new Blob([Uint8Array.from(bytes)]).stream(),
  });
  const store = createRemoteStore({ sources: [gatewaySource("http://short", { fetch: short })] }, { retries: 0 });
  await expect(store.getBytes(cid)).rejects.toMatchObject({
    cause: { code: "remote/answer-cut", facts: { received: bytes.length, promised: 900 } },
  });
});

it("takes a body in small pieces, and gives up one that stalls", async () => {
  const slow = await startServer((_, response) => {
    response.writeHead(200, raw);
    let at = 0;
    const next = (): void => {
      if (at >= bytes.length) response.end();
      else response.write(bytes.subarray(at++, at), () => setImmediate(next));
    };
    next();
  });
  expect(await storeOver([slow.url]).getBytes(cid)).toEqual(bytes);
  const clock = new FakeClock();
  const stalled = await startServer((_, response) => {
    response.writeHead(200, raw);
    response.write(bytes.subarray(0, 5));
  });
  const store = createRemoteStore(
    { sources: [gatewaySource(stalled.url, { fetch: globalThis.fetch })], clock },
    { retries: 0, attemptMs: 900 },
  );
  const getting = store.getBytes(cid);
  await until(() => stalled.seen.length === 1);
  await turns();
  clock.advance(900);
  await expect(getting).rejects.toMatchObject({ cause: { code: "remote/answer-late", facts: { waitedMs: 900 } } });
  await until(() => stalled.left === 1); // the connection is let go
});

it("stops when the caller's signal fires, in the middle of a body too", async () => {
  const server = await startServer((_, response) => {
    response.writeHead(200, raw);
    response.write(bytes.subarray(0, 5));
  });
  const controller = new AbortController();
  const getting = storeOver([server.url]).getBytes(cid, { signal: controller.signal });
  await until(() => server.seen.length === 1);
  controller.abort();
  await expect(getting).rejects.toMatchObject({ code: "host/aborted" });
  await until(() => server.left === 1);
});

it("follows redirects, so many, and takes no header of the caller's to another host", async () => {
  const end = await startServer(serving([[cid, bytes]]));
  const moved = await startServer((path, response) =>
    response
      .writeHead(307, { location: path.includes("again") ? `${end.url}/ipfs/${text}?format=raw` : `${path}&again` })
      .end(),
  );
  const via = (maxRedirects: number) =>
    createRemoteStore(
      {
        sources: [gatewaySource(moved.url, { fetch: globalThis.fetch, headers: { "x-key": "secret" }, maxRedirects })],
      },
      { retries: 0 },
    );
  expect(await via(2).getBytes(cid)).toEqual(bytes);
  expect(moved.seen.map(({ headers }) => headers["x-key"])).toEqual(["secret", "secret"]);
  expect(end.seen[0]?.headers).toMatchObject({ accept: "application/vnd.ipld.raw" });
  expect(end.seen[0]?.headers["x-key"]).toBeUndefined();
  await expect(via(1).getBytes(cid)).rejects.toMatchObject({
    cause: { code: "remote/redirect-refused", facts: { why: "more than 1 redirects" } },
  });
});

for (const [location, why] of [
  ["", "no address"],
  ["http://[", "no address"],
  ["ftp://example.org/block", "not over HTTP"],
  ["http://127.0.0.1/block", "from https to http"],
] as const) {
  it(`refuses to be sent to "${location}"`, async () => {
    const fetch: HttpFetch = async () => ({ status: 302, headers: new Headers({ location }), body: null });
    const store = createRemoteStore({ sources: [gatewaySource("https://a.example", { fetch })] }, { retries: 0 });
    await expect(store.getBytes(cid)).rejects.toMatchObject({
      cause: { code: "remote/redirect-refused", facts: { why } },
    });
  });
}

it("lets a browser follow the redirects that it hides, but not from https to http", async () => {
  const modes: string[] = [];
  const fetchTo =
    (url: string): HttpFetch =>
    async (_, { redirect }) => {
      modes.push(redirect);
      if (redirect === "manual") return { status: 0, type: "opaqueredirect", headers: new Headers(), body: null };
      return { status: 200, url, headers: new Headers(raw), body: new Blob([Uint8Array.from(bytes)]).stream() };
    };
  const via = (url: string) =>
    createRemoteStore({ sources: [gatewaySource("https://a.example", { fetch: fetchTo(url) })] }, { retries: 0 });
  expect(await via("https://b.example/x").getBytes(cid)).toEqual(bytes);
  expect(modes).toEqual(["manual", "follow"]);
  await expect(via("http://b.example/x").getBytes(cid)).rejects.toMatchObject({
    cause: { code: "remote/redirect-refused", facts: { why: "from https to http" } },
  });
});

it("counts a gateway that cannot be reached as gone", async () => {
  const { url } = await startServer(() => {});
  const closed = url.replace(/:\d+$/, ":1");
  await expect(storeOver([closed]).getBytes(large)).rejects.toMatchObject({
    cause: { code: "remote/source-failed", fault: "gone", facts: { source: closed } },
  });
});
