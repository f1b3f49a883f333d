import { cidOf } from "@copse/ipld";
import { describe, expect, it } from "vitest";
import { BlockIterator } from "../src/block-iterator.ts";
import { carBlocks, encodeCar, readCar } from "../src/index.ts";

interface Item {
  readonly n: number;
}

/** Batches of the sizes given, and what happened to them. */
function source(sizes: readonly number[], failure?: Error) {
  const log: string[] = [];
  async function* batches(): AsyncGenerator<readonly Item[]> {
    let n = 0;
    try {
      for (const size of sizes) {
        log.push(`asked for ${size}`);
        await Promise.resolve();
        yield Array.from({ length: size }, () => ({ n: n++ }));
      }
      if (failure !== undefined) throw failure;
      log.push("at the end");
    } finally {
      await Promise.resolve();
      log.push("closed");
    }
  }
  return { log, items: new BlockIterator(batches()) };
}

/** What it stands for: the same, by the language's own means. */
async function* plain(sizes: readonly number[], failure?: Error): AsyncGenerator<Item> {
  let n = 0;
  for (const size of sizes) yield* Array.from({ length: size }, () => ({ n: n++ }));
  if (failure !== undefined) throw failure;
}

describe("blocks one by one", () => {
  it("come in order, over empty batches too, and the end stays the end", async () => {
    const { items, log } = source([0, 3, 0, 0, 2, 1, 0]);
    const met: number[] = [];
    for await (const { n } of items) met.push(n);
    expect(met).toEqual([0, 1, 2, 3, 4, 5]);
    expect(log.slice(-2)).toEqual(["at the end", "closed"]);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  it("are pulled only as they are asked for", async () => {
    const { items, log } = source([2, 2]);
    expect(log).toEqual([]);
    await items.next();
    await items.next();
    expect(log).toEqual(["asked for 2"]);
    await items.next();
    expect(log).toEqual(["asked for 2", "asked for 2"]);
  });

  it("close the source when the loop is left, by break or by an error of its body", async () => {
    for (const leave of ["break", "throw"]) {
      const { items, log } = source([3, 3]);
      const loop = async (): Promise<void> => {
        for await (const { n } of items) {
          if (n < 1) continue;
          if (leave === "break") break;
          throw new RangeError("enough");
        }
      };
      if (leave === "break") await loop();
      else await expect(loop()).rejects.toThrow("enough");
      expect(log).toEqual(["asked for 3", "closed"]);
      expect(await items.next()).toEqual({ done: true, value: undefined });
    }
  });

  it("close the source by throw, return and dispose", async () => {
    const thrown = source([3]);
    await thrown.items.next();
    await expect(thrown.items.throw(new RangeError("from outside"))).rejects.toThrow("from outside");
    expect(thrown.log).toContain("closed");
    expect(await thrown.items.next()).toEqual({ done: true, value: undefined });
    const left = source([3]);
    {
      await using items = left.items;
      await items.next();
    }
    expect(left.log).toContain("closed");
    expect(await left.items.return()).toEqual({ done: true, value: undefined });
  });

  it("throw what the source throws, once, after the items before it", async () => {
    const { items, log } = source([2], new RangeError("damaged"));
    expect([await items.next(), await items.next()].map(({ value }) => value?.n)).toEqual([0, 1]);
    await expect(items.next()).rejects.toThrow("damaged");
    expect(log).toContain("closed");
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  it("answer calls in their order where the caller does not wait, as a generator does", async () => {
    const sizes = [1, 0, 3, 2];
    for (const failure of [undefined, new RangeError("damaged")]) {
      for (let leaveAt = 0; leaveAt <= 9; leaveAt++) {
        const answers = (from: AsyncGenerator<Item>) => {
          const calls = Array.from({ length: 10 }, (_, i) => (i === leaveAt ? from.return(undefined) : from.next()));
          return Promise.allSettled(calls);
        };
        expect(await answers(source(sizes, failure).items)).toEqual(await answers(plain(sizes, failure)));
      }
    }
  });
});

describe("of a CAR", () => {
  const blocks = Array.from({ length: 40 }, (_, i) => {
    const bytes = Uint8Array.of(0x82, 0x18, i + 24, 0x01);
    return { cid: cidOf(bytes), bytes };
  });
  const file = encodeCar([], blocks);

  function chunked(size: number) {
    const state = { pulled: 0, isClosed: false };
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = 0; at < file.length; at += size) {
          state.pulled++;
          yield file.subarray(at, at + size);
        }
      } finally {
        state.isClosed = true;
      }
    }
    return { state, chunks: chunks() };
  }

  it("a break closes the source, which was read no further", async () => {
    for (const open of [carBlocks, async (s: AsyncIterable<Uint8Array>) => (await readCar(s)).blocks]) {
      const { state, chunks } = chunked(100);
      let met = 0;
      for await (const _ of await open(chunks)) if (++met === 3) break;
      expect(state).toEqual({ pulled: 2, isClosed: true });
    }
  });

  it("an abort ends the loop at the next chunk", async () => {
    const stop = new AbortController();
    const { state, chunks } = chunked(100);
    let met = 0;
    const loop = async (): Promise<void> => {
      for await (const _ of carBlocks(chunks, { signal: stop.signal }))
        if (++met === 3) stop.abort(new Error("enough"));
    };
    await expect(loop()).rejects.toMatchObject({ code: "host/aborted" });
    expect(state).toMatchObject({ isClosed: true });
    expect(met).toBeLessThan(8);
  });
});
