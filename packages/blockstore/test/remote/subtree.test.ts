import { CborWriter, type CidBytes, cidOf, encode, linkCodec, rawCidOf, toCid } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { expect, it } from "vitest";
import { sampleBlock } from "../../src/compliance/rules.ts";
import type { BlockEntry } from "../../src/index.ts";
import { gatewaySubtree, type HttpFetch, type SubtreeOptions } from "../../src/remote.ts";
import { startServer, until } from "./http-server.ts";

const carHeaders = { "content-type": "application/vnd.ipld.car; version=1; order=dfs; dups=n" };
const framed = (...parts: Uint8Array[]): Uint8Array => {
  const bytes = concatBytes(...parts);
  return concatBytes(encodeUvarint(bytes.length), bytes);
};
const header = (root: CidBytes, version = 1): Uint8Array =>
  framed(new CborWriter().map(2).text("roots").array(1).link(root).text("version").uint(version).finish());
const car = (root: CidBytes, blocks: readonly BlockEntry[]): Uint8Array =>
  concatBytes(header(root), ...blocks.map(([cid, bytes]) => framed(cid, bytes)));
const node = (...cids: CidBytes[]): BlockEntry => {
  const bytes = concatBytes(Uint8Array.of(0x80 + cids.length), ...cids.map((cid) => encode(linkCodec, cid)));
  return [cidOf(bytes), bytes];
};

const leaf = (n: number): BlockEntry => {
  const bytes = Uint8Array.of(0x58, 40, ...new Uint8Array(40).fill(n));
  return [n === 2 ? rawCidOf(bytes) : cidOf(bytes), bytes];
};
const [one, two, three] = [leaf(1), leaf(2), leaf(3)];
const inner = node(one[0], two[0]);
const wrapped = encode(linkCodec, three[0]);
const identity = concatBytes(Uint8Array.of(1, 0x71, 0, wrapped.length), wrapped);
const sealed = concatBytes(Uint8Array.of(1, 0x82, 0xe2, 0x03, 0x81, 0xe8, 0x03, 0x20), new Uint8Array(32));
const root = node(inner[0], identity, sealed, inner[0]);
const whole = [root, inner, one, two, three];

/** A `fetch` that answers with bytes, in chunks of `step`. */
function answering(bytes: Uint8Array, step = 1 << 20, headers: Record<string, string> = carHeaders): HttpFetch {
  return async () => ({
    status: 200,
    headers: new Headers(headers),
    body: new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += step) controller.enqueue(bytes.subarray(at, at + step));
        controller.close();
      },
    }),
  });
}

async function gather(fetch: HttpFetch, options: Partial<SubtreeOptions> = {}): Promise<BlockEntry[]> {
  const found: BlockEntry[] = [];
  for await (const block of gatewaySubtree("http://gateway/", root[0], { fetch, ...options })) found.push(block);
  return found;
}

it("gives every block once, the root first, however the bytes come", async () => {
  const answer = car(sampleBlock(9)[0], [...whole, inner, one]); // which roots it names is not minded; repeats are passed over
  for (const step of [1, 7, 64, 1 << 20]) expect(await gather(answering(answer, step))).toEqual(whole);
});

it("asks a gateway for all of it, depth first; and takes 404 for nothing", async () => {
  const server = await startServer((path, response) => {
    if (path.includes(toCid(root[0]).toString())) response.writeHead(200, carHeaders).end(car(root[0], whole));
    else response.writeHead(404).end();
  });
  const found: BlockEntry[] = [];
  for await (const block of gatewaySubtree(server.url, root[0], { fetch: globalThis.fetch })) found.push(block);
  expect(found).toEqual(whole);
  expect(server.seen[0]).toMatchObject({
    path: `/ipfs/${toCid(root[0])}?format=car&dag-scope=all&car-version=1&car-order=dfs&car-dups=n`,
    headers: { accept: "application/vnd.ipld.car; version=1; order=dfs; dups=n" },
  });
  for await (const _ of gatewaySubtree(server.url, one[0], { fetch: globalThis.fetch })) expect.unreachable();
});

const wrong: BlockEntry = [one[0], two[1]];
const failures: Readonly<Record<string, [bytes: Uint8Array, code: string, given: number]>> = {
  "a block that is not its CID's": [car(root[0], [root, inner, wrong]), "remote/block-mismatch", 2],
  "a block that nothing links to": [car(root[0], [root, sampleBlock(9)]), "remote/car-malformed", 1],
  "a child before its parent": [car(root[0], [root, one, inner]), "remote/car-malformed", 1],
  "another root": [car(root[0], [inner]), "remote/car-malformed", 0],
  "no blocks": [car(root[0], []), "remote/car-incomplete", 0],
  "an end before all has come": [car(root[0], whole.slice(0, 4)), "remote/car-incomplete", 4],
  "an end within a block": [car(root[0], whole).subarray(0, -1), "remote/car-malformed", 4],
  "an end within a length": [concatBytes(car(root[0], [root]), Uint8Array.of(0x80)), "remote/car-malformed", 1],
  "no bytes": [new Uint8Array(0), "remote/car-malformed", 0],
  "a header that is none": [framed(Uint8Array.of(0xff)), "remote/car-malformed", 0],
  "version 2": [header(root[0], 2), "remote/car-malformed", 0],
  "a header of 2^60 B": [
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10),
    "remote/car-malformed",
    0,
  ],
  "a block past the limit": [concatBytes(car(root[0], [root]), encodeUvarint(5 << 20)), "remote/car-malformed", 1],
  "a section without a CID": [concatBytes(header(root[0]), framed(Uint8Array.of(7, 7))), "remote/car-malformed", 0],
};
for (const [what, [bytes, code, given]] of Object.entries(failures)) {
  it(`fails on ${what}, after what was good`, async () => {
    const found: BlockEntry[] = [];
    const reading = (async () => {
      const options = { fetch: answering(bytes, 50) };
      for await (const block of gatewaySubtree("http://gateway/", root[0], options)) found.push(block);
    })();
    await expect(reading).rejects.toMatchObject({ code, facts: { source: "http://gateway" } });
    expect(found.length).toBe(given);
  });
}

it("takes no more blocks or bytes than told, and no other type", async () => {
  const fetch = answering(car(root[0], whole), 100);
  await expect(gather(fetch, { maxBlocks: 3 })).rejects.toMatchObject({ code: "remote/subtree-too-large" });
  await expect(gather(fetch, { maxBytes: 300 })).rejects.toMatchObject({ code: "remote/subtree-too-large" });
  const raw = answering(root[1], 100, { "content-type": "application/vnd.ipld.raw" });
  await expect(gather(raw)).rejects.toMatchObject({ code: "remote/type-unexpected" });
});

it("fails on a block of DAG-CBOR that is none", async () => {
  const bytes = Uint8Array.of(0x82, 1);
  const fetch = answering(car(cidOf(bytes), [[cidOf(bytes), bytes]]));
  await expect(async () => {
    for await (const _ of gatewaySubtree("http://gateway", cidOf(bytes), { fetch }));
  }).rejects.toMatchObject({ code: "remote/car-malformed" });
});

it("lets the connection go when the loop is left, or the signal fires", async () => {
  const server = await startServer((_, response) => {
    response.writeHead(200, carHeaders);
    response.write(car(root[0], [root, inner]));
  });
  for await (const [cid] of gatewaySubtree(server.url, root[0], { fetch: globalThis.fetch })) {
    expect(cid).toEqual(root[0]);
    break;
  }
  await until(() => server.left === 1);
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (streaming) => streaming.enqueue(car(root[0], [root, inner])),
    cancel() {
      cancelled = true;
    },
  });
  const fetch: HttpFetch = async () => ({ status: 200, headers: new Headers(carHeaders), body });
  for await (const _ of gatewaySubtree("http://gateway", root[0], { fetch })) break;
  expect(cancelled).toBe(true); // also where the signal is not minded
  const controller = new AbortController();
  const options = { fetch: globalThis.fetch, signal: controller.signal };
  const reading = (async () => {
    for await (const [cid] of gatewaySubtree(server.url, root[0], options))
      if (cid[8] === inner[0][8]) controller.abort();
  })();
  await expect(reading).rejects.toMatchObject({ code: "host/aborted" });
  await until(() => server.left === 2);
});
