import { cidOf } from "@copse/ipld";
import { describe, expect, it } from "vitest";
import { encodeCar } from "../src/index.ts";
import { createCarStore, httpAccess, type RangeFetch, type RangeResponse } from "../src/store.ts";

const blocks = Array.from({ length: 40 }, (_, i) => {
  const bytes = new Uint8Array(100 + i * 37).fill(i);
  return { cid: cidOf(bytes), bytes };
});
const file = encodeCar([], blocks);

/** How a server answers amiss. */
interface Amiss {
  readonly status?: number;
  readonly range?: string | null;
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
  readonly etag?: string;
}

/** A server of the file; `amiss` may change the answer of the nth request, from 0. */
function serve(amiss: (nth: number) => Amiss = () => ({})): { fetch: RangeFetch; asked: Record<string, string>[] } {
  const asked: Record<string, string>[] = [];
  const fetch: RangeFetch = async (_url, { headers, signal }) => {
    signal?.throwIfAborted();
    const { status = 206, range, bytes = (b) => b, etag = '"v1"' } = amiss(asked.length);
    asked.push(headers);
    const [from, to] = (/bytes=(\d+)-(\d+)/.exec(headers["range"] ?? "") ?? []).slice(1).map(Number) as [
      number,
      number,
    ];
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag) return response(412, {}, new Uint8Array(0));
    const given = range === undefined ? `bytes ${from}-${to}/${file.length}` : range;
    return response(status, { "content-range": given, etag }, bytes(file.slice(from, to + 1)));
  };
  return { fetch, asked };
}

function response(status: number, headers: Record<string, string | null>, bytes: Uint8Array): RangeResponse {
  const chunks = [bytes.subarray(0, 10), bytes.subarray(10)];
  return {
    status,
    headers: { get: (name) => headers[name] ?? null },
    body: {
      getReader: () => ({
        read: async () => ({ done: chunks.length === 0, value: chunks.shift() as Uint8Array }),
        cancel: async () => void chunks.splice(0),
      }),
    },
  };
}

describe("a CAR over HTTP", () => {
  it("takes the platform's fetch", () => {
    const platform: RangeFetch = globalThis.fetch;
    expect(platform).toBe(globalThis.fetch);
  });

  it("is read by ranges: a block costs a request once the index is there", async () => {
    const { fetch, asked } = serve();
    const store = await createCarStore(await httpAccess("https://car.example/a.car", { fetch }));
    const before = asked.length;
    for (const { cid, bytes } of blocks) expect(await store.getBytes(cid)).toEqual(bytes);
    expect(asked.length - before).toBe(blocks.length);
    expect(asked.slice(1).every((headers) => headers["if-match"] === '"v1"')).toBe(true);
    expect("getSync" in store).toBe(false);
  });

  it.each<[string, (nth: number) => Amiss, RegExp]>([
    ["a server that does not answer ranges", () => ({ status: 200 }), /does not answer ranges/],
    ["a file that is not there", () => ({ status: 404 }), /status 404/],
    ["a range that is not the one asked for", (nth) => (nth > 1 ? { range: "bytes 0-9/99" } : {}), /content-range/],
    ["no range at all", () => ({ range: null }), /content-range/],
    ["less than was asked for", (nth) => (nth > 1 ? { bytes: (b) => b.subarray(1) } : {}), /B came/],
    ["more than was asked for", (nth) => (nth > 1 ? { bytes: (b) => new Uint8Array(b.length + 1) } : {}), /more than/],
    ["a file that has changed", (nth) => (nth > 1 ? { etag: '"v2"' } : {}), /status 412/],
    ["a size that has changed", (nth) => (nth > 2 ? { range: "bytes 61-2161/9999999" } : {}), /content-range|its size/],
  ])("%s fails as the host's fault", async (_, amiss, says) => {
    const reading = async (): Promise<void> => {
      const access = await httpAccess("https://car.example/a.car", { fetch: serve(amiss).fetch });
      await access.read(0, 50);
      await access.read(61, 2101);
      await access.read(61, 2101);
    };
    await expect(reading()).rejects.toMatchObject({ code: "host/store-failed" });
    await expect(reading()).rejects.toThrow(says);
  });

  it("a fetch that throws fails as the host's fault, and a fired signal as such", async () => {
    const broken: RangeFetch = async () => {
      throw new TypeError("fetch failed");
    };
    await expect(httpAccess("https://car.example", { fetch: broken })).rejects.toMatchObject({
      code: "host/store-failed",
    });
    const stop = new AbortController();
    const access = await httpAccess("https://car.example", { fetch: serve().fetch });
    stop.abort(new Error("enough"));
    await expect(access.read(0, 10, { signal: stop.signal })).rejects.toMatchObject({ code: "host/aborted" });
  });
});
